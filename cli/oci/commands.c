/* The command line of runc: `pod oci`, or the program under a name that ends in "oci", "runc" or
 * "crun". */
#include <errno.h>
#include <fcntl.h>

#include "cli/commands.h"

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cli/oci/oci.h"

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
	&oci_cmd_create,
	&oci_cmd_delete,
	&oci_cmd_exec,
	&oci_cmd_kill,
	&oci_cmd_list,
	&oci_cmd_pause,
	&oci_cmd_ps,
	&oci_cmd_resume,
	&oci_cmd_run,
	&oci_cmd_spec,
	&oci_cmd_start,
	&oci_cmd_state,
	NULL,
};

static int open_log(const struct cli *c, enum log_format format, struct err *e)
{
	int fd = open(c->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0)
		return err_sys(e, "open the log '%s'", c->log);
	fd = fd_dup_above(fd, 10); /* not in the way of --preserve-fds */
	log_set_sink(fd, format);
	return 0;
}

static int prepare(struct cli *c, struct err *e)
{
	enum log_format format = LOG_TEXT;

	log_name("pod oci");
	if (c->debug)
		log_set_level(LOG_DEBUG);
	if (c->log_format && str_eq(c->log_format, "json"))
		format = LOG_JSON;
	else if (c->log_format && !str_eq(c->log_format, "text"))
		return err_set(e, EINVAL, "unknown log format '%s': use text or json",
			       c->log_format);
	if (c->log && c->log[0])
		return open_log(c, format, e);
	if (format == LOG_JSON)
		log_set_sink(2, format);
	return 0;
}

/* The last error line of the log is what containerd and podman show; people look at stderr. */
static void report(const struct cli *c, const struct err *e)
{
	char clean[2 * sizeof(e->msg)];

	err_clean(clean, sizeof(clean), e->msg);
	if (c->log && c->log[0])
		log_error("%s", clean);
	(void)fprintf(stderr, "pod oci: %s\n", clean);
}

static int print_version(const struct cli *c, struct err *e)
{
	(void)c;
	(void)e;
	(void)printf("pod-oci version %s\ncommit: %s\nspec: 1.3.0\n", version_text(),
		     version_commit());
	return 0;
}

const struct face oci_face = {
	.name = "pod oci",
	.summary = "An OCI runtime: starts containers from bundles",
	.globals = globals,
	.opt_flags = OPT_GO_STYLE,
	.cmds = cmds,
	.failed = OCI_EXIT_FAILED,
	.prepare = prepare,
	.report = report,
	.version = print_version,
};
