/*
 * The file system of a container, set up by init inside its new mount namespace: propagation, root, mounts, devices, masked and read-only
 * paths, pivot. Split over oci/rootfs.c (order), mount.c (one mount), mount_options.c (words), devices.c, mask.c.
 */
#ifndef OCI_ROOTFS_H
#define OCI_ROOTFS_H

#include <stdbool.h>

struct err;
struct spec;

/* What the parent knows and init needs for its mounts. */
struct rootfs {
	const struct spec *spec;
	const char *bundle;      /* absolute path: relative root.path and bind sources start here */
	bool no_pivot;
	bool in_userns;          /* init is not privileged in the initial user namespace: bind devices, no mknod */
	bool new_userns;         /* the container got a user namespace of its own */
	bool cgroup_ns;          /* a new cgroup namespace */
	const char *cgroup_path; /* v2: path of the container's cgroup relative to the mount, for the no-cgroupns rung; may be NULL */
	/* filled in by rootfs_open */
	int root_fd;
	int bundle_fd;
};

/*
 * In this order, all in init. Each records what failed on which mount, e.g. "mount 'proc' to '/proc': …".
 */
int rootfs_open(struct rootfs *r, struct err *e);          /* propagation, root bind mounted and opened */
int rootfs_mounts(struct rootfs *r, struct err *e);        /* config.json mounts in their order */
int rootfs_devices(struct rootfs *r, struct err *e);       /* default devices, /dev links, linux.devices, /dev/ptmx */
int rootfs_console(struct rootfs *r, const char *pty_name, struct err *e); /* /dev/console onto the pty; name as ptsname */
int rootfs_pivot(struct rootfs *r, struct err *e);         /* pivot_root (or its rungs), cwd "/" of the new root */
int rootfs_finish(struct rootfs *r, struct err *e);        /* sysctl-free part after the pivot: masked, read-only paths, read-only root, propagation */

/* linux.sysctl, through a procfs that is proven to be one. Before read-only paths are in force. */
int sysctl_apply(const struct spec *s, struct err *e);

#endif
