/*
 * One entry of config.json's mounts, put into the root. Inside oci/: what rootfs.c, mount_special.c
 * and mount_cgroup.c share.
 */
#ifndef OCI_MOUNT_H
#define OCI_MOUNT_H

#include "oci/mount_api.h"
#include "oci/mount_options.h"

struct err;
struct rootfs;
struct spec_mount;

/* One mount on its way. */
struct mount_plan {
	const struct spec_mount *m;
	struct mount_options o;
	char *path;          /* destination, cleaned: "/dev/pts" */
	struct mount_dest d; /* opened */
	bool fresh;          /* the destination did not exist before */
	bool late_ro;        /* read-only comes with rootfs_finish */
};

int mount_one(struct rootfs *r, const struct spec_mount *m, struct err *e);

/*
 * A path as it is meant: one '/' in front and between, no "." and no trailing '/'; ".." steps up,
 * never above "/". The caller owns it.
 */
char *mount_clean_path(const char *path);

/* Opens, or makes, where something is to be mounted: a folder, or else a file. O_PATH. */
int mount_open_dest(struct rootfs *r, const char *path, bool folder, struct err *e);

/* MOUNT_ATTR_… bits that p's new file system is born with. */
uint64_t mount_birth_attr(const struct mount_plan *p);

/* Each mounts p and returns a fd of the mount. */
typedef int mount_function(struct rootfs *r, struct mount_plan *p, struct err *e);

/* A new file system as it is written, without a rung. */
mount_function mount_plain;
mount_function mount_tmpfs;
mount_function mount_proc;
mount_function mount_sysfs;
mount_function mount_devpts;
mount_function mount_mqueue;
mount_function mount_cgroup;

#endif
