/* `pod run`: create, start, attach. */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/fd.h"
#include "cli/commands.h"
#include "cli/create_options.h"
#include "cli/open.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/detach_keys.h"
#include "engine/monitor.h"
#include "engine/record.h"
#include "engine/terminal.h"

/* clang-format off */
static const struct opt opts[] = {
	CREATE_ROWS_TO_DETACH,
	C_(BOOL, detach, 'd', "detach", "Go on in the background, and print the id"),
	C_(STR, detach_keys, 0, "detach-keys", "string", "Keys that detach (ctrl-p,ctrl-q)"),
	CREATE_ROWS_TO_SIG_PROXY,
	C_(TRI, sig_proxy, 0, "sig-proxy", "Pass signals on to the process (true)"),
	CREATE_ROWS_REST,
	OPT_END,
};
/* clang-format on */

static int run_detached(struct container *c, const struct monitor_options *m, struct err *e)
{
	auto_fd int sock = monitor_start(c, m, e);
	int r = sock < 0 ? sock : monitor_wait_started(c, sock, e);

	if (r < 0)
		return r;
	(void)printf("%s\n", c->id);
	return 0;
}

static int run_attached(struct container *c, const struct create_options *o,
			const struct monitor_options *m, struct err *e)
{
	auto_fd int signals = attach_take_signals(o->sig_proxy != 0, c->record->tty);
	struct attach_options a = {
		.streams = m->streams,
		.tty = c->record->tty,
		.signals = signals,
		.container = c,
		.detach_keys = o->detach_keys,
	};
	auto_fd int sock = monitor_start(c, m, e);
	int r = sock < 0 ? sock : attach_run(sock, false, &a, e);

	return r == ATTACH_DETACHED ? 0 : r;
}

static int run_run(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct create_options *o = opts_of;
	auto_container struct container *container = NULL;
	auto_engine struct engine g = ENGINE_CLOSED;
	struct monitor_options m = { 0 };
	struct detach_keys keys;
	int r;

	if (detach_keys_parse(o->detach_keys, &keys, e) < 0 ||
	    create_options_streams(o, &m.streams, e) < 0 || open_engine(c, &g, e) < 0)
		return -e->num;
	if (o->tty)
		(void)terminal_size(&m.rows, &m.cols);
	r = create_options_container(&g, o, argc, argv, true, &container, e);
	if (r < 0)
		return r;
	return o->detach ? run_detached(container, &m, e) : run_attached(container, o, &m, e);
}

const struct cmd cmd_run = {
	.name = "run",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.summary = "Create a container from an image and start it",
	.group = CMD_CONTAINERS,
	.flags = CMD_STOP,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct create_options),
	.defaults = &create_options_defaults,
	.run = run_run,
};
