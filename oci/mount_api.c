/*
 * Mounting by descriptor, see mount_api.h. Runs in init, in its own mount namespace, with
 * CAP_SYS_ADMIN over it. /proc/self/fd is the host's own procfs until the pivot, and the
 * container's one, that rootfs.c mounted, after it.
 */
#include "oci/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "base/log.h"
#include "base/sys.h"

#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif

/* fsconfig refuses longer values; mount(2) takes a page. */
#define FSCONFIG_VALUE_MAX 255

/* -- the mount(2) rung -- */

/*
 * The mount that has just come onto d, which the walk now ends on. The root itself is walked to by
 * its name outside.
 */
static int old_reopen(const struct mount_dest *d, struct err *e)
{
	auto_free char *path = NULL;
	int r;

	if (d->root != d->fd)
		return inroot_open(d->root, d->path, O_PATH, 0, e);
	r = fd_real_path(d->fd, &path, e);
	if (r < 0)
		return r;
	r = open(path, O_PATH | O_CLOEXEC);
	return r < 0 ? err_sys(e, "open '%s'", path) : r;
}

static int old_bind(int dirfd, const char *source, bool recursive, const struct mount_dest *d,
		    struct err *e)
{
	char from[FD_PATH_MAX], to[FD_PATH_MAX];
	auto_fd int src = *source ? openat(dirfd, source, O_PATH | O_CLOEXEC)
				  : fcntl(dirfd, F_DUPFD_CLOEXEC, 3);

	if (src < 0)
		return err_sys(e, "open '%s'", source);
	if (mount(fd_path(from, src), fd_path(to, d->fd), NULL, MS_BIND | (recursive ? MS_REC : 0),
		  NULL) < 0)
		return err_sys(e, "bind mount");
	return old_reopen(d, e);
}

static int old_new(const char *type, const char *source, const struct mount_options *o,
		   uint64_t attr, const struct mount_dest *d, struct err *e)
{
	auto_free char *data = mount_options_data(o);
	char to[FD_PATH_MAX];

	if (mount(source, fd_path(to, d->fd), type, o->super | mount_attr_to_ms(attr), data) < 0)
		return err_sys(e, "mount");
	return old_reopen(d, e);
}

/* Flags of a remount replace the old ones, so these are read first. Linux < 5.12. */
static int old_attr(int fd, const struct mount_bits *b, struct err *e)
{
	static const struct {
		unsigned long st;
		uint64_t attr;
	} map[] = {
		{ ST_RDONLY, MOUNT_ATTR_RDONLY },   { ST_NOSUID, MOUNT_ATTR_NOSUID },
		{ ST_NODEV, MOUNT_ATTR_NODEV },     { ST_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ ST_NOATIME, MOUNT_ATTR_NOATIME }, { ST_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	};
	struct statvfs st;
	char path[FD_PATH_MAX];
	uint64_t attr = 0;

	if (fstatvfs(fd, &st) < 0)
		return err_sys(e, "read the mount's flags");
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (st.f_flag & map[i].st)
			attr |= map[i].attr;
	if (!(st.f_flag & (ST_NOATIME | ST_RELATIME)))
		attr |= MOUNT_ATTR_STRICTATIME;
	attr = (attr & ~b->clr) | b->set;
	if (mount(NULL, fd_path(path, fd), NULL, MS_REMOUNT | MS_BIND | mount_attr_to_ms(attr),
		  NULL) < 0)
		return err_sys(e, "change the mount's flags");
	return 0;
}

/* -- the new mount API -- */

/* The kernel says EINVAL for this and for other things. */
static bool kinds_differ(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       S_ISDIR(sa.st_mode) != S_ISDIR(sb.st_mode);
}

static int attach(int fd, const struct mount_dest *d, struct err *e)
{
	if (sys_move_mount(fd, "", d->fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ==
	    0)
		return 0;
	if ((errno == EINVAL || errno == ENOTDIR) && kinds_differ(fd, d->fd))
		return err_set(e, ENOTDIR,
			       "one of source and destination is a folder, the other is not");
	return err_sys(e, "attach the mount");
}

static int set_idmap(int fd, bool recursive, int userns_fd, struct err *e)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_IDMAP,
				.userns_fd = (unsigned int)userns_fd };
	unsigned int flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (sys_mount_setattr(fd, "", flags, &a, sizeof a) == 0)
		return 0;
	if (errno == ENOSYS)
		return err_set(e, ENOTSUP, "mapping the ids of a mount needs Linux 5.12");
	if (errno == EINVAL || errno == EPERM)
		return err_sys(e,
			       "the file system or this user namespace does not allow mapped ids");
	return err_sys(e, "map the ids of the mount");
}

int mount_api_bind(int dirfd, const char *source, bool recursive, int userns_fd,
		   const struct mount_dest *d, struct err *e)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
			     (recursive ? AT_RECURSIVE : 0);
	auto_fd int fd = sys_open_tree(dirfd, source, flags);
	int r;

	if (fd < 0 && errno == ENOSYS && userns_fd < 0)
		return old_bind(dirfd, source, recursive, d, e);
	if (fd < 0)
		return err_sys(e, "open '%s'", source);
	if (userns_fd >= 0) {
		r = set_idmap(fd, recursive, userns_fd, e);
		if (r < 0)
			return r;
	}
	r = attach(fd, d, e);
	return r < 0 ? r : take_fd(&fd);
}

/* The kernel's own words about what it did not like, e.g. "tmpfs: Unknown parameter 'siz'". */
static int fs_error(int fs, const char *what, struct err *e)
{
	int num = errno;
	char text[256];
	ssize_t n = read(fs, text, sizeof text - 1);

	if (n <= 2)
		return err_num(e, num, "%s", what);
	text[n] = '\0';
	if (text[n - 1] == '\n')
		text[n - 1] = '\0';
	return err_num(e, num, "%s: %s", what, text + 2);
}

static int fs_word(int fs, const char *word, struct err *e)
{
	const char *eq = strchr(word, '=');
	auto_free char *key = eq ? xstrndup(word, (size_t)(eq - word)) : NULL;
	int r = eq ? sys_fsconfig(fs, FSCONFIG_SET_STRING, key, eq + 1, 0)
		   : sys_fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0);

	return r < 0 ? fs_error(fs, word, e) : 0;
}

/* One option may hold several words, as in the data of mount(2). */
static int fs_words(int fs, const struct strv *l, struct err *e)
{
	for (size_t i = 0; i < l->len; i++) {
		auto_strv struct strv parts = { 0 };

		strv_split(&parts, l->v[i], ',');
		for (size_t k = 0; k < parts.len; k++) {
			int r = *parts.v[k] ? fs_word(fs, parts.v[k], e) : 0;

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static bool words_fit(const struct strv *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (strlen(l->v[i]) > FSCONFIG_VALUE_MAX)
			return false;
	return true;
}

static int fs_configure(int fs, const char *source, const struct mount_options *o, bool read_only,
			struct err *e)
{
	int r;

	if (source && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_error(fs, "source", e);
	/* a device that cannot be written has to be opened that way */
	if (read_only && source && *source == '/' &&
	    sys_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return fs_error(fs, "ro", e);
	r = fs_words(fs, &o->super_words, e);
	if (r >= 0)
		r = fs_words(fs, &o->data, e);
	if (r < 0)
		return r;
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fs, "mount", e);
	return 0;
}

int mount_api_new(const char *type, const char *source, const struct mount_options *o,
		  uint64_t attr, const struct mount_dest *d, struct err *e)
{
	auto_fd int fs = -1;
	auto_fd int fd = -1;
	int r;

	if (!words_fit(&o->data) || (source && strlen(source) > FSCONFIG_VALUE_MAX))
		return old_new(type, source, o, attr, d, e);
	fs = sys_fsopen(type, FSOPEN_CLOEXEC);
	if (fs < 0 && errno == ENOSYS)
		return old_new(type, source, o, attr, d, e);
	if (fs < 0 && errno == ENODEV)
		return err_set(e, ENODEV, "the kernel has no file system '%s'", type);
	if (fs < 0)
		return err_sys(e, "open file system");
	r = fs_configure(fs, source, o, attr & MOUNT_ATTR_RDONLY, e);
	if (r < 0)
		return r;
	fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)attr);
	if (fd < 0)
		return fs_error(fs, "mount", e);
	r = attach(fd, d, e);
	return r < 0 ? r : take_fd(&fd);
}

/* -- flags of attached mounts -- */

static int setattr(int fd, const struct mount_bits *b, bool recursive)
{
	struct mount_attr a = { .attr_set = b->set, .attr_clr = b->clr };

	return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &a,
				 sizeof a);
}

/* What of b cannot be had: flags that are set on the mount and were to be cleared. */
static int locked_error(int fd, const struct mount_bits *b, struct err *e)
{
	static const struct {
		uint64_t attr;
		unsigned long st;
		const char *name;
	} flags[] = {
		{ MOUNT_ATTR_RDONLY, ST_RDONLY, "ro" },
		{ MOUNT_ATTR_NOSUID, ST_NOSUID, "nosuid" },
		{ MOUNT_ATTR_NODEV, ST_NODEV, "nodev" },
		{ MOUNT_ATTR_NOEXEC, ST_NOEXEC, "noexec" },
	};
	struct statvfs st;

	if (fstatvfs(fd, &st) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
			if ((b->clr & flags[i].attr) && (st.f_flag & flags[i].st))
				return err_set(
					e, EPERM,
					"the source is mounted '%s' outside, which this user namespace cannot undo",
					flags[i].name);
	return err_num(e, EPERM, "change the mount's flags");
}

int mount_api_attr(int fd, const struct mount_bits *b, bool recursive, struct err *e)
{
	const uint64_t atime = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	struct mount_bits rest = { .set = b->set & ~atime, .clr = b->clr & ~atime };

	if (!b->set && !b->clr)
		return 0;
	if (setattr(fd, b, recursive) == 0)
		return 0;
	if (errno == ENOSYS && recursive)
		return err_set(e, ENOTSUP, "recursive mount options need Linux 5.12");
	if (errno == ENOSYS)
		return old_attr(fd, b, e);
	if (errno != EPERM)
		return err_sys(e, "change the mount's flags");
	if ((!rest.set && !rest.clr) || setattr(fd, &rest, recursive) == 0) {
		log_debug("access time options of a mount are locked, continuing without them");
		return 0;
	}
	return locked_error(fd, b, e);
}

int mount_api_propagation(int fd, unsigned long ms, struct err *e)
{
	struct mount_attr a = { .propagation = ms & ~(unsigned long)MS_REC };
	char path[FD_PATH_MAX];

	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | (ms & MS_REC ? AT_RECURSIVE : 0), &a,
			      sizeof a) == 0)
		return 0;
	/* Linux < 5.12 */
	if (errno == ENOSYS && mount(NULL, fd_path(path, fd), NULL, ms, NULL) == 0)
		return 0;
	return err_sys(e, "set the mount's propagation");
}

long mount_fs_magic(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) < 0 ? -1 : (long)st.f_type;
}
