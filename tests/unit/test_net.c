/* Published ports, driver texts, resolv.conf and hosts. */
#include "net/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "net/resolv.h"
#include "tests/unit/tap.h"

/* One -p text and what it means: the first port, how many, or the error. */
static const struct {
	const char *text, *ip, *protocol;
	uint16_t host, container;
	size_t count;
	const char *error;
} ports[] = {
	{ "80", "", "tcp", 0, 80, 1, NULL },
	{ "8080:80", "", "tcp", 8080, 80, 1, NULL },
	{ "8080:80/udp", "", "udp", 8080, 80, 1, NULL },
	{ "127.0.0.1:8080:80", "127.0.0.1", "tcp", 8080, 80, 1, NULL },
	{ "127.0.0.1::80", "127.0.0.1", "tcp", 0, 80, 1, NULL },
	{ "[::1]:8080:80", "::1", "tcp", 8080, 80, 1, NULL },
	{ "8000-8003:80-83", "", "tcp", 8000, 80, 4, NULL },
	{ "80-83", "", "tcp", 0, 80, 4, NULL },
	{ "0:80", "", "tcp", 0, 80, 1, NULL },
	{ "65535:65535", "", "tcp", 65535, 65535, 1, NULL },
	{ "", NULL, NULL, 0, 0, 0, "container port" },
	{ "0", NULL, NULL, 0, 0, 0, "container port" },
	{ "65536", NULL, NULL, 0, 0, 0, "container port" },
	{ "80:", NULL, NULL, 0, 0, 0, "container port" },
	{ "x:80", NULL, NULL, 0, 0, 0, "host port" },
	{ "-1:80", NULL, NULL, 0, 0, 0, "host port" },
	{ "8080:80/icmp", NULL, NULL, 0, 0, 0, "neither tcp nor udp" },
	{ "::1:8080:80", NULL, NULL, 0, 0, 0, "brackets" },
	{ "[::1:80", NULL, NULL, 0, 0, 0, "brackets" },
	{ "1.2.3:80:80", NULL, NULL, 0, 0, 0, "no IP address" },
	{ "8000-8003:80-82", NULL, NULL, 0, 0, 0, "differ in length" },
	{ "8000:80-82", NULL, NULL, 0, 0, 0, "differ in length" },
	{ "8003-8000:80-83", NULL, NULL, 0, 0, 0, "host port" },
};

static void test_ports(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct net_ports p = { 0 };
		struct err e = { 0 };
		int r = net_port_parse(ports[i].text, &p, &e);

		if (ports[i].error) {
			is_int(r, -EINVAL, ports[i].text);
			has_str(e.msg, ports[i].error, "and says why");
		} else if (is_int(r, 0, ports[i].text) &&
			   is_int((int64_t)p.n, (int64_t)ports[i].count, "as many")) {
			is_str(p.v[0].host_ip, ports[i].ip, "address");
			is_str(p.v[0].protocol, ports[i].protocol, "protocol");
			is_int(p.v[0].host_port, ports[i].host, "host port");
			is_int(p.v[p.n - 1].container_port,
			       ports[i].container + (int)ports[i].count - 1, "last container port");
		}
		net_ports_clear(&p);
	}
}

static void test_claim(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_fd int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_free char *taken = NULL;
	struct net_ports p = { 0 };
	socklen_t len = sizeof(address);
	struct err e = { 0 };

	if (bind(sock, (struct sockaddr *)&address, len) < 0 || listen(sock, 1) < 0 ||
	    getsockname(sock, (struct sockaddr *)&address, &len) < 0)
		tap_bail("a listening socket");
	is_int(net_port_parse("127.0.0.1::80", &p, &e), 0, "a port to be chosen");
	is_int(net_port_parse("127.0.0.1::81/udp", &p, &e), 0, "and another");
	is_int(net_ports_claim(&p, &e), 0, "free ports are found");
	ok(p.v[0].host_port > 0 && p.v[1].host_port > 0, "and written down");
	taken = xasprintf("127.0.0.1:%u:80", ntohs(address.sin_port));
	is_int(net_port_parse(taken, &p, &e), 0, "a taken port");
	is_int(net_ports_claim(&p, &e), -EADDRINUSE, "is refused");
	has_str(e.msg, "is already in use by another program", "with its reason");
	net_ports_clear(&p);
}

static void test_drivers(void)
{
	auto_strv struct strv options = { 0 };
	enum net_driver d = NET_NONE;
	struct err e = { 0 };

	is_int(net_driver_parse("slirp4netns:mtu=1500,allow_host_loopback=true", &d, &options, &e),
	       0, "slirp4netns with options");
	is_int(d, NET_SLIRP4NETNS, "is that driver");
	is_str(strv_env_get(&options, "mtu"), "1500", "with its options");
	is_int(net_driver_parse("bridge", &d, &options, &e), 0, "docker's word");
	is_int(net_driver_parse("slirp4netns:colour=red", &d, &options, &e), -EINVAL,
	       "an unknown option is refused");
	is_str(e.msg, "network 'slirp4netns' has no option 'colour=red'", "by name");
	is_int(net_driver_parse("nonsense", &d, &options, &e), -EINVAL,
	       "an unknown driver is refused");
	is_str(e.msg, "unknown network 'nonsense': use slirp4netns, none or host", "by name");
}

static void test_resolv(void)
{
	struct resolv r = { .hostname = "box", .name = "web" };
	struct net_config c = { .driver = NET_SLIRP4NETNS, .run_dirfd = -1 };
	auto_str struct str text = { 0 }, hosts = { 0 }, other = { 0 };
	struct err e = { 0 };

	is_int(resolv_conf_text(&r, &c, &text, &e), 0, "resolv.conf");
	has_str(str_cstr(&text), "nameserver 10.0.2.3\n", "names the driver's resolver");
	ok(!strstr(str_cstr(&text), "127.0.0."), "and no loopback resolver of the host");
	strv_add(&r.dns, "192.0.2.53");
	strv_add(&r.search, "example.org");
	strv_add(&r.options, "ndots:2");
	str_cut(&text, 0);
	is_int(resolv_conf_text(&r, &c, &text, &e), 0, "resolv.conf by flags");
	is_str(str_cstr(&text), "search example.org\nnameserver 192.0.2.53\noptions ndots:2\n",
	       "holds them and no more");
	strv_add(&r.dns, "example.org");
	is_int(resolv_conf_text(&r, &c, &text, &e), -EINVAL, "a name is no resolver");
	is_str(e.msg, "invalid --dns 'example.org': not an IP address", "and the error says so");

	strv_add(&r.add_hosts, "db:192.0.2.7");
	strv_add(&r.add_hosts, "six:[2001:db8::1]");
	is_int(resolv_hosts_text(&r, &c, &hosts, &e), 0, "hosts");
	has_str(str_cstr(&hosts), "127.0.0.1\tlocalhost\n", "has localhost");
	has_str(str_cstr(&hosts), "192.0.2.7\tdb\n", "what was added");
	has_str(str_cstr(&hosts), "2001:db8::1\tsix\n", "IPv6 too");
	has_str(str_cstr(&hosts), "10.0.2.100\tbox web\n", "the container's own names");
	strv_add(&r.add_hosts, "nonsense");
	is_int(resolv_hosts_text(&r, &c, &other, &e), -EINVAL, "a host without address is refused");
	is_str(e.msg, "invalid --add-host 'nonsense': expected name:ip", "by name");
	strv_free(&r.dns);
	strv_free(&r.search);
	strv_free(&r.options);
	strv_free(&r.add_hosts);
}

int main(void)
{
	test_ports();
	test_claim();
	test_drivers();
	test_resolv();
	return tap_done();
}
