/*
 * Published UDP ports without slirp4netns, which loses the answers to clients on the host's
 * loopback as soon as the container may not reach that loopback (libslirp takes them for
 * connections to it).
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "base/proc.h"
#include "net/net.h"

struct err;

/*
 * Binds the host's side of every UDP port of ports (others are passed over) and starts a process
 * that passes datagrams between them and address inside the network namespace netns, each client as
 * a flow of its own that ends after 90 idle seconds, as with docker's proxy. *ret is untouched
 * where no port is UDP. The process ends with the caller.
 */
int udp_forward_start(const struct net_ports *ports, int netns, const char *address,
		      struct child *ret, struct err *e);

#endif
