/* `pod stop`: the stop signal, a while, then SIGKILL. */
#include <stdio.h>

#include "base/err.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/open.h"
#include "engine/container.h"
#include "engine/signal.h"

struct stop_options {
	int timeout;
	const char *signal;
	bool ignore;
};

static const struct opt opts[] = {
	OPT_BOOL(struct stop_options, ignore, 'i', "ignore", "One that does not exist is no error"),
	OPT_STR(struct stop_options, signal, 's', "signal", "string",
		"Signal to send instead of its stop signal"),
	OPT_INT(struct stop_options, timeout, 't', "timeout", "int",
		"Seconds to wait before killing"),
	OPT_INT(struct stop_options, timeout, 0, "time", "int",
		"Seconds to wait before killing the container", .hidden = true),
	OPT_END,
};

static const struct stop_options defaults = { .timeout = -1 };

static int stop_one(struct container *c, const char *name, const void *options, struct err *e)
{
	const struct stop_options *o = options;
	int r;

	if (o->signal)
		replace_ptr(&c->record->stop_signal, xstrdup(o->signal));
	r = signal_stop(c, o->timeout, e);
	if (r < 0)
		return r;
	(void)printf("%s\n", name);
	return 0;
}

static int run_stop(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct stop_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;
	int sig;

	if (o->signal && proc_signal_parse(o->signal, &sig, e) < 0)
		return -e->num;
	if (open_engine(c, &g, e) < 0)
		return -e->num;
	return each_container(c, &g, argc, argv, o->ignore, stop_one, o);
}

const struct cmd cmd_stop = {
	.name = "stop",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "End running containers",
	.group = CMD_CONTAINERS,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct stop_options),
	.defaults = &defaults,
	.run = run_stop,
};
