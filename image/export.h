/*
 * From layers to a tar stream or folder, without a container: the union of the layers read in
 * place, whiteouts applied. Numeric owners, setuid, file capabilities, hard links kept; order
 * sorted, so that the same image gives the same bytes.
 */
#ifndef IMAGE_EXPORT_H
#define IMAGE_EXPORT_H

#include "base/str.h"

struct err;
struct store;

/*
 * Writes a tar (pax) of the merged layers (bottom first) and, where upper_dirfd >= 0, a container's
 * upper/ on top, to fd. Done in a child in the user namespace.
 */
int export_tar(const struct store *s, const struct strv *diff_ids, int upper_dirfd, int out_fd,
	       struct err *e);

/* A whole tree (copy driver's rootfs) as tar. */
int export_tree_tar(const struct store *s, int tree_dirfd, int out_fd, struct err *e);

/* The same merged tree as files in the existing empty folder dst (an OCI bundle's rootfs/). */
int export_dir(const struct store *s, const struct strv *diff_ids, int upper_dirfd, int dst_dirfd,
	       struct err *e);
/* A whole tree as files. */
int export_tree_dir(const struct store *s, int tree_dirfd, int dst_dirfd, struct err *e);

#endif
