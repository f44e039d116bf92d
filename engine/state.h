/*
 * What changes in a container's folder: run.json (there while a monitor is, or should be) and
 * exit.json (the last end), and what is done about a monitor that was killed.
 */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine/container.h"

/* Written before the monitor is forked (.init.pid 0) and again when the container has started. */
int state_write_run(const struct container *c, const struct container_run *run, struct err *e);
/* -ENOENT without message: no monitor. */
int state_read_run(int dirfd, struct container_run *ret);
void state_clear_run(struct container_run *run);

int state_write_exit(const struct container *c, const struct container_exit *x, struct err *e);
int state_read_exit(int dirfd, struct container_exit *ret);

/*
 * Puts right what a dead monitor left: ends the first process, removes its run folder and cgroup,
 * writes exit.json, and removes the container if it was started with --rm. Nothing is done where
 * another process holds the container. Returns 1 where the container is gone.
 */
int state_reconcile(struct container *c, struct err *e);

/* The container's lock, held by who changes it and by its monitor as long as it lives. -EBUSY
 * without message. */
int state_lock(const struct container *c);

#endif
