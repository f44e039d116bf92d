/*
 * Images as the rest of pod sees them: manifest and config read from the store's blobs, found by
 * name or id, listed, removed. Runs in any command.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/names.h"
#include "image/ref.h"
#include "image/store.h"

void descriptor_clear(struct descriptor *d)
{
	free(d->media_type);
	free(d->digest);
	*d = (struct descriptor){ 0 };
}

static void descriptor_copy(struct descriptor *dst, const struct descriptor *src)
{
	*dst = (struct descriptor){
		.media_type = src->media_type ? xstrdup(src->media_type) : NULL,
		.digest = xstrdup(src->digest),
		.size = src->size,
	};
}

void image_free(struct image *img)
{
	if (!img)
		return;
	for (size_t i = 0; i < img->diff_ids.len; i++)
		descriptor_clear(&img->layers[i]);
	free(img->layers);
	free(img->id);
	free(img->index_digest);
	descriptor_clear(&img->manifest);
	strv_free(&img->names);
	strv_free(&img->diff_ids);
	cJSON_Delete(img->config);
	free(img);
}

/* -- loading -- */

static int load_manifest(const struct store *s, const struct descriptor *d, struct manifest *ret,
			 struct err *e)
{
	auto_str struct str text = { 0 };
	int r = store_read_blob(s, d->digest, MANIFEST_BYTES_MAX, &text, e);

	if (r >= 0)
		r = manifest_parse(str_cstr(&text), text.len,
				   d->media_type && *d->media_type ? d->media_type : NULL,
				   d->digest, ret, e);
	if (r >= 0 && ret->kind != MANIFEST_IMAGE)
		return err_set(e, EBADMSG, "%s is an index, not an image", d->digest);
	return r;
}

/* Sum over the layers; one that is not unpacked counts nothing. */
static int64_t disk_size(const struct store *s, const struct strv *diff_ids)
{
	int64_t sum = 0;

	for (size_t i = 0; i < diff_ids->len; i++) {
		struct layer_info info;

		if (layer_info(s, diff_ids->v[i], &info, NULL) >= 0)
			sum += info.disk_bytes;
	}
	return sum;
}

int image_load(const struct store *s, const struct descriptor *manifest, struct image **ret,
	       struct err *e)
{
	auto_manifest struct manifest m = { 0 };
	auto_str struct str text = { 0 };
	auto_image struct image *img = NULL;
	int r = load_manifest(s, manifest, &m, e);

	if (r >= 0)
		r = store_read_blob(s, m.config.digest, MANIFEST_BYTES_MAX, &text, e);
	if (r < 0)
		return r;
	img = xzalloc(sizeof(*img));
	r = json_parse(str_cstr(&text), text.len, "image config", &img->config, e);
	if (r >= 0)
		r = manifest_check_config(&m, img->config, &img->diff_ids, e);
	if (r < 0)
		return r;
	img->id = xstrdup(digest_hex(m.config.digest));
	descriptor_copy(&img->manifest, manifest);
	img->layers = take_ptr(&m.layers);
	m.nlayers = 0;
	img->size = disk_size(s, &img->diff_ids);
	(void)clock_parse_rfc3339(json_str(img->config, "created", ""), &img->created_ns);
	*ret = take_ptr(&img);
	return 0;
}

static int load_entry(const struct store *s, const cJSON *entry, struct image **ret, struct err *e)
{
	struct descriptor d = { 0 };
	int r = names_descriptor(entry, &d, e);

	if (r >= 0)
		r = image_load(s, &d, ret, e);
	descriptor_clear(&d);
	if (r >= 0 && names_index(entry))
		(*ret)->index_digest = xstrdup(names_index(entry));
	if (r >= 0 && names_ref(entry))
		strv_add(&(*ret)->names, names_ref(entry));
	return r;
}

/* -- finding -- */

/* Adds the names of all entries that point at the same manifest. */
static void add_names(const cJSON *entries, struct image *img)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, entries)
		if (names_ref(entry) &&
		    str_eq(json_str(entry, "digest", ""), img->manifest.digest) &&
		    !strv_has(&img->names, names_ref(entry)))
			strv_add(&img->names, names_ref(entry));
}

/* Name without tag and digest the same? */
static bool same_repository(const char *name, const struct ref *want)
{
	auto_ref struct ref have = { 0 };

	return ref_parse(name, &have, NULL) >= 0 && str_eq(have.domain, want->domain) &&
	       str_eq(have.path, want->path);
}

/* NAME@DIGEST: an image of that repository whose manifest or index has the digest. */
static bool matches_digest(const cJSON *entry, const struct ref *want)
{
	if (!str_eq(json_str(entry, "digest", ""), want->digest) &&
	    !str_eq(names_index(entry), want->digest))
		return false;
	return names_ref(entry) && same_repository(names_ref(entry), want);
}

/* "foo:1" also finds quay.io/foo:1, which registries.conf may have made of it. */
static bool matches_short(const cJSON *entry, const char *text)
{
	auto_ref struct ref have = { 0 }, want = { 0 };
	const char *path;

	if (!names_ref(entry) || ref_parse(names_ref(entry), &have, NULL) < 0 ||
	    ref_parse(text, &want, NULL) < 0)
		return false;
	path = str_after(want.path, "library/");
	return !want.digest && str_eq(have.tag, want.tag) &&
	       (str_eq(have.path, want.path) || (path && str_eq(have.path, path)));
}

static const cJSON *find_by_name(const cJSON *entries, const char *text)
{
	auto_ref struct ref want = { 0 };
	auto_free char *full = NULL;
	const cJSON *entry, *found = NULL;

	if (ref_parse(text, &want, NULL) < 0)
		return NULL;
	full = ref_full(&want);
	cJSON_ArrayForEach(entry, entries)
		if (str_eq(names_ref(entry), full))
			return entry;
	cJSON_ArrayForEach(entry, entries)
		if (want.digest && matches_digest(entry, &want))
			return entry;
	if (!ref_is_short(text))
		return NULL;
	cJSON_ArrayForEach(entry, entries) {
		if (!matches_short(entry, text))
			continue;
		if (found)
			return NULL; /* of two registries: neither is meant for sure */
		found = entry;
	}
	return found;
}

/*
 * Is text (hexadecimal, without sha256:) the start of the entry's image id, or the whole of its
 * manifest's or index's digest?
 */
static bool matches_id(const struct store *s, const cJSON *entry, const char *text)
{
	auto_manifest struct manifest m = { 0 };
	struct descriptor d = { 0 };
	const char *index = names_index(entry);
	bool yes = false;

	if (names_descriptor(entry, &d, NULL) < 0)
		return false;
	if (str_eq(digest_hex(d.digest), text) || (index && str_eq(digest_hex(index), text)))
		yes = true;
	else if (load_manifest(s, &d, &m, NULL) >= 0)
		yes = str_starts(digest_hex(m.config.digest), text);
	descriptor_clear(&d);
	return yes;
}

/* -ENOENT, -ENOTUNIQ. */
static int find_by_id(const struct store *s, const cJSON *entries, const char *text,
		      const cJSON **ret, struct err *e)
{
	const char *hex = str_after(text, "sha256:") ? str_after(text, "sha256:") : text;
	size_t len = strlen(hex);
	const cJSON *entry;

	*ret = NULL;
	if (len < 3 || len > 64 || !str_is_hex(hex, len))
		return err_set(e, ENOENT, "no such image '%s'", text);
	cJSON_ArrayForEach(entry, entries) {
		if (!matches_id(s, entry, hex))
			continue;
		if (*ret && !str_eq(json_str(*ret, "digest", ""), json_str(entry, "digest", "")))
			return err_set(e, ENOTUNIQ, "'%s' is the beginning of several images' ids",
				       text);
		*ret = entry;
	}
	return *ret ? 0 : err_set(e, ENOENT, "no such image '%s'", text);
}

/* What name means: *ret (borrowed), *ret_by_name. */
static int find_entry(const struct store *s, const cJSON *entries, const char *name,
		      const cJSON **ret, bool *ret_by_name, struct err *e)
{
	*ret = NULL;
	*ret_by_name = !str_starts(name, "sha256:") && !str_is_hex(name, 64);
	if (*ret_by_name)
		*ret = find_by_name(entries, name);
	if (*ret)
		return 0;
	*ret_by_name = false;
	return find_by_id(s, entries, name, ret, e);
}

int image_find(const struct store *s, const char *name, struct image **ret, struct err *e)
{
	auto_json cJSON *j = NULL;
	cJSON *entries;
	const cJSON *entry;
	bool by_name;
	int r = names_read(s, &j, &entries, e);

	if (r >= 0)
		r = find_entry(s, entries, name, &entry, &by_name, e);
	if (r >= 0)
		r = load_entry(s, entry, ret, e);
	if (r >= 0)
		add_names(entries, *ret);
	return r;
}

/* -- listing -- */

static int newest_first(const void *a, const void *b)
{
	const struct image *x = *(struct image *const *)a, *y = *(struct image *const *)b;

	if (x->created_ns != y->created_ns)
		return x->created_ns > y->created_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* One more name of a manifest that was loaded before? */
static bool add_name(struct image **list, size_t n, const cJSON *entry)
{
	const char *digest = json_str(entry, "digest", ""), *name = names_ref(entry);

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(list[i]->manifest.digest, digest))
			continue;
		if (name)
			strv_add(&list[i]->names, name);
		return true;
	}
	return false;
}

/* Takes img: as a new element, or its names into the one with the same id. */
static void add_to_list(struct image **list, size_t *n, struct image *img)
{
	for (size_t i = 0; i < *n; i++) {
		if (!str_eq(list[i]->id, img->id))
			continue;
		strv_copy(&list[i]->names, &img->names);
		image_free(img);
		return;
	}
	list[(*n)++] = img;
}

int image_list(const struct store *s, struct image ***ret, size_t *ret_n, struct err *e)
{
	auto_json cJSON *j = NULL;
	struct image **list;
	cJSON *entries;
	const cJSON *entry;
	size_t n = 0;
	int r = names_read(s, &j, &entries, e);

	if (r < 0)
		return r;
	list = xcalloc((size_t)cJSON_GetArraySize(entries) + 1, sizeof(*list));
	cJSON_ArrayForEach(entry, entries) {
		struct image *img = NULL;
		struct err why = { 0 };

		if (add_name(list, n, entry))
			continue;
		if (load_entry(s, entry, &img, &why) >= 0)
			add_to_list(list, &n, img);
		else
			log_warn("image '%s' is broken: %s",
				 names_ref(entry) ? names_ref(entry)
						  : json_str(entry, "digest", "?"),
				 why.msg);
	}
	qsort(list, n, sizeof(struct image *), newest_first);
	*ret = list;
	*ret_n = n;
	return 0;
}

/* -- unpacking -- */

int image_unpack(const struct store *s, const struct image *img, struct err *e)
{
	for (size_t i = 0; i < img->diff_ids.len; i++) {
		int r = layer_unpack_blob(s, img->layers[i].digest, img->diff_ids.v[i],
					  img->layers[i].media_type, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* -- removing -- */

struct removal {
	const struct store *s;
	const char *name;
	bool force;
	struct strv *untagged, *deleted;
};

static void tell_untagged(const struct removal *rm, const cJSON *entry)
{
	auto_ref struct ref ref = { 0 };

	if (!rm->untagged || !names_ref(entry))
		return;
	if (ref_parse(names_ref(entry), &ref, NULL) >= 0)
		strv_add_take(rm->untagged, ref_familiar(&ref));
	else
		strv_add(rm->untagged, names_ref(entry));
}

/*
 * The image id of a manifest, "sha256:…", or the manifest's own digest where it cannot be read. The
 * caller owns it.
 */
static char *image_id(const struct store *s, const cJSON *entry)
{
	auto_manifest struct manifest m = { 0 };
	struct descriptor d = { 0 };
	char *id;

	if (names_descriptor(entry, &d, NULL) < 0)
		return xstrdup(json_str(entry, "digest", ""));
	id = xstrdup(load_manifest(s, &d, &m, NULL) >= 0 ? m.config.digest : d.digest);
	descriptor_clear(&d);
	return id;
}

static size_t count_names(const cJSON *entries, const char *digest)
{
	const cJSON *entry;
	size_t n = 0;

	cJSON_ArrayForEach(entry, entries)
		n += str_eq(json_str(entry, "digest", ""), digest);
	return n;
}

static int remove_entries(cJSON *entries, void *data, struct err *e)
{
	struct removal *rm = data;
	auto_free char *digest = NULL, *id = NULL;
	const cJSON *found;
	cJSON *next;
	bool by_name;
	int r = find_entry(rm->s, entries, rm->name, &found, &by_name, e);

	if (r < 0)
		return r;
	digest = xstrdup(json_str(found, "digest", ""));
	id = image_id(rm->s, found);
	if (!by_name && !rm->force && count_names(entries, digest) > 1)
		return err_set(e, EEXIST,
			       "image '%s' has several names: remove them by name, or use --force",
			       rm->name);
	for (cJSON *entry = entries->child; entry; entry = next) {
		next = entry->next;
		if (by_name ? entry != found : !str_eq(json_str(entry, "digest", ""), digest))
			continue;
		tell_untagged(rm, entry);
		cJSON_Delete(cJSON_DetachItemViaPointer(entries, entry));
	}
	if (rm->deleted && count_names(entries, digest) == 0)
		strv_add(rm->deleted, id);
	return 1;
}

int image_remove(const struct store *s, const char *name, bool force, struct strv *ret_untagged,
		 struct strv *ret_deleted, struct err *e)
{
	struct removal rm = { .s = s,
			      .name = name,
			      .force = force,
			      .untagged = ret_untagged,
			      .deleted = ret_deleted };
	int r = names_change(s, remove_entries, &rm, e);

	if (r < 0)
		return r;
	r = store_collect(s, ret_deleted, e);
	return r == -EWOULDBLOCK
		       ? 0
		       : r; /* who holds the store now may need it; a later removal sweeps */
}
