/*
 * `exec`: a further process in a running container. The caller clones a first process, which
 * joins the container's namespaces by the pidfd of init (one setns, Linux 5.8) and clones the
 * program's process as the caller's child: a PID namespace takes only children. Where the caller
 * itself may enter the PID namespace (it is privileged there), it does so around one clone, and
 * the first process is not needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "oci/launch.h"
#include "oci/namespaces.h"
#include "oci/runtime.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "oci/sync.h"
#include "oci/terminal.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

struct execution {
	const struct oci_exec *args;
	struct state state;
	struct seccomp_filter filter;
	struct child child;
	int dir;
	int init_pidfd;
	int sock[2];
	int console;
	int cgroup_fd;
	int own_pid_ns; /* to return to after one clone; -1: two stages */
};

static void execution_end(struct execution *x)
{
	child_kill(&x->child);
	seccomp_filter_clear(&x->filter);
	state_clear(&x->state);
	close_fd(&x->dir);
	close_fd(&x->init_pidfd);
	close_fd(&x->sock[0]);
	close_fd(&x->sock[1]);
	if (x->console != x->args->console_fd)
		close_fd(&x->console);
	close_fd(&x->cgroup_fd);
	close_fd(&x->own_pid_ns);
}

#define auto_execution __attribute__((cleanup(execution_end)))

static int check_state(struct execution *x, struct err *e)
{
	enum oci_status status = state_status(x->dir, &x->state);

	if (status == OCI_STOPPED)
		return err_set(e, EINVAL, "cannot exec in container '%s': container not running",
			       x->state.id);
	if (status == OCI_PAUSED && !x->args->ignore_paused)
		return err_set(e, EINVAL, "cannot exec in container '%s': it is paused",
			       x->state.id);
	x->init_pidfd = proc_id_open(&x->state.init, NULL);
	return x->init_pidfd < 0
		       ? err_set(e, EINVAL, "cannot exec in container '%s': container not running",
				 x->state.id)
		       : 0;
}

static int connect_console(struct execution *x, struct err *e)
{
	bool given = x->args->console_fd >= 0 || x->args->console_socket;

	if (x->args->process->terminal && !given)
		return err_set(e, EINVAL,
			       "the process wants a terminal, but no console socket is given");
	if (!x->args->process->terminal && given)
		return err_set(e, EINVAL,
			       "a console socket is given, but the process wants no terminal");
	x->console = x->args->console_fd;
	if (x->args->console_socket)
		x->console = terminal_connect(x->args->console_socket, e);
	return x->console < 0 && given ? x->console : 0;
}

static int prepare(struct execution *x, const struct oci *o, const char *id, struct err *e)
{
	int r = launch_check_preserved(x->args->preserve_fds, e);

	if (r >= 0)
		r = x->dir = state_open(o, id, &x->state, e);
	if (r >= 0)
		r = check_state(x, e);
	if (r >= 0)
		r = connect_console(x, e);
	if (r >= 0)
		r = state_filter_load(x->dir, &x->filter, e);
	if (r >= 0)
		r = sync_pair(x->sock, e);
	if (r >= 0)
		x->cgroup_fd = cgroup_open_v2(&x->state.cgroup);
	return r;
}

/* -- inside -- */

static int join(const struct execution *x, bool pid_done, struct err *e)
{
	int flags = (int)x->state.ns_flags;

	if (pid_done)
		flags &= ~CLONE_NEWPID;
	/*
	 * not dumpable before the container's processes can see this one: they could take
	 * /proc/PID/exe or ptrace it
	 */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(e, "hide from other processes");
	if (flags != 0 && setns(x->init_pidfd, flags) < 0)
		return errno == ESRCH ? err_set(e, ESRCH, "container not running")
				      : err_sys(e, "join the container's namespaces");
	return x->state.in_userns ? ns_become_root(e) : 0;
}

static int open_terminal(struct execution *x, struct terminal *t, struct err *e)
{
	auto_fd int root = -1;
	int r;

	if (!x->args->process->terminal)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open the container's root");
	r = terminal_open(root, x->args->process, t, e);
	return r < 0 ? r : terminal_send(t, x->console, e);
}

/* Inside, in the process that becomes the program. */
static int run_inside(struct execution *x, struct launch *l, struct err *e)
{
	static struct terminal terminal = TERMINAL_NONE;
	int r;

	if (x->args->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "tie the process to its parent");
	(void)setsid();
	r = open_terminal(x, &terminal, e);
	if (r < 0)
		return err_prefix(e, "terminal");
	if (x->args->process->terminal)
		l->terminal = &terminal;
	r = launch_prepare(l, e);
	return r < 0 ? r : launch_exec(l, x->sock[1], e);
}

static _Noreturn void exec_main(struct execution *x)
{
	struct launch l = {
		.process = x->args->process,
		.filter = &x->filter,
		.personality = x->state.personality,
		.proc_fd = -1,
		.stdio = { x->args->stdio[0], x->args->stdio[1], x->args->stdio[2] },
		.preserve_fds = x->args->preserve_fds,
		.die_with_parent = x->args->die_with_parent,
		.guard = x->state.guard,
		.sync = x->sock[1],
		.listener_sock = -1,
	};
	struct err e = { 0 };
	bool two_stages = x->own_pid_ns < 0 && (x->state.ns_flags & CLONE_NEWPID);
	int r = 0;

	close_fd(&x->sock[0]);
	close_fd(&x->dir);
	r = launch_attributes(&l, &e);
	if (r >= 0) {
		l.proc_fd = launch_open_proc(l.process, &e);
		r = l.proc_fd < -1 ? l.proc_fd : 0;
	}
	if (r >= 0)
		r = sync_expect(x->sock[1], SYNC_GO, NULL, 0, &e);
	if (r >= 0)
		r = join(x, x->own_pid_ns >= 0, &e);
	if (r >= 0 && two_stages) {
		const struct sys_clone c = { .flags = CLONE_PARENT, .exit_signal = 0 };
		pid_t pid = sys_clone3(&c);

		if (pid < 0)
			r = err_sys(&e, "clone");
		if (pid > 0) {
			r = sync_send(x->sock[1], SYNC_PID, &pid, sizeof(pid), &e);
			_exit(r < 0 ? EXIT_POD : 0);
		}
		if (pid ==
		    0) /* PID comes first, from the process above: nothing is said before it */
			r = sync_expect(x->sock[1], SYNC_GO, NULL, 0, &e);
	}
	if (r >= 0)
		(void)run_inside(x, &l, &e);
	sync_send_error(x->sock[1], &e);
	_exit(e.status ? e.status : EXIT_POD);
}

/* -- outside -- */

/*
 * Enters the container's PID namespace (for its children only) where it may, which saves a
 * process. The way back is tried first: it takes privilege over the own namespace, which id 0 of
 * a user namespace lacks.
 */
static void enter_pid_ns(struct execution *x)
{
	if (!(x->state.ns_flags & CLONE_NEWPID) || x->state.in_userns)
		return;
	x->own_pid_ns = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (x->own_pid_ns >= 0 &&
	    (setns(x->own_pid_ns, CLONE_NEWPID) < 0 || setns(x->init_pidfd, CLONE_NEWPID) < 0))
		close_fd(&x->own_pid_ns);
}

static int clone_exec(struct execution *x, struct err *e)
{
	struct sys_clone c = { .exit_signal = SIGCHLD,
			       .ret_pidfd = &x->child.pidfd,
			       .cgroup_fd = x->cgroup_fd };
	int r = 0;
	pid_t pid;

	if (x->cgroup_fd >= 0)
		c.flags |= CLONE_INTO_CGROUP;
	enter_pid_ns(x);
	pid = sys_clone3(&c);
	if (pid == 0)
		exec_main(x);
	if (pid < 0)
		r = err_sys(e, "clone");
	if (x->own_pid_ns >= 0 && setns(x->own_pid_ns, CLONE_NEWPID) < 0 && r >= 0)
		r = err_sys(e, "return from the container's PID namespace");
	if (pid > 0)
		x->child.pid = pid;
	close_fd(&x->sock[1]);
	return r;
}

static int take_second_stage(struct execution *x, struct err *e)
{
	struct child first = child_take(&x->child);
	pid_t pid = 0;
	int r = sync_expect(x->sock[0], SYNC_PID, &pid, sizeof(pid), e);

	if (r >= 0) {
		x->child.pid = pid;
		x->child.pidfd = sys_pidfd_open(pid, 0);
		r = child_wait(&first, NULL, e);
	}
	child_kill(&first);
	return r < 0 ? r : sync_send(x->sock[0], SYNC_GO, NULL, 0, e);
}

static int write_pid_file(const char *path, pid_t pid, struct err *e)
{
	char text[16];
	int r;

	if (!path)
		return 0;
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = file_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, e);
	return r < 0 ? err_prefix(e, "pid file") : 0;
}

static int follow(struct execution *x, struct err *e)
{
	int r = 0;

	if (x->state.cgroup.dirs.len > (x->cgroup_fd >= 0 ? 1 : 0))
		r = cgroup_attach(&x->state.cgroup, x->child.pid, e);
	if (r >= 0)
		r = sync_send(x->sock[0], SYNC_GO, NULL, 0, e);
	if (r >= 0 && x->own_pid_ns < 0 && (x->state.ns_flags & CLONE_NEWPID))
		r = take_second_stage(x, e);
	if (r >= 0)
		r = write_pid_file(x->args->pid_file, x->child.pid, e);
	if (r >= 0)
		return sync_expect_exec(x->sock[0], e);
	if (r == -EPIPE || r == -ESRCH) { /* it has ended before; its reason is in the queue */
		struct err why = { 0 };

		(void)shutdown(x->sock[0], SHUT_WR);
		if (sync_expect(x->sock[0], SYNC_EXEC, NULL, 0, &why) < 0 && why.num != EPIPE)
			return err_copy(e, &why);
	}
	return r;
}

int oci_exec(const struct oci *o, const char *id, const struct oci_exec *args, struct child *ret,
	     struct err *e)
{
	auto_execution struct execution x = {
		.args = args,
		.child = CHILD_NONE,
		.dir = -1,
		.init_pidfd = -1,
		.sock = { -1, -1 },
		.console = -1,
		.cgroup_fd = -1,
		.own_pid_ns = -1,
	};
	int r = prepare(&x, o, id, e);

	if (r >= 0)
		r = clone_exec(&x, e);
	if (r >= 0)
		r = follow(&x, e);
	if (r < 0)
		return r;
	*ret = child_take(&x.child);
	return 0;
}
