/*
 * Parses manifests and indexes. The bytes come from registries and archives: shape, media types,
 * digests and sizes are all checked here, once, and what does not fit is refused with the field's
 * name.
 */
#include "image/manifest.h"

#include <errno.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define SIZE_MAX_BYTES ((int64_t)1 << 50)
#define ENTRIES_MAX 10000

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"

static const struct {
	const char *media_type;
	enum manifest_kind kind;
} kinds[] = {
	{ OCI_MANIFEST, MANIFEST_IMAGE },
	{ OCI_INDEX, MANIFEST_INDEX },
	{ "application/vnd.docker.distribution.manifest.v2+json", MANIFEST_IMAGE },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", MANIFEST_INDEX },
};

static const char *const config_types[] = {
	"application/vnd.oci.image.config.v1+json",
	"application/vnd.docker.container.image.v1+json",
};

/* How the bytes are compressed is read off them; the list says what is a tar at all. */
static const char *const layer_types[] = {
	"application/vnd.oci.image.layer.v1.tar",
	"application/vnd.oci.image.layer.v1.tar+gzip",
	"application/vnd.oci.image.layer.v1.tar+zstd",
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.diff.tar.zstd",
};

/* Where parsing is: what the whole is called, and the tree. */
struct input {
	const char *what;
	const cJSON *root;
	struct err *e;
};

static bool in_list(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(text, list[i]))
			return true;
	return false;
}

static int get_string(const struct input *in, const cJSON *obj, const char *at, const char *key,
		      char **ret)
{
	const cJSON *node = json_get(obj, key);

	if (node && !cJSON_IsString(node))
		return err_set(in->e, EBADMSG, "%s: %s.%s: expected a string", in->what, at, key);
	*ret = node ? xstrdup(node->valuestring) : NULL;
	return 0;
}

static int load_descriptor(const struct input *in, const cJSON *obj, const char *at,
			   struct descriptor *ret)
{
	int rc;

	if (!cJSON_IsObject(obj))
		return err_set(in->e, EBADMSG, "%s: %s: expected an object", in->what, at);
	rc = get_string(in, obj, at, "mediaType", &ret->media_type);
	if (rc == 0)
		rc = get_string(in, obj, at, "digest", &ret->digest);
	if (rc < 0)
		return rc;
	if (!ret->media_type)
		ret->media_type = xstrdup("");
	if (!ret->digest)
		return err_set(in->e, EBADMSG, "%s: %s.digest: missing", in->what, at);
	if (digest_check(ret->digest, in->e) < 0)
		return err_prefix(in->e, "%s: %s", in->what, at);
	if (!json_node_i64(json_get(obj, "size"), &ret->size) || ret->size < 0 ||
	    ret->size > SIZE_MAX_BYTES)
		return err_set(in->e, EBADMSG, "%s: %s.size: expected a size in bytes", in->what,
			       at);
	return 0;
}

/* -- images -- */

static int check_layer(const struct input *in, const struct descriptor *layer, const char *at)
{
	if (strstr(layer->media_type, ".foreign."))
		return err_set(in->e, ENOTSUP,
			       "%s: %s is a foreign layer, which only Windows images have",
			       in->what, at);
	if (!in_list(layer->media_type, layer_types, ARRAY_SIZE(layer_types)))
		return err_set(in->e, ENOTSUP, "%s: %s: unknown type of layer '%s'", in->what, at,
			       layer->media_type);
	return 0;
}

static int load_layers(const struct input *in, struct manifest *ret)
{
	const cJSON *layers = json_get(in->root, "layers"), *l;
	int n = cJSON_GetArraySize(layers);

	if (n > MANIFEST_LAYERS_MAX)
		return err_set(in->e, EBADMSG, "%s: %d layers, more than the %d that can be",
			       in->what, n, MANIFEST_LAYERS_MAX);
	ret->layers = xcalloc((size_t)n + 1, sizeof(*ret->layers));
	cJSON_ArrayForEach(l, layers) {
		char at[40];
		int rc;

		(void)snprintf(at, sizeof(at), "layers[%zu]", ret->nlayers);
		rc = load_descriptor(in, l, at, &ret->layers[ret->nlayers++]);
		if (rc == 0)
			rc = check_layer(in, &ret->layers[ret->nlayers - 1], at);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int load_image(const struct input *in, struct manifest *ret)
{
	int rc = load_descriptor(in, json_get(in->root, "config"), "config", &ret->config);

	if (rc < 0)
		return rc;
	if (!in_list(ret->config.media_type, config_types, ARRAY_SIZE(config_types)))
		return err_set(in->e, ENOTSUP,
			       "%s: not a container image but an artifact of type '%s'", in->what,
			       json_str(in->root, "artifactType", ret->config.media_type));
	if (ret->config.size > (int64_t)MANIFEST_BYTES_MAX)
		return err_set(in->e, EBADMSG, "%s: config.size: %jd bytes, more than %zu MiB",
			       in->what, (intmax_t)ret->config.size, MANIFEST_BYTES_MAX >> 20);
	return load_layers(in, ret);
}

/* -- indexes -- */

static int load_entry(const struct input *in, const cJSON *obj, const char *at,
		      struct manifest_entry *ret)
{
	const cJSON *platform = json_get(obj, "platform");
	int rc = load_descriptor(in, obj, at, &ret->desc);

	if (rc == 0)
		rc = get_string(in, platform, at, "os", &ret->os);
	if (rc == 0)
		rc = get_string(in, platform, at, "architecture", &ret->architecture);
	if (rc == 0)
		rc = get_string(in, platform, at, "variant", &ret->variant);
	if (rc == 0)
		rc = get_string(in, json_get(obj, "annotations"), at,
				"org.opencontainers.image.ref.name", &ret->name);
	return rc;
}

static int load_index(const struct input *in, struct manifest *ret)
{
	const cJSON *entries = json_get(in->root, "manifests"), *m;
	int n = cJSON_GetArraySize(entries);

	if (n > ENTRIES_MAX)
		return err_set(in->e, EBADMSG, "%s: %d manifests, more than the %d that can be",
			       in->what, n, ENTRIES_MAX);
	ret->entries = xcalloc((size_t)n + 1, sizeof(*ret->entries));
	cJSON_ArrayForEach(m, entries) {
		char at[40];
		int rc;

		(void)snprintf(at, sizeof(at), "manifests[%zu]", ret->nentries);
		rc = load_entry(in, m, at, &ret->entries[ret->nentries++]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* -- both -- */

/* The kind of a media type; parameters (";charset=…") do not count. */
static bool kind_of(const char *media_type, enum manifest_kind *ret)
{
	size_t len = strcspn(media_type, "; ");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strlen(kinds[i].media_type) == len &&
		    !strncmp(kinds[i].media_type, media_type, len)) {
			*ret = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static int check_version(const struct input *in, const char *media_type)
{
	int64_t version = json_i64(in->root, "schemaVersion", 0);

	if (version == 1 || (media_type && strstr(media_type, "distribution.manifest.v1+")))
		return err_set(
			in->e, ENOTSUP,
			"%s: schema 1, docker's format of before 2016, is not taken; the image "
			"must be pushed again by a newer client",
			in->what);
	if (version != 2)
		return err_set(in->e, EBADMSG,
			       "%s: neither an image nor an index (schemaVersion is not 2)",
			       in->what);
	return 0;
}

/*
 * Image or index: what the fields say, which must be what the media types of header and body say.
 */
static int find_kind(const struct input *in, const char *media_type, enum manifest_kind *ret)
{
	bool index = cJSON_IsArray(json_get(in->root, "manifests"));
	bool image = json_get(in->root, "config") || json_get(in->root, "layers");
	const char *said[] = { json_str(in->root, "mediaType", NULL), media_type };
	enum manifest_kind kind;

	if (index == image)
		return err_set(in->e, EBADMSG,
			       index ? "%s: both an image and an index"
				     : "%s: neither an image nor an index",
			       in->what);
	*ret = index ? MANIFEST_INDEX : MANIFEST_IMAGE;
	if (said[0] && !kind_of(said[0], &kind))
		return err_set(in->e, ENOTSUP, "%s: unknown media type '%s'", in->what, said[0]);
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		if (said[i] && kind_of(said[i], &kind) && kind != *ret)
			return err_set(in->e, EBADMSG,
				       "%s: the media type '%s' does not fit what is in it",
				       in->what, said[i]);
	return 0;
}

int manifest_parse(const char *text, size_t len, const char *media_type, const char *what,
		   struct manifest *ret, struct err *e)
{
	auto_json cJSON *root = NULL;
	auto_manifest struct manifest m = { 0 };
	struct input in = { .what = what, .e = e };
	const char *own;
	int rc;

	if (len > MANIFEST_BYTES_MAX)
		return err_set(e, EBADMSG, "%s: more than %zu MiB", what, MANIFEST_BYTES_MAX >> 20);
	rc = json_parse(text, len, what, &root, e);
	in.root = root;
	if (rc == 0 && !cJSON_IsObject(root))
		return err_set(e, EBADMSG, "%s: expected an object", what);
	if (rc == 0)
		rc = check_version(&in, media_type);
	if (rc == 0)
		rc = find_kind(&in, media_type, &m.kind);
	if (rc == 0)
		rc = m.kind == MANIFEST_IMAGE ? load_image(&in, &m) : load_index(&in, &m);
	if (rc < 0)
		return rc;
	own = json_str(root, "mediaType", NULL);
	if (!own && media_type && kind_of(media_type, &m.kind))
		m.media_type = xstrndup(media_type, strcspn(media_type, "; "));
	else
		m.media_type = xstrdup(own                        ? own
				       : m.kind == MANIFEST_IMAGE ? OCI_MANIFEST
								  : OCI_INDEX);
	*ret = m;
	m = (struct manifest){ 0 };
	return 0;
}

void manifest_clear(struct manifest *m)
{
	for (size_t i = 0; i < m->nlayers; i++)
		descriptor_clear(&m->layers[i]);
	for (size_t i = 0; i < m->nentries; i++) {
		descriptor_clear(&m->entries[i].desc);
		free(m->entries[i].os);
		free(m->entries[i].architecture);
		free(m->entries[i].variant);
		free(m->entries[i].name);
	}
	free(m->layers);
	free(m->entries);
	free(m->media_type);
	descriptor_clear(&m->config);
	*m = (struct manifest){ 0 };
}

int manifest_check_config(const struct manifest *m, const cJSON *config, struct strv *ret_diff_ids,
			  struct err *e)
{
	const cJSON *rootfs = json_get(config, "rootfs");
	auto_strv struct strv ids = { 0 };

	if (!cJSON_IsObject(rootfs) || !str_eq(json_str(rootfs, "type", ""), "layers"))
		return err_set(e, EBADMSG, "image config: rootfs.type: expected 'layers'");
	if (json_get_strv(rootfs, "diff_ids", &ids) < 0)
		return err_set(e, EBADMSG,
			       "image config: rootfs.diff_ids: expected a list of strings");
	if (ids.len != m->nlayers)
		return err_set(e, EBADMSG, "image config: %zu diff ids for %zu layers", ids.len,
			       m->nlayers);
	for (size_t i = 0; i < ids.len; i++)
		if (digest_check(ids.v[i], e) < 0)
			return err_prefix(e, "image config: rootfs.diff_ids[%zu]", i);
	strv_copy(ret_diff_ids, &ids);
	return 0;
}
