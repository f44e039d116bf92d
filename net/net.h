/*
 * What gives a container's network namespace its network. Drivers behind one table: slirp4netns,
 * none, host.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/proc.h"
#include "base/str.h"

struct err;

enum net_driver { NET_SLIRP4NETNS, NET_NONE, NET_HOST };

/* One published port. */
struct net_port {
	char host_ip[46];   /* "" is all addresses */
	uint16_t host_port; /* 0: pick a free one */
	uint16_t container_port;
	char protocol[5]; /* "tcp", "udp" */
};

struct net_ports {
	struct net_port *v;
	size_t n;
};

/*
 * Parses docker's -p: [ip:][hostPort]:containerPort[/proto], ranges "8000-8003:80-83", [::1]:80:80;
 * appended to ret. -EINVAL says what is wrong.
 */
int net_port_parse(const char *text, struct net_ports *ret, struct err *e);
void net_ports_clear(struct net_ports *p);

/* "slirp4netns[:opt=val,…]" (also "bridge", "default"), "none", "host". */
int net_driver_parse(const char *text, enum net_driver *ret, struct strv *ret_options,
		     struct err *e);
const char *net_driver_name(enum net_driver d);

/*
 * Claims the host ports before anything starts: 0 becomes a free port; a taken one is an error that
 * names it; below net.ipv4.ip_unprivileged_port_start says the sysctl that helps.
 */
int net_ports_claim(struct net_ports *p, struct err *e);

/* A network in operation: owned by the monitor. */
struct net {
	enum net_driver driver;
	struct child helper; /* slirp4netns */
	struct child udp;    /* forwarder of published UDP ports; none where there are none */
	bool published;      /* there are ports to be free again */
	int exit_fd;         /* slirp4netns leaves when this closes */
	int ready_fd;        /* readable when the network is up; -1 once waited for */
	int api_fd;          /* folder fd where the API socket is */
	char api_name[32];
};

#define NET_NONE_INIT                                       \
	((struct net){ .driver = NET_NONE,                  \
		       .helper = { .pid = 0, .pidfd = -1 }, \
		       .udp = { .pid = 0, .pidfd = -1 },    \
		       .exit_fd = -1,                       \
		       .ready_fd = -1,                      \
		       .api_fd = -1 })

struct net_config {
	enum net_driver driver;
	/*
	 * driver options: "mtu=1500", "allow_host_loopback=true", "cidr=…", "enable_ipv6=true",
	 * "port_handler=…"
	 */
	struct strv options;
	struct net_ports ports; /* claimed */
	int run_dirfd;          /* the container's run folder: API socket, named short */
};

/*
 * Starts the helper for the network namespace of init (its user namespace is the monitor's);
 * returns at once: net_wait() waits for it to be up and publishes the ports. NET_NONE: nothing but
 * loopback up; NET_HOST: nothing. Called in the monitor before it gives up anything, may be side by
 * side with the container's creation.
 */
int net_start(const struct net_config *c, pid_t init, struct net *ret, struct err *e);
int net_wait(struct net *n, const struct net_config *c, struct err *e);
/* The container has ended: its helpers are told to end too, and nothing is waited for. */
void net_end(struct net *n);
/* Ends the helpers; ports are free and nothing is left to reap when it returns. */
void net_stop(struct net *n);
/*
 * The same for a process that is about to end itself: where no port is published nothing is waited
 * for. The kernel takes some 30 ms to take down the device of slirp4netns, and whoever reaps our
 * children reaps it then.
 */
void net_leave(struct net *n);

/* Where the container finds things, for resolv.conf and hosts. */
const char *net_address(const struct net_config *c);     /* "10.0.2.100" or NULL */
const char *net_dns_address(const struct net_config *c); /* "10.0.2.3" or NULL */
/* "10.0.2.2": the host, for host.containers.internal */
const char *net_gateway(const struct net_config *c);

#endif
