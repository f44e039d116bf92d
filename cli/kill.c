/* `pod kill`: a signal to the first process. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/err.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/open.h"
#include "engine/container.h"
#include "engine/signal.h"

struct kill_options {
	const char *signal;
};

static const struct opt opts[] = {
	OPT_STR(struct kill_options, signal, 's', "signal", "string", "Signal to send (KILL)"),
	OPT_END,
};

static const struct kill_options defaults = { .signal = "KILL" };

static int kill_one(struct container *c, const char *name, const void *options, struct err *e)
{
	int r = signal_container(c, *(const int *)options, e);

	if (r == -ESRCH)
		return err_set(e, ESRCH, "cannot kill container: %s: container %s is not running",
			       name, c->id);
	if (r < 0)
		return r;
	(void)printf("%s\n", name);
	return 0;
}

static int run_kill(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct kill_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;
	int sig = SIGKILL;

	if (proc_signal_parse(o->signal, &sig, e) < 0)
		return err_status(e, 1);
	if (open_engine(c, &g, e) < 0)
		return -e->num;
	return each_container(c, &g, argc, argv, false, kill_one, &sig);
}

const struct cmd cmd_kill = {
	.name = "kill",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Send a signal to running containers",
	.group = CMD_CONTAINERS,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct kill_options),
	.defaults = &defaults,
	.run = run_kill,
};
