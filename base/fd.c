/*
 * Whole reads and writes, atomic replacement, folders: see fd.h. Locks are in lock.c, sockets in
 * sock.c.
 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/sys.h"

int fd_read_all(int fd, size_t limit, struct str *ret)
{
	size_t total = 0;

	for (;;) {
		ssize_t n;

		str_reserve(ret, 4096);
		n = read(fd, ret->data + ret->len, ret->cap - ret->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		total += (size_t)n;
		if (total > limit)
			return -EFBIG;
		ret->len += (size_t)n;
		ret->data[ret->len] = '\0';
	}
	ret->data[ret->len] = '\0';
	return 0;
}

int fd_read_exact(int fd, void *p, size_t len)
{
	char *at = p;

	while (len) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_write_all(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			(void)poll(&wait, 1, -1);
			continue;
		}
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_read(int dirfd, const char *path, size_t limit, struct str *ret, struct err *e)
{
	auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	r = fd_read_all(fd, limit, ret);
	if (r == -EFBIG)
		return err_set(e, EFBIG, "'%s' is larger than %zu bytes", path, limit);
	return r < 0 ? err_num(e, -r, "read '%s'", path) : 0;
}

int file_read_line(int dirfd, const char *path, char **ret, struct err *e)
{
	auto_str struct str text = { 0 };
	int r = file_read(dirfd, path, 1 << 16, &text, e);

	if (r < 0)
		return r;
	*ret = xstrndup(str_cstr(&text), strcspn(str_cstr(&text), "\n"));
	return 0;
}

int file_put(int dirfd, const char *path, const char *text, struct err *e)
{
	auto_fd int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);

	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	if (write(fd, text, len) != (ssize_t)len)
		return err_sys(e, "write '%s' to '%s'", text, path);
	return 0;
}

/* Folder part of path as an open fd. */
static int open_parent(int dirfd, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = slash ? xstrndup(path, (size_t)(slash - path) + (slash == path))
				    : xstrdup(".");

	return dir_open(dirfd, dir, e);
}

/* Writes a new file under a name of its own; on failure it is removed again. */
static int write_new(int dirfd, const char *path, const void *p, size_t len, mode_t mode, bool sync,
		     struct err *e)
{
	auto_fd int fd =
		openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return err_sys(e, "create '%s'", path);
	r = fd_write_all(fd, p, len);
	if (r == 0 && sync && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlinkat(dirfd, path, 0);
	return err_num(e, -r, "write '%s'", path);
}

static int replace(int dirfd, const char *path, const void *p, size_t len, mode_t mode, bool sync,
		   struct err *e)
{
	auto_free char *temp = NULL;
	auto_fd int parent = -1;
	unsigned char salt[8];
	char hex[2 * sizeof(salt) + 1];
	int r;

	rand_bytes(salt, sizeof(salt));
	str_hex(hex, salt, sizeof(salt));
	temp = xasprintf("%s.%s.tmp", path, hex);
	r = write_new(dirfd, temp, p, len, mode, sync, e);
	if (r < 0)
		return r;
	if (renameat(dirfd, temp, dirfd, path) < 0) {
		r = err_sys(e, "rename '%s' to '%s'", temp, path);
		(void)unlinkat(dirfd, temp, 0);
		return r;
	}
	if (!sync)
		return 0;
	parent = open_parent(dirfd, path, e);
	if (parent < 0)
		return parent;
	return fsync(parent) < 0 ? err_sys(e, "sync the folder of '%s'", path) : 0;
}

int file_replace(int dirfd, const char *path, const void *p, size_t len, mode_t mode, struct err *e)
{
	return replace(dirfd, path, p, len, mode, true, e);
}

int file_replace_fast(int dirfd, const char *path, const void *p, size_t len, mode_t mode,
		      struct err *e)
{
	return replace(dirfd, path, p, len, mode, false, e);
}

int file_create(int dirfd, const char *path, const void *p, size_t len, mode_t mode, struct err *e)
{
	return write_new(dirfd, path, p, len, mode, false, e);
}

/*
 * One step of a copy by the rung that still works: 0 copy_file_range (across file systems since
 * 5.3), 1 sendfile, 2 read and write.
 */
static ssize_t copy_step(int in, int out, size_t len, int *rung)
{
	static _Thread_local char buf[1 << 16];
	ssize_t n = -1;

	if (*rung == 0) {
		n = copy_file_range(in, NULL, out, NULL, len, 0);
		if (n > 0 || (n < 0 && errno != EINVAL && errno != EXDEV && errno != ENOSYS &&
			      errno != EOPNOTSUPP && errno != EBADF && errno != EPERM))
			return n;
		/* also at 0: files of /proc have no size and look empty to copy_file_range */
		*rung = 1;
	}
	if (*rung == 1) {
		n = sendfile(out, in, NULL, len);
		if (n >= 0 || (errno != EINVAL && errno != ENOSYS))
			return n;
		*rung = 2;
	}
	n = read(in, buf, len < sizeof(buf) ? len : sizeof(buf));
	if (n > 0) {
		int r = fd_write_all(out, buf, (size_t)n);

		if (r < 0) {
			errno = -r;
			return -1;
		}
	}
	return n;
}

int fd_copy(int in, int out, uint64_t len, struct err *e)
{
	int rung = 0;

	while (len) {
		ssize_t n =
			copy_step(in, out, len < (1U << 30) ? (size_t)len : (size_t)1 << 30, &rung);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "copy");
		if (n == 0)
			return len == UINT64_MAX || len > UINT64_MAX / 2
				       ? 0
				       : err_set(e, EIO, "copy: the file ends early");
		len -= (uint64_t)n;
	}
	return 0;
}

int dir_open(int dirfd, const char *path, struct err *e)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open folder '%s'", path) : fd;
}

int dir_make_all(int dirfd, const char *path, mode_t mode, struct err *e)
{
	auto_free char *copy = xstrdup(path);
	struct stat st;

	if (mkdirat(dirfd, copy, mode) == 0)
		return 0;
	for (char *at = copy + 1; errno == ENOENT && *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
			return err_sys(e, "make folder '%s'", copy);
		*at = '/';
		errno = ENOENT;
	}
	if (mkdirat(dirfd, copy, mode) == 0)
		return 0;
	if (errno == EEXIST && fstatat(dirfd, path, &st, 0) == 0)
		return S_ISDIR(st.st_mode)
			       ? 0
			       : err_set(e, ENOTDIR, "'%s' exists and is not a folder", path);
	return err_sys(e, "make folder '%s'", path);
}

int dir_make_open(int dirfd, const char *path, mode_t mode, struct err *e)
{
	if (mkdirat(dirfd, path, mode) < 0 && errno != EEXIST)
		return err_sys(e, "make folder '%s'", path);
	return dir_open(dirfd, path, e);
}

const char *fd_path(char buf[FD_PATH_MAX], int fd)
{
	(void)snprintf(buf, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return buf;
}

int fd_real_path(int fd, char **ret, struct err *e)
{
	char link[FD_PATH_MAX], path[4096];
	ssize_t len = readlink(fd_path(link, fd), path, sizeof(path));

	if (len < 0)
		return err_sys(e, "read '%s'", link);
	if ((size_t)len == sizeof(path))
		return err_set(e, ENAMETOOLONG, "the path of '%s' is too long", link);
	*ret = xstrndup(path, (size_t)len);
	return 0;
}

int fd_dup_above(int fd, int min)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, min);

	return copy < 0 ? -errno : copy;
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0 || fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
		return -errno;
	return 0;
}

int fd_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

/* The rung below close_range: asks procfs which fds there are. */
static void each_fd_from(int first, void (*act)(int fd))
{
	auto_dir DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int fd;

		if (str_to_int(entry->d_name, &fd) == 0 && fd >= first && fd != dirfd(dir))
			act(fd);
	}
}

static void close_one(int fd)
{
	(void)close(fd);
}

static void cloexec_one(int fd)
{
	(void)fd_set_cloexec(fd, true);
}

void fd_close_from(int first)
{
	if (sys_close_range((unsigned int)first, ~0U, 0) < 0)
		each_fd_from(first, close_one);
}

void fd_cloexec_from(int first)
{
	/* the flag is newer: 5.11 */
	if (sys_close_range((unsigned int)first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		each_fd_from(first, cloexec_one);
}

int fd_ensure_std(struct err *e)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", O_RDWR) < 0) /* NOLINT: fds 0 to 2 are inherited */
			return err_sys(e, "open '/dev/null'");
	return 0;
}
