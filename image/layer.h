/*
 * Layers: a tar stream (gzip, zstd, plain) becomes the folder layers/<hex of diff id>/ with the
 * tree in fs/ and what is known of it in layer.json, in the user namespace, in a process of its own
 * that has fs/ as its root. Complete or absent: unpacked in tmp/ and renamed.
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
 * An unpacking that is fed bytes of the compressed blob as they come off the network: the writer
 * end of a pipe and the process behind it.
 */
struct layer_unpack;

/*
 * Starts one. Where the layer exists *ret is NULL and 0 comes back. -EWOULDBLOCK: another process
 * (or this one: an image may have one layer twice) unpacks it just now; finish your own first, then
 * layer_unpack_blob, which waits: nobody waits while it holds a layer's lock. media_type only
 * hints: the compression is read off the bytes. The caller holds the store.
 */
int layer_unpack_begin(const struct store *s, const char *diff_id, const char *media_type,
		       struct layer_unpack **ret, struct err *e);
/*
 * The pipe to write the compressed bytes to (blocking; fd_set_nonblock on wish); closing is
 * layer_unpack_finish's. EPIPE (block SIGPIPE): the unpacking has failed, and layer_unpack_finish
 * says why.
 */
int layer_unpack_fd(const struct layer_unpack *u);
/*
 * End of the bytes, without waiting for what is still to be unpacked. Returns the descriptor
 * (borrowed) that becomes readable when layer_unpack_finish has nothing to wait for.
 */
int layer_unpack_end(struct layer_unpack *u);
/*
 * End of the bytes: waits, checks the diff id (-EBADMSG), renames into place. Frees u in any case.
 */
int layer_unpack_finish(struct layer_unpack *u, struct err *e);
/* Kills it and removes what it wrote. */
void layer_unpack_abort(struct layer_unpack *u);

/*
 * From a blob in the store, in one call; waits for another process that unpacks the same layer.
 * Nothing to do where the layer exists.
 */
int layer_unpack_blob(const struct store *s, const char *blob_digest, const char *diff_id,
		      const char *media_type, struct err *e);

/* What was noted when the layer was unpacked. */
struct layer_info {
	int64_t disk_bytes; /* what du would count */
	int64_t files;      /* entries of every kind */
	bool has_root; /* the tar had an entry for the root folder: its owner and mode are meant */
	/*
	 * whiteouts are .wh. files, for want of 0:0 devices or xattrs here: not for the overlay
	 * driver
	 */
	bool dot_whiteouts;
};

int layer_info(const struct store *s, const char *diff_id, struct layer_info *ret, struct err *e);

/* Opens layers/<hex>/fs. */
int layer_open_tree(const struct store *s, const char *diff_id, struct err *e);

/* Removes layers/<hex> (renamed to tmp/ first). */
int layer_remove(const struct store *s, const char *diff_id, struct err *e);

#endif
