/* Signals and the end of containers: kill, stop. */
#ifndef ENGINE_SIGNAL_H
#define ENGINE_SIGNAL_H

#include <stdint.h>

struct container;
struct err;

/* -ESRCH: not running. */
int signal_container(const struct container *c, int sig, struct err *e);

/*
 * The container's stop signal, timeout_s seconds (-1: the container's own, as created), then
 * SIGKILL; returns when its monitor has written everything down. A container that does not run is
 * fine.
 */
int signal_stop(struct container *c, int64_t timeout_s, struct err *e);

#endif
