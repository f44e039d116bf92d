/*
 * libarchive behind archive.h. Two readers in a row: the outer one (format raw, filters gzip and
 * zstd) gives the uncompressed stream, which is hashed block by block and read in place by the
 * inner one (format tar). Runs in the unpacking process, on hostile bytes.
 */
#include "image/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dl.h"
#include "base/err.h"
#include "base/mem.h"

/*
 * What may stand after the end-of-archive mark: writers pad to their block size, and GNU tar's can
 * be set to any.
 */
#define PADDING_MAX ((int64_t)1 << 20)

static struct {
	typeof(archive_read_new) *archive_read_new;
	typeof(archive_read_free) *archive_read_free;
	typeof(archive_read_support_filter_gzip) *archive_read_support_filter_gzip;
	typeof(archive_read_support_filter_zstd) *archive_read_support_filter_zstd;
	typeof(archive_read_support_format_raw) *archive_read_support_format_raw;
	typeof(archive_read_support_format_empty) *archive_read_support_format_empty;
	typeof(archive_read_support_format_tar) *archive_read_support_format_tar;
	typeof(archive_read_open) *archive_read_open;
	typeof(archive_read_next_header) *archive_read_next_header;
	typeof(archive_read_data_block) *archive_read_data_block;
	typeof(archive_error_string) *archive_error_string;
	typeof(archive_format) *archive_format;
	typeof(archive_filter_bytes) *archive_filter_bytes;
	typeof(archive_entry_pathname) *archive_entry_pathname;
	typeof(archive_entry_hardlink) *archive_entry_hardlink;
	typeof(archive_entry_symlink) *archive_entry_symlink;
	typeof(archive_entry_mode) *archive_entry_mode;
	typeof(archive_entry_uid) *archive_entry_uid;
	typeof(archive_entry_gid) *archive_entry_gid;
	typeof(archive_entry_rdev) *archive_entry_rdev;
	typeof(archive_entry_size) *archive_entry_size;
	typeof(archive_entry_mtime) *archive_entry_mtime;
	typeof(archive_entry_mtime_nsec) *archive_entry_mtime_nsec;
	typeof(archive_entry_sparse_count) *archive_entry_sparse_count;
	typeof(archive_entry_xattr_reset) *archive_entry_xattr_reset;
	typeof(archive_entry_xattr_next) *archive_entry_xattr_next;
} lib;

int archive_prepare(struct err *e)
{
	static const char *const sonames[] = { "libarchive.so.13", NULL };
	static const struct dl_symbol symbols[] = {
		DL_SYMBOL(lib, archive_read_new),
		DL_SYMBOL(lib, archive_read_free),
		DL_SYMBOL(lib, archive_read_support_filter_gzip),
		DL_SYMBOL(lib, archive_read_support_filter_zstd),
		DL_SYMBOL(lib, archive_read_support_format_raw),
		DL_SYMBOL(lib, archive_read_support_format_empty),
		DL_SYMBOL(lib, archive_read_support_format_tar),
		DL_SYMBOL(lib, archive_read_open),
		DL_SYMBOL(lib, archive_read_next_header),
		DL_SYMBOL(lib, archive_read_data_block),
		DL_SYMBOL(lib, archive_error_string),
		DL_SYMBOL(lib, archive_format),
		DL_SYMBOL(lib, archive_filter_bytes),
		DL_SYMBOL(lib, archive_entry_pathname),
		DL_SYMBOL(lib, archive_entry_hardlink),
		DL_SYMBOL(lib, archive_entry_symlink),
		DL_SYMBOL(lib, archive_entry_mode),
		DL_SYMBOL(lib, archive_entry_uid),
		DL_SYMBOL(lib, archive_entry_gid),
		DL_SYMBOL(lib, archive_entry_rdev),
		DL_SYMBOL(lib, archive_entry_size),
		DL_SYMBOL(lib, archive_entry_mtime),
		DL_SYMBOL(lib, archive_entry_mtime_nsec),
		DL_SYMBOL(lib, archive_entry_sparse_count),
		DL_SYMBOL(lib, archive_entry_xattr_reset),
		DL_SYMBOL(lib, archive_entry_xattr_next),
	};
	static bool loaded;
	struct digest d = { 0 };
	int r;

	if (loaded)
		return 0;
	r = dl_load(sonames, "libarchive13", symbols, ARRAY_SIZE(symbols), e);
	if (r >= 0)
		r = digest_begin(&d, DIGEST_SHA256, e);
	digest_free(&d);
	loaded = r >= 0;
	return r;
}

struct archive_in {
	struct archive *raw, *tar;
	struct archive_entry *entry;
	struct digest hash;
	int in_fd;
	int64_t in_bytes, out_bytes;
	bool empty;          /* no byte came at all */
	bool ended;          /* the raw stream is at its end */
	struct err in_error; /* why reading the fd or the raw stream failed */
	char in[1 << 18];
};

/* Bytes of the fd, for the outer reader. */
static la_ssize_t read_fd(struct archive *unused, void *data, const void **ret)
{
	struct archive_in *a = data;
	ssize_t n;

	(void)unused;
	do {
		n = read(a->in_fd, a->in, sizeof(a->in));
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		(void)err_sys(&a->in_error, "read the layer");
		return -1;
	}
	a->in_bytes += n;
	*ret = a->in;
	return n;
}

/* The next block of the uncompressed stream, hashed; 0 at its end, -1 with in_error set. */
static la_ssize_t read_raw(struct archive *unused, void *data, const void **ret)
{
	struct archive_in *a = data;
	la_int64_t offset;
	size_t len = 0;
	int r;

	(void)unused;
	if (a->ended)
		return 0;
	r = lib.archive_read_data_block(a->raw, ret, &len, &offset);
	if (r == ARCHIVE_EOF) {
		a->ended = true;
		return 0;
	}
	if (r != ARCHIVE_OK) {
		const char *why = lib.archive_error_string(a->raw);

		if (!a->in_error.num)
			(void)err_set(&a->in_error, EBADMSG, "decompress the layer: %s",
				      why ? why : "broken stream");
		return -1;
	}
	digest_add(&a->hash, *ret, len);
	a->out_bytes += (int64_t)len;
	return (la_ssize_t)len;
}

/* What went wrong in the inner reader, or below it. */
static int tar_error(struct archive_in *a, struct err *e)
{
	const char *why = lib.archive_error_string(a->tar);

	if (a->in_error.num)
		return err_copy(e, &a->in_error);
	return err_set(e, EBADMSG, "the layer is no good tar archive: %s",
		       why ? why : "unknown format");
}

static int open_raw(struct archive_in *a, struct err *e)
{
	struct archive_entry *entry;
	int r;

	a->raw = lib.archive_read_new();
	if (!a->raw)
		mem_exhausted();
	(void)lib.archive_read_support_filter_gzip(a->raw);
	(void)lib.archive_read_support_filter_zstd(a->raw);
	(void)lib.archive_read_support_format_raw(a->raw);
	(void)lib.archive_read_support_format_empty(a->raw);
	r = lib.archive_read_open(a->raw, a, NULL, read_fd, NULL);
	if (r == ARCHIVE_OK)
		r = lib.archive_read_next_header(a->raw, &entry);
	if (r == ARCHIVE_EOF) {
		a->empty = a->ended = true;
		return 0;
	}
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		return 0;
	if (a->in_error.num)
		return err_copy(e, &a->in_error);
	return err_set(e, EBADMSG, "decompress the layer: %s", lib.archive_error_string(a->raw));
}

/*
 * Names are bytes: in the C locale libarchive cannot convert them, and hands them on as they are.
 */
static void bytes_are_names(void)
{
	static locale_t c_locale;

	if (!c_locale)
		c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	(void)uselocale(c_locale);
}

int archive_open(int in_fd, enum digest_algorithm algorithm, struct archive_in **ret, struct err *e)
{
	auto_archive struct archive_in *a = xzalloc(sizeof(*a));
	int r;

	a->in_fd = in_fd;
	bytes_are_names();
	r = archive_prepare(e);
	if (r >= 0)
		r = digest_begin(&a->hash, algorithm, e);
	if (r >= 0)
		r = open_raw(a, e);
	if (r < 0)
		return r;
	a->tar = lib.archive_read_new();
	if (!a->tar)
		mem_exhausted();
	(void)lib.archive_read_support_format_tar(a->tar);
	if (!a->ended && lib.archive_read_open(a->tar, a, NULL, read_raw, NULL) != ARCHIVE_OK)
		return tar_error(a, e);
	*ret = take_ptr(&a);
	return 0;
}

void archive_close(struct archive_in *a)
{
	if (!a)
		return;
	if (a->tar)
		(void)lib.archive_read_free(a->tar);
	if (a->raw)
		(void)lib.archive_read_free(a->raw);
	digest_free(&a->hash);
	free(a);
}

int archive_next(struct archive_in *a, struct archive_item *ret, struct err *e)
{
	int r;

	if (a->empty)
		return 0;
	r = lib.archive_read_next_header(a->tar, &a->entry);
	if (r == ARCHIVE_EOF)
		return a->in_error.num ? err_copy(e, &a->in_error) : 0;
	/* A warning is a name that is not in the C locale, which is what is wanted. */
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return tar_error(a, e);
	*ret = (struct archive_item){
		.path = lib.archive_entry_pathname(a->entry),
		.hardlink = lib.archive_entry_hardlink(a->entry),
		.symlink = lib.archive_entry_symlink(a->entry),
		.mode = lib.archive_entry_mode(a->entry),
		.rdev = lib.archive_entry_rdev(a->entry),
		.size = lib.archive_entry_size(a->entry),
		.sparse = lib.archive_entry_sparse_count(a->entry) > 0,
		.mtime = { .tv_sec = lib.archive_entry_mtime(a->entry),
			   .tv_nsec = lib.archive_entry_mtime_nsec(a->entry) },
	};
	if (!ret->path)
		return err_set(e, EBADMSG, "the layer has an entry without a name");
	if (lib.archive_entry_uid(a->entry) < 0 || lib.archive_entry_gid(a->entry) < 0 ||
	    ret->size < 0)
		return err_set(e, EBADMSG, "'%.200s' has a negative owner or size", ret->path);
	ret->uid = (uint64_t)lib.archive_entry_uid(a->entry);
	ret->gid = (uint64_t)lib.archive_entry_gid(a->entry);
	(void)lib.archive_entry_xattr_reset(a->entry);
	return 1;
}

int archive_data(struct archive_in *a, const void **ret_p, size_t *ret_len, int64_t *ret_offset,
		 struct err *e)
{
	la_int64_t offset = 0;
	int r = lib.archive_read_data_block(a->tar, ret_p, ret_len, &offset);

	if (r == ARCHIVE_EOF)
		return a->in_error.num ? err_copy(e, &a->in_error) : 0;
	if (r != ARCHIVE_OK)
		return tar_error(a, e);
	*ret_offset = offset;
	return 1;
}

int archive_xattr(struct archive_in *a, const char **ret_name, const void **ret_value,
		  size_t *ret_len)
{
	return lib.archive_entry_xattr_next(a->entry, ret_name, ret_value, ret_len) == ARCHIVE_OK;
}

int archive_finish(struct archive_in *a, char digest[DIGEST_TEXT_MAX], struct err *e)
{
	int64_t after = 0;
	const void *p;
	la_ssize_t n;

	while ((n = read_raw(NULL, a, &p)) > 0) {
		after += n;
		if (after > PADDING_MAX)
			return err_set(
				e, EBADMSG,
				"more than %d KiB stand after the end of the layer's archive",
				(int)(PADDING_MAX >> 10));
	}
	if (n < 0)
		return err_copy(e, &a->in_error);
	/* The rest, lest the writer blocks on a full pipe. */
	while ((n = read_fd(NULL, a, &p)) > 0)
		;
	if (n < 0)
		return err_copy(e, &a->in_error);
	if (!a->empty && lib.archive_filter_bytes(a->raw, -1) != a->in_bytes)
		return err_set(e, EBADMSG,
			       "%lld bytes of something else stand after the compressed layer",
			       (long long)(a->in_bytes - lib.archive_filter_bytes(a->raw, -1)));
	digest_end(&a->hash, digest);
	return 0;
}
