/*
 * Blobs: files named by their digest under images/blobs, written in tmp/ while they are hashed and
 * renamed when they are whole. Runs in whoever pulls or loads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "image/store.h"
#include "image/tmp.h"

/*
 * A blob this large is handed to the disk while the rest comes in, so that the sync at the end is
 * short.
 */
#define FLUSH_BYTES ((int64_t)8 << 20)

struct blob_writer {
	const struct store *store;
	char *digest; /* expected */
	int64_t size, done, flushed;
	struct digest hash;
	int fd;
	char name[STORE_TMP_NAME]; /* in tmp/ */
};

/* "sha256/<hex>" of a checked digest. */
static const char *blob_path(const char *digest, char buf[DIGEST_TEXT_MAX])
{
	(void)snprintf(buf, DIGEST_TEXT_MAX, "%s/%s",
		       digest_algorithm(digest) == DIGEST_SHA512 ? "sha512" : "sha256",
		       digest_hex(digest));
	return buf;
}

bool store_has_blob(const struct store *s, const char *digest, int64_t size)
{
	char path[DIGEST_TEXT_MAX];
	struct stat st;

	return digest_ok(digest) &&
	       fstatat(s->blobs_fd, blob_path(digest, path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (size < 0 || st.st_size == size);
}

int store_open_blob(const struct store *s, const char *digest, struct err *e)
{
	char path[DIGEST_TEXT_MAX];
	int fd, r = digest_check(digest, e);

	if (r < 0)
		return r;
	fd = openat(s->blobs_fd, blob_path(digest, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "blob %s is not in the store: pull the image again",
			       digest);
	return fd < 0 ? err_sys(e, "open blob %s", digest) : fd;
}

int store_read_blob(const struct store *s, const char *digest, size_t limit, struct str *ret,
		    struct err *e)
{
	auto_fd int fd = store_open_blob(s, digest, e);
	int r = fd < 0 ? fd : fd_read_all(fd, limit, ret);

	if (fd < 0)
		return fd;
	if (r == -EFBIG)
		return err_set(e, EFBIG, "blob %s is larger than %zu bytes", digest, limit);
	return r < 0 ? err_num(e, -r, "read blob %s", digest) : 0;
}

int blob_begin(const struct store *s, const struct descriptor *expect, struct blob_writer **ret,
	       struct err *e)
{
	struct blob_writer *w;
	int r = digest_check(expect->digest, e);

	if (r < 0)
		return r;
	if (expect->size < 0)
		return err_set(e, EINVAL, "blob %s has a negative size", expect->digest);
	w = xzalloc(sizeof(*w));
	*w = (struct blob_writer){
		.store = s, .digest = xstrdup(expect->digest), .size = expect->size, .fd = -1
	};
	r = digest_begin(&w->hash, digest_algorithm(expect->digest), e);
	if (r >= 0)
		r = w->fd = tmp_file(s, w->name, e);
	if (r < 0) {
		blob_abort(w);
		return r;
	}
	*ret = w;
	return 0;
}

int blob_write(struct blob_writer *w, const void *p, size_t len, struct err *e)
{
	int r;

	if ((int64_t)len > w->size - w->done)
		return err_set(e, EFBIG,
			       "blob %s is longer than the %lld bytes that were announced",
			       w->digest, (long long)w->size);
	digest_add(&w->hash, p, len);
	r = fd_write_all(w->fd, p, len);
	if (r < 0)
		return err_num(e, -r, "write blob %s", w->digest);
	w->done += (int64_t)len;
	if (w->done - w->flushed >= FLUSH_BYTES) {
		(void)sync_file_range(w->fd, w->flushed, w->done - w->flushed,
				      SYNC_FILE_RANGE_WRITE);
		w->flushed = w->done;
	}
	return 0;
}

static int check(struct blob_writer *w, struct err *e)
{
	char got[DIGEST_TEXT_MAX];

	if (w->done != w->size)
		return err_set(e, EBADMSG, "blob %s is cut short: %lld of %lld bytes came",
			       w->digest, (long long)w->done, (long long)w->size);
	digest_end(&w->hash, got);
	if (!str_eq(got, w->digest))
		return err_set(e, EBADMSG, "blob %s has other content than its digest says: %s",
			       w->digest, got);
	return 0;
}

static int place(struct blob_writer *w, struct err *e)
{
	char path[DIGEST_TEXT_MAX];
	const char *algorithm = digest_algorithm(w->digest) == DIGEST_SHA512 ? "sha512" : "sha256";

	if (mkdirat(w->store->blobs_fd, algorithm, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make folder 'blobs/%s'", algorithm);
	if (fchmod(w->fd, 0644) < 0 ||
	    renameat(w->store->tmp_fd, w->name, w->store->blobs_fd, blob_path(w->digest, path)) < 0)
		return err_sys(e, "put blob %s in its place", w->digest);
	close_fd(&w->fd);
	return 0;
}

int blob_commit(struct blob_writer *w, struct err *e)
{
	int r = check(w, e);

	if (r >= 0)
		r = place(w, e);
	blob_abort(w);
	return r;
}

void blob_abort(struct blob_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		(void)unlinkat(w->store->tmp_fd, w->name, 0);
	close_fd(&w->fd);
	digest_free(&w->hash);
	free(w->digest);
	free(w);
}
