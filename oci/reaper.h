/*
 * A first process that only forwards signals and reaps (docker's --init). It is executed from
 * memory, so that nothing has to be in the container's root file system.
 */
#ifndef OCI_REAPER_H
#define OCI_REAPER_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * Forks. Returns 0 in the child, which goes on to its program; the caller itself becomes the reaper
 * and never returns: it ends with the child's exit status (128 + n for signal n). terminal: fd 0 is
 * the controlling terminal, whose foreground the child becomes. The caller's signals are at their
 * defaults.
 */
int reaper_split(bool terminal, struct err *e);

/* The reaper as an executable file; borrowed, for ever. */
const void *reaper_program(size_t *ret_len);

#endif
