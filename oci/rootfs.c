/*
 * The order in which a container's file system comes to be: propagation of what we see, the root as
 * a mount of its own, the mounts of config.json, the pivot. Runs in init, in the new mount
 * namespace. Until rootfs_pivot "/" is the host's; everything of the container is reached from
 * root_fd.
 */
#include "oci/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "oci/devices.h"
#include "oci/mask.h"
#include "oci/mount.h"
#include "oci/move_root.h"
#include "oci/spec.h"

/* MS_… flags of linux.rootfsPropagation, 0 where it is absent. */
static int propagation_of(const struct rootfs *r, unsigned long *ret, struct err *e)
{
	const char *word = r->spec->linux.rootfs_propagation;

	*ret = word ? mount_propagation_parse(word) : 0;
	if (word && !*ret)
		return err_set(e, EINVAL, "linux.rootfsPropagation: unknown propagation '%s'",
			       word);
	return 0;
}

/*
 * With shared propagation our mounts would appear on the host too: the mount that the root lies in
 * leaves its peer group. It is found by walking up to its root (STATX_ATTR_MOUNT_ROOT, Linux 5.8).
 */
static int make_parent_private(int dir, struct err *e)
{
	auto_fd int at = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	struct statx st = { 0 };

	while (at >= 0 && statx(at, "", AT_EMPTY_PATH, 0, &st) == 0 &&
	       !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
		int up = openat(at, "..", O_PATH | O_CLOEXEC);

		close_fd(&at);
		at = up;
	}
	if (at < 0)
		return err_sys(e, "find the mount of the root");
	return mount_api_propagation(at, MS_PRIVATE, e);
}

/*
 * The root bind mounted on itself: pivot_root wants a mount point, and flags of it are then ours
 * alone.
 */
static int mount_root(struct rootfs *r, struct err *e)
{
	const char *path = r->spec->root_path;
	auto_fd int fd = openat(r->bundle_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_dest d = { .fd = fd, .root = fd, .path = "." };
	int ret;

	if (fd < 0)
		return err_sys(e, "open root.path '%s'", path);
	if (r->shared) {
		ret = make_parent_private(fd, e);
		if (ret < 0)
			return ret;
	}
	r->root_fd = mount_api_bind(fd, "", true, -1, &d, e);
	if (r->root_fd < 0)
		return err_prefix(e, "root '%s'", path);
	/* mounts in it stay in it; those that were there before keep their propagation */
	return r->shared ? mount_api_propagation(r->root_fd, MS_PRIVATE, e) : 0;
}

/*
 * Without a mount namespace of its own a container has the host's mounts, and nothing may change
 * them.
 */
static int open_root(struct rootfs *r, struct err *e)
{
	r->root_fd = openat(r->bundle_fd, r->spec->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->root_fd < 0 ? err_sys(e, "open root.path '%s'", r->spec->root_path) : 0;
}

/*
 * Taken from the host while it is in sight, and looked at: what a container can swap is never used
 * to mask (CVE-2025-31133).
 */
static int open_null(struct rootfs *r, struct err *e)
{
	struct stat st;

	r->null_mount = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (r->null_mount < 0 && errno == ENOSYS)
		return 0; /* mask.c has a rung for that */
	if (r->null_mount < 0)
		return err_sys(e, "open '/dev/null'");
	if (fstat(r->null_mount, &st) < 0 || !device_is_null(&st))
		return err_set(e, EPERM, "'/dev/null' of the host is not the null device");
	return 0;
}

int rootfs_open(struct rootfs *r, struct err *e)
{
	unsigned long propagation;
	int ret = propagation_of(r, &propagation, e);

	if (ret < 0)
		return ret;
	r->own_mounts = r->spec->linux.ns[NS_MOUNT].present;
	r->shared = propagation & MS_SHARED;
	/*
	 * the caller's fd of it would be of mounts in the caller's namespace, which cannot be
	 * cloned into this one
	 */
	r->bundle_fd = open(r->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->bundle_fd < 0)
		return err_sys(e, "open bundle '%s'", r->bundle);
	if (!r->own_mounts)
		return open_root(r, e);
	/* as runc does: host → container unless something else is asked for */
	if (mount(NULL, "/", NULL, (propagation ? propagation : MS_SLAVE) | MS_REC, NULL) < 0)
		return err_sys(e, "set the propagation of '/'");
	ret = open_null(r, e);
	return ret < 0 ? ret : mount_root(r, e);
}

int rootfs_mounts(struct rootfs *r, struct err *e)
{
	mode_t mask = umask(0);
	int ret = 0;

	for (size_t i = 0; r->own_mounts && ret >= 0 && i < r->spec->n_mounts; i++) {
		const struct spec_mount *m = &r->spec->mounts[i];

		ret = mount_one(r, m, e);
		if (ret < 0)
			ret = err_prefix(e, "mount '%s' to '%s'", m->source ? m->source : m->type,
					 m->destination);
	}
	(void)umask(mask);
	return ret;
}

static int pivot(struct rootfs *r, struct err *e)
{
	auto_fd int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	/*
	 * ".", ".": the old root ends up on top of the new one and goes away from there
	 * (pivot_root(2))
	 */
	if (fchdir(r->root_fd) < 0)
		return err_sys(e, "change to the new root");
	if (sys_pivot_root(".", ".") < 0)
		return err_sys(e, "pivot_root");
	if (r->shared) { /* or the host would lose its mounts as well */
		int ret = mount_api_propagation(old, MS_SLAVE | MS_REC, e);

		if (ret < 0)
			return ret;
	}
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "unmount the old root");
	return 0;
}

int rootfs_pivot(struct rootfs *r, struct err *e)
{
	int ret = 0;

	if (!r->own_mounts)
		ret = fchdir(r->root_fd) < 0 || chroot(".") < 0 ? err_sys(e, "change root") : 0;
	else
		ret = r->no_pivot ? move_root(r->root_fd, e) : pivot(r, e);
	if (ret < 0)
		return ret;
	if (chdir("/") < 0)
		return err_sys(e, "change to '/' of the new root");
	return 0;
}

int rootfs_finish(struct rootfs *r, struct err *e)
{
	const struct mount_bits ro = { .set = MOUNT_ATTR_RDONLY };
	unsigned long propagation;
	int ret = propagation_of(r, &propagation, e);

	if (ret < 0 || !r->own_mounts)
		return ret;
	for (size_t i = 0; ret >= 0 && i < r->n_late; i++)
		ret = mount_api_attr(r->late[i].fd, &ro, false, e);
	if (ret >= 0)
		ret = mask_paths(r, e);
	if (ret >= 0 && r->spec->root_readonly)
		ret = mount_api_attr(r->root_fd, &ro, false, e);
	if (ret >= 0 && propagation)
		ret = mount_api_propagation(r->root_fd, propagation, e);
	return ret;
}
