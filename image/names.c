/*
 * index.json, read whole and replaced whole: see names.h. Fields and annotations that others put
 * there stay.
 */
#include "image/names.h"

#include <errno.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"

/* A few thousand images. */
#define INDEX_BYTES_MAX ((size_t)16 << 20)

int names_read(const struct store *s, cJSON **ret, cJSON **ret_entries, struct err *e)
{
	auto_json cJSON *j = NULL;
	int r = json_read_file(s->images_fd, "index.json", INDEX_BYTES_MAX, &j, e);

	if (r < 0)
		return err_prefix(e, "store '%s'", s->root);
	*ret_entries = cJSON_GetObjectItemCaseSensitive(j, "manifests");
	if (!cJSON_IsArray(*ret_entries))
		return err_set(e, EBADMSG,
			       "store '%s': images/index.json: manifests: expected an array",
			       s->root);
	*ret = take_ptr(&j);
	return 0;
}

/* Keys of annotations hold dots: no json_path. */
static const char *annotation(const cJSON *entry, const char *key)
{
	return json_str(json_get(entry, "annotations"), key, NULL);
}

const char *names_ref(const cJSON *entry)
{
	return annotation(entry, NAMES_REF);
}

const char *names_index(const cJSON *entry)
{
	const char *digest = annotation(entry, NAMES_INDEX);

	return digest && digest_ok(digest) ? digest : NULL;
}

int names_descriptor(const cJSON *entry, struct descriptor *ret, struct err *e)
{
	const char *digest = json_str(entry, "digest", "");
	int64_t size = json_i64(entry, "size", -1);

	if (!digest_ok(digest) || size < 0)
		return err_set(e, EBADMSG, "images/index.json: '%.100s' is no good descriptor",
			       digest);
	*ret = (struct descriptor){
		.media_type = xstrdup(json_str(entry, "mediaType", "")),
		.digest = xstrdup(digest),
		.size = size,
	};
	return 0;
}

int names_change(const struct store *s, int (*change)(cJSON *entries, void *data, struct err *e),
		 void *data, struct err *e)
{
	auto_fd int lock = lock_take(s->images_fd, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, e);
	auto_json cJSON *j = NULL;
	cJSON *entries;
	int r;

	if (lock < 0)
		return lock;
	r = names_read(s, &j, &entries, e);
	if (r >= 0)
		r = change(entries, data, e);
	return r <= 0 ? r : json_write_file(s->images_fd, "index.json", j, false, 0644, e);
}

/* -- setting -- */

struct new_name {
	const char *name;
	const struct descriptor *target;
	const char *index_digest;
};

static void drop_name(cJSON *entry)
{
	cJSON_DeleteItemFromObjectCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(entry, "annotations"), NAMES_REF);
}

/* True where another entry than this one points at the same manifest. */
static bool has_twin(const cJSON *entries, const cJSON *entry)
{
	const cJSON *other;

	cJSON_ArrayForEach(other, entries)
		if (other != entry &&
		    str_eq(json_str(other, "digest", ""), json_str(entry, "digest", "")))
			return true;
	return false;
}

/*
 * Takes the name from who had it, and keeps that image nameless unless it has another name; drops a
 * nameless entry of the target, which gets a name now.
 */
static void clear_name(cJSON *entries, const struct new_name *n)
{
	cJSON *entry, *next;

	for (entry = entries->child; entry; entry = next) {
		bool same = str_eq(json_str(entry, "digest", ""), n->target->digest);

		next = entry->next;
		if (n->name && str_eq(names_ref(entry), n->name))
			drop_name(entry);
		if (!names_ref(entry) && (same || has_twin(entries, entry)))
			cJSON_Delete(cJSON_DetachItemViaPointer(entries, entry));
	}
}

/* True where the name is there as it should be. */
static bool is_set(const cJSON *entries, const struct new_name *n)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, entries)
		if (str_eq(names_ref(entry), n->name) &&
		    str_eq(json_str(entry, "digest", ""), n->target->digest))
			return str_eq(names_index(entry), n->index_digest);
	return false;
}

static int add_name(cJSON *entries, void *data, struct err *e)
{
	const struct new_name *n = data;
	cJSON *entry, *annotations;

	(void)e;
	if (is_set(entries, n))
		return 0;
	clear_name(entries, n);
	entry = json_object();
	json_add_str(entry, "mediaType", n->target->media_type);
	json_add_str(entry, "digest", n->target->digest);
	json_add_i64(entry, "size", n->target->size);
	if (n->name || n->index_digest) {
		annotations = json_add_object(entry, "annotations");
		json_add_str(annotations, NAMES_REF, n->name);
		json_add_str(annotations, NAMES_INDEX, n->index_digest);
	}
	json_push(entries, entry);
	return 1;
}

int image_set_name(const struct store *s, const char *full_name, const struct descriptor *target,
		   const char *index_digest, struct err *e)
{
	struct new_name n = { .name = full_name, .target = target, .index_digest = index_digest };

	/* All that came in since, at once: many blobs and layers cost one flush. */
	if (syncfs(s->images_fd) < 0)
		return err_sys(e, "sync the store");
	return names_change(s, add_name, &n, e);
}
