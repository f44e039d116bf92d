/*
 * Programs that pod brings along and executes from memory: nothing of them has to be, or can be,
 * in a container's root file system.
 */
#ifndef OCI_MEMORY_PROGRAM_H
#define OCI_MEMORY_PROGRAM_H

#include <stddef.h>

struct err;

/*
 * A new file in memory with these bytes, for execveat(fd, "", …, AT_EMPTY_PATH). The caller
 * closes it.
 */
int memory_program_open(const char *name, const void *bytes, size_t len, struct err *e);

/* pod-exec, the last step before a container's program: exec_program.c. */
int memory_program_exec(struct err *e);

#endif
