/*
 * How far a pull is, for people: on a terminal a bar for each layer, repainted in place; elsewhere
 * a line for what happened. On stderr, so that stdout holds the result only.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#include "image/pull.h"

struct progress;

/* quiet: says nothing. The callbacks are good until progress_free(). */
struct progress *progress_new(bool quiet);
const struct pull_progress *progress_callbacks(struct progress *p);
/* Leaves the cursor below the last bar. NULL is fine. */
void progress_free(struct progress *p);

static inline void cleanup_progress(struct progress **p)
{
	progress_free(*p);
}

#define auto_progress __attribute__((unused, cleanup(cleanup_progress)))

#endif
