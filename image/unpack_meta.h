/*
 * Owner, mode, xattrs and times of one unpacked file, in the order that keeps them: see
 * unpack_meta.c.
 */
#ifndef IMAGE_UNPACK_META_H
#define IMAGE_UNPACK_META_H

#include "image/archive.h"
#include "image/unpack.h"

struct err;

/*
 * Our own mark for the owner that a file should have, as containers/storage and fuse-overlayfs
 * write it: "uid:gid:0mode:type".
 */
#define UNPACK_OVERRIDE_XATTR "user.containers.override_stat"

/*
 * True for xattrs of an image that may land in a layer: none that steer overlayfs, fuse-overlayfs
 * or this engine.
 */
bool unpack_xattr_wanted(const char *name);

/*
 * For an open regular file or folder. created_mode: the permission bits that it was created with.
 * Times are set by the caller. With one_id the owner is only noted.
 */
int unpack_meta(int fd, struct archive_in *a, const struct archive_item *item, mode_t created_mode,
		const struct unpack_options *o, struct unpack_result *res, struct err *e);

/* For what cannot be opened (symlinks, devices, FIFOs): owner and time of parent/name. */
int unpack_meta_at(int parent, const char *name, const struct archive_item *item,
		   const struct unpack_options *o, struct err *e);

/* The entry's modification time, with the access time set to the same. */
void unpack_times(const struct archive_item *item, struct timespec ret[2]);

#endif
