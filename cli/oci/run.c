/* `pod oci run`: create, start, stay until it ends, delete. */
#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "cli/oci/oci.h"
#include "oci/spec.h"

struct run_opts {
	const char *bundle, *console_socket, *pid_file;
	bool detach, keep, no_pivot, no_new_keyring, no_subreaper;
	int preserve_fds;
};

static const struct opt opts[] = {
	OPT_STR(struct run_opts, bundle, 'b', "bundle", "dir",
		"Folder with config.json (the current one)"),
	OPT_STR(struct run_opts, console_socket, 0, "console-socket", "path",
		"Unix socket that gets the terminal's master"),
	OPT_BOOL(struct run_opts, detach, 'd', "detach", "Return once the program runs"),
	OPT_BOOL(struct run_opts, keep, 0, "keep", "Do not delete the container when it has ended"),
	OPT_STR(struct run_opts, pid_file, 0, "pid-file", "path",
		"Write the pid of the container's process there"),
	OPT_INT(struct run_opts, preserve_fds, 0, "preserve-fds", "n",
		"Pass on this many file descriptors from 3 on"),
	OPT_BOOL(struct run_opts, no_pivot, 0, "no-pivot",
		 "Do without pivot_root, for a root on a ramdisk"),
	OPT_BOOL(struct run_opts, no_new_keyring, 0, "no-new-keyring",
		 "Keep the session keyring of the caller"),
	OPT_BOOL(struct run_opts, no_subreaper, 0, "no-subreaper", "", .hidden = true),
	OPT_END,
};

static const struct run_opts defaults = { .bundle = "." };

/* Only to know whether there is a terminal to be had; what counts is what oci_create reads. */
static int wants_terminal(const char *bundle, bool *ret, struct err *e)
{
	auto_fd int dir = dir_open(AT_FDCWD, bundle, e);
	auto_spec struct spec *spec = NULL;
	int r = dir < 0 ? dir : spec_read(dir, "config.json", &spec, e);

	if (r >= 0)
		*ret = spec->process.present && spec->process.terminal;
	return r;
}

static int delete_after(const struct oci *o, const char *id, int status)
{
	struct err e = { 0 };

	if (oci_delete(o, id, true, &e) < 0)
		log_warn("%s", e.msg);
	return status;
}

static int run_run(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct run_opts *o = into;
	auto_oci_call struct oci_call call = { 0 };
	auto_foreground struct foreground f = FOREGROUND_NONE;
	struct oci_create create = OCI_CREATE_INIT;
	auto_child struct child init = CHILD_NONE;
	auto_fd int signals = -1;
	bool terminal = false;
	int r = oci_check_fds(o->preserve_fds, e);

	(void)argc;
	if (r >= 0)
		r = oci_call_init(c, &call, e);
	create.id = argv[0];
	create.bundle = o->bundle;
	create.console_socket = o->console_socket;
	create.pid_file = o->pid_file;
	create.preserve_fds = o->preserve_fds > 0 ? (unsigned int)o->preserve_fds : 0;
	create.no_pivot = o->no_pivot;
	create.no_new_keyring = o->no_new_keyring;
	if (r >= 0 && !o->console_socket && !o->detach)
		r = wants_terminal(o->bundle, &terminal, e);
	if (r >= 0 && terminal)
		r = foreground_open(&f, e);
	create.console_fd = f.sock[1];
	if (r >= 0 && !o->detach)
		r = signals = foreground_signals(e);
	if (r >= 0)
		r = oci_create(&call.oci, &create, &init, e);
	if (r < 0)
		return oci_failed(r, e);
	if (terminal)
		r = foreground_take(&f, e);
	if (r >= 0)
		r = oci_start(&call.oci, argv[0], e);
	if (r < 0) {
		child_kill(&init);
		(void)delete_after(&call.oci, argv[0], 0);
		return oci_failed(r, e);
	}
	if (o->detach) {
		close_fd(&init.pidfd);
		init = CHILD_NONE; /* goes to whoever reaps orphans */
		return 0;
	}
	r = foreground_wait(&f, signals, &init, e);
	if (!o->keep)
		(void)delete_after(&call.oci, argv[0], 0);
	return r < 0 ? oci_failed(r, e) : r;
}

const struct cmd oci_cmd_run = {
	.name = "run",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Create and start a container, and delete it when it has ended",
	.flags = CMD_KEEP_FDS,
	.min_args = 1,
	.max_args = 1,
	.opts = opts,
	.size = sizeof(struct run_opts),
	.defaults = &defaults,
	.run = run_run,
};
