/*
 * The container's cgroup: v2, v1, hybrid, or none, found by looking at the mounts. Created and
 * filled by the parent, removed by delete. Missing controllers are an error only where the config
 * asks for a limit that matters (memory.limit, pids.limit, cpu.quota).
 */
#ifndef OCI_CGROUP_H
#define OCI_CGROUP_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct err;
struct spec;
struct spec_resources;

enum cgroup_mode { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

/* Which layout the host has. Looked at once a process. */
enum cgroup_mode cgroup_mode(void);
const char *cgroup_mode_name(enum cgroup_mode m);

/* A container's cgroups: one path on v2, a path a hierarchy on v1. As kept in state.json. */
struct cgroup {
	enum cgroup_mode mode;
	char *path;       /* relative to each hierarchy's mount: "/a/b"; NULL: no cgroup */
	char *scope;      /* systemd scope unit name, or NULL */
	struct strv dirs; /* absolute folders that were made (or joined), one a hierarchy */
	bool joined;      /* existed before: not ours to remove */
};

/* Refuses "..", "." and control characters in a cgroupsPath, and the root of the hierarchy. */
int cgroup_path_check(const char *path, struct err *e);

/*
 * Finds or makes the cgroup for spec->linux.cgroups_path (default: /<id> under the caller's own,
 * where it may write), applies the resources. Rootless without delegation: mode NONE with a debug
 * line, an error only for limits that matter. ".." and the like in the path are refused.
 */
int cgroup_create(const struct spec *s, const char *id, bool systemd, struct cgroup *ret,
		  struct err *e);
/* Moves pid into every folder. */
int cgroup_attach(const struct cgroup *c, pid_t pid, struct err *e);
/* Fd of the v2 folder for CLONE_INTO_CGROUP, or -1. */
int cgroup_open_v2(const struct cgroup *c);
int cgroup_update(const struct cgroup *c, const struct spec_resources *r, struct err *e);
int cgroup_freeze(const struct cgroup *c, bool frozen, struct err *e); /* -ENOTSUP: no freezer */
bool cgroup_frozen(const struct cgroup *c);
int cgroup_kill(const struct cgroup *c, int sig,
		struct err *e); /* every process in it; cgroup.kill for SIGKILL */
int cgroup_procs(const struct cgroup *c, pid_t **ret, size_t *ret_n, struct err *e); /* subtree */
int cgroup_remove(const struct cgroup *c,
		  struct err *e); /* with sub-cgroups, waits for the last exits; bounded */
void cgroup_clear(struct cgroup *c);

/* To and from state.json. */
void cgroup_to_json(const struct cgroup *c, cJSON *obj);
int cgroup_from_json(const cJSON *obj, struct cgroup *ret, struct err *e);

#endif
