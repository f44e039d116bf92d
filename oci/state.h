/*
 * What a container leaves on disk for later calls: <root>/<id>/ with
 *   state.json   who it is: pid + start time + boot id of init, bundle, cgroup, namespaces,
 *   annotations config.json  as it was when the container was created: later edits in the bundle
 *   have no effect filter       the compiled seccomp filter, for exec
 *   start.sock   where init waits for `start`; it is gone once the container has been started
 * A folder without state.json, and whose lock is free, is what a killed `create` left: the next
 * create of that id takes it away.
 */
#ifndef OCI_STATE_H
#define OCI_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"
#include "base/str.h"
#include "oci/cgroup.h"
#include "oci/runtime.h"

struct err;
struct seccomp_filter;
struct spec;

struct state {
	char *oci_version;
	char *id;
	char *bundle;
	char *rootfs;
	char *created;
	char *owner;
	char *personality; /* NULL: none */
	struct proc_id init;
	struct strv annotations;
	uint64_t ns_flags;  /* CLONE_NEW… of the namespaces that are not the creator's */
	unsigned int hooks; /* bit a kind: config.json has such hooks */
	bool in_userns;     /* a user namespace among them */
	bool guard;         /* launch_exposed at the time of create */
	struct cgroup cgroup;
};

void state_clear(struct state *s);
#define auto_state __attribute__((cleanup(state_clear)))

#define STATE_START_SOCK "start.sock"
#define STATE_CONFIG "config.json"
#define STATE_FILE "state.json"

/* The state root, made 0700 where it is missing. Returns its fd. */
int state_root_open(const struct oci *o, struct err *e);

/* A new, locked folder for id. -EEXIST: in use. Returns its fd, which holds the lock. */
int state_dir_make(int root_fd, const char *id, struct err *e);

/* The folder of id; -ENOENT "container 'x' does not exist". A wrong id is -EINVAL. */
int state_dir_open(const struct oci *o, const char *id, struct err *e);
/* Serialises start, delete and create on one container. Held until dir_fd is closed. */
int state_dir_lock(int dir_fd, const char *id, struct err *e);
/* Removes the folder of id. */
int state_dir_remove(const struct oci *o, const char *id, struct err *e);

int state_save(int dir_fd, const struct state *s, struct err *e);
/* -ENOENT as state_dir_open where the container is not complete. */
int state_load(int dir_fd, const char *id, struct state *ret, struct err *e);
/* Opens the folder and loads in one; returns the folder's fd. */
int state_open(const struct oci *o, const char *id, struct state *ret, struct err *e);

enum oci_status state_status(int dir_fd, const struct state *s);

/* The state as hooks get it on stdin (runtime.md, State); the caller owns it. */
char *state_hook_text(const struct state *s, enum oci_status status, pid_t pid);

/*
 * The compiled filter, kept for exec. Nothing is written where there is none; loading none gives
 * an empty one.
 */
int state_filter_save(int dir_fd, const struct seccomp_filter *f, struct err *e);
int state_filter_load(int dir_fd, struct seccomp_filter *ret, struct err *e);

#endif
