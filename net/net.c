/* The table of network drivers and the calls that go through it. Runs in the monitor. */
#include "net/net.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "net/driver.h"

static const char *const no_options[] = { NULL };

static const struct net_driver_ops none_ops = { .name = "none", .options = no_options };
static const struct net_driver_ops host_ops = { .name = "host", .options = no_options };

static const struct net_driver_ops *const drivers[] = {
	[NET_SLIRP4NETNS] = &net_slirp_ops,
	[NET_NONE] = &none_ops,
	[NET_HOST] = &host_ops,
};

/* Other names that docker's and podman's users type. */
static const struct {
	const char *name;
	enum net_driver driver;
} aliases[] = {
	{ "bridge", NET_SLIRP4NETNS },
	{ "default", NET_SLIRP4NETNS },
	{ "private", NET_SLIRP4NETNS },
};

const char *net_driver_name(enum net_driver d)
{
	return drivers[d]->name;
}

static int find_driver(const char *name, enum net_driver *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (str_eq(drivers[i]->name, name)) {
			*ret = (enum net_driver)i;
			return 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (str_eq(aliases[i].name, name)) {
			*ret = aliases[i].driver;
			return 0;
		}
	}
	return -EINVAL;
}

/* "mtu=1500" has to be an option that the driver knows. */
static int check_option(const struct net_driver_ops *d, const char *option, struct err *e)
{
	size_t len = strcspn(option, "=");

	for (const char *const *known = d->options; *known; known++)
		if (strlen(*known) == len && strncmp(*known, option, len) == 0 &&
		    option[len] == '=')
			return 0;
	return err_set(e, EINVAL, "network '%s' has no option '%s'", d->name, option);
}

int net_driver_parse(const char *text, enum net_driver *ret, struct strv *ret_options,
		     struct err *e)
{
	size_t len = strcspn(text, ":");
	auto_free char *name = xstrndup(text, len);
	auto_strv struct strv options = { 0 };

	if (find_driver(name, ret) < 0)
		return err_set(e, EINVAL, "unknown network '%s': use slirp4netns, none or host",
			       name);
	if (text[len] == ':')
		strv_split(&options, text + len + 1, ',');
	for (size_t i = 0; i < options.len; i++) {
		int r = check_option(drivers[*ret], options.v[i], e);

		if (r < 0)
			return r;
	}
	strv_copy(ret_options, &options);
	return 0;
}

const char *net_option(const struct net_config *c, const char *name, const char *dflt)
{
	const char *value = strv_env_get(&c->options, name);

	return value ? value : dflt;
}

bool net_option_bool(const struct net_config *c, const char *name, bool dflt)
{
	const char *value = net_option(c, name, NULL);

	if (!value)
		return dflt;
	return str_eq(value, "true") || str_eq(value, "1") || str_eq(value, "yes");
}

int net_start(const struct net_config *c, pid_t init, struct net *ret, struct err *e)
{
	*ret = NET_NONE_INIT;
	ret->driver = c->driver;
	return drivers[c->driver]->start ? drivers[c->driver]->start(c, init, ret, e) : 0;
}

int net_wait(struct net *n, const struct net_config *c, struct err *e)
{
	return drivers[c->driver]->wait ? drivers[c->driver]->wait(n, c, e) : 0;
}

void net_end(struct net *n)
{
	close_fd(&n->exit_fd);
	if (n->udp.pid > 0)
		(void)kill(n->udp.pid, SIGKILL); /* ours and not reaped: still the same process */
	if (n->helper.pid > 0)
		(void)kill(n->helper.pid, SIGKILL);
}

void net_stop(struct net *n)
{
	net_end(n);
	close_fd(&n->ready_fd);
	child_kill(&n->udp);
	child_kill(&n->helper); /* reaped: its listening sockets are gone when this returns */
	if (n->api_fd >= 0 && *n->api_name)
		(void)unlinkat(n->api_fd, n->api_name, 0);
	close_fd(&n->api_fd);
}

void net_leave(struct net *n)
{
	net_end(n);
	if (!n->published && n->helper.pid > 0) {
		close_fd(&n->helper.pidfd);
		n->helper = CHILD_NONE;
	}
	net_stop(n);
}

const char *net_address(const struct net_config *c)
{
	return drivers[c->driver]->address ? drivers[c->driver]->address(c) : NULL;
}

const char *net_dns_address(const struct net_config *c)
{
	return drivers[c->driver]->dns ? drivers[c->driver]->dns(c) : NULL;
}

const char *net_gateway(const struct net_config *c)
{
	return drivers[c->driver]->gateway ? drivers[c->driver]->gateway(c) : NULL;
}
