/*
 * The union of layers as files in a folder (the plain copy driver, and a bundle's rootfs/): see
 * merge_copy() in merge.h. Data is cloned where the file system can, else copied around its holes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "base/mem.h"
#include "image/links.h"
#include "image/merge.h"

/* A folder whose time is set when all is in it. */
struct late {
	char *path;
	struct timespec times[2];
};

struct copy {
	int dst;
	int parent; /* of the folder used last, or -1 */
	struct str parent_path;
	struct links links; /* files with several names, where they were put */
	struct late *late;
	size_t nlate, late_cap;
};

static void copy_clear(struct copy *c)
{
	for (size_t i = 0; i < c->nlate; i++)
		free(c->late[i].path);
	free(c->late);
	close_fd(&c->parent);
	str_free(&c->parent_path);
	links_free(&c->links);
}

#define auto_copy __attribute__((cleanup(copy_clear)))

/*
 * An fd (borrowed) of the folder in dst that path is in. It is there: a folder is visited before
 * what is in it.
 */
static int open_parent(struct copy *c, const struct merge_item *item, struct err *e)
{
	size_t len = (size_t)(strlen(item->path) - strlen(item->name));

	if (c->parent >= 0 && len == c->parent_path.len &&
	    memcmp(str_cstr(&c->parent_path), item->path, len) == 0)
		return c->parent;
	close_fd(&c->parent);
	str_cut(&c->parent_path, 0);
	str_add_mem(&c->parent_path, item->path, len);
	c->parent = inroot_open(c->dst, str_cstr(&c->parent_path), O_PATH | O_DIRECTORY, 0, e);
	return c->parent;
}

/* All but overlayfs's own: whiteouts and opaque folders have done their work. */
static int copy_xattrs(int from, int to, struct err *e)
{
	auto_free char *names = NULL, *value = NULL;
	ssize_t len = flistxattr(from, NULL, 0);

	if (len <= 0)
		return len == 0 || errno == EOPNOTSUPP ? 0 : err_sys(e, "list attributes");
	names = xzalloc((size_t)len + 1);
	len = flistxattr(from, names, (size_t)len);
	for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		ssize_t n;

		if (str_starts(name, "user.overlay.") || str_starts(name, "trusted.") ||
		    str_starts(name, "user.fuseoverlayfs."))
			continue;
		n = fgetxattr(from, name, NULL, 0);
		if (n < 0)
			continue; /* security.* of a kernel module, which only it may read */
		replace_ptr(&value, xzalloc((size_t)n + 1));
		n = fgetxattr(from, name, value, (size_t)n);
		if (n >= 0 && fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != EOPNOTSUPP &&
		    errno != EPERM)
			return err_sys(e, "set the attribute '%s'", name);
	}
	return 0;
}

static int copy_meta(int from, int to, const struct stat *st, struct err *e)
{
	if (fchown(to, st->st_uid, st->st_gid) < 0)
		return err_sys(e, "change the owner");
	if (fchmod(to, st->st_mode & 07777) < 0)
		return err_sys(e, "change the mode");
	return copy_xattrs(from, to, e);
}

/* -- by type -- */

static int copy_dir(struct copy *c, const struct merge_item *item, struct err *e)
{
	auto_fd int from =
		openat(item->dirfd, item->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int to = -1;

	if (from < 0)
		return err_sys(e, "open");
	if (*item->path) {
		int parent = open_parent(c, item, e);

		if (parent < 0)
			return parent;
		if (mkdirat(parent, item->name, 0700) < 0)
			return err_sys(e, "make the folder");
		to = openat(parent, item->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	} else {
		to = fcntl(c->dst, F_DUPFD_CLOEXEC, 0);
	}
	if (to < 0)
		return err_sys(e, "open the new folder");
	if (c->nlate == c->late_cap) {
		c->late_cap = c->late_cap ? 2 * c->late_cap : 64;
		c->late = xreallocarray(c->late, c->late_cap, sizeof(*c->late));
	}
	c->late[c->nlate++] = (struct late){ .path = xstrdup(item->path),
					     .times = { item->st.st_atim, item->st.st_mtim } };
	return copy_meta(from, to, &item->st, e);
}

/* Data between holes. */
static int copy_data(int from, int to, off_t size, struct err *e)
{
	off_t data = 0, hole;

	if (!size || ioctl(to, FICLONE, from) == 0)
		return 0;
	while (data < size && (data = lseek(from, data, SEEK_DATA)) >= 0) {
		int r;

		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0 || lseek(from, data, SEEK_SET) < 0 || lseek(to, data, SEEK_SET) < 0)
			return err_sys(e, "find the data");
		r = fd_copy(from, to, (uint64_t)(hole - data), e);
		if (r < 0)
			return r;
		data = hole;
	}
	if (data < 0 && errno != ENXIO) /* ENXIO: only a hole is left */
		return err_sys(e, "find the data");
	return ftruncate(to, size) < 0 ? err_sys(e, "set the size") : 0;
}

static int copy_file(const struct merge_item *item, int parent, struct err *e)
{
	auto_fd int from =
		openat(item->dirfd, item->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int to = -1;
	const struct timespec times[2] = { item->st.st_atim, item->st.st_mtim };
	int r;

	if (from < 0)
		return err_sys(e, "open");
	to = openat(parent, item->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(e, "create");
	r = copy_data(from, to, item->st.st_size, e);
	if (r >= 0)
		r = copy_meta(from, to, &item->st, e);
	if (r < 0)
		return r;
	return futimens(to, times) < 0 ? err_sys(e, "set the time") : 0;
}

static int copy_node(const struct merge_item *item, int parent, struct err *e)
{
	const struct timespec times[2] = { item->st.st_atim, item->st.st_mtim };
	char target[4097];
	ssize_t len;
	int r;

	if (S_ISLNK(item->st.st_mode)) {
		len = readlinkat(item->dirfd, item->name, target, sizeof(target) - 1);
		if (len < 0)
			return err_sys(e, "read the link");
		target[len] = '\0';
		r = symlinkat(target, parent, item->name);
	} else {
		r = mknodat(parent, item->name, item->st.st_mode & (S_IFMT | 0777),
			    item->st.st_rdev);
	}
	if (r < 0)
		return err_sys(e, "make the link or special file");
	if (fchownat(parent, item->name, item->st.st_uid, item->st.st_gid, AT_SYMLINK_NOFOLLOW) <
		    0 ||
	    utimensat(parent, item->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set owner and time");
	return 0;
}

static int copy_item(struct copy *c, const struct merge_item *item, struct err *e)
{
	const char *first;
	int parent;

	if (S_ISDIR(item->st.st_mode))
		return copy_dir(c, item, e);
	if (S_ISSOCK(item->st.st_mode))
		return 0;
	parent = open_parent(c, item, e);
	if (parent < 0)
		return parent;
	first = links_seen(&c->links, &item->st, item->path);
	if (first) {
		auto_fd int dir = inroot_open_parent(c->dst, first, &first, e);

		if (dir < 0)
			return dir;
		return linkat(dir, first, parent, item->name, 0) < 0
			       ? err_sys(e, "make the hard link")
			       : 0;
	}
	return S_ISREG(item->st.st_mode) ? copy_file(item, parent, e) : copy_node(item, parent, e);
}

static int visit(const struct merge_item *item, void *data, struct err *e)
{
	int r = copy_item(data, item, e);

	return r < 0 ? err_prefix(e, "copy '%s'", *item->path ? item->path : "/") : 0;
}

static int set_times(struct copy *c, struct err *e)
{
	for (size_t i = 0; i < c->nlate; i++) {
		auto_fd int fd = inroot_open(c->dst, c->late[i].path, O_RDONLY | O_DIRECTORY, 0, e);

		if (fd < 0)
			return fd;
		if (futimens(fd, c->late[i].times) < 0)
			return err_sys(e, "set the time of '%s'", c->late[i].path);
	}
	return 0;
}

int merge_copy(const struct merge_trees *t, int dst, struct err *e)
{
	auto_copy struct copy c = { .dst = dst, .parent = -1 };
	int r = merge_walk(t, visit, &c, e);

	return r < 0 ? r : set_times(&c, e);
}
