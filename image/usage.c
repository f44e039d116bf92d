/* du: see usage.h. */
#include "image/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/links.h"

struct usage {
	int64_t bytes, files;
	struct links seen;
};

static int count_dir(struct usage *u, int parent, const char *name, struct err *e)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return err_sys(e, "open folder '%s'", name);
	while ((errno = 0, entry = readdir(dir))) {
		struct stat st;
		int r;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, "stat '%s'", entry->d_name);
		u->files++;
		if (!links_seen(&u->seen, &st, ""))
			u->bytes += (int64_t)st.st_blocks * 512;
		if (!S_ISDIR(st.st_mode))
			continue;
		r = count_dir(u, fd, entry->d_name, e);
		if (r < 0)
			return r;
	}
	return errno ? err_sys(e, "read folder '%s'", name) : 0;
}

int usage_count(int dirfd, int64_t *ret_bytes, int64_t *ret_files, struct err *e)
{
	struct usage u = { 0 };
	struct stat st;
	int r = fstat(dirfd, &st) < 0 ? err_sys(e, "stat a folder") : count_dir(&u, dirfd, ".", e);

	links_free(&u.seen);
	if (r < 0)
		return r;
	*ret_bytes = u.bytes + (int64_t)st.st_blocks * 512;
	*ret_files = u.files;
	return 0;
}
