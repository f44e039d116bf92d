/*
 * The entries of a layer, one after the other, below an open root: see unpack.h. Names are hostile:
 * they are taken apart, and parents are walked with openat2(RESOLVE_IN_ROOT) or come from the
 * one-entry cache of the folder that was used last. A later entry replaces an earlier one. Modes
 * and times of folders are set at the end, when nothing is written into them any more.
 */
#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/archive.h"
#include "image/unpack_meta.h"
#include "image/usage.h"
#include "image/whiteout.h"

/* A block of this size or more that is all zeros is not written: the file gets a hole. */
#define HOLE_MIN 4096

/* A folder whose time and special bits are set last. */
struct late_dir {
	char *path;
	mode_t mode;
	struct timespec times[2];
};

struct unpack {
	struct archive_in *in;
	int root;
	const struct unpack_options *o;
	struct unpack_result *res;
	int parent; /* of the folder used last, or -1 */
	struct str parent_path;
	struct str path; /* of the entry, taken apart and joined again; "" is the root */
	struct late_dir *late;
	size_t nlate, late_cap;
	bool recount; /* something was removed or not counted: the sums are walked anew */
};

/* -- names -- */

/*
 * Cleans path into *ret: no empty, "." or leading parts. -EBADMSG for "..", and for names that no
 * file system takes.
 */
static int clean_path(const char *path, struct str *ret, struct err *e)
{
	str_cut(ret, 0);
	while (*(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.')
			return err_set(e, EBADMSG, "the name leads out of the layer by '..'");
		if (len > NAME_MAX || ret->len + len + 1 >= PATH_MAX)
			return err_set(e, ENAMETOOLONG, "the name is too long");
		if (len != 1 || path[0] != '.') {
			if (ret->len)
				str_add_char(ret, '/');
			str_add_mem(ret, path, len);
		}
		path += len;
	}
	return 0;
}

static const char *base_name(const struct str *path)
{
	const char *slash = strrchr(str_cstr(path), '/');

	return slash ? slash + 1 : str_cstr(path);
}

static void forget_parent(struct unpack *u)
{
	close_fd(&u->parent);
	str_cut(&u->parent_path, 0);
}

static void add_late(struct unpack *u, const char *path, mode_t mode,
		     const struct archive_item *item)
{
	struct late_dir *d;

	if (u->nlate == u->late_cap) {
		u->late_cap = u->late_cap ? 2 * u->late_cap : 64;
		u->late = xreallocarray(u->late, u->late_cap, sizeof(*u->late));
	}
	d = &u->late[u->nlate++];
	*d = (struct late_dir){ .path = xstrdup(path), .mode = mode };
	unpack_times(item, d->times);
}

/*
 * A folder that no entry speaks of is as old as what is in it: the same layer gives the same tree
 * everywhere.
 */
static void note_missing(struct unpack *u, const struct archive_item *item)
{
	const char *path = str_cstr(&u->parent_path);

	for (size_t len = strcspn(path, "/");; len += 1 + strcspn(path + len + 1, "/")) {
		auto_free char *part = xstrndup(path, len);
		int fd = inroot_try_open(u->root, part, O_PATH, 0);

		if (fd == -ENOENT)
			add_late(u, part, 0755, item);
		close_fd(&fd);
		if (!path[len])
			return;
	}
}

/* An O_PATH fd (borrowed) of the folder that u->path is in; made where missing. */
static int open_parent(struct unpack *u, const struct archive_item *item, struct err *e)
{
	const char *path = str_cstr(&u->path);
	const char *name = base_name(&u->path);
	size_t len = name == path ? 0 : (size_t)(name - path) - 1;

	if (u->parent >= 0 && len == u->parent_path.len &&
	    memcmp(path, str_cstr(&u->parent_path), len) == 0)
		return u->parent;
	forget_parent(u);
	str_add_mem(&u->parent_path, path, len);
	u->parent = inroot_try_open(u->root, str_cstr(&u->parent_path), O_PATH | O_DIRECTORY, 0);
	if (u->parent >= 0)
		return u->parent;
	u->recount = true;
	note_missing(u, item);
	u->parent = inroot_make_dirs(u->root, str_cstr(&u->parent_path), 0755, e);
	return u->parent;
}

/* -- replacing -- */

static int remove_old(struct unpack *u, int parent, const char *name, struct err *e)
{
	u->recount = true;
	if (unlinkat(parent, name, 0) == 0)
		return 0;
	if (errno != EISDIR)
		return err_sys(e, "replace what was there");
	return dir_remove_all(parent, name, e); /* never the cached parent: that is where name is */
}

/* -- entries -- */

/*
 * Makes or finds the folder name. What was hidden by a whiteout of this layer stays hidden. Returns
 * its fd, *ret_mode the bits it has.
 */
static int make_dir(struct unpack *u, int parent, const char *name, mode_t mode, mode_t *ret_mode,
		    struct err *e)
{
	bool hidden = false;
	struct stat st;
	int fd, r;

	*ret_mode = mode & 01777;
	if (mkdirat(parent, name, mode & 01777) < 0) {
		if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, "make the folder");
		*ret_mode = S_ISDIR(st.st_mode) ? st.st_mode & 07777 : *ret_mode;
		hidden = whiteout_is_device(&st);
		u->recount = true;
		if (!S_ISDIR(st.st_mode)) {
			r = remove_old(u, parent, name, e);
			if (r < 0)
				return r;
			if (mkdirat(parent, name, mode & 01777) < 0)
				return err_sys(e, "make the folder");
		}
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the folder");
	if (hidden)
		(void)whiteout_make_opaque(fd, &u->res->info.dot_whiteouts, NULL);
	return fd;
}

static int put_dir(struct unpack *u, int parent, const struct archive_item *item, struct err *e)
{
	const char *name = base_name(&u->path);
	mode_t mode = 0;
	auto_fd int fd = *name ? make_dir(u, parent, name, item->mode, &mode, e)
			       : openat(u->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return *name ? fd : err_sys(e, "open the root folder");
	if (!*name) {
		u->res->info.has_root = true;
		mode = 07777 + 1; /* none that it could have: it is set in any case */
	}
	add_late(u, str_cstr(&u->path), item->mode & 07777, item);
	/* Files made in a setgid folder get its group: that bit waits for the end. */
	r = unpack_meta(fd, u->in,
			&(struct archive_item){ .uid = item->uid,
						.gid = item->gid,
						.mode = item->mode & ~(mode_t)S_ISGID },
			mode, u->o, u->res, e);
	return r < 0 ? r : 0;
}

/* True for zeros from end to end. */
static bool all_zero(const char *p, size_t len)
{
	return !p[0] && memcmp(p, p + 1, len - 1) == 0;
}

static int write_at(int fd, const char *p, size_t len, int64_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		offset += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_data(struct unpack *u, int fd, int64_t size, struct err *e)
{
	int64_t end = 0, offset;
	const void *p;
	size_t len;
	int r;

	while ((r = archive_data(u->in, &p, &len, &offset, e)) > 0) {
		if (!len)
			continue;
		if (offset < end || offset > size || (int64_t)len > size - offset)
			return err_set(e, EBADMSG, "its data lies beyond its size");
		if (len >= HOLE_MIN && all_zero(p, len))
			continue;
		r = write_at(fd, p, len, offset);
		if (r < 0)
			return err_num(e, -r, "write");
		end = offset + (int64_t)len;
	}
	if (r < 0)
		return r;
	if (end < size && ftruncate(fd, size) < 0)
		return err_sys(e, "make it %lld bytes long", (long long)size);
	return 0;
}

static int put_file(struct unpack *u, int parent, const struct archive_item *item, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const char *name = base_name(&u->path);
	mode_t mode = item->mode & 0777;
	auto_fd int fd = openat(parent, name, flags, mode);
	struct timespec times[2];
	struct stat st;
	int r;

	if (fd < 0 && errno == EEXIST) {
		r = remove_old(u, parent, name, e);
		if (r < 0)
			return r;
		fd = openat(parent, name, flags, mode);
	}
	if (fd < 0)
		return err_sys(e, "create");
	r = write_data(u, fd, item->size, e);
	if (r >= 0)
		r = unpack_meta(fd, u->in, item, mode, u->o, u->res, e);
	if (r < 0)
		return r;
	unpack_times(item, times);
	if (futimens(fd, times) < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "set the time");
	u->res->info.disk_bytes += (int64_t)st.st_blocks * 512;
	return 0;
}

/* Symlinks, FIFOs and devices: made by one call. */
static int make_node(int parent, const char *name, const struct archive_item *item)
{
	if (S_ISLNK(item->mode))
		return symlinkat(item->symlink ? item->symlink : "", parent, name);
	return mknodat(parent, name, item->mode & (S_IFMT | 0777), item->rdev);
}

static int put_node(struct unpack *u, int parent, const struct archive_item *item, struct err *e)
{
	const char *name = base_name(&u->path);
	const char *what = S_ISLNK(item->mode) ? "make the symbolic link" : "make the special file";
	bool device = S_ISCHR(item->mode) || S_ISBLK(item->mode);
	struct stat st;
	int r;

	if (S_ISCHR(item->mode) && item->rdev == makedev(0, 0))
		return err_set(e, EBADMSG,
			       "a character device 0:0 would hide files of other layers");
	if (device && !u->o->devices) {
		u->res->skipped_devices++;
		return 0;
	}
	if (make_node(parent, name, item) < 0) {
		if (errno != EEXIST)
			return err_sys(e, "%s", what);
		r = remove_old(u, parent, name, e);
		if (r < 0)
			return r;
		if (make_node(parent, name, item) < 0)
			return err_sys(e, "%s", what);
	}
	r = unpack_meta_at(parent, name, item, u->o, e);
	if (r >= 0 && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		u->res->info.disk_bytes += (int64_t)st.st_blocks * 512;
	return r;
}

static int put_hardlink(struct unpack *u, int parent, const struct archive_item *item,
			struct err *e)
{
	const char *name = base_name(&u->path), *target_name;
	auto_str struct str target = { 0 };
	struct stat from, there;
	auto_fd int dir = -1;
	int r = clean_path(item->hardlink, &target, e);

	if (r < 0)
		return err_prefix(e, "hard link to '%.200s'", item->hardlink);
	dir = inroot_open_parent(u->root, str_cstr(&target), &target_name, e);
	if (dir < 0 || fstatat(dir, target_name, &from, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, EBADMSG, "hard link to '%.200s', which is not in the layer",
			       item->hardlink);
	if (S_ISDIR(from.st_mode) || whiteout_is_device(&from))
		return err_set(e, EBADMSG, "hard link to '%.200s', which is no file",
			       item->hardlink);
	if (linkat(dir, target_name, parent, name, 0) == 0)
		return 0;
	if (errno != EEXIST || fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "hard link to '%.200s'", item->hardlink);
	if (there.st_ino == from.st_ino)
		return 0; /* to itself, or made before */
	if (S_ISDIR(there.st_mode))
		return err_set(e, EBADMSG, "hard link to '%.200s' in the place of a folder",
			       item->hardlink);
	r = remove_old(u, parent, name, e);
	if (r < 0)
		return r;
	return linkat(dir, target_name, parent, name, 0) < 0
		       ? err_sys(e, "hard link to '%.200s'", item->hardlink)
		       : 0;
}

/* .wh. entries hide what lower layers have; what this layer has itself stays. */
static int put_whiteout(struct unpack *u, int parent, enum whiteout_kind kind, const char *hides,
			struct err *e)
{
	bool *dots = &u->res->info.dot_whiteouts;
	auto_fd int fd = -1;

	if (kind == WHITEOUT_BAD)
		return err_set(e, EBADMSG, "a whiteout of nothing");
	if (kind == WHITEOUT_AUFS)
		return 0;
	fd = openat(parent, kind == WHITEOUT_OPAQUE ? "." : hides,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return whiteout_make_opaque(fd, dots, e);
	return whiteout_make(parent, hides, dots, e);
}

static int put_entry(struct unpack *u, const struct archive_item *item, struct err *e)
{
	const char *hides = NULL;
	enum whiteout_kind kind;
	int parent, r;

	r = clean_path(item->path, &u->path, e);
	if (r < 0)
		return r;
	if (!u->path.len && (!S_ISDIR(item->mode) || item->hardlink))
		return err_set(e, EBADMSG, "the root of the layer is no folder");
	parent = u->path.len ? open_parent(u, item, e) : u->root;
	if (parent < 0)
		return parent;
	kind = whiteout_parse(base_name(&u->path), &hides);
	if (kind != WHITEOUT_NONE)
		return put_whiteout(u, parent, kind, hides, e);
	u->res->info.files++;
	if (item->hardlink)
		return put_hardlink(u, parent, item, e);
	switch (item->mode & S_IFMT) {
	case S_IFDIR:
		return put_dir(u, parent, item, e);
	case S_IFREG:
		return put_file(u, parent, item, e);
	case S_IFLNK:
	case S_IFIFO:
	case S_IFCHR:
	case S_IFBLK:
		return put_node(u, parent, item, e);
	default:
		return err_set(e, EBADMSG, "an entry of unknown type %o",
			       (unsigned int)(item->mode & S_IFMT));
	}
}

/* -- the end -- */

/* The order does not matter: setting a folder's time does not touch its parent's. */
static int finish_dirs(struct unpack *u, struct err *e)
{
	static const struct timespec epoch[2];

	for (size_t i = 0; i < u->nlate; i++) {
		const struct late_dir *d = &u->late[i];
		auto_fd int fd =
			inroot_try_open(u->root, d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		struct stat st;

		if (fd < 0)
			continue; /* replaced by a later entry */
		if (d->mode & S_ISGID && fchmod(fd, d->mode) < 0)
			return err_sys(e, "'%.200s': change the mode", d->path);
		if (futimens(fd, d->times) < 0 || fstat(fd, &st) < 0)
			return err_sys(e, "'%.200s': set the time", d->path);
		u->res->info.disk_bytes += (int64_t)st.st_blocks * 512;
	}
	if (!u->res->info.has_root && futimens(u->root, epoch) < 0)
		return err_sys(e, "set the time of the root folder");
	return 0;
}

static void unpack_clear(struct unpack *u)
{
	for (size_t i = 0; i < u->nlate; i++)
		free(u->late[i].path);
	free(u->late);
	archive_close(u->in);
	close_fd(&u->parent);
	str_free(&u->parent_path);
	str_free(&u->path);
}

#define auto_unpacking __attribute__((cleanup(unpack_clear)))

int unpack_stream(int in_fd, int root_fd, enum digest_algorithm algorithm,
		  const struct unpack_options *o, struct unpack_result *ret, struct err *e)
{
	auto_unpacking struct unpack u = { .root = root_fd, .o = o, .res = ret, .parent = -1 };
	struct archive_item item;
	int r;

	*ret = (struct unpack_result){ 0 };
	r = archive_open(in_fd, algorithm, &u.in, e);
	if (r < 0)
		return r;
	for (unsigned int n = 0; (r = archive_next(u.in, &item, e)) > 0; n++) {
		if (n == UNPACK_ENTRIES_MAX)
			return err_set(e, EBADMSG, "the layer has more than %d entries",
				       UNPACK_ENTRIES_MAX);
		r = put_entry(&u, &item, e);
		if (r < 0)
			return err_prefix(e, "'%.200s'", item.path);
	}
	if (r >= 0)
		r = archive_finish(u.in, ret->digest, e);
	if (r >= 0)
		r = finish_dirs(&u, e);
	if (r >= 0 && (u.recount || !ret->info.has_root))
		r = usage_count(root_fd, &ret->info.disk_bytes, &ret->info.files, e);
	return r;
}
