/*
 * Published ports: docker's -p texts, and the claim of the host's side before anything starts. Runs
 * in the CLI.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fd.h"
#include "net/net.h"

#define PORTS_MAX 4096

/* The pieces of "[ip:][host]:container[/proto]", cut out of a copy of the text. */
struct port_text {
	char *ip;   /* NULL: not given */
	char *host; /* NULL: not given */
	char *container;
	const char *protocol;
};

struct port_range {
	uint16_t first;
	uint16_t count; /* 0: none was given */
};

/*
 * Cuts an IPv6 address in brackets, or an IPv4 one where two colons are left. Returns what follows.
 */
static int cut_ip(char *text, struct port_text *ret, char **ret_rest)
{
	char *end;

	*ret_rest = text;
	if (text[0] == '[') {
		end = strstr(text, "]:");
		if (!end)
			return -EINVAL;
		*end = '\0';
		ret->ip = text + 1;
		*ret_rest = end + 2;
		return 0;
	}
	end = strchr(text, ':');
	if (!end || !strchr(end + 1, ':'))
		return 0;
	*end = '\0';
	ret->ip = text;
	*ret_rest = end + 1;
	return strchr(strchr(*ret_rest, ':') + 1, ':') ? -EINVAL : 0; /* IPv6 wants its brackets */
}

static int cut(char *text, struct port_text *ret)
{
	char *slash = strchr(text, '/');
	char *rest, *colon;
	int r;

	ret->protocol = "tcp";
	if (slash) {
		*slash = '\0';
		ret->protocol = slash + 1;
	}
	r = cut_ip(text, ret, &rest);
	if (r < 0)
		return r;
	colon = strchr(rest, ':');
	if (colon)
		*colon = '\0';
	ret->host = colon ? rest : NULL;
	ret->container = colon ? colon + 1 : rest;
	return 0;
}

/* "80" or "8000-8003". */
static int parse_range(const char *text, struct port_range *ret)
{
	auto_free char *first = xstrndup(text, strcspn(text, "-"));
	const char *dash = strchr(text, '-');
	uint32_t low, high;

	if (str_to_u32(first, &low) < 0 || low > UINT16_MAX)
		return -EINVAL;
	high = low;
	if (dash && (str_to_u32(dash + 1, &high) < 0 || high > UINT16_MAX || high < low))
		return -EINVAL;
	*ret = (struct port_range){ .first = (uint16_t)low, .count = (uint16_t)(high - low + 1) };
	return low == 0 && high != 0 ? -EINVAL : 0;
}

static bool ip_ok(const char *ip)
{
	unsigned char raw[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, ip, raw) == 1 || inet_pton(AF_INET6, ip, raw) == 1;
}

static int bad(struct err *e, const char *text, const char *why)
{
	return err_set(
		e, EINVAL,
		"invalid published port '%s': %s: expected [ip:][host port:]container port[/tcp|udp]",
		text, why);
}

static void add(struct net_ports *p, const struct port_text *t, uint16_t host, uint16_t container)
{
	struct net_port port = { .host_port = host, .container_port = container };

	(void)snprintf(port.host_ip, sizeof(port.host_ip), "%s", t->ip ? t->ip : "");
	(void)snprintf(port.protocol, sizeof(port.protocol), "%s", t->protocol);
	p->v = xreallocarray(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n++] = port;
}

int net_port_parse(const char *text, struct net_ports *ret, struct err *e)
{
	auto_free char *copy = xstrdup(text);
	struct port_range host = { 0 }, container = { 0 };
	struct port_text t = { 0 };

	if (cut(copy, &t) < 0)
		return bad(e, text, "an IPv6 address stands in brackets");
	if (!str_eq(t.protocol, "tcp") && !str_eq(t.protocol, "udp"))
		return bad(e, text, "the protocol is neither tcp nor udp");
	if (t.ip && *t.ip && !ip_ok(t.ip))
		return bad(e, text, "no IP address");
	if (parse_range(t.container, &container) < 0 || container.first == 0)
		return bad(e, text, "the container port is no number from 1 to 65535");
	if (t.host && *t.host && parse_range(t.host, &host) < 0)
		return bad(e, text, "the host port is no number from 0 to 65535");
	if (host.count > 1 && host.count != container.count)
		return bad(e, text, "the two ranges differ in length");
	if (host.count == 1 && container.count > 1 && host.first != 0)
		return bad(e, text, "the two ranges differ in length");
	if (ret->n + container.count > PORTS_MAX)
		return bad(e, text, "too many ports");
	for (uint16_t i = 0; i < container.count; i++)
		add(ret, &t, host.first ? (uint16_t)(host.first + i) : 0,
		    (uint16_t)(container.first + i));
	return 0;
}

void net_ports_clear(struct net_ports *p)
{
	free(p->v);
	*p = (struct net_ports){ 0 };
}

/* The host's address and port as the system wants them. */
static socklen_t socket_address(const struct net_port *p, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (strchr(p->host_ip, ':')) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(p->host_port);
		(void)inet_pton(AF_INET6, p->host_ip, &v6->sin6_addr);
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(p->host_port);
	(void)inet_pton(AF_INET, *p->host_ip ? p->host_ip : "0.0.0.0", &v4->sin_addr);
	return sizeof(*v4);
}

static int explain(const struct net_port *p, struct err *e)
{
	const char *ip = *p->host_ip ? p->host_ip : "0.0.0.0";

	switch (errno) {
	case EADDRINUSE:
		return err_set(
			e, EADDRINUSE,
			"host port %s:%u/%s is already in use by another program: publish on another one",
			ip, p->host_port, p->protocol);
	case EACCES:
		return err_set(
			e, EACCES,
			"host port %u/%s needs privileges: sysctl net.ipv4.ip_unprivileged_port_start=%u allows it, or "
			"publish on a port from 1024 on",
			p->host_port, p->protocol, p->host_port);
	case EADDRNOTAVAIL:
		return err_set(
			e, EADDRNOTAVAIL,
			"no interface of this host has the address '%s' to publish a port on", ip);
	default:
		return err_sys(e, "claim host port %s:%u/%s", ip, p->host_port, p->protocol);
	}
}

/*
 * Binds to the port once. Returns the socket: held until all are claimed, so that two free ports
 * are never the same.
 */
static int claim_one(struct net_port *p, struct err *e)
{
	bool udp = str_eq(p->protocol, "udp");
	struct sockaddr_storage address;
	socklen_t len = socket_address(p, &address);
	auto_fd int sock =
		socket(address.ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	int on = 1;

	if (sock < 0)
		return err_sys(e, "make a socket");
	if (!udp) /* connections of an earlier server may linger in TIME_WAIT */
		(void)setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(sock, (struct sockaddr *)&address, len) < 0 || (!udp && listen(sock, 1) < 0))
		return explain(p, e);
	if (p->host_port == 0 && getsockname(sock, (struct sockaddr *)&address, &len) == 0)
		p->host_port = ntohs(address.ss_family == AF_INET6
					     ? ((struct sockaddr_in6 *)&address)->sin6_port
					     : ((struct sockaddr_in *)&address)->sin_port);
	return take_fd(&sock);
}

int net_ports_claim(struct net_ports *p, struct err *e)
{
	auto_free int *held = xcalloc(p->n, sizeof(*held));
	size_t n = 0;
	int r = 0;

	for (; p->v && n < p->n && r >= 0; n++)
		r = held[n] = claim_one(&p->v[n], e);
	for (size_t i = 0; i < n; i++)
		if (held[i] >= 0)
			(void)close(held[i]);
	return r < 0 ? r : 0;
}
