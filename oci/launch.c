/*
 * The last stretch inside the container, shared by init and exec. Runs as id 0 of the container's
 * user namespace, in its namespaces, with its root; ends in execve.
 *
 * Why the order is as it is:
 *   - rlimits, session, label: need privilege that the user of the process may not have, so
 *     before the user.
 *   - bounding set before the user (it needs CAP_SETPCAP), "keep capabilities" with it.
 *   - groups, group, user; then the permitted capabilities are made effective again, because a
 *     filter without no_new_privs needs CAP_SYS_ADMIN, and it is installed last of all: the fewer
 *     calls run under a filter that a stranger wrote, the better.
 *   - parent-death signal and dumpability after the user: changing ids clears the one and may set
 *     the other.
 *   - working folder as the user, checked to be below the root (CVE-2024-21626: a leaked fd of
 *     the host as cwd).
 *   - capabilities after the filter where no_new_privs is off (the filter must allow capset and
 *     prctl), before it where it is on (then the filter needs to allow only execve).
 *
 * /proc/self/exe (CVE-2019-5736): until execve this process has pod's own binary as its executable.
 *   - Nobody inside may look at it: it is not dumpable from the moment it can be seen by the
 *     container's processes (exec sets that before it joins; new ids keep it so), and the kernel
 *     then refuses /proc/PID/exe, /fd, /mem and ptrace to whoever lacks CAP_SYS_PTRACE in the
 *     host's user namespace.
 *   - The image may make us execute ourselves: a program, interpreter or loader that is a link to
 *     /proc/self/exe. The host's binary would then run with the container's libraries, and could
 *     be opened by them. So where that would do harm (launch_exposed), the last execve but one
 *     goes to pod-exec, a few hundred bytes in memory that belong to this process alone:
 *     /proc/self/exe is then that. It costs some 0.1 ms; a copy of the whole binary, as others
 *     make it, costs more than all of create. With a security label there is no such step: labels
 *     are for the next execve, and confine the program better than we can.
 */
#include "oci/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "oci/memory_program.h"
#include "oci/namespaces.h"
#include "oci/program.h"
#include "oci/reaper.h"
#include "oci/spec.h"
#include "oci/sync.h"
#include "oci/terminal.h"

/* What the kernel shows for an id that has no mapping (/proc/sys/kernel/overflowuid). */
#define OVERFLOW_UID 65534

/* -- attributes of the process -- */

static int set_oom_score(const struct spec_process *p, struct err *e)
{
	char text[16];
	int r;

	if (!p->has_oom_score_adj)
		return 0;
	(void)snprintf(text, sizeof(text), "%d", p->oom_score_adj);
	r = file_put(AT_FDCWD, "/proc/self/oom_score_adj", text, e);
	if (r == -EACCES || r == -EPERM) {
		log_debug("oom_score_adj %d is not permitted here, continuing without it",
			  p->oom_score_adj);
		return 0;
	}
	return r;
}

static const struct {
	const char *name;
	uint32_t policy;
} policies[] = {
	{ "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 },       { "SCHED_BATCH", 3 },
	{ "SCHED_ISO", 4 },   { "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 },
};

static const struct {
	const char *name;
	uint64_t flag;
} policy_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },     { "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
};

/*
 * struct sched_attr of sched_setattr(2); the kernel's own header cannot stand beside glibc's
 * <sched.h>.
 */
struct scheduler_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int set_scheduler(const struct spec_scheduler *s, struct err *e)
{
	struct scheduler_attr attr = {
		.size = sizeof(attr),
		.nice = s->nice,
		.priority = (uint32_t)s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};

	if (!s->present)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		if (str_eq(policies[i].name, s->policy))
			attr.policy = policies[i].policy;
	for (size_t i = 0; i < ARRAY_SIZE(policy_flags); i++)
		if (strv_has(&s->flags, policy_flags[i].name))
			attr.flags |= policy_flags[i].flag;
	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return err_sys(e, "set the scheduler %s", s->policy);
	return 0;
}

static int set_io_priority(const struct spec_process *p, struct err *e)
{
	static const char *const classes[] = { "", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
					       "IOPRIO_CLASS_IDLE" };

	for (unsigned int i = 1; p->io_priority_class && i < ARRAY_SIZE(classes); i++)
		if (str_eq(p->io_priority_class, classes[i]) &&
		    syscall(SYS_ioprio_set, 1 /* a process */, 0,
			    i << 13 | (unsigned int)p->io_priority) < 0)
			return err_sys(e, "set the I/O priority %s", p->io_priority_class);
	return 0;
}

int launch_attributes(const struct launch *l, struct err *e)
{
	int r = set_oom_score(l->process, e);

	if (r >= 0)
		r = set_scheduler(&l->process->scheduler, e);
	if (r >= 0)
		r = set_io_priority(l->process, e);
	return r;
}

int launch_open_proc(const struct spec_process *p, struct err *e)
{
	auto_fd int fd = -1;
	struct statfs fs;

	if (!p->apparmor_profile && !p->selinux_label)
		return -1;
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return err_sys(e, "open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return err_set(e, EINVAL, "/proc is not a procfs");
	return take_fd(&fd);
}

static int set_label(const struct launch *l, struct err *e)
{
	const struct spec_process *p = l->process;
	int r = 0;

	if (p->apparmor_profile && p->apparmor_profile[0]) {
		auto_free char *text = xasprintf("exec %s", p->apparmor_profile);

		r = file_put(l->proc_fd, "self/attr/apparmor/exec", text, NULL);
		if (r == -ENOENT) /* before Linux 5.8 */
			r = file_put(l->proc_fd, "self/attr/exec", text, NULL);
		if (r < 0)
			return err_num(e, -r, "set the AppArmor profile '%s'", p->apparmor_profile);
	}
	if (p->selinux_label && p->selinux_label[0]) {
		r = file_put(l->proc_fd, "self/attr/exec", p->selinux_label, NULL);
		if (r < 0)
			return err_num(e, -r, "set the SELinux label '%s'", p->selinux_label);
	}
	return 0;
}

static int set_personality(const struct launch *l, struct err *e)
{
	if (l->personality &&
	    personality(str_eq(l->personality, "LINUX32") ? PER_LINUX32 : PER_LINUX) < 0)
		return err_sys(e, "set the personality %s", l->personality);
	return 0;
}

/* -- limits -- */

static const struct {
	const char *name;
	__rlimit_resource_t number;
} limits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

/*
 * Raising a hard limit takes CAP_SYS_RESOURCE in the host's user namespace: without it, as high
 * as it goes.
 */
static int set_limit(const struct spec_rlimit *want, struct err *e)
{
	struct rlimit now, value = { .rlim_cur = want->soft, .rlim_max = want->hard };
	size_t i = 0;

	while (i < ARRAY_SIZE(limits) && !str_eq(limits[i].name, want->type))
		i++;
	if (i == ARRAY_SIZE(limits))
		return err_set(e, EINVAL, "unknown resource limit '%s'", want->type);
	if (setrlimit(limits[i].number, &value) == 0)
		return 0;
	if (errno != EPERM || getrlimit(limits[i].number, &now) < 0)
		return err_sys(e, "set %s", want->type);
	if (value.rlim_max > now.rlim_max)
		value.rlim_max = now.rlim_max;
	if (value.rlim_cur > value.rlim_max)
		value.rlim_cur = value.rlim_max;
	if (setrlimit(limits[i].number, &value) < 0)
		return err_sys(e, "set %s", want->type);
	log_warn("%s cannot be raised above %llu here, continuing with that", want->type,
		 (unsigned long long)now.rlim_max);
	return 0;
}

static int set_limits(const struct launch *l, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->process->n_rlimits; i++)
		r = set_limit(&l->process->rlimits[i], e);
	return r;
}

/* -- fds 0-2 -- */

static int set_stdio(const struct launch *l, struct err *e)
{
	int from[3];

	for (int i = 0; i < 3; i++) {
		from[i] = l->stdio[i];
		if (from[i] < 0 || from[i] == i || from[i] > 2)
			continue;
		from[i] = fd_dup_above(from[i], 3); /* about to be overwritten by another's place */
		if (from[i] < 0)
			return err_sys(e, "set the standard files");
	}
	for (int i = 0; i < 3; i++)
		if (from[i] >= 0 && from[i] != i && dup2(from[i], i) < 0)
			return err_sys(e, "set standard file %d", i);
	for (int i = 0; i < 3; i++)
		if (from[i] == i)
			(void)fd_set_cloexec(i, false);
	return 0;
}

/*
 * A program opens /dev/stdout again, as its own user, who must be allowed to. Left alone are
 * devices but the container's own terminal (they would be the host's /dev/null), and regular
 * files: `run >file` must not leave the caller a file that it cannot write any more. Where it
 * fails, it is as it was.
 */
static void own_stdio(const struct launch *l)
{
	uid_t uid = l->process->user.uid;

	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0 || st.st_uid == uid)
			continue;
		if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
		    (S_ISCHR(st.st_mode) && l->terminal))
			if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL &&
			    errno != EROFS)
				log_debug("give fd %d to user %u: %s", fd, uid, strerror(errno));
	}
}

/* -- user -- */

static int set_groups(const struct spec_user *u, struct err *e)
{
	if (setgroups(u->n_additional_gids, u->additional_gids) == 0)
		return 0;
	if (errno != EPERM)
		return err_sys(e, "set the additional groups");
	/* a user namespace with one id denies it */
	if (u->n_additional_gids > 0)
		log_warn("additional groups are not permitted in this user namespace, "
			 "continuing without them");
	return 0;
}

/* Effective := permitted, which a change from id 0 to another has cleared. */
static int raise_effective(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return err_sys(e, "read the capabilities");
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "raise the capabilities");
	return 0;
}

static int set_user(const struct launch *l, struct err *e)
{
	const struct spec_user *u = &l->process->user;
	int r = caps_drop_bounding(&l->caps, e);

	if (r >= 0)
		r = set_groups(u, e);
	if (r < 0)
		return r;
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return err_sys(e, "set the group %u%s", u->gid,
			       errno == EINVAL ? " (it is not mapped)" : "");
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return err_sys(e, "set the user %u%s", u->uid,
			       errno == EINVAL ? " (it is not mapped)" : "");
	if (u->has_umask)
		umask(u->umask & 0777);
	else
		umask(0022);
	return u->uid != 0 ? raise_effective(e) : 0;
}

/* What a change of ids has undone. */
static int set_ties(const struct launch *l, struct err *e)
{
	struct pollfd parent = { .fd = l->sync, .events = 0 };

	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(e, "hide from other processes");
	if (!l->die_with_parent)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "tie the process to its parent");
	if (poll(&parent, 1, 0) > 0 && (parent.revents & POLLHUP)) /* it died just before */
		return err_set(e, EPIPE, "the parent is gone");
	return 0;
}

/* -- folder -- */

/* runc makes a missing folder; so images whose WORKDIR does not exist work. */
static int enter_folder(const char *cwd, struct err *e)
{
	if (chdir(cwd) == 0)
		return 0;
	if (errno == ENOENT) {
		(void)dir_make_all(AT_FDCWD, cwd, 0755, NULL);
		if (chdir(cwd) == 0)
			return 0;
	}
	return err_sys(e, "enter the working folder '%s'", cwd);
}

/* Reachable from the root: the kernel marks any other with "(unreachable)". */
static int check_folder(struct err *e)
{
	char path[PATH_MAX + 16];
	long n = syscall(SYS_getcwd, path, sizeof(path));

	if (n < 0)
		return err_sys(e, "find the name of the working folder");
	if (path[0] != '/')
		return err_set(e, EPERM, "the working folder is outside of the container");
	return 0;
}

/* -- the two halves -- */

static int set_environment(struct launch *l)
{
	struct strv env = { 0 };

	strv_copy(&env, &l->process->env);
	if (!strv_env_get(&env, "HOME")) {
		auto_free char *home = program_home(l->process->user.uid);

		strv_env_set(&env, "HOME", home);
	}
	l->env = env.v; /* this process ends by execve or _exit */
	return 0;
}

static int take_terminal(const struct launch *l, struct err *e)
{
	return l->terminal ? terminal_take(l->terminal, e) : set_stdio(l, e);
}

static int set_no_new_privs(const struct launch *l, struct err *e)
{
	if (l->process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "set no_new_privs");
	return 0;
}

int launch_prepare(struct launch *l, struct err *e)
{
	const struct spec_process *p = l->process;
	int r = caps_from_spec(&p->caps, &l->caps, e);

	if (r >= 0)
		r = set_personality(l, e);
	if (r >= 0)
		r = set_limits(l, e);
	if (r >= 0)
		r = take_terminal(l, e);
	if (r >= 0)
		r = set_label(l, e);
	if (r >= 0)
		r = set_no_new_privs(l, e);
	if (r < 0)
		return r;
	own_stdio(l);
	r = enter_folder(p->cwd,
			 NULL); /* first with privilege, as its owner may not be the user … */
	if (r >= 0 || r == -EACCES) {
		int denied = r;

		r = set_user(l, e);
		if (r >= 0 && denied < 0)
			r = enter_folder(
				p->cwd,
				e); /* … and where the host denies it to root, as the user */
	} else {
		return enter_folder(p->cwd, e);
	}
	if (r >= 0)
		r = check_folder(e);
	if (r >= 0)
		r = set_ties(l, e);
	if (r < 0)
		return r;
	set_environment(l);
	l->seccomp_early = !p->no_new_privileges;
	return program_find(p->args.v[0], &p->env, &l->path, e);
}

static int install_filter(const struct launch *l, struct err *e)
{
	auto_fd int listener = -1;
	int r;

	if (!l->filter || !l->filter->bpf)
		return 0;
	r = seccomp_install(l->filter, &listener, e);
	if (r < 0 || listener < 0)
		return r;
	if (l->listener_sock < 0)
		return err_set(e, EINVAL,
			       "the seccomp profile notifies, but there is no listenerPath");
	r = sock_send(l->listener_sock, l->listener_state, strlen(l->listener_state), &listener, 1);
	return r < 0 ? err_num(e, -r, "send the seccomp listener") : 0;
}

bool launch_exposed(const struct spec *s, bool die_with_parent)
{
	const struct spec_linux *l = &s->linux;
	struct stat st;

	if (s->process.apparmor_profile || s->process.selinux_label)
		return false;
	if (die_with_parent && l->ns[NS_PID].present && !l->ns[NS_PID].path)
		return false;
	if (stat("/proc/self/exe", &st) < 0 || (l->ns[NS_USER].present && l->ns[NS_USER].path))
		return true;
	if (!l->ns[NS_USER].present)
		return st.st_uid != OVERFLOW_UID || ns_user_initial();
	for (size_t i = 0; i < l->n_uid_mappings; i++)
		if (st.st_uid - l->uid_mappings[i].outside < l->uid_mappings[i].count)
			return true;
	return false;
}

/*
 * Through pod-exec. Returns where that cannot be executed (memory files are not allowed to be, a
 * filter knows no execveat): the caller then does without.
 */
static void exec_guarded(const struct launch *l, int image, int sock)
{
	const struct strv *args = &l->process->args;
	char **argv = xcalloc(args->len + 3, sizeof(*argv)), number[16], path[FD_PATH_MAX];

	(void)snprintf(number, sizeof(number), "%d", sock);
	argv[0] = number;
	argv[1] = l->path;
	memcpy(argv + 2, args->v, args->len * sizeof(*argv));
	if (image >= 0 && fd_set_cloexec(sock, false) >= 0) {
		(void)syscall(SYS_execveat, image, "", argv, l->env, AT_EMPTY_PATH);
		(void)execve(fd_path(path, image), argv, l->env);
		(void)fd_set_cloexec(sock, true);
	}
	free(argv);
}

/*
 * The kept fds lose close-on-exec, everything above them gets it. EXEC is sent before the filter
 * is in force: afterwards it could be denied. That end of file follows tells that execve came.
 */
int launch_exec(struct launch *l, int sock, struct err *e)
{
	auto_fd int image = l->guard ? memory_program_exec(NULL) : -1;
	int r = 0;

	for (unsigned int i = 0; i < l->preserve_fds; i++)
		(void)fd_set_cloexec((int)(3 + i), false);
	fd_cloexec_from((int)(3 + l->preserve_fds));
	proc_signals_reset();
	r = sync_send(sock, SYNC_EXEC, l->process->args.v[0],
		      strnlen(l->process->args.v[0], SYNC_NAME_MAX), e);
	if (r == -EPIPE)
		r = 0; /* whoever started it has gone: the container lives on */
	if (r >= 0 && l->seccomp_early)
		r = install_filter(l, e);
	if (r >= 0)
		r = caps_apply(&l->caps, e);
	if (r >= 0 && !l->seccomp_early)
		r = install_filter(l, e);
	if (r >= 0 && l->reaper)
		r = reaper_split(l->terminal, e);
	if (r < 0)
		return r;
	if (l->guard)
		exec_guarded(l, image, sock);
	execve(l->path, l->process->args.v, l->env);
	return program_exec_error(l->process->args.v[0], errno, e);
}

int launch_check_preserved(unsigned int n, struct err *e)
{
	for (unsigned int i = 0; i < n; i++)
		if (fcntl((int)(3 + i), F_GETFD) < 0)
			return err_set(e, EBADF, "--preserve-fds %u: fd %u is not open", n, 3 + i);
	return 0;
}
