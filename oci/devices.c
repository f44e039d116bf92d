/*
 * Devices of the container. Runs in init before the pivot. Made with mknod where init is
 * privileged, else bind mounted from the host, each looked at before it is used. Names are put into
 * folders that are held open; a symlink of the image is never followed for the last part.
 */
#include "oci/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "base/log.h"
#include "base/sys.h"
#include "oci/mount.h"
#include "oci/rootfs.h"
#include "oci/spec.h"

/* Unix98 terminals: majors 136 to 143, 256 minors each. */
#define PTY_MAJOR_FIRST 136
#define PTY_MAJOR_LAST 143

/* One device as it shall be. */
struct device {
	const char *path;
	mode_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
	unsigned int major, minor;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool own; /* uid and gid were asked for */
};

/* config-linux.md, "Default Devices"; /dev/console and /dev/ptmx are made elsewhere. */
static const struct device default_devices[] = {
	{ .path = "/dev/null", .type = S_IFCHR, .major = 1, .minor = 3, .mode = 0666 },
	{ .path = "/dev/zero", .type = S_IFCHR, .major = 1, .minor = 5, .mode = 0666 },
	{ .path = "/dev/full", .type = S_IFCHR, .major = 1, .minor = 7, .mode = 0666 },
	{ .path = "/dev/random", .type = S_IFCHR, .major = 1, .minor = 8, .mode = 0666 },
	{ .path = "/dev/urandom", .type = S_IFCHR, .major = 1, .minor = 9, .mode = 0666 },
	{ .path = "/dev/tty", .type = S_IFCHR, .major = 5, .minor = 0, .mode = 0666 },
};

/* runtime-linux.md, "Dev symbolic links". */
static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

bool device_is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

static bool device_matches(const struct device *d, const struct stat *st)
{
	if ((st->st_mode & S_IFMT) != d->type)
		return false;
	return d->type == S_IFIFO || st->st_rdev == makedev(d->major, d->minor);
}

/* What is there already must be the very device (config-linux.md, "Devices"). */
static int check_existing(int dir, const char *name, const struct device *d, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat");
	if (!device_matches(d, &st))
		return err_set(e, EEXIST, "something else is there already");
	return 0;
}

/* Returns 1 where the device was there before. */
static int device_mknod(int dir, const char *name, const struct device *d, struct err *e)
{
	if (mknodat(dir, name, d->type | d->mode, makedev(d->major, d->minor)) < 0) {
		int r = errno == EEXIST ? check_existing(dir, name, d, e)
					: err_sys(e, "make the device");

		return r < 0 ? r : 1;
	}
	if (d->own && fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set the owner");
	return 0;
}

/* The host's device of the same name, when it is the same device. */
static int device_bind(int dir, const char *name, const struct device *d, struct err *e)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): each loaded device has a path */
	auto_fd int host = open(d->path, O_PATH | O_CLOEXEC);
	auto_fd int at = -1;
	auto_fd int mnt = -1;
	struct stat st;

	if (host < 0 || fstat(host, &st) < 0)
		return err_sys(e, "open the host's device");
	if (!device_matches(d, &st))
		return err_set(e, ENODEV, "the host's file of that name is not device %u:%u",
			       d->major, d->minor);
	at = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0 && errno == ENOENT) {
		at = openat(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
		if (at < 0)
			return err_sys(e, "make a file for the device");
	} else if (at < 0) {
		return err_sys(e, "open");
	} else if (fstat(at, &st) < 0 || S_ISLNK(st.st_mode)) {
		return err_set(e, EEXIST, "a symbolic link is there already");
	}
	mnt = mount_api_bind(host, "", false, -1,
			     &(struct mount_dest){ .fd = at, .root = dir, .path = name }, e);
	return mnt < 0 ? mnt : 0;
}

/* A FIFO is nobody's privilege. */
static int device_make(struct rootfs *r, int dir, const char *name, const struct device *d,
		       struct err *e)
{
	int ret;

	if (r->in_userns && d->type != S_IFIFO)
		ret = device_bind(dir, name, d, e);
	else
		ret = device_mknod(dir, name, d, e);
	return ret < 0 ? err_prefix(e, "device '%s'", d->path) : 0;
}

/* Opens the folder of a device and gives its name in it. */
static int open_folder(struct rootfs *r, const char *path, char **ret_name, struct err *e)
{
	auto_free char *clean = mount_clean_path(path);
	char *slash = strrchr(clean, '/');
	int fd;

	*ret_name = xstrdup(slash + 1);
	*slash = '\0';
	fd = inroot_make_dirs(r->root_fd, *clean ? clean : "/", 0755, e);
	return fd < 0 ? err_prefix(e, "device '%s'", path) : fd;
}

static int device_from_spec(const struct spec_device *s, struct device *ret, struct err *e)
{
	struct device d = {
		.path = s->path,
		.major = (unsigned int)s->major,
		.minor = (unsigned int)s->minor,
		.mode = s->has_mode ? s->mode & 07777 : 0666,
		.uid = s->uid,
		.gid = s->gid,
		.own = s->has_uid || s->has_gid,
	};

	switch (*s->type) {
	case 'c':
	case 'u':
		d.type = S_IFCHR;
		break;
	case 'b':
		d.type = S_IFBLK;
		break;
	case 'p':
		d.type = S_IFIFO;
		break;
	default:
		return err_set(e, EINVAL, "device '%s': unknown type '%s'", s->path, s->type);
	}
	*ret = d;
	return 0;
}

/* linux.devices may name a default device too, with other permissions: made first, it stays. */
static int make_spec_devices(struct rootfs *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; ret >= 0 && i < r->spec->linux.n_devices; i++) {
		const struct spec_device *s = &r->spec->linux.devices[i];
		auto_free char *name = NULL;
		auto_fd int dir = -1;
		struct device d;

		if (str_eq(s->path, "/dev/ptmx")) /* it would be the host's terminals */
			continue;
		ret = device_from_spec(s, &d, e);
		if (ret < 0)
			return ret;
		dir = open_folder(r, s->path, &name, e);
		ret = dir < 0 ? dir : device_make(r, dir, name, &d, e);
	}
	return ret;
}

static bool in_spec(const struct rootfs *r, const char *path)
{
	for (size_t i = 0; i < r->spec->linux.n_devices; i++)
		if (str_eq(r->spec->linux.devices[i].path, path))
			return true;
	return false;
}

/* A file or folder that the image has in the place of a link stays. */
static int make_links(int dev, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
			return err_sys(e, "link '/dev/%s'", links[i].name);
	if (faccessat(AT_FDCWD, "/proc/kcore", F_OK, 0) == 0 &&
	    symlinkat("/proc/kcore", dev, "core") < 0 && errno != EEXIST)
		return err_sys(e, "link '/dev/core'");
	return 0;
}

/* The image's own ptmx node would reach the host's terminals. */
static void drop_ptmx(int dev)
{
	struct stat st;

	if (fstatat(dev, "ptmx", &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(st.st_mode) &&
	    !S_ISDIR(st.st_mode))
		(void)unlinkat(dev, "ptmx", 0);
}

int rootfs_devices(struct rootfs *r, struct err *e)
{
	mode_t mask = umask(0);
	auto_fd int dev = -1;
	int ret = 0;

	if (r->own_mounts && !r->dev_is_bind) {
		dev = inroot_make_dirs(r->root_fd, "/dev", 0755, e);
		ret = dev < 0 ? dev : make_spec_devices(r, e);
		for (size_t i = 0; ret >= 0 && i < ARRAY_SIZE(default_devices); i++)
			if (!in_spec(r, default_devices[i].path))
				ret = device_make(r, dev, default_devices[i].path + strlen("/dev/"),
						  &default_devices[i], e);
		if (ret >= 0) {
			drop_ptmx(dev);
			ret = make_links(dev, e);
		}
	}
	(void)umask(mask);
	return ret;
}

/* CVE-2025-52565: neither the terminal nor /dev/console is found by name. */
int rootfs_console(struct rootfs *r, int slave_fd, struct err *e)
{
	auto_fd int dev = inroot_make_dirs(r->root_fd, "/dev", 0755, e);
	auto_fd int at = -1;
	auto_fd int mnt = -1;
	struct stat st;

	if (dev < 0)
		return dev;
	if (fstat(slave_fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    major(st.st_rdev) < PTY_MAJOR_FIRST || major(st.st_rdev) > PTY_MAJOR_LAST)
		return err_set(e, EINVAL, "the console is not a pseudo terminal");
	at = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0 && errno == ENOENT)
		at = openat(dev, "console", O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	if (at < 0 || fstat(at, &st) < 0)
		return err_sys(e, "open '/dev/console'");
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_set(e, EEXIST,
			       "'/dev/console' of the image is neither a file nor a device");
	mnt = mount_api_bind(slave_fd, "", false, -1,
			     &(struct mount_dest){ .fd = at, .root = dev, .path = "console" }, e);
	return mnt < 0 ? err_prefix(e, "'/dev/console'") : 0;
}
