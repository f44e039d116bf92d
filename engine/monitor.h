/*
 * The process that stays with a container: it holds the namespaces and mounts, starts the first
 * process, copies its output to the log and to whom it may concern, and writes down how it ended.
 * See the drawing in docs/architecture.md, "The processes of one container".
 */
#ifndef ENGINE_MONITOR_H
#define ENGINE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct container;
struct err;

struct monitor_options {
	uint32_t streams; /* of enum attach_streams: what the caller is attached to; 0: detached */
	uint32_t rows, cols; /* the caller's terminal; 0: none */
};

/*
 * Forks the monitor of a container that does not run and writes its id maps; returns the socket on
 * which STARTED or ERROR will come (and the streams, see attach.h). -EBUSY: it runs already.
 */
int monitor_start(struct container *c, const struct monitor_options *o, struct err *e);

/* Prints the warnings of the start, once: to be called when STARTED or ERROR has come. */
void monitor_pass_warnings(struct container *c);

/* Waits for STARTED or ERROR: for detached starts. Warnings of the start are passed on. */
int monitor_wait_started(struct container *c, int sock, struct err *e);

#endif
