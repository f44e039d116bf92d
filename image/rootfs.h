/*
 * From layers to a root file system: overlay in the user namespace → fuse-overlayfs → plain copy.
 * Probed by doing, forced by --storage-driver. Called by the container's monitor inside its user
 * and mount namespaces.
 */
#ifndef IMAGE_ROOTFS_H
#define IMAGE_ROOTFS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/proc.h"
#include "base/str.h"

struct err;
struct store;

enum rootfs_driver { ROOTFS_AUTO, ROOTFS_OVERLAY, ROOTFS_FUSE, ROOTFS_COPY };

/*
 * "overlay", "fuse-overlayfs", "copy" (docker's "overlay2" and "vfs" are taken as names of the
 * first and last). -EINVAL lists them.
 */
int rootfs_driver_parse(const char *name, enum rootfs_driver *ret, struct err *e);
const char *rootfs_driver_name(enum rootfs_driver d);

/* A root file system in use. */
struct rootfs_mount {
	/* in: nothing that is written has to outlive the unmounting, nor a crash */
	bool throwaway;
	enum rootfs_driver driver; /* what it came to be */
	struct child
		fuse; /* fuse-overlayfs, where there is one: to be watched and ended by the owner */
};

/*
 * Makes container_dir/rootfs (ret->throwaway is read) a writable tree of the layers (bottom first)
 * with upper/ and work/ beside it; with the copy driver it is filled once and reused. want AUTO
 * takes the first rung that works; a forced one that does not is an error that says why. Runs in a
 * process that may mount (in the user namespace, own mount namespace). Afterwards open rootfs by
 * its path: a folder fd that was opened in another mount namespace does not see the mount.
 */
int rootfs_mount(const struct store *s, const struct strv *diff_ids, int container_dirfd,
		 enum rootfs_driver want, struct rootfs_mount *ret, struct err *e);
/* Unmounts and waits for the helper to end, so that what was written is in upper/. */
int rootfs_unmount(struct rootfs_mount *m, int container_dirfd, struct err *e);

/* Which rung this machine is on and why not higher: for `info`. The caller owns *ret_why. */
int rootfs_probe(const struct store *s, enum rootfs_driver *ret, char **ret_why, struct err *e);

#endif
