/*
 * Layers: a tar stream (gzip, zstd, plain) becomes a folder layers/<diffid>/ in the user namespace, in a process of its own that has the
 * target as its root. Complete or absent: unpacked in tmp/ and renamed.
 */
#ifndef IMAGE_LAYER_H
#define IMAGE_LAYER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

/* True where layers/<diffid> is there. */
bool layer_exists(const struct store *s, const char *diff_id);

/*
 * An unpacking that is fed bytes of the compressed blob as they come off the network: the writer end of a pipe and the process behind it.
 */
struct layer_unpack;

/*
 * Starts one. Takes the lock of diff_id first: where another process is unpacking the same layer this waits for it; where the layer exists
 * afterwards *ret is NULL and 0 comes back. media_type only hints: the compression is read off the bytes.
 */
int layer_unpack_begin(const struct store *s, const char *diff_id, const char *media_type, struct layer_unpack **ret, struct err *e);
/* The pipe to write the compressed bytes to (non-blocking on wish); closing is layer_unpack_finish's. */
int layer_unpack_fd(const struct layer_unpack *u);
/* End of the bytes: waits, checks the diff id (-EBADMSG), renames into place. Frees u in any case. */
int layer_unpack_finish(struct layer_unpack *u, struct err *e);
void layer_unpack_abort(struct layer_unpack *u);

/* From a blob in the store, in one call. */
int layer_unpack_blob(const struct store *s, const char *blob_digest, const char *diff_id, const char *media_type, struct err *e);

/* Bytes that du would count. */
int64_t layer_disk_usage(const struct store *s, const char *diff_id);

/* Removes layers/<diffid> (renamed to tmp/ first). */
int layer_remove(const struct store *s, const char *diff_id, struct err *e);

#endif
