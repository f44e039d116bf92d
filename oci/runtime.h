/*
 * The OCI runtime as functions: what `pod oci` and the engine's monitor call. A container is a
 * folder <root>/<id>/ with state.json; everything a later call needs is there. Lifecycle and errors
 * as runtime-spec runtime.md has them; error texts that callers of runc match on ("container not
 * running", "does not exist") are kept.
 */
#ifndef OCI_RUNTIME_H
#define OCI_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/proc.h"
#include "base/str.h"

struct err;
struct spec;
struct spec_process;

/* The global part of a runtime call. */
struct oci {
	const char *root;      /* state root folder; made 0700 when first needed */
	bool systemd_cgroup;   /* cgroupsPath is slice:prefix:name */
	const char *cache_dir; /* compiled seccomp filters; NULL: .seccomp in the state root */
};

/*
 * The default state root (runtime-contract.md): /run/pod-oci for real root;
 * $XDG_RUNTIME_DIR/pod-oci for others and for root in a child user namespace where that is set,
 * else /tmp-free fallback under /run/user or a 0700 folder. The caller owns *ret.
 */
int oci_default_root(char **ret, struct err *e);

enum oci_status { OCI_CREATING, OCI_CREATED, OCI_RUNNING, OCI_PAUSED, OCI_STOPPED };
const char *oci_status_name(enum oci_status s);

struct oci_create {
	const char *id;
	const char *bundle;         /* folder with config.json; relative to the caller's */
	const char *pid_file;       /* NULL: none */
	const char *console_socket; /* path, NULL: none */
	int console_fd; /* connected socket that gets the pty master instead; -1: none */
	/* the container's 0-2 where it has no terminal; -1: the caller's own */
	int stdio[3];
	unsigned int preserve_fds; /* 3 .. 3+n-1 stay open in the container */
	bool no_pivot;
	bool no_new_keyring;
	/* init gets SIGKILL when the calling thread dies: the engine's monitor asks for it */
	bool die_with_parent;
	/*
	 * init stays as a process that reaps and forwards signals, the program is its child
	 * (oci/reaper.h)
	 */
	bool init_reaper;
	/*
	 * Called in the parent as soon as init and its namespaces exist (it waits), before hooks
	 * and mounts: the place to start the network helper side by side. May be NULL. A failure
	 * ends the creation.
	 */
	int (*on_init)(pid_t init, void *data, struct err *e);
	void *data;
};

#define OCI_CREATE_INIT ((struct oci_create){ .console_fd = -1, .stdio = { -1, -1, -1 } })

/*
 * Creates: on return the container is "created" and its init (a child of the caller; under `pod oci
 * create` reparented when the caller exits) waits for oci_start. *ret_init is the caller's to reap
 * (NULL: not wanted). On failure nothing is left. -EEXIST: the id is in use. e->status is set to
 * 127/126 only by oci_start, where the program cannot be executed.
 */
int oci_create(const struct oci *o, const struct oci_create *c, struct child *ret_init,
	       struct err *e);

/*
 * Lets init execute its program. -EINVAL: not "created". Errors of execve arrive here, as text and
 * e->status 126/127.
 */
int oci_start(const struct oci *o, const char *id, struct err *e);

/*
 * Sends sig to init, or with all to every process of the container. -ESRCH "container not running",
 * -ENOENT "… does not exist".
 */
int oci_kill(const struct oci *o, const char *id, int sig, bool all, struct err *e);

/*
 * Removes a stopped container (force: kills it first; then an unknown id is success): cgroup, state
 * folder, poststop hooks.
 */
int oci_delete(const struct oci *o, const char *id, bool force, struct err *e);

int oci_pause(const struct oci *o, const char *id, struct err *e);
int oci_resume(const struct oci *o, const char *id, struct err *e);

/* One container as `state` and `list` show it. */
struct oci_state {
	char *id;
	char *bundle;
	char *rootfs;
	char *created; /* RFC 3339 */
	char *owner;
	enum oci_status status; /* computed from the init process, not from the file */
	pid_t pid;              /* 0 when stopped */
	struct strv annotations;
	char *oci_version;
};

int oci_state_get(const struct oci *o, const char *id, struct oci_state *ret, struct err *e);
void oci_state_clear(struct oci_state *s);
/* The JSON of `state`, as the caller's string. */
char *oci_state_json(const struct oci_state *s);

/* config.json as it was when the container was created; the caller owns *ret (spec_free). */
int oci_config(const struct oci *o, const char *id, struct spec **ret, struct err *e);

/* All ids under the root, sorted. */
int oci_list(const struct oci *o, struct strv *ret_ids, struct err *e);

/* Host pids of every process of the container. The caller frees *ret. */
int oci_processes(const struct oci *o, const char *id, pid_t **ret, size_t *ret_n, struct err *e);

struct oci_exec {
	const struct spec_process *process;
	const char *pid_file;
	const char *console_socket;
	int console_fd; /* as in oci_create */
	int stdio[3];
	unsigned int preserve_fds;
	bool ignore_paused;
	bool die_with_parent;
};

#define OCI_EXEC_INIT ((struct oci_exec){ .console_fd = -1, .stdio = { -1, -1, -1 } })

/*
 * Runs a further process in a running container, as a child of the caller: *ret is its to reap.
 * Returns once execve has succeeded; failures of the program carry e->status 126/127.
 */
int oci_exec(const struct oci *o, const char *id, const struct oci_exec *x, struct child *ret,
	     struct err *e);

#endif
