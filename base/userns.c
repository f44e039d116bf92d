/*
 * User namespaces for an unprivileged caller: see userns.h. Runs in the process that makes the
 * namespace and in its parent.
 */
#include "base/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "base/fd.h"

#define SUBID_FILE_MAX ((size_t)4 << 20)

static bool have_effective_cap(unsigned int cap)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[cap / 32].effective >> (cap % 32) & 1);
}

/* One "name:first:count" line into the map, where it is ours. */
static void take_subid_line(const char *line, const char *name, const char *uid, struct idmap *map,
			    size_t *n)
{
	auto_strv struct strv parts = { 0 };
	uint32_t first, count, inside;

	strv_split(&parts, line, ':');
	if (parts.len != 3 || (!str_eq(parts.v[0], name) && !str_eq(parts.v[0], uid)) ||
	    *n == IDMAP_MAX)
		return;
	if (str_to_u32(parts.v[1], &first) < 0 || str_to_u32(parts.v[2], &count) < 0 || !count ||
	    first + count < first)
		return;
	inside = map[*n - 1].inside + map[*n - 1].count;
	if (inside + count < inside)
		return;
	map[(*n)++] = (struct idmap){ .inside = inside, .outside = first, .count = count };
}

/* Appends the caller's ranges of /etc/subuid or /etc/subgid after map[0], the caller itself. */
static void read_subids(const char *file, const char *name, struct idmap *map, size_t *n)
{
	auto_str struct str text = { 0 };
	auto_strv struct strv lines = { 0 };
	char uid[16];

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned int)getuid());
	if (file_read(AT_FDCWD, file, SUBID_FILE_MAX, &text, NULL) < 0)
		return;
	strv_split(&lines, str_cstr(&text), '\n');
	for (size_t i = 0; i < lines.len; i++)
		take_subid_line(lines.v[i], name, uid, map, n);
}

/*
 * Can this helper give us ids? It has to be in PATH, where it will be looked for, and privileged by
 * its mode or by a file capability.
 */
static bool helper_works(const char *name)
{
	const char *search = getenv("PATH");
	auto_strv struct strv places = { 0 };

	strv_split(&places, search ? search : "/bin:/usr/bin", ':');
	for (size_t i = 0; i < places.len; i++) {
		auto_free char *path = xasprintf("%s/%s", places.v[i][0] ? places.v[i] : ".", name);
		struct stat st;

		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
			return (st.st_mode & S_ISUID) ||
			       getxattr(path, "security.capability", NULL, 0) > 0;
	}
	return false;
}

static void plan_single(struct userns *u, const char *why)
{
	u->kind = USERNS_SINGLE;
	u->nuid = u->ngid = 1;
	(void)snprintf(u->why, sizeof(u->why), "%s", why);
}

int userns_plan(struct userns *ret, bool force_single, struct err *e)
{
	const char *asked = getenv("POD_USERNS");
	const struct passwd *pw;
	char name[64];

	*ret = (struct userns){ .nuid = 1, .ngid = 1 };
	ret->uid[0] = (struct idmap){ .inside = 0, .outside = geteuid(), .count = 1 };
	ret->gid[0] = (struct idmap){ .inside = 0, .outside = getegid(), .count = 1 };
	if (asked && *asked && !str_eq(asked, "single") && !str_eq(asked, "auto"))
		return err_set(e, EINVAL, "POD_USERNS is '%s': use auto or single", asked);
	if (force_single || str_eq(asked, "single")) {
		plan_single(ret, "one id was asked for");
		return 0;
	}
	if (geteuid() == 0 && have_effective_cap(CAP_SYS_ADMIN)) {
		ret->kind = USERNS_NONE;
		return 0;
	}
	pw = getpwuid(getuid());
	(void)snprintf(name, sizeof(name), "%s", pw ? pw->pw_name : "");
	ret->kind = USERNS_RANGES;
	read_subids("/etc/subuid", name, ret->uid, &ret->nuid);
	read_subids("/etc/subgid", name, ret->gid, &ret->ngid);
	if (ret->nuid < 2 || ret->ngid < 2)
		plan_single(
			ret,
			"no subordinate ids in /etc/subuid and /etc/subgid: usermod --add-subuids "
			"100000-165535 --add-subgids 100000-165535 USER gives them");
	else if (!helper_works("newuidmap") || !helper_works("newgidmap"))
		plan_single(
			ret,
			"newuidmap and newgidmap are missing or not setuid: install the package uidmap");
	else if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		plan_single(ret, "no_new_privs is set, so that newuidmap has no effect");
	return 0;
}

/* Is a sysctl there, with this value? */
static bool sysctl_is(const char *path, const char *value)
{
	auto_free char *line = NULL;

	return file_read_line(AT_FDCWD, path, &line, NULL) >= 0 && str_eq(line, value);
}

int userns_explain(int num, struct err *e)
{
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return err_set(
			e, num,
			"user namespaces are switched off: sysctl kernel.unprivileged_userns_clone=1 allows them");
	if (sysctl_is("/proc/sys/user/max_user_namespaces", "0"))
		return err_set(
			e, num,
			"user namespaces are switched off: sysctl user.max_user_namespaces=15000 allows them");
	if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		return err_set(
			e, num,
			"AppArmor forbids user namespaces to unprivileged programs: "
			"sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for pod, allows them");
	if (num == ENOSPC)
		return err_set(
			e, num,
			"too many user namespaces: sysctl user.max_user_namespaces raises the limit");
	return err_num(e, num, "make a user namespace");
}

int userns_unshare(unsigned int flags, struct err *e)
{
	if (unshare((int)(CLONE_NEWUSER | flags)) == 0)
		return 0;
	return userns_explain(errno, e);
}

/* "inside outside count" lines, or the same as arguments. */
static void add_map(struct str *text, const struct idmap *map, size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addf(text, "%u %u %u\n", map[i].inside, map[i].outside, map[i].count);
}

static int write_map(pid_t pid, const char *file, const struct idmap *map, size_t n, struct err *e)
{
	auto_str struct str text = { 0 };
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	add_map(&text, map, n);
	return file_put(AT_FDCWD, path, str_cstr(&text), e);
}

/* Starts newuidmap or newgidmap; its complaints go to err_fd. */
static int start_helper(const char *name, pid_t pid, const struct idmap *map, size_t n, int err_fd,
			struct child *ret, struct err *e)
{
	auto_strv struct strv argv = { 0 };
	struct spawn spawn = { .fds = { -1, err_fd, err_fd } };

	strv_add(&argv, name);
	strv_addf(&argv, "%d", (int)pid);
	for (size_t i = 0; i < n; i++) {
		strv_addf(&argv, "%u", map[i].inside);
		strv_addf(&argv, "%u", map[i].outside);
		strv_addf(&argv, "%u", map[i].count);
	}
	spawn.argv = (const char *const *)argv.v;
	return proc_spawn(&spawn, ret, e);
}

/* Both helpers side by side: each takes about 2 ms, most of it their own start. */
static int map_by_helpers(pid_t pid, const struct idmap *uid, size_t nuid, const struct idmap *gid,
			  size_t ngid, struct err *e)
{
	auto_child struct child for_uid = CHILD_NONE, for_gid = CHILD_NONE;
	auto_str struct str complaint = { 0 };
	int status_uid = 0, status_gid = 0, fds[2], r;
	auto_fd int in = -1, out = -1;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	in = fds[0];
	out = fds[1];
	r = start_helper("newuidmap", pid, uid, nuid, out, &for_uid, e);
	if (r >= 0)
		r = start_helper("newgidmap", pid, gid, ngid, out, &for_gid, e);
	close_fd(&out);
	if (r >= 0)
		r = child_wait(&for_uid, &status_uid, e);
	if (r >= 0)
		r = child_wait(&for_gid, &status_gid, e);
	if (r < 0 || (status_uid == 0 && status_gid == 0))
		return r;
	(void)fd_read_all(in, 1 << 16, &complaint);
	str_cut(&complaint, strcspn(str_cstr(&complaint), "\n"));
	return err_set(e, EPERM, "%s failed: %s; check /etc/subuid and /etc/subgid",
		       status_uid ? "newuidmap" : "newgidmap", str_cstr(&complaint));
}

static bool is_self(const struct idmap *map, size_t n, uint32_t id)
{
	return n == 1 && map[0].outside == id && map[0].count == 1;
}

int userns_map_ids(pid_t pid, const struct idmap *uid, size_t nuid, const struct idmap *gid,
		   size_t ngid, struct err *e)
{
	bool single = is_self(uid, nuid, geteuid()) && is_self(gid, ngid, getegid());
	bool privileged = have_effective_cap(CAP_SETUID) && have_effective_cap(CAP_SETGID);
	char path[64];
	int r;

	if (!single && !privileged)
		return map_by_helpers(pid, uid, nuid, gid, ngid, e);
	if (!privileged) { /* since Linux 3.19 an unprivileged gid_map wants this first */
		(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
		r = file_put(AT_FDCWD, path, "deny", e);
		if (r < 0)
			return r;
	}
	r = write_map(pid, "gid_map", gid, ngid, e);
	return r < 0 ? r : write_map(pid, "uid_map", uid, nuid, e);
}

int userns_map(const struct userns *u, pid_t pid, struct err *e)
{
	if (u->kind == USERNS_NONE)
		return 0;
	return userns_map_ids(pid, u->uid, u->nuid, u->gid, u->ngid, e);
}

int userns_become_root(const struct userns *u, struct err *e)
{
	if (u->kind == USERNS_NONE)
		return 0;
	if (u->kind == USERNS_RANGES && setgroups(0, NULL) < 0)
		return err_sys(e, "drop supplementary groups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become id 0 of the user namespace");
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* else /proc/self belongs to the outer root */
	return 0;
}

/* What the child reports before it goes on, and what the parent answers. */
struct fork_report {
	int r;
	struct err e;
};

/* In the child: makes the namespaces, waits for the maps. */
static int enter(const struct userns *u, unsigned int flags, int sock)
{
	struct fork_report report = { 0 };
	char go;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (u->kind == USERNS_NONE)
		report.r = flags && unshare((int)flags) < 0 ? err_sys(&report.e, "make namespaces")
							    : 0;
	else
		report.r = userns_unshare(flags, &report.e);
	if (sock_send(sock, &report, sizeof(report), NULL, 0) < 0 || report.r < 0)
		_exit(EXIT_POD);
	if (sock_recv(sock, &go, 1, NULL, NULL) != 1)
		_exit(EXIT_POD); /* the parent failed to write the maps, and knows */
	if (userns_become_root(u, NULL) < 0)
		_exit(EXIT_POD);                /* cannot be: the maps hold id 0 */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* changing ids has cleared it */
	return 0;
}

int userns_fork(const struct userns *u, unsigned int flags, struct child *ret, struct err *e)
{
	auto_child struct child child = CHILD_NONE;
	auto_fd int mine = -1, theirs = -1;
	struct fork_report report = { 0 };
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	/* fork, not clone3: the C library keeps its locks right when there are threads */
	r = child_fork(&child, e);
	if (r < 0)
		return r;
	if (r == 0) {
		close_fd(&mine);
		return enter(u, flags, theirs);
	}
	close_fd(&theirs);
	if (sock_recv(mine, &report, sizeof(report), NULL, NULL) != sizeof(report))
		return err_set(e, EIO, "the process for the user namespace ended early");
	if (report.r < 0)
		return err_copy(e, &report.e);
	r = userns_map(u, child.pid, e);
	if (r < 0)
		return r;
	r = sock_send(mine, "g", 1, NULL, 0);
	if (r < 0)
		return err_num(e, -r, "start the process in the user namespace");
	*ret = child_take(&child);
	return 1;
}

int userns_run(const struct userns *u, unsigned int flags, int (*fn)(void *arg, struct err *e),
	       void *arg, struct err *e)
{
	auto_child struct child child = CHILD_NONE;
	struct fork_report report = { 0 };
	auto_fd int in = -1, out = -1;
	int fds[2], status = 0, r;
	char reason[64];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	in = fds[0];
	out = fds[1];
	r = userns_fork(u, flags, &child, &report.e);
	if (r == 0) {
		close_fd(&in);
		report.r = fn(arg, &report.e);
		(void)fd_write_all(out, &report, sizeof(report));
		_exit(0);
	}
	if (r < 0)
		return err_copy(e, &report.e);
	close_fd(&out);
	r = fd_read_exact(in, &report, sizeof(report));
	if (child_wait(&child, &status, e) < 0)
		return -EIO;
	if (r < 0)
		return err_set(e, EIO, "a process in the user namespace ended early: %s",
			       proc_status_text(status, reason, sizeof(reason)));
	return report.r < 0 ? err_copy(e, &report.e) : report.r;
}
