/*
 * exec: the command itself joins the container's user namespace, has the runtime start the process
 * as its child, and copies its streams. No monitor is involved. See exec.h.
 *
 * The caller's own stdin, stdout and stderr never go into the container: a process there could open
 * them anew through /proc/self/fd (and read from the terminal that it may only write to), and would
 * hold them after its end.
 */
#include "engine/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "engine/attach.h"
#include "engine/bundle_parts.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/exec_copy.h"
#include "engine/terminal.h"
#include "oci/spec.h"

/* -- the process -- */

/* The record as this process needs it: what was not asked for stays the container's. */
static int change_record(struct record *r, const struct exec_options *o, struct err *e)
{
	strv_free(&r->entrypoint);
	strv_free(&r->command);
	strv_copy(&r->command, &o->args);
	for (size_t i = 0; i < o->env.len; i++)
		strv_env_put(&r->env, o->env.v[i]);
	r->tty = o->tty;
	r->privileged |= o->privileged;
	if (o->user) {
		replace_ptr(&r->user, xstrdup(o->user));
		strv_free(&r->group_add);
	}
	if (o->workdir)
		replace_ptr(&r->workdir, xstrdup(o->workdir));
	if (r->workdir[0] && r->workdir[0] != '/')
		return err_set(e, EINVAL, "Cwd must be an absolute path: '%s'", r->workdir);
	if (!r->command.v[0][0])
		return err_set(e, EINVAL, "the command is an empty string");
	return 0;
}

/* Users are looked up in the root that the container's processes see. */
static int find_user(const struct container *c, struct passwd_user *ret, struct err *e)
{
	auto_fd int root = -1;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)c->run.init.pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open the root of container %s", c->record->name);
	return passwd_lookup(root, c->record->user, &c->record->group_add, ret, e);
}

static int make_process(const struct container *c, struct spec_process *ret, struct err *e)
{
	struct passwd_user user = { 0 };
	struct bundle b = { .record = c->record, .user = &user, .userns = &c->engine->userns };
	auto_json cJSON *config = json_object();
	auto_free char *text = NULL;
	int r = find_user(c, &user, e);

	if (r < 0)
		return r;
	(void)terminal_size(&b.rows, &b.cols);
	r = bundle_process(&b, config, e);
	passwd_user_clear(&user);
	if (r < 0)
		return r;
	text = json_print(json_get(config, "process"), false);
	return spec_process_parse(text, strlen(text), "process", ret, e);
}

/* -- joining -- */

/* The user namespace that the monitor made: with it come the rights to join the others. */
static int join_userns(const struct container *c, int pidfd, struct err *e)
{
	struct stat own, theirs;
	char path[48];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)c->run.init.pid);
	if (stat("/proc/self/ns/user", &own) < 0 || stat(path, &theirs) < 0)
		return err_sys(e, "look at the user namespace of container %s", c->record->name);
	if (own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev)
		return 0;
	if (setns(pidfd, CLONE_NEWUSER) < 0)
		return err_sys(e, "join the user namespace of container %s", c->record->name);
	return 0;
}

/* -- streams -- */

/* Our ends of the process's streams. */
struct ends {
	int theirs[3];
	int console[2];
	struct exec_copy copy;
};

static void ends_close(struct ends *s)
{
	for (int i = 0; i < 3; i++)
		close_fd(&s->theirs[i]);
	close_fd(&s->console[0]);
	close_fd(&s->console[1]);
	exec_copy_close(&s->copy);
}

#define auto_ends __attribute__((cleanup(ends_close)))
#define ENDS_NONE                                                                       \
	{                                                                               \
		.theirs = { -1, -1, -1 }, .console = { -1, -1 }, .copy = EXEC_COPY_NONE \
	}

static int make_pipe(int *ret_reader, int *ret_writer, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	*ret_reader = fds[0];
	*ret_writer = fds[1];
	return 0;
}

static int open_ends(const struct exec_options *o, struct ends *s, struct err *e)
{
	int r = 0;

	if (o->tty && !o->detach)
		return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->console) < 0
			       ? err_sys(e, "make a socket pair")
			       : 0;
	for (int i = 0; i < 3; i++) {
		if (!o->detach && i > 0)
			r = make_pipe(&s->copy.from[i], &s->theirs[i], e);
		else if (!o->detach && o->interactive)
			r = make_pipe(&s->theirs[0], &s->copy.to, e);
		else
			s->theirs[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (r < 0 || s->theirs[i] < 0)
			return r < 0 ? r : err_sys(e, "open /dev/null");
	}
	return 0;
}

static int take_console(struct ends *s, struct err *e)
{
	int fds[1] = { -1 };
	char name[256];
	size_t n = 1;

	if (s->console[0] < 0)
		return 0;
	if (sock_recv(s->console[0], name, sizeof(name), fds, &n) < 0 || n != 1)
		return err_set(e, EIO, "the runtime sent no terminal");
	s->copy.from[1] = fds[0];
	s->copy.to = fd_dup_above(fds[0], 3);
	return 0;
}

/* -- all of it -- */

static int start(struct container *c, struct ends *s, struct child *ret, struct err *e)
{
	struct spec_process process = { 0 };
	struct oci_exec x = OCI_EXEC_INIT;
	int r = make_process(c, &process, e);

	if (r < 0)
		return r;
	x.process = &process;
	memcpy(x.stdio, s->theirs, sizeof(x.stdio));
	x.console_fd = s->console[1];
	r = oci_exec(&c->engine->oci, c->id, &x, ret, e);
	spec_process_clear(&process);
	for (int i = 0; i < 3; i++)
		close_fd(&s->theirs[i]);
	close_fd(&s->console[1]);
	return r < 0 ? r : take_console(s, e);
}

int exec_container(struct container *c, const struct exec_options *o, struct err *e)
{
	auto_ends struct ends s = ENDS_NONE;
	auto_child struct child child = CHILD_NONE;
	auto_fd int pidfd = -1;
	int r, status = 0;

	if (c->status == CONTAINER_PAUSED)
		return err_set(e, EBUSY,
			       "container %s is paused, unpause the container before exec",
			       c->record->name);
	pidfd = container_pidfd(c, e);
	if (pidfd < 0)
		return pidfd;
	if ((r = change_record(c->record, o, e)) < 0 || (r = engine_userns(c->engine, e)) < 0 ||
	    (r = join_userns(c, pidfd, e)) < 0 || (r = open_ends(o, &s, e)) < 0 ||
	    (r = start(c, &s, &child, e)) < 0)
		return r;
	if (o->detach) {
		child = CHILD_NONE; /* it lives on; its parent is whoever adopts it */
		return 0;
	}
	s.copy.tty = o->tty;
	s.copy.input = o->interactive;
	r = exec_copy_run(&s.copy, child.pidfd, o->detach_keys, e);
	if (r == ATTACH_DETACHED)
		child = CHILD_NONE;
	if (r != 0)
		return r;
	r = child_wait(&child, &status, e);
	return r < 0 ? r : proc_exit_status(status);
}
