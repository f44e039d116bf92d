/* The table of `pod`'s commands, nouns and global options; what happens between those and a
 * command. */
#include "cli/commands.h"

#include "base/err.h"
#include "base/log.h"

static const struct opt globals[] = {
	OPT_STR(struct cli, root, 0, "root", "dir",
		"Data folder: images, layers, containers, volumes"),
	OPT_STR(struct cli, runroot, 0, "runroot", "dir",
		"Folder for what does not outlive a boot"),
	OPT_STR(struct cli, storage_driver, 0, "storage-driver", "name",
		"overlay, fuse-overlayfs or copy"),
	OPT_STR(struct cli, log_level, 'l', "log-level", "level", "error, warn, info or debug"),
	OPT_BOOL(struct cli, debug, 'D', "debug", "The same as --log-level debug"),
	OPT_BOOL(struct cli, version, 'v', "version", "Print the version and exit"),
	OPT_END,
};

/* Sorted by name. */
static const struct cmd *const cmds[] = {
	&cmd_attach, &cmd_create, &cmd_dump, &cmd_exec,    &cmd_export, &cmd_history,
	&cmd_images, &cmd_import, &cmd_info, &cmd_inspect, &cmd_kill,   &cmd_logs,
	&cmd_oci,    &cmd_ps,     &cmd_pull, &cmd_rm,      &cmd_rmi,    &cmd_run,
	&cmd_start,  &cmd_stop,   &cmd_tag,  &cmd_version, &cmd_wait,   NULL,
};

static const struct cmd_verb container_verbs[] = {
	{ "attach", &cmd_attach },   { "create", &cmd_create },
	{ "exec", &cmd_exec },       { "export", &cmd_export },
	{ "inspect", &cmd_inspect }, { "kill", &cmd_kill },
	{ "logs", &cmd_logs },       { "ls", &cmd_ps },
	{ "rm", &cmd_rm },           { "run", &cmd_run },
	{ "start", &cmd_start },     { "stop", &cmd_stop },
	{ "wait", &cmd_wait },       { NULL, NULL },
};

static const struct cmd_verb image_verbs[] = {
	{ "history", &cmd_history }, { "import", &cmd_import },
	{ "ls", &cmd_images },       { "inspect", &cmd_inspect },
	{ "pull", &cmd_pull },       { "rm", &cmd_rmi },
	{ "tag", &cmd_tag },         { NULL, NULL },
};

static const struct cmd_noun nouns[] = {
	{ "container", "Manage containers", container_verbs },
	{ "image", "Manage images", image_verbs },
	{ NULL, NULL, NULL },
};

static int prepare(struct cli *c, struct err *e)
{
	enum log_level level = LOG_WARN;

	if (c->log_level && log_level_parse(c->log_level, &level, e) < 0)
		return cmd_usage_error(c, e, "invalid argument \"%s\" for \"-l, --log-level\": %s",
				       c->log_level, e->msg);
	log_set_level(c->debug ? LOG_DEBUG : level);
	return 0;
}

static int print_version(const struct cli *c, struct err *e)
{
	(void)e;
	(void)printf("%s version %s, build %s\n", c->face->name, version_text(), version_commit());
	return 0;
}

const struct face pod_face = {
	.name = "pod",
	.summary = "Containers without a daemon and without root",
	.globals = globals,
	.cmds = cmds,
	.nouns = nouns,
	.prepare = prepare,
	.version = print_version,
};

/* -- pod oci -- */

static int run_oci(const struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct cli inner = { .debug = c->debug };

	(void)opts;
	(void)e;
	return face_run(&oci_face, &inner, argc + 1, argv - 1);
}

const struct cmd cmd_oci = {
	.name = "oci",
	.usage = "[OPTIONS] COMMAND",
	.summary = "Be an OCI runtime, with the command line of runc",
	.group = CMD_OTHER,
	.flags = CMD_RAW | CMD_KEEP_FDS,
	.max_args = CMD_ANY,
	.run = run_oci,
};
