/*
 * The image store: <root>/images is an OCI image layout (any OCI tool reads it), <root>/layers
 * holds one unpacked folder a diff id, <root>/tmp what is on its way in. A descriptor in index.json
 * carries the image's full name in the annotation org.opencontainers.image.ref.name
 * ("docker.io/library/nginx:alpine"); one without it is an image that lost its name to a newer one
 * (docker's <none>).
 *
 * No global lock:
 * - blobs and layers appear by rename and never change; a layer is unpacked under the lock of its
 *   tmp/ folder;
 * - index.json is replaced as a whole under images/index.lock, held for the replacement only;
 * - who adds blobs and layers, or is about to refer to some that it saw, holds the store
 *   (store_hold, shared) until its reference is written:
 *   removal sweeps only while nobody holds it, and otherwise leaves the sweeping to the next one.
 *
 * Power cut: image_set_name syncs the file system before index.json gets the name, so what has a
 * name is on disk. What has none may be torn: the first hold of a boot sweeps it.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/userns.h"

struct err;

/* In images/: held for the replacement of index.json. */
#define STORE_INDEX_LOCK "index.lock"

struct store {
	char *root; /* absolute */
	int root_fd;
	int images_fd; /* images/ */
	int blobs_fd;  /* images/blobs */
	int layers_fd;
	int tmp_fd; /* tmp/: same file system */
	/*
	 * borrowed: for work on files of subordinate ids; NULL: nothing is unpacked or removed
	 * through this one
	 */
	const struct userns *userns;
	/*
	 * Set by the owner after opening: whether a container needs the layer. NULL: unknown, and
	 * no layer is ever removed.
	 */
	bool (*layer_in_use)(const char *diff_id, void *data);
	void *layer_in_use_data;
};

/* Opens (and makes where missing, 0700) the store. Litter of dead processes in tmp/ is swept. */
int store_open(const char *root, const struct userns *userns, struct store *ret, struct err *e);
void store_close(struct store *s);

#define auto_store __attribute__((cleanup(store_close)))

/*
 * Holds the store, shared: until the returned fd is closed nothing in it is removed. From before
 * the first look at what is there to after the reference (image_set_name, a container's record) is
 * written.
 */
int store_hold(const struct store *s, struct err *e);

/*
 * A folder of its own in tmp/, locked while the returned fd (or a child's copy of it) is open: what
 * is in it then is swept by a later store_open. name gets the folder's name, for renaming parts of
 * it into place and store_remove_tmp.
 */
#define STORE_TMP_NAME 80
int store_tmp_dir(const struct store *s, char name[STORE_TMP_NAME], struct err *e);
/* Removes tmp/name and all in it, also files of subordinate ids. */
int store_remove_tmp(const struct store *s, const char *name, struct err *e);

/*
 * Removes blobs and layers that no image in index.json and no container needs. Where somebody holds
 * the store nothing is done (-EWOULDBLOCK). The diff ids of layers that went are appended to
 * ret_deleted (may be NULL).
 */
int store_collect(const struct store *s, struct strv *ret_deleted, struct err *e);

/* A descriptor (image-spec descriptor.md). */
struct descriptor {
	char *media_type;
	char *digest;
	int64_t size;
};

void descriptor_clear(struct descriptor *d);

/* An image in the store, for one platform. */
struct image {
	char *id;                   /* hexadecimal part of the config's digest: docker's image id */
	struct descriptor manifest; /* what the name points at after choosing the platform */
	char *index_digest;         /* the index it was chosen from, or NULL */
	struct strv names; /* full references "docker.io/library/nginx:alpine"; none: nameless */
	cJSON *config;     /* the whole image config (architecture, config{}, rootfs, history) */
	struct descriptor *layers; /* bottom first */
	struct strv diff_ids;      /* bottom first, same count */
	int64_t created_ns;
	int64_t size; /* of the unpacked layers, bytes */
};

void image_free(struct image *img);

static inline void cleanup_image(struct image **i)
{
	image_free(*i);
}

#define auto_image __attribute__((unused, cleanup(cleanup_image)))

/*
 * Finds an image by name, short or whole id, or digest. -ENOENT "no such image 'x'"; -ENOTUNIQ: a
 * short id of several. The caller owns *ret.
 */
int image_find(const struct store *s, const char *name, struct image **ret, struct err *e);

/*
 * All images, newest first; one struct an image id with all its names. *ret has *ret_n elements,
 * each and the array owned by the caller.
 */
int image_list(const struct store *s, struct image ***ret, size_t *ret_n, struct err *e);

/*
 * Points name (full reference; NULL: none, found by digest only) at a manifest that is complete in
 * the store: atomic and durable. The image that had the name before stays, nameless. index_digest
 * (NULL: none) says which index a manifest was chosen from; where that blob is in the store it is
 * kept. The caller holds the store.
 */
int image_set_name(const struct store *s, const char *full_name, const struct descriptor *target,
		   const char *index_digest, struct err *e);

/*
 * Removes a name, or an id with all its names (several names and not force: -EEXIST), then what
 * nothing needs any more (store_collect). What was untagged and deleted is appended to the lists
 * ("nginx:alpine"; "sha256:…" of images, then of layers; may be NULL).
 */
int image_remove(const struct store *s, const char *name, bool force, struct strv *ret_untagged,
		 struct strv *ret_deleted, struct err *e);

/*
 * The image that a manifest in the store describes (names left empty): for a pull that has all
 * blobs, before it sets the name.
 */
int image_load(const struct store *s, const struct descriptor *manifest, struct image **ret,
	       struct err *e);

/* Unpacks what is missing of an image's layers from its blobs. The caller holds the store. */
int image_unpack(const struct store *s, const struct image *img, struct err *e);

/*
 * Reads a blob of the store whole (manifests, configs), at most limit bytes. Its digest was checked
 * when it came in and is not again: that would load libcrypto at every start of a container.
 */
int store_read_blob(const struct store *s, const char *digest, size_t limit, struct str *ret,
		    struct err *e);
bool store_has_blob(const struct store *s, const char *digest, int64_t size);
/* Opens a blob for reading. */
int store_open_blob(const struct store *s, const char *digest, struct err *e);

/* A blob on its way in: tmp/ file, hash and size on the fly, rename into place. */
struct blob_writer;
int blob_begin(const struct store *s, const struct descriptor *expect, struct blob_writer **ret,
	       struct err *e);
int blob_write(struct blob_writer *w, const void *p, size_t len,
	       struct err *e); /* -EFBIG beyond the declared size */
/*
 * Checks size and digest (-EBADMSG: what was expected, what came), renames. Frees w in any case.
 * The caller holds the store.
 */
int blob_commit(struct blob_writer *w, struct err *e);
void blob_abort(struct blob_writer *w);

#endif
