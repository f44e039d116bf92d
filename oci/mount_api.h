/*
 * The verbs of mounting that the rest of oci/ uses: a mount is put on a place that has been opened
 * before, so that no path is walked twice, and comes back as a descriptor. The new mount API
 * (open_tree, move_mount, fsopen: Linux 5.2) where it answers; where a sandbox's system call filter
 * says ENOSYS, mount(2) through /proc/self/fd.
 */
#ifndef OCI_MOUNT_API_H
#define OCI_MOUNT_API_H

#include <stdbool.h>

#include "oci/mount_options.h"

struct err;

/*
 * Where a mount goes. fd (O_PATH) is what counts; root and path find the new mount again on the
 * mount(2) rung.
 */
struct mount_dest {
	int fd;
	int root;
	const char *path;
};

/*
 * Bind mounts what (dirfd, source) is, "" for dirfd itself, onto d; with all mounts below it where
 * recursive. userns_fd: the ids are mapped as in that user namespace (Linux 5.12), -1: not. Returns
 * a fd of the new mount. A caller may match -ENOENT (of the source).
 */
int mount_api_bind(int dirfd, const char *source, bool recursive, int userns_fd,
		   const struct mount_dest *d, struct err *e);

/*
 * Mounts a new file system onto d. attr: MOUNT_ATTR_… bits it has from birth. o->data and
 * o->super_words configure it. Returns a fd of the new mount. A caller may match -EPERM, -EINVAL,
 * -EBUSY and -ENODEV.
 */
int mount_api_new(const char *type, const char *source, const struct mount_options *o,
		  uint64_t attr, const struct mount_dest *d, struct err *e);

/*
 * Changes the flags of an attached mount. Recursive wants mount_setattr (Linux 5.12). Access time
 * flags that are locked from outside the user namespace stay as they are, quietly; other locked
 * flags are -EPERM with their names.
 */
int mount_api_attr(int fd, const struct mount_bits *b, bool recursive, struct err *e);

/* MS_SHARED, MS_SLAVE, … with or without MS_REC. */
int mount_api_propagation(int fd, unsigned long ms, struct err *e);

/* The type of the file system behind fd (statfs f_type), -1 where it cannot be known. */
long mount_fs_magic(int fd);

#endif
