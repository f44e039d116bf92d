/* The command line of runc: `pod oci`, or the program under a name that ends in "oci", "runc" or
 * "crun". */
#include "cli/commands.h"
#include "base/err.h"
#include "base/log.h"

static const struct opt globals[] = {
	OPT_STR(struct cli, root, 0, "root", "dir", "Folder that holds the state of containers"),
	OPT_STR(struct cli, log, 0, "log", "file", "Append messages to this file"),
	OPT_STR(struct cli, log_format, 0, "log-format", "format", "text or json"),
	OPT_BOOL(struct cli, debug, 0, "debug", "Log what is done, step by step"),
	OPT_BOOL(struct cli, systemd_cgroup, 0, "systemd-cgroup",
		 "cgroupsPath is SLICE:PREFIX:NAME, made by systemd"),
	OPT_STR(struct cli, ignored, 0, "criu", "path", "", .hidden = true),
	OPT_STR(struct cli, ignored, 0, "rootless", "value", "", .hidden = true),
	OPT_BOOL(struct cli, version, 'v', "version", "Print the version and exit"),
	OPT_END,
};

/* Sorted by name. */
static const struct cmd *const cmds[] = {
	NULL,
};

static int prepare(struct cli *c, struct err *e)
{
	(void)e;
	if (c->debug)
		log_set_level(LOG_DEBUG);
	return 0;
}

static int print_version(const struct cli *c, struct err *e)
{
	(void)c;
	(void)e;
	(void)printf("pod-oci version %s\ncommit: %s\nspec: 1.2.0\n", version_text(),
		     version_commit());
	return 0;
}

const struct face oci_face = {
	.name = "pod oci",
	.summary = "An OCI runtime: starts containers from bundles",
	.globals = globals,
	.opt_flags = OPT_GO_STYLE,
	.cmds = cmds,
	.prepare = prepare,
	.version = print_version,
};
