/* What each network driver is: a row of functions. Inside net/ only. */
#ifndef NET_DRIVER_H
#define NET_DRIVER_H

#include "net/net.h"

struct net_driver_ops {
	const char *name;
	const char *const *options; /* the option names it knows, NULL-terminated */
	/* Starts what serves the namespace of init. */
	int (*start)(const struct net_config *c, pid_t init, struct net *n, struct err *e);
	/* Waits until it serves, and publishes the ports. */
	int (*wait)(struct net *n, const struct net_config *c, struct err *e);
	/* Addresses inside, NULL where there are none. */
	const char *(*address)(const struct net_config *c);
	const char *(*dns)(const struct net_config *c);
	const char *(*gateway)(const struct net_config *c);
};

extern const struct net_driver_ops net_slirp_ops;

/* The value of a driver option "name=value", or dflt. */
const char *net_option(const struct net_config *c, const char *name, const char *dflt);
/* true/false/1/0/yes/no; absent: dflt. */
bool net_option_bool(const struct net_config *c, const char *name, bool dflt);

#endif
