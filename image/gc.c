/*
 * Mark and sweep: see gc.h. A manifest or config that cannot be read for a reason other than being
 * gone or broken stops the sweep: nothing is removed on a guess.
 */
#include "image/gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "image/manifest.h"
#include "image/names.h"
#include "image/store.h"
#include "image/tmp.h"

struct marks {
	struct strv blobs;  /* digests */
	struct strv layers; /* diff ids */
};

static void marks_free(struct marks *m)
{
	strv_free(&m->blobs);
	strv_free(&m->layers);
}

#define auto_marks __attribute__((cleanup(marks_free)))

/* Gone, torn or never an image: what it refers to is unknown and it can be of no use. */
static bool is_broken(int r)
{
	return r == -ENOENT || r == -EBADMSG || r == -EFBIG || r == -ENOTSUP || r == -E2BIG ||
	       r == -EINVAL;
}

/* Diff ids of a config blob, whatever its manifest says. */
static int mark_config(const struct store *s, const char *digest, struct marks *m, struct err *e)
{
	auto_str struct str text = { 0 };
	auto_strv struct strv ids = { 0 };
	auto_json cJSON *j = NULL;
	int r = store_read_blob(s, digest, MANIFEST_BYTES_MAX, &text, e);

	if (r >= 0)
		r = json_parse(str_cstr(&text), text.len, "image config", &j, e);
	if (r < 0)
		return r;
	(void)json_get_strv(json_get(j, "rootfs"), "diff_ids", &ids);
	for (size_t i = 0; i < ids.len; i++)
		if (digest_ok(ids.v[i]))
			strv_add(&m->layers, ids.v[i]);
	return 0;
}

static int mark_manifest(const struct store *s, const char *digest, unsigned int depth,
			 struct marks *m, struct err *e)
{
	auto_str struct str text = { 0 };
	auto_manifest struct manifest mf = { 0 };
	int r;

	strv_add(&m->blobs, digest);
	r = store_read_blob(s, digest, MANIFEST_BYTES_MAX, &text, e);
	if (r >= 0)
		r = manifest_parse(str_cstr(&text), text.len, NULL, digest, &mf, e);
	if (r < 0)
		return is_broken(r) ? 0 : r;
	for (size_t i = 0; i < mf.nentries && depth < 4; i++) {
		r = mark_manifest(s, mf.entries[i].desc.digest, depth + 1, m, e);
		if (r < 0)
			return r;
	}
	if (mf.kind != MANIFEST_IMAGE)
		return 0;
	strv_add(&m->blobs, mf.config.digest);
	for (size_t i = 0; i < mf.nlayers; i++)
		strv_add(&m->blobs, mf.layers[i].digest);
	r = mark_config(s, mf.config.digest, m, e);
	return is_broken(r) ? 0 : r;
}

static int mark_all(const struct store *s, struct marks *m, struct err *e)
{
	auto_json cJSON *j = NULL;
	cJSON *entries;
	const cJSON *entry;
	int r = names_read(s, &j, &entries, e);

	if (r < 0)
		return r;
	cJSON_ArrayForEach(entry, entries) {
		const char *digest = json_str(entry, "digest", "");

		if (names_index(entry))
			strv_add(&m->blobs, names_index(entry));
		r = digest_ok(digest) ? mark_manifest(s, digest, 0, m, e) : 0;
		if (r < 0)
			return r;
	}
	strv_sort(&m->blobs);
	strv_sort(&m->layers);
	return 0;
}

static int compare_text(const void *key, const void *at)
{
	return strcmp(key, *(char *const *)at);
}

static bool is_marked(const struct strv *sorted, const char *text)
{
	return sorted->len &&
	       bsearch(text, sorted->v, sorted->len, sizeof(*sorted->v), compare_text);
}

int gc_names_layer(const struct store *s, const char *diff_id, struct err *e)
{
	auto_marks struct marks m = { 0 };
	int r = mark_all(s, &m, e);

	return r < 0 ? r : is_marked(&m.layers, diff_id);
}

/* "sha256:<hex>" of a file or folder name; NULL where it is none of ours. */
static const char *digest_text(const char *hex, char buf[DIGEST_TEXT_MAX])
{
	size_t len = strlen(hex);

	if (len != 64 && len != 128)
		return NULL;
	(void)snprintf(buf, DIGEST_TEXT_MAX, "%s:%s", len == 64 ? "sha256" : "sha512", hex);
	return digest_ok(buf) ? buf : NULL;
}

static int open_dir(int dirfd, const char *name, DIR **ret, struct err *e)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = fd < 0 ? NULL : fdopendir(fd);
	if (*ret)
		return 0;
	return errno == ENOENT ? 0 : err_sys(e, "read folder '%s' of the store", name);
}

static int sweep_blobs(const struct store *s, const char *algorithm, const struct marks *m,
		       struct err *e)
{
	auto_dir DIR *dir = NULL;
	char text[DIGEST_TEXT_MAX];
	struct dirent *entry;
	int r = open_dir(s->blobs_fd, algorithm, &dir, e);

	if (r < 0 || !dir)
		return r;
	while ((entry = readdir(dir))) {
		if (!digest_text(entry->d_name, text) || is_marked(&m->blobs, text))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
			return err_sys(e, "remove blob %s", text);
	}
	return 0;
}

static int sweep_layers(const struct store *s, const struct marks *m, struct strv *ret_deleted,
			struct err *e)
{
	auto_dir DIR *dir = NULL;
	char text[DIGEST_TEXT_MAX];
	struct dirent *entry;
	bool found = false;
	int r = open_dir(s->layers_fd, ".", &dir, e);

	while (r >= 0 && dir && (entry = readdir(dir))) {
		if (!digest_text(entry->d_name, text) || is_marked(&m->layers, text) ||
		    s->layer_in_use(text, s->layer_in_use_data))
			continue;
		r = tmp_bury(s, s->layers_fd, entry->d_name, e);
		found = true;
		if (r >= 0 && ret_deleted)
			strv_add(ret_deleted, text);
	}
	if (found && tmp_remove_dead(s, NULL) <
			     0) /* they are out of the way, and the next sweep tries again */
		log_debug("could not remove all of %s/tmp", s->root);
	return r;
}

/* What a killed replacement of index.json left beside it. */
static void sweep_temporaries(const struct store *s)
{
	auto_dir DIR *dir = NULL;
	struct dirent *entry;

	if (open_dir(s->images_fd, ".", &dir, NULL) < 0 || !dir)
		return;
	while ((entry = readdir(dir)))
		if (str_ends(entry->d_name, ".tmp"))
			(void)unlinkat(s->images_fd, entry->d_name, 0);
}

int gc_sweep(const struct store *s, struct strv *ret_deleted, struct err *e)
{
	auto_marks struct marks m = { 0 };
	int r = mark_all(s, &m, e);

	if (r >= 0)
		r = sweep_blobs(s, "sha256", &m, e);
	if (r >= 0)
		r = sweep_blobs(s, "sha512", &m, e);
	if (r >= 0 && s->layer_in_use && s->userns)
		r = sweep_layers(s, &m, ret_deleted, e);
	if (r >= 0)
		sweep_temporaries(s);
	return r;
}
