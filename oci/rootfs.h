/*
 * The file system of a container, set up by init inside its new mount namespace: propagation, root,
 * mounts, devices, masked and read-only paths, pivot. Split over oci/rootfs.c (order, root, pivot),
 * mount.c (one mount), mount_special.c and mount_cgroup.c (what has rungs), mount_api.c (the system
 * calls), mount_options.c (words), devices.c, mask.c.
 */
#ifndef OCI_ROOTFS_H
#define OCI_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct spec;

/* A mount that becomes read-only only when nothing more has to be made in it. */
struct rootfs_late {
	int fd;
};

/* What the parent knows and init needs for its mounts. Start from ROOTFS_INIT. */
struct rootfs {
	const struct spec *spec;
	const char *bundle; /* absolute path: relative root.path and bind sources start here */
	bool no_pivot;
	/* init is not privileged in the initial user namespace: bind devices, no mknod */
	bool in_userns;
	bool new_userns; /* the container got a user namespace of its own */
	bool cgroup_ns;  /* a new cgroup namespace, and init is in it by now */
	/*
	 * v2: path of the container's cgroup relative to the mount, for the no-cgroupns rung; may
	 * be NULL
	 */
	const char *cgroup_path;
	/* filled in by rootfs_open, and kept by the calls after it until execve closes it */
	int root_fd; /* O_PATH, the mounted root */
	int bundle_fd;
	int null_mount;   /* a mount of the host's /dev/null: what masks files */
	int empty_mount;  /* an empty read-only tmpfs: what masks folders; -1 until needed */
	bool own_mounts;  /* there is a mount namespace: else the root is only changed to */
	bool shared;      /* rootfsPropagation is shared: mounts could reach the host */
	bool dev_is_bind; /* /dev comes from outside: it is not filled */
	struct rootfs_late *late;
	size_t n_late;
};

#define ROOTFS_INIT \
	((struct rootfs){ .root_fd = -1, .bundle_fd = -1, .null_mount = -1, .empty_mount = -1 })

/*
 * In this order, all in init. Each records what failed on which mount, e.g. "mount 'proc' to
 * '/proc': …". sysctl_apply comes before rootfs_finish, init is a member of its cgroup (and cgroup
 * namespace) before rootfs_mounts.
 */
int rootfs_open(struct rootfs *r, struct err *e);   /* propagation, root bind mounted and opened */
int rootfs_mounts(struct rootfs *r, struct err *e); /* config.json mounts in their order */
int rootfs_devices(struct rootfs *r,
		   struct err *e); /* default devices, /dev links, linux.devices, /dev/ptmx */
/*
 * /dev/console becomes the terminal behind slave_fd, which must be a pty's (as TIOCGPTPEER gives
 * it). Before the pivot or after.
 */
int rootfs_console(struct rootfs *r, int slave_fd, struct err *e);
int rootfs_pivot(struct rootfs *r,
		 struct err *e); /* pivot_root (or its rungs), cwd "/" of the new root */
int rootfs_finish(
	struct rootfs *r,
	struct err *e); /* after the pivot: masked, read-only paths, read-only root, propagation */

/*
 * linux.sysctl, through a procfs that is proven to be one; those that are not of a namespace of the
 * container are refused. Before rootfs_finish.
 */
int sysctl_apply(const struct spec *s, struct err *e);

#endif
