/* The streams of an exec'd process, copied between it and the caller. */
#ifndef ENGINE_EXEC_COPY_H
#define ENGINE_EXEC_COPY_H

#include <stdbool.h>

struct err;

struct exec_copy {
	int to;      /* the process's stdin, or its terminal; -1 */
	int from[3]; /* [1] its stdout or terminal, [2] its stderr; -1 */
	bool tty;
	bool input; /* the caller's stdin goes to it */
};

#define EXEC_COPY_NONE                           \
	{                                        \
		.to = -1, .from = { -1, -1, -1 } \
	}

void exec_copy_close(struct exec_copy *c);

/*
 * Copies until the process (pidfd) has ended and all that it had written is out: 0; or until the
 * detach keys: ATTACH_DETACHED. A terminal is raw meanwhile; signals that would end the caller give
 * it back first.
 */
int exec_copy_run(struct exec_copy *c, int pidfd, const char *detach_keys, struct err *e);

#endif
