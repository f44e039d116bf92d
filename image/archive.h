/*
 * A layer's stream, read by libarchive (loaded on first use): compressed bytes from an fd come out
 * as the uncompressed tar, hashed on the way, and the tar as entries. Only tar; only gzip, zstd and
 * none. Names and links are bytes, never converted. Runs in the unpacking process; archive_prepare
 * in its parent, so that the child needs no file of the host.
 */
#ifndef IMAGE_ARCHIVE_H
#define IMAGE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/digest.h"

struct err;
struct archive_in;

/* Loads libarchive and libcrypto. -ENOENT: missing, the message names the package. */
int archive_prepare(struct err *e);

/* One entry. All pointers are the reader's until the next archive_next. */
struct archive_item {
	const char *path;     /* as in the tar */
	const char *hardlink; /* NULL: none */
	const char *symlink;  /* S_ISLNK */
	mode_t mode;          /* type and permissions */
	uint64_t uid, gid;
	dev_t rdev;
	int64_t size;
	bool sparse; /* its size holds more than its data */
	struct timespec mtime;
};

/* Reads from in_fd (borrowed). algorithm is that of the diff id. */
int archive_open(int in_fd, enum digest_algorithm algorithm, struct archive_in **ret,
		 struct err *e);
void archive_close(struct archive_in *a);

static inline void cleanup_archive(struct archive_in **a)
{
	archive_close(*a);
}

#define auto_archive __attribute__((cleanup(cleanup_archive)))

/* 1 and the next entry, 0 at the end. -EBADMSG: no tar, or a broken one. */
int archive_next(struct archive_in *a, struct archive_item *ret, struct err *e);

/*
 * 1 and a piece of the entry's data at its offset, 0 at its end. Pieces come in order and do not
 * overlap.
 */
int archive_data(struct archive_in *a, const void **ret_p, size_t *ret_len, int64_t *ret_offset,
		 struct err *e);

/* 1 and the entry's next xattr, 0 when there is none left. value may hold any bytes. */
int archive_xattr(struct archive_in *a, const char **ret_name, const void **ret_value,
		  size_t *ret_len);

/*
 * After the last entry: reads the stream to its end and gives the digest of the uncompressed bytes.
 * -EBADMSG: more than padding stands after the archive's end, or the stream is cut short.
 */
int archive_finish(struct archive_in *a, char digest[DIGEST_TEXT_MAX], struct err *e);

#endif
