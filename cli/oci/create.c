/* `pod oci create` and `start`. */
#include "base/err.h"
#include "base/mem.h"
#include "cli/oci/oci.h"

struct create_opts {
	const char *bundle, *console_socket, *pid_file, *ignored;
	bool no_pivot, no_new_keyring;
	int preserve_fds;
};

static const struct opt opts[] = {
	OPT_STR(struct create_opts, bundle, 'b', "bundle", "dir",
		"Folder with config.json (the current one)"),
	OPT_STR(struct create_opts, console_socket, 0, "console-socket", "path",
		"Unix socket that gets the terminal's master"),
	OPT_STR(struct create_opts, pid_file, 0, "pid-file", "path",
		"Write the pid of the container's process there"),
	OPT_INT(struct create_opts, preserve_fds, 0, "preserve-fds", "n",
		"Pass on this many file descriptors from 3 on"),
	OPT_BOOL(struct create_opts, no_pivot, 0, "no-pivot",
		 "Do without pivot_root, for a root on a ramdisk"),
	OPT_BOOL(struct create_opts, no_new_keyring, 0, "no-new-keyring",
		 "Keep the session keyring of the caller"),
	OPT_END,
};

static const struct create_opts defaults = { .bundle = "." };

static int run_create(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct create_opts *o = into;
	auto_oci_call struct oci_call call = { 0 };
	struct oci_create create = OCI_CREATE_INIT;
	int r = oci_check_fds(o->preserve_fds, e);

	(void)argc;
	if (r >= 0)
		r = oci_call_init(c, &call, e);
	if (r < 0)
		return r;
	create.id = argv[0];
	create.bundle = o->bundle;
	create.console_socket = o->console_socket;
	create.pid_file = o->pid_file;
	create.preserve_fds = o->preserve_fds > 0 ? (unsigned int)o->preserve_fds : 0;
	create.no_pivot = o->no_pivot;
	create.no_new_keyring = o->no_new_keyring;
	return oci_failed(oci_create(&call.oci, &create, NULL, e), e);
}

const struct cmd oci_cmd_create = {
	.name = "create",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Create a container from a bundle; its process waits for 'start'",
	.flags = CMD_KEEP_FDS,
	.min_args = 1,
	.max_args = 1,
	.opts = opts,
	.size = sizeof(struct create_opts),
	.defaults = &defaults,
	.run = run_create,
};

static int run_start(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	auto_oci_call struct oci_call call = { 0 };
	int r = oci_call_init(c, &call, e);

	(void)into;
	(void)argc;
	return r < 0 ? r : oci_failed(oci_start(&call.oci, argv[0], e), e);
}

const struct cmd oci_cmd_start = {
	.name = "start",
	.usage = "CONTAINER",
	.summary = "Start the process of a created container",
	.min_args = 1,
	.max_args = 1,
	.run = run_start,
};
