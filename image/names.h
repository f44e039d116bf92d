/*
 * index.json: which names the store knows and what they point at (image-spec image-layout.md,
 * image-index.md). For the files of image/; the public face is store.h.
 */
#ifndef IMAGE_NAMES_H
#define IMAGE_NAMES_H

#include <cjson/cJSON.h>

#include "image/store.h"

struct err;

/*
 * Annotations of a descriptor in index.json: the image's full name, and the digest of the index
 * that the manifest was chosen from.
 */
#define NAMES_REF "org.opencontainers.image.ref.name"
#define NAMES_INDEX "io.pod.image.index"

/*
 * Reads index.json as it is now. The caller owns *ret; ret_entries (borrowed from it) is the array
 * of descriptors.
 */
int names_read(const struct store *s, cJSON **ret, cJSON **ret_entries, struct err *e);

/* Of one descriptor; borrowed; NULL: none. */
const char *names_ref(const cJSON *entry);
const char *names_index(const cJSON *entry);

/* Its media type, digest and size; -EBADMSG where it is no good descriptor. */
int names_descriptor(const cJSON *entry, struct descriptor *ret, struct err *e);

/*
 * Changes index.json under its lock: change(entries, data) gets the array and returns 1 where it
 * changed something, 0 where not.
 */
int names_change(const struct store *s, int (*change)(cJSON *entries, void *data, struct err *e),
		 void *data, struct err *e);

#endif
