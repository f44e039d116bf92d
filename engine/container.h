/*
 * A container as a later command meets it: its folders, its record, and the truth about its state.
 * The truth is computed from run.json (who runs, as pid + start time + boot id) and exit.json; what
 * a killed monitor left is put right by whoever looks next.
 *
 *	root/containers/<id>/   record.json config.json run.json exit.json log lock
 *	                        resolv.conf hosts hostname upper/ work/ rootfs/
 *	runroot/<id>/           attach.sock monitor.log
 */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"
#include "base/str.h"
#include "engine/record.h"

struct engine;
struct err;

enum container_status {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_RESTARTING,
	CONTAINER_EXITED,
	CONTAINER_REMOVING,
	CONTAINER_DEAD,
};

/* docker's words: "created", "running", … */
const char *container_status_name(enum container_status s);
int container_status_parse(const char *s, enum container_status *ret, struct err *e);

/* run.json: there as long as a monitor is, or was until it was killed. */
struct container_run {
	struct proc_id monitor;
	struct proc_id init;
	int64_t started_ns;
	int64_t restarts;
	struct record_port *ports; /* as published: host ports are known */
	size_t n_ports;
	char *driver; /* storage driver in use */
};

/* exit.json: the last end. */
struct container_exit {
	bool present;
	int64_t code;   /* as a shell shows it: 128 + signal */
	int64_t signal; /* 0: it exited by itself */
	bool oom;
	int64_t restarts;
	int64_t started_ns, finished_ns;
	char *error; /* why it could not start, or "the monitor was killed"; "" */
};

struct container {
	struct engine *engine; /* borrowed */
	char id[65];
	int dirfd; /* root/containers/<id> */
	struct record *record;
	enum container_status status;
	struct container_run run;   /* zero unless RUNNING or PAUSED */
	struct container_exit exit; /* .present false before the first end */
	int monitor_log;            /* warnings of the monitor that this process started; -1 */
	char *health;               /* "", "starting", "healthy", "unhealthy" */
};

void container_free(struct container *c);

static inline void cleanup_container(struct container **c)
{
	container_free(*c);
}

#define auto_container __attribute__((unused, cleanup(cleanup_container)))

/*
 * Finds by name, whole id, or unambiguous beginning of an id. -ENOENT "no such container: x";
 * -ENOTUNIQ names the ambiguity. The caller owns *ret.
 */
int container_find(struct engine *g, const char *name, struct container **ret, struct err *e);

/*
 * All containers (or the running ones only: cheaper), newest first. The caller owns the array and
 * each element: container_list_free(). Records that cannot be read are warned of and left out.
 */
int container_list(struct engine *g, bool running_only, struct container ***ret, size_t *ret_n,
		   struct err *e);
void container_list_free(struct container **v, size_t n);

/* Reads run.json and exit.json again. */
int container_refresh(struct container *c, struct err *e);

/* Newest container, for --latest. -ENOENT: there is none. */
int container_latest(struct engine *g, struct container **ret, struct err *e);

/* Pidfd of its first process. -ESRCH "container x is not running". */
int container_pidfd(const struct container *c, struct err *e);

/* "Up 3 minutes", "Exited (0) 2 hours ago", "Created". buf is returned. */
const char *container_status_text(const struct container *c, char *buf, size_t size);

/* "0.0.0.0:8080->80/tcp, 443/tcp": the PORTS column. The caller owns it. */
char *container_ports_text(const struct container *c);

/* Bytes of the writable layer (upper/), as du counts. */
int64_t container_size(const struct container *c);

/*
 * Removes a container that is not running; force kills it first, volumes takes its anonymous
 * volumes too. -EBUSY: it runs (docker's text).
 */
int container_remove(struct container *c, bool force, bool volumes, struct err *e);

/* Claims new_name and gives up the old. -EEXIST: docker's text of a conflict. */
int container_rename(struct container *c, const char *new_name, struct err *e);

/* True where it has a record. */
bool container_exists(struct engine *g, const char *id);

/* Removes the folder of a creation that was cut short. False where it is a container, or still
 * being made. */
bool container_sweep(struct engine *g, const char *id);

/* Opens (makes) runroot/<id>. */
int container_run_dir(struct engine *g, const char *id, struct err *e);

#endif
