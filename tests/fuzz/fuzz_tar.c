/*
 * A layer's stream, compressed or not: whatever comes, nothing changes outside the target folder,
 * and a stream that is taken has been read to its end. Runs without a user namespace and without
 * chroot, so that only the walk itself keeps it inside.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "image/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* cage/root is the target; beside it stands cage/canary. */
static int open_cage(void)
{
	static char path[] = "/tmp/pod-fuzz-tar-XXXXXX";
	int fd;

	if (!mkdtemp(path))
		abort();
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || file_create(fd, "canary", "alive", 5, 0600, NULL) < 0 || rmdir(path) == 0)
		abort();
	return fd;
}

static int cage = -1;

static void check_cage(void)
{
	auto_str struct str text = { 0 };
	auto_dir DIR *dir = fdopendir(openat(cage, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *d;
	struct stat st;

	if (file_read(cage, "canary", 100, &text, NULL) < 0 || !str_eq(str_cstr(&text), "alive"))
		abort();
	if (fstatat(cage, "canary", &st, 0) < 0 || st.st_nlink != 1 || (st.st_mode & 07777) != 0600)
		abort();
	while (dir && (d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, "..") &&
		    !str_eq(d->d_name, "canary") && !str_eq(d->d_name, "root"))
			abort();
}

static void remove_cage(void)
{
	char *path = NULL;

	if (fd_real_path(cage, &path, NULL) >= 0)
		(void)dir_remove_all(AT_FDCWD, path, NULL);
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct unpack_options options = { .one_id = true };
	auto_fd int in = memfd_create("tar", MFD_CLOEXEC);
	struct unpack_result result;
	auto_fd int root = -1;
	struct err e = { 0 };
	int r;

	if (cage < 0) {
		cage = open_cage();
		(void)atexit(remove_cage);
		(void)umask(0);
	}
	root = dir_make_open(cage, "root", 0755, NULL);
	if (in < 0 || root < 0 || fd_write_all(in, data, size) < 0 || lseek(in, 0, SEEK_SET) < 0)
		abort();
	r = unpack_stream(in, root, DIGEST_SHA256, &options, &result, &e);
	if (r < 0 && !e.msg[0])
		abort(); /* no failure without a reason */
	if (r >= 0 && (lseek(in, 0, SEEK_CUR) != (off_t)size || !digest_ok(result.digest)))
		abort();
	check_cage();
	if (dir_remove_all(cage, "root", NULL) < 0)
		abort();
	return 0;
}
