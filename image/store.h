/*
 * The image store: <root>/images is an OCI image layout, <root>/layers holds one unpacked folder a diff id. No global lock: blobs and
 * layers appear by rename, index.json is replaced under its own short lock (images/index.lock), a layer is unpacked under the lock of its diff id.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/userns.h"

struct err;

struct store {
	char *root;              /* absolute */
	int root_fd;
	int images_fd;           /* images/ */
	int blobs_fd;            /* images/blobs */
	int layers_fd;
	int tmp_fd;              /* tmp/: same file system */
	const struct userns *userns; /* borrowed: for work on files of subordinate ids */
};

/* Opens (and makes where missing, 0700) the store. Litter of dead processes in tmp/ is swept. */
int store_open(const char *root, const struct userns *userns, struct store *ret, struct err *e);
void store_close(struct store *s);

/* A descriptor (image-spec descriptor.md). */
struct descriptor {
	char *media_type;
	char *digest;
	int64_t size;
};

void descriptor_clear(struct descriptor *d);

/* An image in the store, for one platform. */
struct image {
	char *id;                /* hexadecimal part of the config's digest: docker's image id */
	struct descriptor manifest; /* what the name points at after choosing the platform */
	char *index_digest;      /* the index it was chosen from, or NULL */
	struct strv names;       /* full references "docker.io/library/nginx:alpine" */
	cJSON *config;           /* the whole image config (architecture, config{}, rootfs, history) */
	struct descriptor *layers; /* bottom first */
	struct strv diff_ids;    /* bottom first, same count */
	int64_t created_ns;
	int64_t size;            /* of the unpacked layers, bytes */
};

void image_free(struct image *img);

static inline void cleanup_image(struct image **i)
{
	image_free(*i);
}

#define auto_image __attribute__((cleanup(cleanup_image)))

/*
 * Finds an image by name, short or whole id, or digest. -ENOENT "no such image 'x'"; -ENOTUNIQ: a short id of several. The caller owns *ret.
 */
int image_find(const struct store *s, const char *name, struct image **ret, struct err *e);

/* All images, newest first; one struct an image id with all its names. *ret has *ret_n elements, each and the array owned by the caller. */
int image_list(const struct store *s, struct image ***ret, size_t *ret_n, struct err *e);

/* Points name (full reference) at a manifest that is complete in the store: atomic. */
int image_set_name(const struct store *s, const char *full_name, const struct descriptor *target, struct err *e);

/*
 * Removes a name, or an id with all its names (several names and not force: -EEXIST). Blobs and layers that nothing needs any more go too, also
 * those of containers: `layer_in_use` says which diff ids containers hold (may be NULL). What was untagged and deleted is appended to the lists
 * ("nginx:alpine", "sha256:…").
 */
int image_remove(const struct store *s, const char *name, bool force, bool (*layer_in_use)(const char *diff_id, void *data), void *data,
		 struct strv *ret_untagged, struct strv *ret_deleted, struct err *e);

/* Reads a blob of the store whole (manifests, configs), at most limit bytes; its digest is checked. */
int store_read_blob(const struct store *s, const char *digest, size_t limit, struct str *ret, struct err *e);
bool store_has_blob(const struct store *s, const char *digest, int64_t size);
/* Opens a blob for reading. */
int store_open_blob(const struct store *s, const char *digest, struct err *e);

/* A blob on its way in: tmp/ file, hash and size on the fly, rename into place. */
struct blob_writer;
int blob_begin(const struct store *s, const struct descriptor *expect, struct blob_writer **ret, struct err *e);
int blob_write(struct blob_writer *w, const void *p, size_t len, struct err *e);   /* -EFBIG beyond the declared size */
/* Checks size and digest (-EBADMSG: what was expected, what came), fsyncs, renames. Frees w in any case. */
int blob_commit(struct blob_writer *w, struct err *e);
void blob_abort(struct blob_writer *w);

#endif
