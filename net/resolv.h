/* The texts of /etc/resolv.conf, /etc/hosts and /etc/hostname of a container. */
#ifndef NET_RESOLV_H
#define NET_RESOLV_H

#include "base/str.h"
#include "net/net.h"

struct err;

struct resolv {
	struct strv dns, search, options; /* --dns, --dns-search, --dns-option; empty: the host's */
	struct strv add_hosts;            /* "name:ip", ip may be host-gateway */
	const char *hostname;
	const char *name; /* container name: an alias in hosts; may be NULL */
};

/*
 * The host's file followed: loopback resolvers (systemd-resolved's stub) and scope ids dropped, the
 * driver's resolver put first.
 */
int resolv_conf_text(const struct resolv *r, const struct net_config *c, struct str *ret,
		     struct err *e);
int resolv_hosts_text(const struct resolv *r, const struct net_config *c, struct str *ret,
		      struct err *e);

#endif
