/* Paths inside a root that is not trusted: see inroot.h. */
#include "base/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"

/*
 * A symlink chain can make mkdir -p walk the same names again; this many turns are more than any
 * honest tree needs.
 */
#define INROOT_LINKS_MAX 40

int inroot_try_open(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	do {
		fd = sys_openat2(root, *path ? path : ".", &how);
	} while (fd < 0 && (errno == EINTR ||
			    errno == EAGAIN)); /* EAGAIN: a rename elsewhere raced with ".." */
	return fd < 0 ? -errno : fd;
}

int inroot_open(int root, const char *path, int flags, mode_t mode, struct err *e)
{
	int fd = inroot_try_open(root, path, flags, mode);

	return fd < 0 ? err_num(e, -fd, "open '%s' in the root file system", path) : fd;
}

int inroot_open_parent(int root, const char *path, const char **ret_name, struct err *e)
{
	auto_free char *parent = NULL;
	const char *name;
	size_t len = strlen(path);

	if (len && path[len - 1] == '/' && strspn(path, "/") != len)
		return err_set(e, EINVAL, "'%s' ends with a slash", path);
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	if (strcmp(name, "..") == 0)
		return err_set(e, EINVAL, "'%s' ends with '..'", path);
	parent = xstrndup(path, (size_t)(name - path));
	*ret_name = *name ? name : ".";
	return inroot_open(root, parent, O_PATH | O_DIRECTORY, 0, e);
}

/*
 * Takes one step down from parent (inside root). Missing folders are made; a symlink's text is put
 * before the rest of the walk by the caller (-ELOOP from here means: it is a symlink).
 */
static int step(int parent, const char *name, mode_t mode)
{
	int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		int r = S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;

		close_fd(&fd);
		return r;
	}
	return fd;
}

/*
 * What is left of the walk after a symlink: its text, then the rest. An absolute text starts at the
 * root again.
 */
static int follow(int parent, const char *name, const char *rest, char **ret_path)
{
	char target[4096];
	ssize_t len = readlinkat(parent, name, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	*ret_path = xasprintf("%s/%s", target, rest);
	return target[0] == '/';
}

/* The folder above `at`, but never above root: what ".." means inside. */
static int step_up(int root, struct strv *walked)
{
	auto_free char *path = NULL;

	if (walked->len)
		strv_remove(walked, walked->len - 1);
	path = strv_join(walked, "/");
	return inroot_try_open(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

/*
 * Walks path, making what is missing. `walked` holds the real folders from the root to where we
 * are.
 */
static int make_walk(int root, const char *path, mode_t mode)
{
	auto_strv struct strv walked = { 0 };
	auto_free char *owned = xstrdup(path);
	char *rest = owned;
	auto_fd int at = inroot_try_open(root, ".", O_PATH | O_DIRECTORY, 0);
	int links = 0;

	while (at >= 0) {
		size_t len = strcspn(rest += strspn(rest, "/"), "/");
		auto_free char *name = xstrndup(rest, len);
		char *more = rest + len;
		int next;

		if (!len)
			return take_fd(&at);
		rest = more;
		if (strcmp(name, ".") == 0)
			continue;
		next = strcmp(name, "..") == 0 ? step_up(root, &walked) : step(at, name, mode);
		if (next == -ELOOP) {
			char *path_left = NULL;
			int absolute = ++links > INROOT_LINKS_MAX
					       ? -ELOOP
					       : follow(at, name, rest, &path_left);

			if (absolute < 0)
				return absolute;
			replace_ptr(&owned, path_left);
			rest = owned;
			if (!absolute)
				continue;
			strv_free(&walked);
			next = inroot_try_open(root, ".", O_PATH | O_DIRECTORY, 0);
		} else if (next >= 0 && strcmp(name, "..") != 0) {
			strv_add(&walked, name);
		}
		close_fd(&at);
		at = next;
	}
	return at;
}

int inroot_make_dirs(int root, const char *path, mode_t mode, struct err *e)
{
	int fd = inroot_try_open(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		fd = make_walk(root, path, mode);
	return fd < 0 ? err_num(e, -fd, "make folder '%s' in the root file system", path) : fd;
}

int inroot_make_file(int root, const char *path, mode_t mode, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
	const char *name = slash ? slash + 1 : path;
	auto_fd int dir = -1;
	int fd = inroot_try_open(root, path, O_PATH, 0);

	if (fd != -ENOENT)
		return fd < 0 ? err_num(e, -fd, "open '%s' in the root file system", path) : fd;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, EINVAL, "'%s' does not name a file", path);
	dir = inroot_make_dirs(root, parent, 0755, e);
	if (dir < 0)
		return dir;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0 && errno != EEXIST)
		return err_sys(e, "make file '%s' in the root file system", path);
	close_fd(&fd);
	fd = inroot_try_open(dir, name, O_PATH | O_NOFOLLOW, 0);
	return fd < 0 ? err_num(e, -fd, "open '%s' in the root file system", path) : fd;
}

int inroot_read(int root, const char *path, size_t limit, struct str *ret, struct err *e)
{
	auto_fd int handle = inroot_open(root, path, O_PATH, 0, e);
	char link[FD_PATH_MAX];
	auto_fd int fd = -1;
	struct stat st;
	int r;

	if (handle < 0)
		return handle;
	if (fstat(handle, &st) < 0)
		return err_sys(e, "stat '%s'", path);
	/* known before the open: opening a device or FIFO can do things */
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "'%s' in the root file system is not a regular file",
			       path);
	fd = open(fd_path(link, handle), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open '%s' in the root file system", path);
	r = fd_read_all(fd, limit, ret);
	if (r == -EFBIG)
		return err_set(e, EFBIG, "'%s' in the root file system is larger than %zu bytes",
			       path, limit);
	return r < 0 ? err_num(e, -r, "read '%s' in the root file system", path) : 0;
}
