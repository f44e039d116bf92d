/*
 * The ladder of drivers: see rootfs.h. Each rung is tried by mounting; the next one is taken when
 * it does not work and none was asked for. Runs in a process that may mount, in the user namespace
 * and a mount namespace of its own: the container's monitor, or a short-lived child (rootfs_probe).
 */
#include "image/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/layer.h"
#include "image/merge.h"
#include "image/overlay.h"
#include "image/store.h"

/* How long fuse-overlayfs may take to end after the unmount. */
#define FUSE_END_MS 3000

static const struct {
	const char *name;
	enum rootfs_driver driver;
} names[] = {
	{ "auto", ROOTFS_AUTO }, { "overlay", ROOTFS_OVERLAY },  { "fuse-overlayfs", ROOTFS_FUSE },
	{ "copy", ROOTFS_COPY }, { "overlay2", ROOTFS_OVERLAY }, { "vfs", ROOTFS_COPY },
};

int rootfs_driver_parse(const char *name, enum rootfs_driver *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!str_eq(names[i].name, name))
			continue;
		*ret = names[i].driver;
		return 0;
	}
	return err_set(e, EINVAL,
		       "unknown storage driver '%s': use overlay, fuse-overlayfs or copy", name);
}

const char *rootfs_driver_name(enum rootfs_driver d)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].driver == d)
			return names[i].name;
	return "?";
}

/* -- what all drivers need -- */

/*
 * The folder that the merged root takes owner and mode from: the topmost layer that says something
 * of its root, else the lowest.
 */
static int root_like(const struct store *s, const struct strv *diff_ids, struct stat *ret,
		     struct err *e)
{
	for (size_t i = diff_ids->len; i-- > 0;) {
		struct layer_info info = { 0 };
		auto_fd int fd = -1;

		if (i > 0 && (layer_info(s, diff_ids->v[i], &info, NULL) < 0 || !info.has_root))
			continue;
		fd = layer_open_tree(s, diff_ids->v[i], e);
		if (fd < 0)
			return fd;
		return fstat(fd, ret) < 0 ? err_sys(e, "stat layer %.19s", diff_ids->v[i]) : 0;
	}
	*ret = (struct stat){ .st_mode = S_IFDIR | 0755 };
	return 0;
}

/*
 * Makes container_dir/name, a folder that looks like the image's root. An existing one is a
 * container's that ran before.
 */
static int make_like_root(const struct store *s, const struct strv *diff_ids, int dirfd,
			  const char *name, struct err *e)
{
	auto_fd int fd = -1;
	struct stat like;
	int r;

	if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = root_like(s, diff_ids, &like, e);
	fd = r < 0 ? r : dir_make_open(dirfd, name, 0700, e);
	if (fd < 0)
		return fd;
	if (fchown(fd, like.st_uid, like.st_gid) < 0 || fchmod(fd, like.st_mode & 07777) < 0)
		return err_sys(e, "set up folder '%s'", name);
	return 0;
}

static int make_parts(const struct store *s, const struct strv *diff_ids, int dirfd, struct err *e)
{
	int r = make_like_root(s, diff_ids, dirfd, "upper", e);

	if (r >= 0)
		r = dir_make_all(dirfd, "work", 0700, e);
	if (r >= 0)
		r = dir_make_all(dirfd, "rootfs", 0755, e);
	return r;
}

/* Whiteouts that only fuse-overlayfs and the copy understand? */
static int check_dots(const struct store *s, const struct strv *diff_ids, struct err *e)
{
	for (size_t i = 0; i < diff_ids->len; i++) {
		struct layer_info info;

		if (layer_info(s, diff_ids->v[i], &info, NULL) >= 0 && info.dot_whiteouts)
			return err_set(
				e, EOPNOTSUPP,
				"layer %.19s was unpacked without overlay's whiteouts, which this file system refused",
				diff_ids->v[i]);
	}
	return 0;
}

/* -- the rungs -- */

static int mount_overlay(const struct store *s, const struct strv *diff_ids, int dirfd,
			 struct rootfs_mount *m, struct err *e)
{
	int r = check_dots(s, diff_ids, e);

	if (r >= 0)
		r = make_parts(s, diff_ids, dirfd, e);
	return r < 0 ? r : overlay_mount(s, diff_ids, dirfd, m->throwaway, e);
}

static int mount_fuse(const struct store *s, const struct strv *diff_ids, int dirfd,
		      struct rootfs_mount *m, struct err *e)
{
	int r = make_parts(s, diff_ids, dirfd, e);

	return r < 0 ? r : overlay_fuse_start(s, diff_ids, dirfd, &m->fuse, e);
}

/* rootfs/ is filled under another name, so that a copy cut short is not taken for a whole one. */
static int fill_copy(const struct store *s, const struct strv *diff_ids, int dirfd,
		     struct rootfs_mount *m, struct err *e)
{
	auto_trees struct merge_trees trees = { 0 };
	auto_fd int dst = -1;
	int r;

	(void)m;
	if (faccessat(dirfd, "copied", F_OK, 0) == 0)
		return 0;
	r = dir_remove_all(dirfd, "rootfs", e);
	if (r >= 0)
		r = make_like_root(s, diff_ids, dirfd, "rootfs", e);
	dst = r < 0 ? r : dir_open(dirfd, "rootfs", e);
	if (dst < 0)
		return dst;
	r = merge_open(s, diff_ids, -1, &trees, e);
	if (r >= 0)
		r = merge_copy(&trees, dst, e);
	return r < 0 ? r : file_create(dirfd, "copied", "", 0, 0600, e);
}

static const struct rung {
	enum rootfs_driver driver;
	int (*mount)(const struct store *s, const struct strv *diff_ids, int dirfd,
		     struct rootfs_mount *m, struct err *e);
} rungs[] = {
	{ ROOTFS_OVERLAY, mount_overlay },
	{ ROOTFS_FUSE, mount_fuse },
	{ ROOTFS_COPY, fill_copy },
};

/* A container that was filled by copying stays with the copy: its changes are in there. */
static enum rootfs_driver driver_before(int dirfd)
{
	return faccessat(dirfd, "copied", F_OK, 0) == 0 ? ROOTFS_COPY : ROOTFS_AUTO;
}

/*
 * The folder behind fd as this process's mount namespace has it: mounting through an fd of another
 * one is EINVAL, and the caller may have opened it before it unshared.
 */
static int reopen_here(int fd, struct err *e)
{
	auto_free char *path = NULL;
	auto_fd int here = -1;
	struct stat a, b;
	int r = fd_real_path(fd, &path, e);

	here = r < 0 ? r : dir_open(AT_FDCWD, path, e);
	if (here < 0)
		return here;
	if (fstat(fd, &a) < 0 || fstat(here, &b) < 0 || a.st_ino != b.st_ino ||
	    a.st_dev != b.st_dev)
		return err_set(e, ESTALE, "folder '%s' is another one in this mount namespace",
			       path);
	return take_fd(&here);
}

static int mount_first(const struct store *s, const struct strv *diff_ids, int dirfd,
		       enum rootfs_driver want, struct rootfs_mount *ret, struct err *e)
{
	struct err first = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(rungs); i++) {
		struct rootfs_mount m = { .throwaway = ret->throwaway,
					  .driver = rungs[i].driver,
					  .fuse = CHILD_NONE };
		struct err why = { 0 };

		if (want != ROOTFS_AUTO && want != rungs[i].driver)
			continue;
		r = rungs[i].mount(s, diff_ids, dirfd, &m, &why);
		if (r >= 0) {
			*ret = m;
			return 0;
		}
		log_debug("storage driver %s does not work here: %s", rootfs_driver_name(m.driver),
			  why.msg);
		if (!first.num)
			first = why;
	}
	(void)err_copy(e, &first);
	return err_prefix(e, "storage driver %s",
			  want == ROOTFS_AUTO ? "overlay" : rootfs_driver_name(want));
}

/*
 * The layers without those that stand again higher up, whose every file the higher one hides:
 * overlayfs refuses a folder that it was given twice.
 */
static void without_repeats(const struct strv *diff_ids, struct strv *ret)
{
	for (size_t i = 0; i < diff_ids->len; i++) {
		bool again = false;

		for (size_t j = i + 1; j < diff_ids->len; j++)
			again = again || str_eq(diff_ids->v[i], diff_ids->v[j]);
		if (!again)
			strv_add(ret, diff_ids->v[i]);
	}
}

int rootfs_mount(const struct store *s, const struct strv *diff_ids, int container_dirfd,
		 enum rootfs_driver want, struct rootfs_mount *ret, struct err *e)
{
	auto_fd int dir = reopen_here(container_dirfd, e);
	auto_fd int layers = dir < 0 ? -1 : reopen_here(s->layers_fd, e);
	auto_strv struct strv once = { 0 };
	struct store here = *s;

	if (dir < 0 || layers < 0)
		return dir < 0 ? dir : layers;
	here.layers_fd = layers;
	without_repeats(diff_ids, &once);
	return mount_first(&here, &once, dir, want == ROOTFS_AUTO ? driver_before(dir) : want, ret,
			   e);
}

/*
 * fuse-overlayfs ends by itself when its last mount is gone (the container's mount namespace has
 * one, and goes a moment after its processes), and has by then written what the kernel kept back:
 * killed at once it would lose that.
 */
static void end_fuse(struct child *fuse)
{
	struct pollfd ended = { .fd = fuse->pidfd, .events = POLLIN };

	if (poll(&ended, 1, FUSE_END_MS) == 0)
		log_warn("fuse-overlayfs did not end within %d ms, killing it", FUSE_END_MS);
	child_kill(fuse); /* and reaps it */
}

int rootfs_unmount(struct rootfs_mount *m, int container_dirfd, struct err *e)
{
	auto_fd int dir = reopen_here(container_dirfd, e);
	char path[FD_PATH_MAX + 16];
	int r = dir < 0 ? dir : 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/rootfs", dir);
	if (r >= 0 && m->driver != ROOTFS_COPY && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 &&
	    errno != EINVAL)
		r = err_sys(e, "unmount the root file system");
	if (m->fuse.pid > 0)
		end_fuse(&m->fuse);
	return r;
}

/* -- probing -- */

struct probe {
	const struct store *s;
	const char *name; /* of the folder in tmp/ to try in */
	int why;          /* a memfd for the reasons */
};

/* In the child: the rungs from the top, over no layers at all. Returns the driver. */
static int probe_rungs(void *arg, struct err *e)
{
	const struct probe *p = arg;
	auto_fd int dir = dir_open(p->s->tmp_fd, p->name, e);
	const struct strv none = { 0 };
	auto_str struct str why = { 0 };
	size_t i;

	if (dir < 0)
		return dir;
	for (i = 0; rungs[i].driver != ROOTFS_COPY; i++) {
		struct rootfs_mount m = { .driver = rungs[i].driver, .fuse = CHILD_NONE };
		struct err reason = { 0 };

		if (rootfs_mount(p->s, &none, dir, rungs[i].driver, &m, &reason) >= 0) {
			(void)rootfs_unmount(&m, dir, NULL);
			break;
		}
		str_addf(&why, "%s%s: %s", why.len ? "; " : "", rootfs_driver_name(m.driver),
			 reason.msg);
	}
	(void)fd_write_all(p->why, str_cstr(&why), why.len);
	return (int)rungs[i].driver;
}

int rootfs_probe(const struct store *s, enum rootfs_driver *ret, char **ret_why, struct err *e)
{
	auto_fd int why = memfd_create("probe", MFD_CLOEXEC);
	struct probe p = { .s = s, .why = why };
	auto_str struct str text = { 0 };
	char name[STORE_TMP_NAME];
	auto_fd int lock = -1;
	int r;

	if (why < 0)
		return err_sys(e, "probe the storage drivers");
	if (!s->userns)
		return err_set(e, EINVAL,
			       "the store was opened without a user namespace to mount in");
	lock = store_tmp_dir(s, name, e);
	if (lock < 0)
		return lock;
	p.name = name;
	r = userns_run(s->userns, CLONE_NEWNS, probe_rungs, &p, e);
	(void)store_remove_tmp(s, name, NULL);
	if (r < 0)
		return r;
	if (lseek(why, 0, SEEK_SET) == 0)
		(void)fd_read_all(why, 1 << 16, &text);
	*ret = (enum rootfs_driver)r;
	*ret_why = str_take(&text);
	return 0;
}
