/*
 * The inside of `create`: a list of steps from a fresh clone to the container's program. Runs in
 * the container's first process, a copy of the creating process (its memory, its open files, all
 * close-on-exec) in new namespaces. It may assume that nobody but its parent knows it until the
 * mounts are made, and must assume from rootfs_open on that the bundle and the root are hostile.
 *
 * An error goes to the parent as it is and ends the process; the row's name stands before it and
 * is what debug logs show.
 */
#include "oci/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "oci/hooks.h"
#include "oci/runtime.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "oci/sync.h"

static const struct spec_hook_list *hook_list(const struct init *i, enum spec_hook_kind kind)
{
	return &i->spec->hooks[kind];
}

/* -- steps -- */

static int step_tie(struct init *i, struct err *e)
{
	if (i->args->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "tie the process to its parent");
	return 0;
}

static int step_attributes(struct init *i, struct err *e)
{
	int r = i->spec->process.present ? launch_attributes(&i->launch, e) : 0;

	if (r >= 0 && i->spec->process.present)
		r = i->launch.proc_fd = launch_open_proc(&i->spec->process, e);
	return r < -1 ? r : 0;
}

static int step_wait(struct init *i, struct err *e)
{
	return i->wait_go ? sync_expect(i->sync, SYNC_GO, NULL, 0, e) : 0;
}

static int step_identity(struct init *i, struct err *e)
{
	return i->ns->clone_flags & CLONE_NEWUSER ? ns_become_root(e) : 0;
}

static int step_join(struct init *i, struct err *e)
{
	return i->ns->join_any && !i->ns->two_stages ? ns_join(i->ns, e) : 0;
}

static int step_session(struct init *i, struct err *e)
{
	(void)e;
	(void)setsid(); /* fails for a leader, which is as good */
	if (!i->args->no_new_keyring) {
		char name[64];

		(void)snprintf(name, sizeof(name), "_ses.%.50s", i->args->id);
		if (sys_keyctl_join_session(name) < 0)
			log_debug("make a session keyring: %s", strerror(errno));
	}
	return 0;
}

static int step_time(struct init *i, struct err *e)
{
	return i->ns->new_time ? ns_new_time(i->spec, e) : 0;
}

static int step_cgroup(struct init *i, struct err *e)
{
	return i->ns->new_cgroup ? ns_new_cgroup(e) : 0;
}

static int step_names(struct init *i, struct err *e)
{
	const struct spec *s = i->spec;

	if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0)
		return err_sys(e, "set the host name '%s'", s->hostname);
	if (s->domainname && setdomainname(s->domainname, strlen(s->domainname)) < 0)
		return err_sys(e, "set the domain name '%s'", s->domainname);
	return 0;
}

static int step_loopback(struct init *i, struct err *e)
{
	(void)e;
	if (i->ns->clone_flags & CLONE_NEWNET)
		ns_loopback_up();
	return 0;
}

static int step_root(struct init *i, struct err *e)
{
	return rootfs_open(&i->rootfs, e);
}

static int step_mounts(struct init *i, struct err *e)
{
	return rootfs_mounts(&i->rootfs, e);
}

static int step_devices(struct init *i, struct err *e)
{
	return rootfs_devices(&i->rootfs, e);
}

/* Its own pid in the namespace of the caller: /proc is still the caller's. */
static void make_hook_state(struct init *i)
{
	pid_t pid;
	char text[32] = "";
	ssize_t n;

	if (hook_list(i, HOOK_CREATE_CONTAINER)->n + hook_list(i, HOOK_START_CONTAINER)->n == 0)
		return;
	n = readlink("/proc/self", text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	pid = (pid_t)strtol(text, NULL, 10);
	i->create_state = state_hook_text(i->state, OCI_CREATING, pid);
	i->start_state = state_hook_text(i->state, OCI_CREATED, pid);
}

static int step_parent_hooks(struct init *i, struct err *e)
{
	int r;

	make_hook_state(i);
	if (!i->wait_hooks)
		return 0;
	r = sync_send(i->sync, SYNC_HOOKS, NULL, 0, e);
	return r < 0 ? r : sync_expect(i->sync, SYNC_HOOKS_DONE, NULL, 0, e);
}

static int step_terminal(struct init *i, struct err *e)
{
	int r;

	if (!i->spec->process.present || !i->spec->process.terminal)
		return 0;
	r = terminal_open(i->rootfs.root_fd, &i->spec->process, &i->terminal, e);
	if (r >= 0)
		r = rootfs_console(&i->rootfs, i->terminal.slave, e);
	if (r >= 0)
		r = terminal_send(&i->terminal, i->console, e);
	i->launch.terminal = &i->terminal;
	return r;
}

static int step_container_hooks(struct init *i, struct err *e)
{
	return hooks_run(hook_list(i, HOOK_CREATE_CONTAINER), "createContainer", i->create_state,
			 e);
}

static int step_pivot(struct init *i, struct err *e)
{
	return rootfs_pivot(&i->rootfs, e);
}

static int step_sysctl(struct init *i, struct err *e)
{
	return i->spec->linux.sysctl.len > 0 ? sysctl_apply(i->spec, e) : 0;
}

static int step_finish(struct init *i, struct err *e)
{
	return rootfs_finish(&i->rootfs, e);
}

static int step_filter(struct init *i, struct err *e)
{
	unsigned char *payload;
	int n;

	if (!i->wait_filter)
		return 0;
	payload = xzalloc(SYNC_PAYLOAD_MAX);
	n = sync_expect(i->sync, SYNC_FILTER, payload, SYNC_PAYLOAD_MAX, e);
	if (n < 0)
		return n;
	if (n > 8) {
		memcpy(&i->filter.flags, payload, sizeof(uint32_t));
		memcpy(&i->filter.notify, payload + 4, sizeof(uint32_t));
		i->filter.bpf = payload + 8;
		i->filter.len = (size_t)n - 8;
	}
	return 0;
}

static int step_launch(struct init *i, struct err *e)
{
	return i->spec->process.present ? launch_prepare(&i->launch, e) : 0;
}

static int step_ready(struct init *i, struct err *e)
{
	return sync_send(i->sync, SYNC_READY, NULL, 0, e);
}

/* The first who connects and says START is the one; others have been refused by the status. */
static int step_started(struct init *i, struct err *e)
{
	close_fd(&i->sync);
	for (;;) {
		i->start_conn = accept4(i->start_sock, NULL, NULL, SOCK_CLOEXEC);
		if (i->start_conn < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return err_sys(e, "wait for the start");
		}
		if (sync_expect(i->start_conn, SYNC_START, NULL, 0, NULL) >= 0)
			break;
		close_fd(&i->start_conn); /* it died before it said so */
	}
	close_fd(&i->start_sock);
	return 0;
}

static int step_start_hooks(struct init *i, struct err *e)
{
	return hooks_run(hook_list(i, HOOK_START_CONTAINER), "startContainer", i->start_state, e);
}

static int step_exec(struct init *i, struct err *e)
{
	if (!i->spec->process.present)
		return err_set(e, EINVAL, "cannot start a container without process");
	return launch_exec(&i->launch, i->start_conn, e);
}

/* -- the list -- */

struct step {
	const char *name;
	int (*run)(struct init *i, struct err *e);
	bool bare;       /* its errors say all themselves: the name is not put before them */
	const char *why; /* it stands not one row earlier */
};

static const struct step steps[] = {
	{ "tie to the parent", step_tie, false, "first: the parent may die at any time" },
	{ "attributes", step_attributes, true,
	  "while /proc/self is the host's and this process' own" },
	{ "wait for the parent", step_wait, true, "ids and cgroup are given by the parent" },
	{ "user namespace", step_identity, false, "ids must be mapped" },
	{ "namespaces", step_join, true, "id 0 has the right to" },
	{ "session", step_session, false, "the keyring belongs to the final user namespace" },
	{ "time namespace", step_time, true,
	  "id 0 may write the offsets, and /proc is still there" },
	{ "cgroup namespace", step_cgroup, true,
	  "its root is the cgroup that the parent has chosen" },
	{ "names", step_names, true, "the UTS namespace may be a joined one" },
	{ "loopback", step_loopback, false,
	  "the network namespace may be of the new user namespace" },
	{ "root file system", step_root, true, "all namespaces are there: mounts belong to them" },
	{ "mounts", step_mounts, true, "the root is open" },
	{ "devices", step_devices, true, "/dev is mounted" },
	{ "createRuntime hooks", step_parent_hooks, true,
	  "mounts are made, the root is not yet changed" },
	{ "terminal", step_terminal, false, "/dev/pts is mounted, /dev/console can be covered" },
	{ "createContainer hooks", step_container_hooks, true,
	  "config.md: after createRuntime, before the pivot" },
	{ "change of root", step_pivot, false, "last use of the host's paths is over" },
	{ "sysctl", step_sysctl, false, "the container's own /proc, not yet read-only" },
	{ "masked paths", step_finish, true,
	  "nothing is to be made below masks and read-only paths" },
	{ "seccomp", step_filter, false, "compiled by the parent meanwhile" },
	{ "process", step_launch, true, "mounts are done: privilege can go" },
	{ "ready", step_ready, false, "what create can report has been checked" },
	{ "start", step_started, false, "ready has been told" },
	{ "startContainer hooks", step_start_hooks, true,
	  "config.md: after start, before the program" },
	{ "exec", step_exec, true, "the end" },
};

static int run_steps(struct init *i, struct err *e)
{
	bool timed = log_get_level() >= LOG_DEBUG;

	for (size_t n = 0; n < ARRAY_SIZE(steps); n++) {
		const struct step *s = &steps[n];
		int64_t begin = timed ? clock_mono_ns() : 0;
		int r;

		r = s->run(i, e);
		if (r < 0)
			return s->bare ? r : err_prefix(e, "%s", s->name);
		if (timed)
			log_debug("init: %s: %lld us (%s)", s->name,
				  (long long)((clock_mono_ns() - begin) / 1000), s->why);
	}
	return 0;
}

/*
 * Joins first, then clones init as a child of the caller's: see ns_plan.two_stages. Its only
 * message is the pid.
 */
static int clone_second(struct init *i, struct err *e)
{
	const struct sys_clone c = { .flags = i->ns->clone_flags | CLONE_PARENT, .exit_signal = 0 };
	int r = ns_join(i->ns, e);
	pid_t pid;

	if (r < 0)
		return r;
	pid = sys_clone3(&c);
	if (pid < 0)
		return err_sys(e, "make the container's namespaces");
	if (pid == 0)
		return 0;
	r = sync_send(i->sync, SYNC_PID, &pid, sizeof(pid), e);
	_exit(r < 0 ? EXIT_POD : 0);
}

_Noreturn void init_main(struct init *i)
{
	struct err e = { 0 };
	int r = 0;

	close_fd(&i->parent_sync);
	if (i->ns->two_stages)
		r = clone_second(i, &e);
	if (r >= 0)
		(void)run_steps(i, &e);
	sync_send_error(i->sync >= 0 ? i->sync : i->start_conn, &e);
	_exit(e.status ? e.status : EXIT_POD);
}
