/* overlayfs of the kernel, and fuse-overlayfs, over the layers of the store. For rootfs.c. */
#ifndef IMAGE_OVERLAY_H
#define IMAGE_OVERLAY_H

#include "base/proc.h"
#include "base/str.h"

struct err;
struct store;

/*
 * Mounts the layers (bottom first) with container_dir/upper and work on container_dir/rootfs.
 * userxattr, so that it works in a user namespace (Linux 5.11): -EPERM or -EINVAL below that, on an
 * overlay as upper, …
 */
int overlay_mount(const struct store *s, const struct strv *diff_ids, int container_dirfd,
		  bool throwaway, struct err *e);

/*
 * The same by fuse-overlayfs; returns when it is mounted. *ret is the helper, which serves the
 * mount until it is unmounted.
 */
int overlay_fuse_start(const struct store *s, const struct strv *diff_ids, int container_dirfd,
		       struct child *ret, struct err *e);

#endif
