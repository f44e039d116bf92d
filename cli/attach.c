/* `pod attach`: to a container that runs. */
#include <errno.h>

#include "base/err.h"
#include "base/fd.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/record.h"
#include "engine/terminal.h"

struct attach_flags {
	bool no_stdin;
	int sig_proxy;
	const char *detach_keys;
};

static const struct opt opts[] = {
	OPT_STR(struct attach_flags, detach_keys, 0, "detach-keys", "string",
		"Keys that detach (ctrl-p,ctrl-q)"),
	OPT_BOOL(struct attach_flags, no_stdin, 0, "no-stdin", "Do not connect standard input"),
	OPT_TRI(struct attach_flags, sig_proxy, 0, "sig-proxy",
		"Pass signals on to the process (true)"),
	OPT_END,
};

static const struct attach_flags defaults = { .sig_proxy = -1 };

static int run_attach(const struct cli *cli, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct attach_flags *o = opts_of;
	auto_container struct container *c = NULL;
	auto_engine struct engine g = ENGINE_CLOSED;
	auto_fd int signals = -1, sock = -1;
	struct attach_hello hello = { .streams = ATTACH_OUT | ATTACH_ERR };
	struct attach_options a;
	int r;

	(void)argc;
	if (open_engine(cli, &g, e) < 0)
		return -e->num;
	if (container_find(&g, argv[0], &c, e) < 0)
		return err_status(e, 1);
	if (c->status != CONTAINER_RUNNING) {
		(void)err_set(e, ESRCH, "you cannot attach to a %s container, start it first",
			      c->status == CONTAINER_PAUSED ? "paused" : "stopped");
		return err_status(e, 1);
	}
	if (!o->no_stdin && c->record->open_stdin)
		hello.streams |= ATTACH_IN;
	if (c->record->tty)
		(void)terminal_size(&hello.rows, &hello.cols);
	signals = attach_take_signals(o->sig_proxy != 0, c->record->tty);
	a = (struct attach_options){
		.streams = hello.streams,
		.tty = c->record->tty,
		.signals = signals,
		.detach_keys = o->detach_keys,
	};
	sock = attach_connect(c, &hello, e);
	r = sock < 0 ? sock : attach_run(sock, false, &a, e);
	return r == ATTACH_DETACHED ? 0 : r;
}

const struct cmd cmd_attach = {
	.name = "attach",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Connect to the streams of a running container",
	.group = CMD_CONTAINERS,
	.min_args = 1,
	.max_args = 1,
	.opts = opts,
	.size = sizeof(struct attach_flags),
	.defaults = &defaults,
	.run = run_attach,
};
