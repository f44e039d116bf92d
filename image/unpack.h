/*
 * A tar stream becomes a tree (image-spec layer.md, "Applying Changesets"). Runs in the unpacking
 * process: in the user namespace, chrooted into the target, with nothing of the host open but the
 * stream. Whiteouts become overlayfs's own (character device 0:0, user.overlay.opaque=y), which
 * fuse-overlayfs knows too; where the file system has neither, .wh. files that only fuse-overlayfs
 * and our own merge understand.
 */
#ifndef IMAGE_UNPACK_H
#define IMAGE_UNPACK_H

#include <stdbool.h>

#include "base/digest.h"
#include "image/layer.h"

struct err;

/* Entries of one layer. The largest images known have a few hundred thousand. */
#define UNPACK_ENTRIES_MAX 2000000

struct unpack_options {
	bool one_id;  /* only id 0 exists: wanted owners go to user.containers.override_stat */
	bool devices; /* device nodes are made; else they are counted and left out */
};

/* What came out. */
struct unpack_result {
	struct layer_info info;
	char digest[DIGEST_TEXT_MAX]; /* of the uncompressed stream */
	unsigned int skipped_devices;
	unsigned int skipped_xattrs; /* that the file system does not take */
};

/*
 * Unpacks in_fd (any of the compressions that archive.h reads) into root_fd, an empty folder that
 * is also the process's root. -EBADMSG: the archive is broken or hostile; other values are of the
 * file system.
 */
int unpack_stream(int in_fd, int root_fd, enum digest_algorithm algorithm,
		  const struct unpack_options *o, struct unpack_result *ret, struct err *e);

#endif
