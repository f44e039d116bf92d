/*
 * Namespaces by path and new ones. The plan is made by the parent; the joins run in the child
 * before it has a root of its own, with the host's /proc still in place.
 */
#include "oci/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "oci/spec.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const uint64_t flags[NS_KINDS] = {
	[NS_USER] = CLONE_NEWUSER,     [NS_PID] = CLONE_NEWPID,   [NS_NET] = CLONE_NEWNET,
	[NS_MOUNT] = CLONE_NEWNS,      [NS_IPC] = CLONE_NEWIPC,   [NS_UTS] = CLONE_NEWUTS,
	[NS_CGROUP] = CLONE_NEWCGROUP, [NS_TIME] = CLONE_NEWTIME,
};

_Static_assert(NS_FDS == NS_KINDS, "a file descriptor a namespace");

uint64_t ns_flag(unsigned int kind)
{
	return flags[kind];
}

static bool same_namespace(int fd, const char *own)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(own, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int open_path(const struct spec_ns *ns, enum spec_ns_kind kind, struct err *e)
{
	auto_fd int fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return err_sys(e, "open the %s namespace '%s'", spec_ns_name(kind), ns->path);
	return take_fd(&fd);
}

int ns_plan_make(const struct spec *s, struct ns_plan *ret, struct err *e)
{
	*ret = (struct ns_plan){ 0 };
	for (int i = 0; i < NS_KINDS; i++)
		ret->join[i] = -1;
	for (enum spec_ns_kind i = 0; i < NS_KINDS; i++) {
		const struct spec_ns *ns = &s->linux.ns[i];

		if (!ns->present)
			continue;
		if (ns->path) {
			ret->join[i] = open_path(ns, i, e);
			if (ret->join[i] < 0)
				return ret->join[i];
			/* setns refuses the user namespace one is in */
			if (i == NS_USER && same_namespace(ret->join[i], "/proc/self/ns/user"))
				close_fd(&ret->join[i]);
			ret->join_any |= ret->join[i] >= 0;
		} else if (i == NS_CGROUP) {
			ret->new_cgroup = true;
		} else if (i == NS_TIME) {
			ret->new_time = true;
		} else {
			ret->clone_flags |= flags[i];
		}
	}
	ret->two_stages = ret->join[NS_PID] >= 0 || ret->join[NS_USER] >= 0 ||
			  ((ret->clone_flags & CLONE_NEWUSER) && ret->join_any);
	return 0;
}

void ns_plan_clear(struct ns_plan *p)
{
	for (int i = 0; i < NS_KINDS; i++)
		close_fd(&p->join[i]);
}

static int join_one(const struct ns_plan *p, enum spec_ns_kind kind, struct err *e)
{
	if (setns(p->join[kind], (int)flags[kind]) < 0)
		return err_sys(e, "join the %s namespace", spec_ns_name(kind));
	return 0;
}

/*
 * Namespaces of the caller's own user namespace open up before the user namespace is joined,
 * those of the joined one after it: so each is tried before and, where that failed, again after.
 */
int ns_join(const struct ns_plan *p, struct err *e)
{
	bool done[NS_KINDS] = { false };
	bool user = p->join[NS_USER] >= 0;
	int r = 0;

	for (enum spec_ns_kind i = NS_USER + 1; i < NS_KINDS; i++) {
		if (p->join[i] < 0)
			continue;
		r = join_one(p, i, user ? NULL : e);
		if (r < 0 && !user)
			return r;
		done[i] = r >= 0;
	}
	if (!user)
		return 0;
	r = join_one(p, NS_USER, e);
	if (r >= 0)
		r = ns_become_root(e);
	for (enum spec_ns_kind i = NS_USER + 1; r >= 0 && i < NS_KINDS; i++)
		if (p->join[i] >= 0 && !done[i])
			r = join_one(p, i, e);
	return r;
}

int ns_become_root(struct err *e)
{
	/*
	 * Denied where the maps were written without privilege; the groups then stay as they are.
	 */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(e, "drop the groups of the caller");
	if (setresgid(0, 0, 0) < 0)
		return err_sys(e, "become group 0 of the user namespace");
	if (setresuid(0, 0, 0) < 0)
		return err_sys(e, "become user 0 of the user namespace");
	return 0;
}

int ns_new_cgroup(struct err *e)
{
	return unshare(CLONE_NEWCGROUP) < 0 ? err_sys(e, "make a cgroup namespace") : 0;
}

/*
 * Offsets can be written until somebody is inside; setns onto the prepared namespace enters it
 * without another fork (Linux 5.6).
 */
int ns_new_time(const struct spec *s, struct err *e)
{
	auto_fd int fd = -1;

	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(e, "make a time namespace");
	for (size_t i = 0; i < s->linux.n_time_offsets; i++) {
		const struct spec_time_offset *o = &s->linux.time_offsets[i];
		char line[100];
		int r;

		(void)snprintf(line, sizeof(line), "%s %lld %u", o->clock, (long long)o->secs,
			       o->nanosecs);
		r = file_put(AT_FDCWD, "/proc/self/timens_offsets", line, e);
		if (r < 0)
			return err_prefix(e, "set the offset of clock '%s'", o->clock);
	}
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the new time namespace");
	return setns(fd, CLONE_NEWTIME) < 0 ? err_sys(e, "enter the new time namespace") : 0;
}

bool ns_user_initial(void)
{
	auto_free char *line = NULL;
	unsigned long inside = 1, outside = 1, count = 0;

	if (file_read_line(AT_FDCWD, "/proc/self/uid_map", &line, NULL) < 0)
		return true; /* a kernel without user namespaces */
	return sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == UINT32_MAX;
}

void ns_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		log_debug("bring up the loopback interface: %s", strerror(errno));
}
