/*
 * Which cgroup hierarchies there are, where they are mounted, and where in them the caller is.
 * Inside oci/.
 */
#ifndef OCI_CGROUP_HIERARCHY_H
#define OCI_CGROUP_HIERARCHY_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* One hierarchy. */
struct cgroup_hierarchy {
	bool v2;
	char *controllers; /* "cpu,cpuacct", "name=systemd"; "" for v2 */
	char *mount;       /* mount point: "/sys/fs/cgroup/cpu,cpuacct" */
	char *own;         /* the caller's cgroup, relative to the mount: "/", "/a/b" */
	/* the mount shows more than the caller's cgroup namespace: own is not below it */
	bool above;
};

struct cgroup_hierarchies {
	struct cgroup_hierarchy *v;
	size_t n;
};

/*
 * Reads /proc/self/cgroup and /proc/self/mountinfo. Hierarchies that are not mounted are left out.
 * /proc is the host's, or the container's own where this one nests.
 */
int cgroup_hierarchies_read(struct cgroup_hierarchies *ret, struct err *e);
void cgroup_hierarchies_clear(struct cgroup_hierarchies *h);

#define auto_hierarchies __attribute__((cleanup(cgroup_hierarchies_clear)))

/* True where name is one of the comma-separated controllers. */
bool cgroup_controllers_have(const char *controllers, const char *name);

/* For tests and fuzzing: the same from texts. */
void cgroup_hierarchies_parse(const char *self_cgroup, const char *mountinfo,
			      struct cgroup_hierarchies *ret);

#endif
