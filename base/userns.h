/*
 * User namespaces for an unprivileged caller: which ids there are, and how a process comes into a
 * namespace with them. Ladder: real root keeps its own namespace → newuidmap/newgidmap with the
 * ranges of /etc/subuid and /etc/subgid → one id.
 */
#ifndef BASE_USERNS_H
#define BASE_USERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/proc.h"

struct err;

/* One line of uid_map: count ids from `inside` on are `outside` on in the parent namespace. */
struct idmap {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

#define IDMAP_MAX 32

enum userns_kind {
	/* privileged here (CAP_SYS_ADMIN and the other capabilities): no namespace is made */
	USERNS_NONE,
	USERNS_RANGES, /* id 0 is the caller, 1.. are the caller's subordinate ids */
	USERNS_SINGLE, /* id 0 is the caller, no other id exists */
};

/* What the caller can have. Computed once a process; plain value. */
struct userns {
	enum userns_kind kind;
	struct idmap uid[IDMAP_MAX];
	size_t nuid;
	struct idmap gid[IDMAP_MAX];
	size_t ngid;
	char why[200]; /* SINGLE: why there are no ranges, and what to do; else empty */
};

/*
 * Finds out. force_single (also by environment POD_USERNS=single, for tests) skips the ranges.
 * Fails only where user namespaces cannot be made at all: the message says why (sysctl, AppArmor
 * switch) and what to do.
 */
int userns_plan(struct userns *ret, bool force_single, struct err *e);

/*
 * Writes the maps of plan for the process pid that has just unshared its user namespace. Called by
 * the parent in the outer namespace. newuidmap and newgidmap run side by side.
 */
int userns_map(const struct userns *u, pid_t pid, struct err *e);

/*
 * Writes explicit maps (an OCI config's) for pid: by hand where allowed, else by newuidmap and
 * newgidmap.
 */
int userns_map_ids(pid_t pid, const struct idmap *uid, size_t nuid, const struct idmap *gid,
		   size_t ngid, struct err *e);

/*
 * unshare(CLONE_NEWUSER | flags) for the calling process; a refusal is explained (userns_explain).
 */
int userns_unshare(unsigned int flags, struct err *e);

/*
 * Records why a user namespace could not be made (errno num), with the switch that allows it;
 * returns -num.
 */
int userns_explain(int num, struct err *e);

/*
 * After the maps are written: becomes id 0:0 of the plan's namespace, without supplementary groups.
 */
int userns_become_root(const struct userns *u, struct err *e);

/*
 * Forks a child inside the plan's user namespace (none for USERNS_NONE) with further unshare flags
 * (CLONE_NEWNS…), as id 0:0 there, no supplementary groups. Returns 0 in the child, 1 in the parent
 * with *ret set (the maps are written by then), or a negative errno. The child must _exit; it gets
 * SIGKILL when the calling thread ends.
 */
int userns_fork(const struct userns *u, unsigned int unshare_flags, struct child *ret,
		struct err *e);

/*
 * Runs fn(arg) in such a child, waits for it, and brings its error back. Returns fn's value (>= 0)
 * or negative errno. With USERNS_NONE and no flags it still forks, so that fn may chroot, chdir and
 * change ids.
 */
int userns_run(const struct userns *u, unsigned int unshare_flags,
	       int (*fn)(void *arg, struct err *e), void *arg, struct err *e);

#endif
