/* A further process in a running container. The calling process joins by itself: no monitor is
 * involved. */
#ifndef ENGINE_EXEC_H
#define ENGINE_EXEC_H

#include <stdbool.h>

#include "base/str.h"

struct container;
struct err;

struct exec_options {
	struct strv args;
	struct strv env;     /* added to the container's */
	const char *user;    /* NULL: the container's */
	const char *workdir; /* NULL: the container's */
	bool tty, interactive, detach, privileged;
	const char *detach_keys;
};

/* Runs it to its end and returns its exit status (0 at once where detached, ATTACH_DETACHED after
 * the detach keys). e->status 126/127 as docker's. */
int exec_container(struct container *c, const struct exec_options *o, struct err *e);

#endif
