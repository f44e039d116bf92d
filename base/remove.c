/* rm -rf that keeps to one file system and never follows a link: see dir_remove_all in fd.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"

/* Opens the folder name, giving it permission bits where it has none. */
static int open_dir(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 || errno != EACCES)
		return fd;
	(void)fchmodat(parent, name, 0700, 0); /* a folder: unlinkat has just said so */
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int remove_one(int parent, const char *name, dev_t dev, unsigned int depth, struct err *e);

/* Empties an open folder; takes fd. */
static int empty(int fd, dev_t dev, unsigned int depth, struct err *e)
{
	auto_dir DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		close_fd(&fd);
		return err_sys(e, "read a folder");
	}
	while ((errno = 0, entry = readdir(dir))) {
		int r;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		r = remove_one(dirfd(dir), entry->d_name, dev, depth + 1, e);
		if (r < 0)
			return r;
	}
	return errno ? err_sys(e, "read a folder") : 0;
}

static int remove_one(int parent, const char *name, dev_t dev, unsigned int depth, struct err *e)
{
	auto_fd int fd = -1;
	struct stat st;
	int r;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EACCES) /* the parent is what forbids */
		(void)fchmod(parent, 0700);
	else if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove '%s'", name);
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove '%s'", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	fd = open_dir(parent, name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "remove folder '%s'", name);
	if (st.st_dev != dev)
		return err_set(e, EXDEV, "remove folder '%s': another file system is mounted there",
			       name);
	if (depth > 4096)
		return err_set(e, ELOOP, "remove folder '%s': folders nest too deep", name);
	if ((st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700);
	r = empty(take_fd(&fd), dev, depth, e);
	if (r < 0)
		return r;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, "remove folder '%s'", name);
	return 0;
}

int dir_remove_all(int dirfd, const char *path, struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "remove '%s'", path);
	return remove_one(dirfd, path, st.st_dev, 0, e);
}
