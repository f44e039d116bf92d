/* `pod start`: containers that were created, or have ended. */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/fd.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/open.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/monitor.h"
#include "engine/record.h"
#include "engine/terminal.h"

struct start_options {
	bool attach, interactive;
	int sig_proxy;
	const char *detach_keys;
};

static const struct opt opts[] = {
	OPT_BOOL(struct start_options, attach, 'a', "attach",
		 "Show its output, pass signals on, exit with its status"),
	OPT_STR(struct start_options, detach_keys, 0, "detach-keys", "string",
		"Keys that detach (ctrl-p,ctrl-q)"),
	OPT_BOOL(struct start_options, interactive, 'i', "interactive",
		 "As -a, with standard input"),
	OPT_TRI(struct start_options, sig_proxy, 0, "sig-proxy",
		"Pass signals on to the process (true)"),
	OPT_END,
};

static const struct start_options defaults = { .sig_proxy = -1 };

static int start_one(struct container *c, const char *name, const void *options, struct err *e)
{
	struct monitor_options m = { 0 };
	auto_fd int sock = -1;
	int r = 0;

	(void)options;
	if (c->status != CONTAINER_RUNNING) { /* docker: starting what runs is no error */
		sock = monitor_start(c, &m, e);
		r = sock < 0 ? sock : monitor_wait_started(c, sock, e);
	}
	if (r < 0)
		return r;
	(void)printf("%s\n", name);
	return 0;
}

/* -a, -i: one container, whose exit status is ours. */
static int start_attached(struct engine *g, const struct start_options *o, const char *name,
			  struct err *e)
{
	auto_container struct container *c = NULL;
	auto_fd int signals = -1, sock = -1;
	struct attach_options a;
	struct monitor_options m;
	int r = container_find(g, name, &c, e);

	if (r < 0)
		return err_status(e, 1);
	m = (struct monitor_options){
		.streams = ATTACH_OUT | ATTACH_ERR |
			   (o->interactive && c->record->open_stdin ? ATTACH_IN : 0),
	};
	if (c->record->tty)
		(void)terminal_size(&m.rows, &m.cols);
	signals = attach_take_signals(o->sig_proxy != 0, c->record->tty);
	a = (struct attach_options){
		.streams = m.streams,
		.tty = c->record->tty,
		.signals = signals,
		.container = c,
		.detach_keys = o->detach_keys,
	};
	sock = monitor_start(c, &m, e);
	r = sock < 0 ? sock : attach_run(sock, false, &a, e);
	return r == ATTACH_DETACHED ? 0 : r;
}

static int run_start(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct start_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;

	if (open_engine(c, &g, e) < 0)
		return -e->num;
	if (!o->attach && !o->interactive)
		return each_container(c, &g, argc, argv, false, start_one, o);
	if (argc != 1)
		return err_set(e, EINVAL,
			       "you cannot start and attach multiple containers at once");
	return start_attached(&g, o, argv[0], e);
}

const struct cmd cmd_start = {
	.name = "start",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Start containers that do not run",
	.group = CMD_CONTAINERS,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct start_options),
	.defaults = &defaults,
	.run = run_start,
};
