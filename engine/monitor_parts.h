/*
 * The inside of a monitor: one struct, and its life in three files, in this order: monitor_setup.c
 * (up to STARTED), monitor_serve.c (while the container runs), monitor_end.c (what is put down and
 * cleared up). For monitor*.c only.
 */
#ifndef ENGINE_MONITOR_PARTS_H
#define ENGINE_MONITOR_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/json_log.h"
#include "engine/monitor.h"
#include "engine/passwd.h"
#include "image/rootfs.h"
#include "net/net.h"

#define MONITOR_CLIENTS_MAX 64

/* Somebody at the other end of a socket. */
struct monitor_client {
	int fd;
	uint32_t streams; /* of enum attach_streams */
	/* born with the monitor: it may hold the container's output back as long as it likes */
	bool foreground;
	bool behind;       /* has still to get the monitor's chunk */
	int64_t behind_ns; /* since when, monotonic */
	struct str in;     /* stdin on its way to the container */
	/* after the end: what could not be sent at once, each as length and packet */
	struct str queue;
	bool leaving; /* to be closed */
};

/* A stream of the container's output. */
struct monitor_source {
	int fd;             /* -1: at its end */
	unsigned char type; /* ATTACH_STDOUT, ATTACH_STDERR */
	struct json_log_stream log;
	/* a terminal that nobody has open: when to look again, monotonic; 0: now */
	int64_t retry_ns;
};

struct monitor {
	struct container *c;
	const struct monitor_options *options;
	char *dir; /* absolute container folder */
	int lock;
	int run_dir;
	bool single; /* USERNS_SINGLE */
	/* setting up */
	struct net_config net_config;
	struct passwd_user user;
	struct strv volume_paths;
	int stdio[3];   /* the container's ends; -1 */
	int console[2]; /* socket pair for the terminal's master; -1 */
	/* what is in operation */
	struct rootfs_mount rootfs;
	bool mounted;
	struct net net;
	struct child init;
	struct container_run run;
	/* serving */
	int listen;
	int signals; /* signalfd */
	int in;      /* writing end of the container's stdin, or the terminal; -1 */
	bool tty;
	struct monitor_source sources[2];
	struct json_log log;
	struct monitor_client *clients;
	size_t n_clients;
	bool ended;      /* the first process has been reaped */
	bool no_restart; /* somebody stopped it on purpose */
	/* after SIGTERM to the monitor: when to use SIGKILL, monotonic; 0: never */
	int64_t kill_ns;
	size_t chunk_len; /* of the packet that clients get, with its type byte */
};

/*
 * Everything up to a running container. On failure the caller clears up with monitor_settle() and
 * monitor_leave().
 */
int monitor_setup(struct monitor *m, struct err *e);
/* The part of it that a restart repeats: stdio, oci_create … oci_start. */
int monitor_launch(struct monitor *m, struct err *e);

/* Serves until the first process is reaped; *ret_status is waitpid's. */
void monitor_serve(struct monitor *m, int *ret_status);
/* Waits, serving clients, until the time (monotonic) or until somebody wants no restart. */
void monitor_idle(struct monitor *m, int64_t until_ns);
/* Copies what is left in the container's pipes, without waiting. */
void monitor_drain(struct monitor *m);
/* Sends a packet to every client, or queues it (after the end). */
void monitor_tell(struct monitor *m, const void *packet, size_t len);
/* Lets clients have what is queued, and closes them. */
void monitor_part(struct monitor *m);

/* After the end (or a failed start): runtime's state, network. */
void monitor_settle(struct monitor *m);
/*
 * Mounts, exit.json, run.json, run folder, --rm; the lock is given up. x may be NULL: it never
 * started.
 */
void monitor_leave(struct monitor *m, const struct container_exit *x);

/* The monitor itself, in the child. */
_Noreturn void monitor_main(struct monitor *m);

#endif
