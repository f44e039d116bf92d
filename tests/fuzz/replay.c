/*
 * Runs a fuzz target over files instead of under libFuzzer: each argument is a file or a folder of
 * files. So a corpus, with every input that once broke something, is replayed by any compiler and
 * by every test run.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count;

/* Each input sits in memory of exactly its size, so that a sanitizer sees the first byte beyond. */
static void replay_file(int fd, const char *name, size_t size)
{
	uint8_t *data = malloc(size ? size : 1);
	size_t have = 0;

	if (!data)
		errx(1, "out of memory for '%s'", name);
	while (have < size) {
		ssize_t n = read(fd, data + have, size - have);

		if (n <= 0)
			err(1, "read '%s'", name);
		have += (size_t)n;
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	count++;
}

static void replay(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "open '%s'", name);
	if (S_ISDIR(st.st_mode)) {
		DIR *d = fdopendir(fd);

		if (!d)
			err(1, "open '%s'", name);
		for (struct dirent *entry; (entry = readdir(d));)
			if (entry->d_name[0] != '.')
				replay(fd, entry->d_name);
		closedir(d);
		return;
	}
	fprintf(stderr, "%s\n", name); /* the last line before a crash names the input */
	replay_file(fd, name, (size_t)st.st_size);
	close(fd);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(AT_FDCWD, argv[i]);
	printf("%zu inputs\n", count);
	return count ? 0 : 1;
}
