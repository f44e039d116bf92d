/*
 * slirp4netns: a user-mode TCP/IP stack on a tap device in the container's network namespace. The
 * monitor starts it beside the container's creation; it runs sandboxed (its own root, no
 * capabilities, seccomp), leaves when exit_fd closes, and takes port forwardings over its API
 * socket (slirp4netns(1), "API socket").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "net/driver.h"
#include "net/udp.h"

#define API_SOCKET "slirp.sock"
#define READY_TIMEOUT_MS 10000
#define ANSWER_MAX ((size_t)64 << 10)
#define SUN_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path))

static const char *const slirp_options[] = {
	"allow_host_loopback", "cidr",           "enable_ipv6",  "mtu",
	"outbound_addr",       "outbound_addr6", "port_handler", NULL,
};

/*
 * Host number n of the network that the cidr option names; default 10.0.2.0/24. One static text a
 * call site's n.
 */
static const char *host_in_cidr(const struct net_config *c, uint32_t n, char buf[INET_ADDRSTRLEN])
{
	auto_free char *net = xstrdup(net_option(c, "cidr", "10.0.2.0/24"));
	struct in_addr a;

	net[strcspn(net, "/")] = '\0';
	if (inet_pton(AF_INET, net, &a) != 1)
		return NULL;
	a.s_addr = htonl(ntohl(a.s_addr) + n);
	return inet_ntop(AF_INET, &a, buf, INET_ADDRSTRLEN);
}

/* slirp4netns(1): the tap has .100, the gateway is .2, the resolver .3 */
static const char *slirp_address(const struct net_config *c)
{
	static char buf[INET_ADDRSTRLEN];

	return host_in_cidr(c, 100, buf);
}

static const char *slirp_dns(const struct net_config *c)
{
	static char buf[INET_ADDRSTRLEN];

	return host_in_cidr(c, 3, buf);
}

static const char *slirp_gateway(const struct net_config *c)
{
	static char buf[INET_ADDRSTRLEN];

	return host_in_cidr(c, 2, buf);
}

static int check_values(const struct net_config *c, struct err *e)
{
	const char *handler = net_option(c, "port_handler", "slirp4netns");
	const char *cidr = net_option(c, "cidr", NULL);
	const char *mtu = net_option(c, "mtu", "65520");
	uint32_t n;

	if (!str_eq(handler, "slirp4netns"))
		return err_set(e, EINVAL,
			       "network option port_handler '%s' is unknown: use slirp4netns",
			       handler);
	if (str_to_u32(mtu, &n) < 0 || n < 576 || n > 65521)
		return err_set(e, EINVAL, "network option mtu '%s' is no number from 576 to 65521",
			       mtu);
	if (cidr && (!strchr(cidr, '/') || !slirp_address(c)))
		return err_set(e, EINVAL, "network option cidr '%s' is no IPv4 network", cidr);
	for (size_t i = 0; i < c->ports.n; i++)
		if (strchr(c->ports.v[i].host_ip, ':'))
			return err_set(
				e, ENOTSUP,
				"slirp4netns publishes ports on IPv4 addresses only, not on '%s'",
				c->ports.v[i].host_ip);
	return 0;
}

/*
 * The API socket by its path where that fits sun_path; else through the folder's fd, which then
 * stays open in the helper. Returns whether it does.
 */
static bool add_api_socket(int run_dirfd, struct strv *argv)
{
	auto_free char *dir = NULL;

	if (fd_real_path(run_dirfd, &dir, NULL) >= 0 &&
	    strlen(dir) + sizeof("/" API_SOCKET) <= SUN_PATH_MAX) {
		strv_addf(argv, "--api-socket=%s/" API_SOCKET, dir);
		return false;
	}
	strv_addf(argv, "--api-socket=/proc/self/fd/%d/" API_SOCKET, run_dirfd);
	return true;
}

/* The helper's options. fds are numbers that stay open in it. */
static void build_argv(const struct net_config *c, int ready_fd, int exit_fd, struct strv *argv)
{
	static const struct {
		const char *option, *flag;
	} values[] = {
		{ "cidr", "--cidr" },
		{ "outbound_addr", "--outbound-addr" },
		{ "outbound_addr6", "--outbound-addr6" },
	};

	strv_add(argv, "slirp4netns");
	strv_add(argv, "--configure");
	strv_addf(argv, "--mtu=%s", net_option(c, "mtu", "65520"));
	if (!net_option_bool(c, "allow_host_loopback", false))
		strv_add(argv, "--disable-host-loopback");
	strv_add(argv, "--enable-sandbox");
	strv_add(argv, "--enable-seccomp");
	if (net_option_bool(c, "enable_ipv6", false))
		strv_add(argv, "--enable-ipv6");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (net_option(c, values[i].option, NULL))
			strv_addf(argv, "%s=%s", values[i].flag,
				  net_option(c, values[i].option, NULL));
	strv_addf(argv, "--ready-fd=%d", ready_fd);
	strv_addf(argv, "--exit-fd=%d", exit_fd);
	strv_add(argv, "--netns-type=path");
}

/*
 * The network namespace of init, opened while init still waits: a little later it is not dumpable,
 * and /proc/PID/ns is closed to everybody.
 */
static int open_netns(pid_t init, struct err *e)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)init);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open the container's network namespace") : fd;
}

/* What it says goes to a file in the run folder: read back where it fails. */
static int open_complaints(const struct net_config *c, struct err *e)
{
	int fd = openat(c->run_dirfd, "slirp.log",
			O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? err_sys(e, "create 'slirp.log'") : fd;
}

static int slirp_start(const struct net_config *c, pid_t init, struct net *n, struct err *e)
{
	auto_strv struct strv argv = { 0 };
	auto_fd int complaints = -1, ready_out = -1, exit_in = -1, netns = -1;
	struct spawn spawn = { .die_with_parent = true, .new_session = true };
	int ready[2], leave[2], r;
	bool keep_dir = false;

	r = check_values(c, e);
	if (r < 0)
		return r;
	complaints = open_complaints(c, e);
	if (complaints < 0)
		return complaints;
	netns = open_netns(init, e);
	if (netns < 0)
		return netns;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	n->ready_fd = ready[0];
	ready_out = ready[1];
	if (pipe2(leave, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	exit_in = leave[0];
	n->exit_fd = leave[1];
	build_argv(c, ready_out, exit_in, &argv);
	if (c->ports.n) {
		keep_dir = add_api_socket(c->run_dirfd, &argv);
		(void)unlinkat(c->run_dirfd, API_SOCKET, 0);
	}
	strv_addf(&argv, "/proc/self/fd/%d", netns);
	strv_add(&argv, "tap0");
	spawn.argv = (const char *const *)argv.v;
	spawn.fds[0] = -1;
	spawn.fds[1] = spawn.fds[2] = complaints;
	spawn.keep = (int[]){ ready_out, exit_in, netns, keep_dir ? c->run_dirfd : -1, -1 };
	r = proc_spawn(&spawn, &n->helper, e);
	if (r == -ENOENT)
		return err_set(
			e, ENOENT,
			"slirp4netns is not installed: install it, or use --network=none or --network=host");
	if (r < 0)
		return r;
	n->api_fd = fd_dup_above(c->run_dirfd, 3);
	n->published = c->ports.n > 0;
	if (n->published)
		(void)snprintf(n->api_name, sizeof(n->api_name), API_SOCKET);
	return udp_forward_start(&c->ports, netns, slirp_address(c), &n->udp, e);
}

/* Why it ended: its last line. */
static int report_end(const struct net_config *c, struct err *e)
{
	auto_str struct str text = { 0 };
	const char *line;

	(void)file_read(c->run_dirfd, "slirp.log", 1 << 16, &text, NULL);
	while (text.len && text.data[text.len - 1] == '\n')
		str_cut(&text, text.len - 1);
	line = strrchr(str_cstr(&text), '\n');
	return err_set(e, EIO, "slirp4netns could not set up the network: %s",
		       text.len ? (line ? line + 1 : text.data) : "it ended without a word");
}

static int wait_ready(struct net *n, const struct net_config *c, struct err *e)
{
	struct pollfd wait = { .fd = n->ready_fd, .events = POLLIN };
	char one;
	int r;

	do {
		r = poll(&wait, 1, READY_TIMEOUT_MS);
	} while (r < 0 && errno == EINTR);
	if (r == 0)
		return err_set(e, ETIMEDOUT, "slirp4netns was not ready after %d seconds",
			       READY_TIMEOUT_MS / 1000);
	if (read(n->ready_fd, &one, 1) != 1)
		return report_end(c, e);
	close_fd(&n->ready_fd);
	return 0;
}

/* One request and its answer: the API takes one a connection. */
static int api_call(int run_dirfd, const char *request, struct str *ret_answer, struct err *e)
{
	auto_fd int sock = sock_connect_at(run_dirfd, API_SOCKET, SOCK_STREAM, e);
	int r;

	if (sock < 0)
		return sock;
	r = fd_write_all(sock, request, strlen(request));
	if (r == 0)
		r = shutdown(sock, SHUT_WR) < 0 ? -errno
						: fd_read_all(sock, ANSWER_MAX, ret_answer);
	return r < 0 ? err_num(e, -r, "talk to slirp4netns") : 0;
}

static int publish(const struct net_config *c, const struct net_port *p, struct err *e)
{
	auto_str struct str answer = { 0 };
	auto_json cJSON *request = json_object();
	auto_json cJSON *reply = NULL;
	auto_free char *text = NULL;
	cJSON *args;
	int r;

	json_add_str(request, "execute", "add_hostfwd");
	args = json_add_object(request, "arguments");
	json_add_str(args, "proto", p->protocol);
	json_add_str(args, "host_addr", *p->host_ip ? p->host_ip : "0.0.0.0");
	json_add_i64(args, "host_port", p->host_port);
	json_add_str(args, "guest_addr", slirp_address(c));
	json_add_i64(args, "guest_port", p->container_port);
	text = json_print(request, false);
	r = api_call(c->run_dirfd, text, &answer, e);
	if (r < 0)
		return r;
	r = json_parse(str_cstr(&answer), answer.len, "slirp4netns' answer", &reply, e);
	if (r < 0)
		return r;
	if (json_get(reply, "error"))
		return err_set(e, EADDRINUSE, "slirp4netns could not publish %s:%u/%s: %s",
			       *p->host_ip ? p->host_ip : "0.0.0.0", p->host_port, p->protocol,
			       json_str(json_get(reply, "error"), "desc", "no reason given"));
	return 0;
}

static int slirp_wait(struct net *n, const struct net_config *c, struct err *e)
{
	int r = wait_ready(n, c, e);

	for (size_t i = 0; i < c->ports.n && r >= 0; i++)
		if (!str_eq(c->ports.v[i].protocol, "udp")) /* net/udp.c serves those */
			r = publish(c, &c->ports.v[i], e);
	return r;
}

const struct net_driver_ops net_slirp_ops = {
	.name = "slirp4netns",
	.options = slirp_options,
	.start = slirp_start,
	.wait = slirp_wait,
	.address = slirp_address,
	.dns = slirp_dns,
	.gateway = slirp_gateway,
};
