/* `pod exec`. */
#include <errno.h>

#include "base/err.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/detach_keys.h"
#include "engine/envfile.h"
#include "engine/exec.h"

struct exec_flags {
	bool detach, interactive, tty, privileged;
	const char *user, *workdir, *detach_keys;
	struct strv env, env_files;
};

static const struct opt opts[] = {
	OPT_BOOL(struct exec_flags, detach, 'd', "detach", "Return once the command runs"),
	OPT_STR(struct exec_flags, detach_keys, 0, "detach-keys", "string",
		"Keys that detach (ctrl-p,ctrl-q)"),
	OPT_LIST(struct exec_flags, env, 'e', "env", "list",
		 "Variable, NAME=VALUE; NAME takes the caller's"),
	OPT_LIST(struct exec_flags, env_files, 0, "env-file", "list",
		 "File of variables, one a line"),
	OPT_BOOL(struct exec_flags, interactive, 'i', "interactive", "Keep standard input open"),
	OPT_BOOL(struct exec_flags, privileged, 0, "privileged",
		 "Every capability that the container could have"),
	OPT_BOOL(struct exec_flags, tty, 't', "tty", "Give it a terminal"),
	OPT_STR(struct exec_flags, user, 'u', "user", "string",
		"User and group, NAME|UID[:GROUP|GID]"),
	OPT_STR(struct exec_flags, workdir, 'w', "workdir", "string",
		"Folder that the process starts in"),
	OPT_END,
};

static int fill_env(const struct exec_flags *f, struct strv *env, struct err *e)
{
	for (size_t i = 0; i < f->env_files.len; i++)
		if (envfile_read(f->env_files.v[i], env, e) < 0)
			return -e->num;
	for (size_t i = 0; i < f->env.len; i++)
		if (envfile_put(env, f->env.v[i], e) < 0)
			return -e->num;
	return 0;
}

static int run_exec(const struct cli *cli, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct exec_flags *f = opts_of;
	auto_container struct container *c = NULL;
	auto_engine struct engine g = ENGINE_CLOSED;
	struct exec_options o = {
		.user = f->user,
		.workdir = f->workdir,
		.tty = f->tty,
		.interactive = f->interactive,
		.detach = f->detach,
		.privileged = f->privileged,
		.detach_keys = f->detach_keys,
	};
	struct detach_keys keys;
	int r;

	if (detach_keys_parse(f->detach_keys, &keys, e) < 0 || open_engine(cli, &g, e) < 0)
		return -e->num;
	r = container_find(&g, argv[0], &c, e);
	if (r == 0 && c->status != CONTAINER_RUNNING && c->status != CONTAINER_PAUSED)
		r = err_set(e, ESRCH, "container %s is not running", c->id);
	if (r < 0)
		return err_status(e, 1);
	r = fill_env(f, &o.env, e);
	for (int i = 1; i < argc; i++)
		strv_add(&o.args, argv[i]);
	if (r == 0)
		r = exec_container(c, &o, e);
	strv_free(&o.env);
	strv_free(&o.args);
	return r == ATTACH_DETACHED ? 0 : r;
}

const struct cmd cmd_exec = {
	.name = "exec",
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.summary = "Run a command in a running container",
	.group = CMD_CONTAINERS,
	.flags = CMD_STOP,
	.min_args = 2,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct exec_flags),
	.run = run_exec,
};
