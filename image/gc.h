/*
 * Mark and sweep: what index.json's images need is marked, the rest of blobs and layers goes.
 * Sweeping holds the store exclusively. Used by store.c, layer.c and names.c; the public face is
 * store_collect() and image_remove().
 */
#ifndef IMAGE_GC_H
#define IMAGE_GC_H

#include "base/str.h"

struct err;
struct store;

/* 1 where an image in index.json has a layer of this diff id, 0 where not. */
int gc_names_layer(const struct store *s, const char *diff_id, struct err *e);

/*
 * Removes every blob and layer that is not marked and, for layers, not in use. The caller holds the
 * store exclusively. ret_deleted may be NULL.
 */
int gc_sweep(const struct store *s, struct strv *ret_deleted, struct err *e);

#endif
