/*
 * `pod oci exec`: a further process in a running container, from a process.json or from words on
 * the command line.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "cli/oci/oci.h"
#include "oci/spec.h"

#define PROCESS_SIZE_MAX ((size_t)4 << 20)

struct exec_opts {
	const char *console_socket, *pid_file, *process, *cwd, *user, *label, *apparmor, *ignored;
	struct strv env, caps, gids;
	bool tty, detach, no_new_privs, ignore_paused;
	int preserve_fds;
};

static const struct opt opts[] = {
	OPT_LIST(struct exec_opts, gids, 'g', "additional-gids", "gid",
		 "Further group of the process"),
	OPT_STR(struct exec_opts, apparmor, 0, "apparmor", "profile",
		"AppArmor profile of the process"),
	OPT_LIST(struct exec_opts, caps, 'c', "cap", "capability",
		 "Add a capability to those of the container"),
	OPT_STR(struct exec_opts, ignored, 0, "cgroup", "path", "", .hidden = true),
	OPT_STR(struct exec_opts, console_socket, 0, "console-socket", "path",
		"Unix socket that gets the terminal's master"),
	OPT_STR(struct exec_opts, cwd, 0, "cwd", "dir", "Working folder in the container"),
	OPT_BOOL(struct exec_opts, detach, 'd', "detach", "Return once the program runs"),
	OPT_LIST(struct exec_opts, env, 'e', "env", "NAME=value", "Set an environment variable"),
	OPT_BOOL(struct exec_opts, ignore_paused, 0, "ignore-paused",
		 "Allow it in a paused container"),
	OPT_BOOL(struct exec_opts, no_new_privs, 0, "no-new-privs",
		 "Set no_new_privs for the process"),
	OPT_STR(struct exec_opts, pid_file, 0, "pid-file", "path",
		"Write the pid of the process there"),
	OPT_INT(struct exec_opts, preserve_fds, 0, "preserve-fds", "n",
		"Pass on this many file descriptors from 3 on"),
	OPT_STR(struct exec_opts, process, 'p', "process", "file",
		"The process as JSON, as in config.json"),
	OPT_STR(struct exec_opts, label, 0, "process-label", "label",
		"SELinux label of the process"),
	OPT_BOOL(struct exec_opts, tty, 't', "tty", "Give it a terminal"),
	OPT_STR(struct exec_opts, user, 'u', "user", "uid[:gid]", "User and group of the process"),
	OPT_END,
};

static int set_user(struct spec_user *u, const char *text, struct err *e)
{
	auto_free char *uid = xstrdup(text);
	char *gid = strchr(uid, ':');

	if (gid)
		*gid++ = '\0';
	if (str_to_u32(uid, &u->uid) < 0 || (gid && str_to_u32(gid, &u->gid) < 0) ||
	    u->uid == UINT32_MAX || u->gid == UINT32_MAX)
		return err_set(e, EINVAL, "user '%s' is not of the form uid[:gid]", text);
	return 0;
}

static int add_gids(struct spec_user *u, const struct strv *list, struct err *e)
{
	for (size_t i = 0; i < list->len; i++) {
		uint32_t gid;

		if (str_to_u32(list->v[i], &gid) < 0 || gid == UINT32_MAX)
			return err_set(e, EINVAL, "'%s' is no group id", list->v[i]);
		u->additional_gids =
			xreallocarray(u->additional_gids, u->n_additional_gids + 1, sizeof(gid));
		u->additional_gids[u->n_additional_gids++] = gid;
	}
	return 0;
}

static void add_caps(struct spec_caps *c, const struct strv *list)
{
	for (size_t i = 0; i < list->len; i++) {
		strv_add(&c->bounding, list->v[i]);
		strv_add(&c->effective, list->v[i]);
		strv_add(&c->permitted, list->v[i]);
	}
}

/* Words and options upon the process that config.json describes. */
static int change_process(struct spec_process *p, const struct exec_opts *o, int argc, char **argv,
			  struct err *e)
{
	int r = o->user ? set_user(&p->user, o->user, e) : 0;

	if (r >= 0)
		r = add_gids(&p->user, &o->gids, e);
	if (r < 0)
		return r;
	strv_free(&p->args);
	for (int i = 0; i < argc; i++)
		strv_add(&p->args, argv[i]);
	for (size_t i = 0; i < o->env.len; i++)
		strv_env_put(&p->env, o->env.v[i]);
	add_caps(&p->caps, &o->caps);
	p->terminal = o->tty;
	p->has_console_size = false;
	p->no_new_privileges |= o->no_new_privs;
	if (o->cwd)
		replace_ptr(&p->cwd, xstrdup(o->cwd));
	if (o->apparmor)
		replace_ptr(&p->apparmor_profile, xstrdup(o->apparmor));
	if (o->label)
		replace_ptr(&p->selinux_label, xstrdup(o->label));
	return p->cwd[0] == '/' ? 0
				: err_set(e, EINVAL, "working folder '%s' is not absolute", p->cwd);
}

static int read_process(const char *file, struct spec_process *p, struct err *e)
{
	auto_str struct str text = { 0 };
	int r = file_read(AT_FDCWD, file, PROCESS_SIZE_MAX, &text, e);

	if (r >= 0)
		r = spec_process_parse(str_cstr(&text), text.len, file, p, e);
	if (r >= 0 && p->args.len == 0)
		r = err_set(e, EINVAL, "%s: args: no command is given", file);
	return r;
}

static int execute(const struct oci *oci, const char *id, const struct exec_opts *o,
		   struct spec_process *p, struct err *e)
{
	auto_foreground struct foreground f = FOREGROUND_NONE;
	auto_child struct child child = CHILD_NONE;
	struct oci_exec x = OCI_EXEC_INIT;
	auto_fd int signals = -1;
	bool terminal = p->terminal && !o->console_socket && !o->detach;
	int r = 0;

	if (terminal) {
		foreground_size(p);
		r = foreground_open(&f, e);
	}
	x.process = p;
	x.pid_file = o->pid_file;
	x.console_socket = o->console_socket;
	x.console_fd = f.sock[1];
	x.preserve_fds = o->preserve_fds > 0 ? (unsigned int)o->preserve_fds : 0;
	x.ignore_paused = o->ignore_paused;
	if (r >= 0 && !o->detach)
		r = signals = foreground_signals(e);
	if (r >= 0)
		r = oci_exec(oci, id, &x, &child, e);
	if (r >= 0 && terminal)
		r = foreground_take(&f, e);
	if (r < 0)
		return r;
	if (o->detach) {
		close_fd(&child.pidfd);
		child = CHILD_NONE;
		return 0;
	}
	return foreground_wait(&f, signals, &child, e);
}

static int from_words(const struct oci *oci, const struct exec_opts *o, int argc, char **argv,
		      struct err *e)
{
	auto_spec struct spec *spec = NULL;
	int r = oci_config(oci, argv[0], &spec, e);

	if (r >= 0 && !spec->process.present)
		r = err_set(e, EINVAL,
			    "container '%s' has no process to take defaults from: use --process",
			    argv[0]);
	if (r >= 0)
		r = change_process(&spec->process, o, argc - 1, argv + 1, e);
	return r < 0 ? r : execute(oci, argv[0], o, &spec->process, e);
}

static int run_exec(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct exec_opts *o = into;
	auto_oci_call struct oci_call call = { 0 };
	int r = oci_check_fds(o->preserve_fds, e);

	if (r >= 0)
		r = oci_call_init(c, &call, e);
	if (r >= 0 && !o->process && argc < 2)
		r = err_set(e, EINVAL, "no command is given");
	if (r >= 0 && o->process) {
		struct spec_process p = { 0 };

		r = read_process(o->process, &p, e);
		p.terminal |= o->tty;
		if (r >= 0)
			r = execute(&call.oci, argv[0], o, &p, e);
		spec_process_clear(&p);
	} else if (r >= 0) {
		r = from_words(&call.oci, o, argc, argv, e);
	}
	if (r < 0)
		(void)err_status(e, OCI_EXIT_EXEC);
	return r;
}

const struct cmd oci_cmd_exec = {
	.name = "exec",
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.summary = "Run a further process in a running container",
	.flags = CMD_STOP | CMD_KEEP_FDS,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct exec_opts),
	.run = run_exec,
};
