/* Reading a container's log back. */
#ifndef ENGINE_LOGS_H
#define ENGINE_LOGS_H

#include <stdbool.h>
#include <stdint.h>

struct container;
struct err;

struct logs_options {
	bool follow, timestamps;
	int64_t tail;               /* last lines; -1: all */
	int64_t since_ns, until_ns; /* 0: open */
};

/* Writes what the container wrote to stdout to out_fd, stderr to err_fd. With follow until the
 * container ends. */
int logs_write(struct container *c, const struct logs_options *o, int out_fd, int err_fd,
	       struct err *e);

#endif
