/*
 * File locks: see fd.h. A lock file that was removed while somebody waited for it is noticed and
 * made anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/err.h"
#include "base/fd.h"

static int take(int dirfd, const char *path, int operation, struct err *e)
{
	for (;;) {
		auto_fd int fd =
			openat(dirfd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat mine, there;

		if (fd < 0)
			return err_sys(e, "open lock '%s'", path);
		while (flock(fd, operation) < 0) {
			if (errno == EWOULDBLOCK)
				return err_set(e, EWOULDBLOCK, "'%s' is locked by another process",
					       path);
			if (errno != EINTR)
				return err_sys(e, "lock '%s'", path);
		}
		if (fstat(fd, &mine) == 0 &&
		    fstatat(dirfd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
			return take_fd(&fd);
	}
}

int lock_take(int dirfd, const char *path, enum lock_kind kind, struct err *e)
{
	return take(dirfd, path, kind == LOCK_SHARED ? LOCK_SH : LOCK_EX, e);
}

int lock_try(int dirfd, const char *path, enum lock_kind kind, struct err *e)
{
	return take(dirfd, path, (kind == LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB, e);
}
