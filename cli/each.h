/*
 * Commands that take several containers: each is tried, each failure is a line, the status is 1 if
 * there was one.
 */
#ifndef CLI_EACH_H
#define CLI_EACH_H

#include "cli/cmd.h"

struct container;
struct engine;

/* What is done to one container; name is as the user typed it. */
typedef int each_call(struct container *c, const char *name, const void *options, struct err *e);

/*
 * Calls fn for each name. missing_ok: a container that is not there is told, but no failure.
 * Returns the exit status.
 */
int each_container(const struct cli *c, struct engine *g, int argc, char **argv, bool missing_ok,
		   each_call *fn, const void *options);

#endif
