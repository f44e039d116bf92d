/*
 * tmpcopyup. Runs in init before the pivot; the folder belongs to the image, so nothing is followed
 * and nothing is opened that is not a regular file or a folder. No process of the container runs
 * yet.
 */
#include "oci/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

#define DEPTH_MAX 100

static int copy_folder(int from, int to, int depth, struct err *e);

/*
 * Owner, then mode: chown clears setuid. An owner that does not exist in this user namespace stays
 * ours.
 */
static void copy_attributes(int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	(void)!fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
	if (!S_ISLNK(st->st_mode))
		(void)fchmodat(to, name, st->st_mode & 07777, 0);
	(void)utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_file(int from, int to, const char *name, struct err *e)
{
	auto_fd int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int out = -1;

	if (in < 0)
		return err_sys(e, "copy '%s'", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(e, "copy '%s'", name);
	return fd_copy(in, out, UINT64_MAX, e);
}

static int copy_link(int from, int to, const char *name, struct err *e)
{
	char text[4096];
	ssize_t n = readlinkat(from, name, text, sizeof text - 1);

	if (n < 0)
		return err_sys(e, "read link '%s'", name);
	text[n] = '\0';
	return symlinkat(text, to, name) < 0 ? err_sys(e, "copy link '%s'", name) : 0;
}

static int copy_subfolder(int from, int to, const char *name, int depth, struct err *e)
{
	auto_fd int in = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int out = -1;

	if (in < 0 || (mkdirat(to, name, 0700) < 0 && errno != EEXIST))
		return err_sys(e, "copy folder '%s'", name);
	out = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return err_sys(e, "copy folder '%s'", name);
	return copy_folder(in, out, depth + 1, e);
}

static int copy_entry(int from, int to, const char *name, int depth, struct err *e)
{
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat '%s'", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		r = copy_file(from, to, name, e);
		break;
	case S_IFDIR:
		r = copy_subfolder(from, to, name, depth, e);
		break;
	case S_IFLNK:
		r = copy_link(from, to, name, e);
		break;
	case S_IFSOCK:
		return 0;
	default: /* a device that may not be made here is left out */
		if (mknodat(to, name, st.st_mode, st.st_rdev) < 0)
			return 0;
	}
	if (r >= 0)
		copy_attributes(to, name, &st);
	return r;
}

static int copy_folder(int from, int to, int depth, struct err *e)
{
	auto_fd int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = NULL;
	struct dirent *d;
	int r = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, ELOOP, "the folder is deeper than %d folders", DEPTH_MAX);
	if (fd < 0)
		return err_sys(e, "read folder");
	dir = fdopendir(fd);
	if (!dir)
		return err_sys(e, "read folder");
	(void)take_fd(&fd);
	while (r >= 0 && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			r = copy_entry(from, to, d->d_name, depth, e);
	return r;
}

int copy_up(int from, int to, struct err *e)
{
	int r = copy_folder(from, to, 0, e);

	return r < 0 ? err_prefix(e, "tmpcopyup") : 0;
}
