/*
 * The layer is kept as it came: its digest is taken first, then (in a process of its own, which
 * sees nothing of the host) the diff id of what is in it; blob, unpacked layer, config and manifest
 * follow, and the name at last. Runs in the command's process.
 */
#include "image/import.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "image/archive.h"
#include "image/layer.h"
#include "image/store.h"

#define MEDIA_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"

/* A file that can be read twice: in_fd itself, or a nameless copy of a pipe in tmp/. */
static int open_seekable(const struct store *s, int in_fd, struct err *e)
{
	auto_fd int fd = -1;
	struct stat st;
	int r;

	if (fstat(in_fd, &st) < 0)
		return err_sys(e, "stat the archive");
	if (S_ISREG(st.st_mode) && lseek(in_fd, 0, SEEK_CUR) == 0) {
		r = fcntl(in_fd, F_DUPFD_CLOEXEC, 3);
		return r < 0 ? err_sys(e, "duplicate a descriptor") : r;
	}
	fd = openat(s->tmp_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create a temporary file");
	r = fd_copy(in_fd, fd, UINT64_MAX, e);
	if (r < 0)
		return err_prefix(e, "read the archive");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "seek");
	return take_fd(&fd);
}

/* Digest and size of the whole file; the position is at its beginning again. */
static int describe(int fd, struct descriptor *ret, struct err *e)
{
	char digest[DIGEST_TEXT_MAX];
	unsigned char magic[4] = { 0 };
	int r = digest_of_fd(fd, digest, e);
	off_t size = lseek(fd, 0, SEEK_END);

	if (r < 0)
		return err_prefix(e, "read the archive");
	if (size < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "seek");
	if (pread(fd, magic, sizeof(magic), 0) < 0)
		return err_sys(e, "read the archive");
	ret->digest = xstrdup(digest);
	ret->size = size;
	if (magic[0] == 0x1f && magic[1] == 0x8b)
		ret->media_type = xstrdup(MEDIA_LAYER "+gzip");
	else if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		ret->media_type = xstrdup(MEDIA_LAYER "+zstd");
	else
		ret->media_type = xstrdup(MEDIA_LAYER);
	return 0;
}

/* -- the diff id -- */

struct reading {
	int root_fd; /* an empty folder: all that the process sees */
	int in_fd;
	int out_fd; /* pipe: takes the digest */
};

/* In the child. */
static int read_diff_id(void *data, struct err *e)
{
	const struct reading *r = data;
	auto_archive struct archive_in *a = NULL;
	struct archive_item item;
	char digest[DIGEST_TEXT_MAX] = "";
	int got;

	if (fchdir(r->root_fd) < 0 || chroot(".") < 0)
		return err_sys(e, "chroot");
	got = archive_open(r->in_fd, DIGEST_SHA256, &a, e);
	if (got < 0)
		return got;
	while ((got = archive_next(a, &item, e)) > 0)
		;
	if (got == 0)
		got = archive_finish(a, digest, e);
	if (got == 0 && fd_write_all(r->out_fd, digest, sizeof(digest)) < 0)
		got = err_sys(e, "write to a pipe");
	return got;
}

static int find_diff_id(const struct store *s, int fd, char diff_id[DIGEST_TEXT_MAX], struct err *e)
{
	char name[STORE_TMP_NAME];
	auto_fd int lock = store_tmp_dir(s, name, e), in = -1, out = -1;
	auto_fd int root = lock < 0 ? lock : dir_open(s->tmp_fd, name, e);
	int ends[2], r = root < 0 ? root : archive_prepare(e);

	if (r >= 0 && pipe2(ends, O_CLOEXEC) < 0)
		r = err_sys(e, "make a pipe");
	if (r >= 0) {
		struct reading reading = { .root_fd = root, .in_fd = fd, .out_fd = out = ends[1] };

		in = ends[0];
		r = userns_run(s->userns, CLONE_NEWNS | CLONE_NEWNET, read_diff_id, &reading, e);
	}
	if (r >= 0)
		r = fd_read_exact(in, diff_id, DIGEST_TEXT_MAX);
	if (lock >= 0)
		(void)store_remove_tmp(s, name, NULL);
	if (r >= 0)
		r = digest_check(diff_id, e);
	return r < 0 ? r : 0;
}

/* -- blobs -- */

static int write_layer(const struct store *s, int fd, const struct descriptor *d, struct err *e)
{
	auto_free char *buf = NULL;
	struct blob_writer *w = NULL;
	size_t size = 1 << 18;
	int r;

	if (store_has_blob(s, d->digest, d->size))
		return 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "seek");
	r = blob_begin(s, d, &w, e);
	if (r < 0)
		return r;
	buf = xcalloc(1, size);
	for (;;) {
		ssize_t n = read(fd, buf, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return blob_commit(w, e);
		r = n < 0 ? err_sys(e, "read the archive") : blob_write(w, buf, (size_t)n, e);
		if (r < 0) {
			blob_abort(w);
			return r;
		}
	}
}

static int write_json(const struct store *s, const cJSON *json, const char *media_type,
		      struct descriptor *ret, struct err *e)
{
	auto_free char *text = json_print(json, false);
	struct blob_writer *w = NULL;
	char digest[DIGEST_TEXT_MAX];
	int r = digest_of(text, strlen(text), digest, e);

	if (r < 0)
		return r;
	ret->media_type = xstrdup(media_type);
	ret->digest = xstrdup(digest);
	ret->size = (int64_t)strlen(text);
	if (store_has_blob(s, digest, ret->size))
		return 0;
	r = blob_begin(s, ret, &w, e);
	if (r < 0)
		return r;
	r = blob_write(w, text, (size_t)ret->size, e);
	if (r < 0) {
		blob_abort(w);
		return r;
	}
	return blob_commit(w, e);
}

/* -- the image -- */

static cJSON *make_config(const struct import *i, const char *diff_id)
{
	cJSON *config = json_object(), *part, *step = json_object();
	char now[CLOCK_TEXT_MAX];

	json_add_str(config, "created", clock_rfc3339(clock_now_ns(), now));
	json_add_str(config, "architecture", i->architecture);
	json_add_str(config, "variant", i->variant);
	json_add_str(config, "os", i->os);
	part = i->config ? cJSON_Duplicate(i->config, true) : json_object();
	if (!part)
		mem_exhausted();
	json_add(config, "config", part);
	part = json_add_object(config, "rootfs");
	json_add_str(part, "type", "layers");
	json_push_str(json_add_array(part, "diff_ids"), diff_id);
	json_add_str(step, "created", now);
	json_add_str(step, "comment", i->message);
	json_push(json_add_array(config, "history"), step);
	return config;
}

static void add_descriptor(cJSON *to, const struct descriptor *d)
{
	json_add_str(to, "mediaType", d->media_type);
	json_add_str(to, "digest", d->digest);
	json_add_i64(to, "size", d->size);
}

static cJSON *make_manifest(const struct descriptor *config, const struct descriptor *layer)
{
	cJSON *manifest = json_object(), *one = json_object();

	json_add_i64(manifest, "schemaVersion", 2);
	json_add_str(manifest, "mediaType", MEDIA_MANIFEST);
	add_descriptor(json_add_object(manifest, "config"), config);
	add_descriptor(one, layer);
	json_push(json_add_array(manifest, "layers"), one);
	return manifest;
}

/* Everything of the image, in the order in which each may refer to the one before. */
static int store_image(const struct store *s, int fd, const struct import *i,
		       const struct descriptor *layer, char **ret_id, struct err *e)
{
	struct descriptor config = { 0 }, manifest = { 0 };
	auto_json cJSON *config_json = NULL, *manifest_json = NULL;
	char diff_id[DIGEST_TEXT_MAX];
	int r = find_diff_id(s, fd, diff_id, e);

	if (r == 0)
		r = write_layer(s, fd, layer, e);
	if (r == 0)
		r = layer_unpack_blob(s, layer->digest, diff_id, layer->media_type, e);
	if (r == 0) {
		config_json = make_config(i, diff_id);
		r = write_json(s, config_json, MEDIA_CONFIG, &config, e);
	}
	if (r == 0) {
		manifest_json = make_manifest(&config, layer);
		r = write_json(s, manifest_json, MEDIA_MANIFEST, &manifest, e);
	}
	if (r == 0)
		r = image_set_name(s, i->name, &manifest, NULL, e);
	if (r == 0)
		*ret_id = xstrdup(config.digest);
	descriptor_clear(&config);
	descriptor_clear(&manifest);
	return r;
}

int image_import(const struct store *s, int in_fd, const struct import *i, char **ret_id,
		 struct err *e)
{
	auto_fd int hold = store_hold(s, e), fd = hold < 0 ? -1 : open_seekable(s, in_fd, e);
	struct descriptor layer = { 0 };
	int r = hold < 0 ? hold : fd;

	if (r >= 0)
		r = describe(fd, &layer, e);
	if (r >= 0)
		r = store_image(s, fd, i, &layer, ret_id, e);
	descriptor_clear(&layer);
	if (r < 0 && hold >= 0) {
		close_fd(&hold);
		(void)store_collect(s, NULL, NULL);
	}
	return r < 0 ? r : 0;
}
