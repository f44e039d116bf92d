/*
 * Masked and read-only paths. Runs in init after the pivot. Files are covered by the host's
 * /dev/null, which rootfs_open took and looked at (CVE-2025-31133), folders by one empty read-only
 * tmpfs: each is mounted once, and the next place gets a clone of that mount.
 */
#include "oci/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "base/sys.h"
#include "oci/devices.h"
#include "oci/mount_api.h"
#include "oci/rootfs.h"
#include "oci/spec.h"

/* -ENOENT, or that a part of the path is no folder: nothing to hide. */
static int open_path(struct rootfs *r, const char *path, struct err *e)
{
	int fd = inroot_try_open(r->root_fd, path, O_PATH, 0);

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return err_num(e, -fd, "open '%s'", path);
	return fd;
}

/* A mount is attached once; after that it can be cloned from where it is. */
static int put_null(struct rootfs *r, const struct mount_dest *d, bool *attached, struct err *e)
{
	int fd;

	if (!*attached) {
		*attached = true;
		if (sys_move_mount(r->null_mount, "", d->fd, "",
				   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
			return 0;
		if (errno != ENOSYS)
			return err_sys(e, "attach '/dev/null'");
	}
	fd = mount_api_bind(r->null_mount, "", false, -1, d, e);
	if (fd < 0)
		return fd;
	close_fd(&fd);
	return 0;
}

static int put_empty(struct rootfs *r, const struct mount_dest *d, struct err *e)
{
	const uint64_t flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       MOUNT_ATTR_NOEXEC;
	struct mount_options o = { 0 };
	int fd;

	if (r->empty_mount < 0) {
		r->empty_mount = mount_api_new("tmpfs", "tmpfs", &o, flags, d, e);
		return r->empty_mount < 0 ? r->empty_mount : 0;
	}
	fd = mount_api_bind(r->empty_mount, "", false, -1, d, e);
	if (fd < 0)
		return fd;
	close_fd(&fd);
	return 0;
}

static int mask_path(struct rootfs *r, const char *path, bool *null_attached, struct err *e)
{
	auto_fd int fd = open_path(r, path, e);
	struct mount_dest d = { .fd = fd, .root = r->root_fd, .path = path };
	struct stat st;
	int ret;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat '%s'", path);
	ret = S_ISDIR(st.st_mode) ? put_empty(r, &d, e) : put_null(r, &d, null_attached, e);
	return ret < 0 ? err_prefix(e, "mask '%s'", path) : 0;
}

static int read_only_path(struct rootfs *r, const char *path, struct err *e)
{
	const struct mount_bits ro = { .set = MOUNT_ATTR_RDONLY };
	auto_fd int fd = open_path(r, path, e);
	struct mount_dest d = { .fd = fd, .root = r->root_fd, .path = path };
	auto_fd int mnt = -1;
	int ret;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	mnt = mount_api_bind(fd, "", true, -1, &d, e);
	ret = mnt < 0 ? mnt : mount_api_attr(mnt, &ro, true, e);
	if (ret == -ENOTSUP) /* Linux < 5.12 */
		ret = mount_api_attr(mnt, &ro, false, e);
	return ret < 0 ? err_prefix(e, "make '%s' read-only", path) : 0;
}

/*
 * Without the new mount API nothing can be kept across the pivot: then it is the container's own
 * device, looked at.
 */
static int find_null(struct rootfs *r, struct err *e)
{
	struct stat st;

	if (r->null_mount >= 0)
		return 0;
	r->null_mount = inroot_open(r->root_fd, "/dev/null", O_PATH | O_NOFOLLOW, 0, e);
	if (r->null_mount < 0)
		return r->null_mount;
	if (fstat(r->null_mount, &st) < 0 || !device_is_null(&st))
		return err_set(e, EPERM, "'/dev/null' of the container is not the null device");
	return 0;
}

int mask_paths(struct rootfs *r, struct err *e)
{
	const struct strv *masked = &r->spec->linux.masked_paths;
	const struct strv *read_only = &r->spec->linux.readonly_paths;
	bool null_attached = r->null_mount < 0;
	int ret = masked->len ? find_null(r, e) : 0;

	for (size_t i = 0; ret >= 0 && i < masked->len; i++)
		ret = mask_path(r, masked->v[i], &null_attached, e);
	for (size_t i = 0; ret >= 0 && i < read_only->len; i++)
		ret = read_only_path(r, read_only->v[i], e);
	return ret;
}
