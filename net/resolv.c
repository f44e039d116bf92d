/*
 * The texts of /etc/resolv.conf and /etc/hosts: see resolv.h. Runs in the monitor; reads the host's
 * files only.
 */
#include "net/resolv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

#define HOST_FILE_MAX ((size_t)1 << 20)
#define SERVERS_MAX 3 /* resolv.conf(5): MAXNS */

/* What the host's file says. */
struct host_resolv {
	struct strv dns, search, options;
};

static void host_resolv_free(struct host_resolv *h)
{
	strv_free(&h->dns);
	strv_free(&h->search);
	strv_free(&h->options);
}

static bool is_loopback(const char *ip)
{
	return str_starts(ip, "127.") || str_eq(ip, "::1");
}

/* The words after the keyword; search replaces earlier ones (resolv.conf(5)). */
static void take_line(const char *line, struct host_resolv *h)
{
	auto_strv struct strv words = { 0 };
	auto_free char *copy = xstrdup(line);
	struct strv *list;

	for (char *c = copy; *c; c++)
		if (*c == '\t' || *c == '\r')
			*c = ' ';
	strv_split(&words, copy, ' ');
	for (size_t i = words.len; i-- > 0;)
		if (!*words.v[i])
			strv_remove(&words, i);
	if (words.len < 2 || strchr("#;", words.v[0][0]))
		return;
	if (str_eq(words.v[0], "nameserver"))
		list = &h->dns;
	else if (str_eq(words.v[0], "search") || str_eq(words.v[0], "domain"))
		list = &h->search;
	else if (str_eq(words.v[0], "options"))
		list = &h->options;
	else
		return;
	if (list == &h->search)
		strv_free(list);
	for (size_t i = 1; i < words.len && (list != &h->dns || i == 1); i++)
		strv_add(list, words.v[i]);
}

static void read_host_resolv(const char *file, struct host_resolv *ret)
{
	auto_str struct str text = { 0 };
	auto_strv struct strv lines = { 0 };

	if (file_read(AT_FDCWD, file, HOST_FILE_MAX, &text, NULL) < 0)
		return;
	strv_split(&lines, str_cstr(&text), '\n');
	for (size_t i = 0; i < lines.len; i++)
		take_line(lines.v[i], ret);
}

/*
 * Servers that the container cannot reach go; what is left of an address with a scope id is not the
 * same address.
 */
static void drop_unreachable(struct strv *dns)
{
	for (size_t i = dns->len; i-- > 0;)
		if (is_loopback(dns->v[i]) || strchr(dns->v[i], '%'))
			strv_remove(dns, i);
}

static void read_host(const struct net_config *c, struct host_resolv *h)
{
	read_host_resolv("/etc/resolv.conf", h);
	if (c->driver == NET_HOST)
		return;
	/* systemd-resolved's stub: what it asks is in its own file */
	if (h->dns.len && is_loopback(h->dns.v[0])) {
		struct host_resolv real = { 0 };

		read_host_resolv("/run/systemd/resolve/resolv.conf", &real);
		strv_copy(&h->dns, &real.dns);
		host_resolv_free(&real);
	}
	drop_unreachable(&h->dns);
}

static void add_words(struct str *s, const char *keyword, const struct strv *words)
{
	auto_free char *joined = strv_join(words, " ");

	if (words->len)
		str_addf(s, "%s %s\n", keyword, joined);
}

int resolv_conf_text(const struct resolv *r, const struct net_config *c, struct str *ret,
		     struct err *e)
{
	struct host_resolv h = { 0 };
	auto_strv struct strv servers = { 0 };
	const char *own = net_dns_address(c);

	for (size_t i = 0; i < r->dns.len; i++) {
		unsigned char raw[sizeof(struct in6_addr)];

		if (inet_pton(AF_INET, r->dns.v[i], raw) != 1 &&
		    inet_pton(AF_INET6, r->dns.v[i], raw) != 1)
			return err_set(e, EINVAL, "invalid --dns '%s': not an IP address",
				       r->dns.v[i]);
	}
	read_host(c, &h);
	if (r->dns.len) {
		strv_copy(&servers, &r->dns);
	} else {
		if (own)
			strv_add(&servers, own);
		strv_copy(&servers, &h.dns);
	}
	add_words(ret, "search", r->search.len ? &r->search : &h.search);
	for (size_t i = 0; i < servers.len && i < SERVERS_MAX; i++)
		str_addf(ret, "nameserver %s\n", servers.v[i]);
	add_words(ret, "options", r->options.len ? &r->options : &h.options);
	host_resolv_free(&h);
	return 0;
}

/*
 * The address under which the container reaches the host: the gateway where host loopback is open,
 * else the host's own address towards the default route (a connected datagram socket sends
 * nothing). "" where there is none.
 */
static const char *host_address(const struct net_config *c, char buf[INET_ADDRSTRLEN])
{
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_port = htons(9) };
	socklen_t len = sizeof(far);
	auto_fd int sock = -1;

	if (c->driver == NET_HOST)
		return "127.0.0.1";
	if (c->driver == NET_NONE)
		return "";
	if (str_eq(strv_env_get(&c->options, "allow_host_loopback"), "true"))
		return net_gateway(c);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* documentation network: never a real peer */
	(void)inet_pton(AF_INET, "192.0.2.1", &far.sin_addr);
	if (sock < 0 || connect(sock, (struct sockaddr *)&far, sizeof(far)) < 0 ||
	    getsockname(sock, (struct sockaddr *)&far, &len) < 0)
		return "";
	return inet_ntop(AF_INET, &far.sin_addr, buf, INET_ADDRSTRLEN) ? buf : "";
}

/* "name:ip" of --add-host. */
static int add_host_entry(const char *entry, const char *host, struct str *ret, struct err *e)
{
	size_t len = strcspn(entry, ":=");
	unsigned char raw[sizeof(struct in6_addr)];
	auto_free char *ip = NULL;

	if (!len || !entry[len])
		return err_set(e, EINVAL, "invalid --add-host '%s': expected name:ip", entry);
	ip = xstrdup(entry + len + 1);
	if (ip[0] == '[' && str_ends(ip, "]")) {
		memmove(ip, ip + 1, strlen(ip));
		ip[strlen(ip) - 1] = '\0';
	}
	if (str_eq(ip, "host-gateway")) {
		if (!*host)
			return err_set(e, EHOSTUNREACH,
				       "--add-host '%s': this network has no way to the host",
				       entry);
		str_addf(ret, "%s\t%.*s\n", host, (int)len, entry);
		return 0;
	}
	if (inet_pton(AF_INET, ip, raw) != 1 && inet_pton(AF_INET6, ip, raw) != 1)
		return err_set(e, EINVAL, "invalid --add-host '%s': '%s' is not an IP address",
			       entry, ip);
	str_addf(ret, "%s\t%.*s\n", ip, (int)len, entry);
	return 0;
}

int resolv_hosts_text(const struct resolv *r, const struct net_config *c, struct str *ret,
		      struct err *e)
{
	char buf[INET_ADDRSTRLEN];
	const char *host = host_address(c, buf), *own = net_address(c);

	if (c->driver == NET_HOST)
		(void)file_read(AT_FDCWD, "/etc/hosts", HOST_FILE_MAX, ret, NULL);
	if (!ret->len)
		str_add(ret,
			"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\n"
			"ff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
	if (ret->data[ret->len - 1] != '\n')
		str_add_char(ret, '\n');
	for (size_t i = 0; i < r->add_hosts.len; i++) {
		int rc = add_host_entry(r->add_hosts.v[i], host, ret, e);

		if (rc < 0)
			return rc;
	}
	if (*host)
		str_addf(ret, "%s\thost.containers.internal host.docker.internal\n", host);
	if (c->driver == NET_HOST || !r->hostname)
		return 0;
	str_addf(ret, "%s\t%s", own ? own : "127.0.1.1", r->hostname);
	if (r->name && !str_eq(r->name, r->hostname))
		str_addf(ret, " %s", r->name);
	str_add_char(ret, '\n');
	return 0;
}
