/* An image as docker's API shows it. */
#include "base/json.h"
#include "cli/inspect.h"
#include "engine/engine.h"
#include "image/ref.h"

/* Names as docker keeps them: "nginx:alpine", and "nginx@sha256:…" of what the name points at. */
static void add_names(cJSON *obj, const struct image *img)
{
	const char *digest = img->index_digest ? img->index_digest : img->manifest.digest;
	auto_strv struct strv tags = { 0 }, digests = { 0 };

	for (size_t i = 0; i < img->names.len; i++) {
		auto_ref struct ref ref = { 0 };
		auto_free char *name = NULL, *by_digest = NULL;

		if (ref_parse(img->names.v[i], &ref, NULL) < 0)
			continue;
		name = ref_familiar_name(&ref);
		by_digest = xasprintf("%s@%s", name, digest);
		if (ref.tag)
			strv_addf(&tags, "%s:%s", name, ref.tag);
		if (!strv_has(&digests, by_digest))
			strv_add(&digests, by_digest);
	}
	json_add_strv(obj, "RepoTags", &tags);
	json_add_strv(obj, "RepoDigests", &digests);
}

/* docker's Config: what an image does not say is there, empty. */
static void add_config(cJSON *obj, const cJSON *from)
{
	static const char *const texts[] = { "Hostname", "Domainname", "User" };
	static const char *const flags[] = { "AttachStdin", "AttachStdout", "AttachStderr" };
	static const char *const more_flags[] = { "Tty", "OpenStdin", "StdinOnce" };
	static const char *const lists[] = { "Env", "Cmd", "Healthcheck", "Image", "Volumes" };
	static const char *const rest[] = { "OnBuild", "Labels", "StopSignal", "Shell" };
	cJSON *config = json_add_object(obj, "Config");

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		json_add_str(config, texts[i], json_str(from, texts[i], ""));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		json_add_bool(config, flags[i], json_bool(from, flags[i], false));
	inspect_add_copy(config, "ExposedPorts", from, "ExposedPorts");
	for (size_t i = 0; i < ARRAY_SIZE(more_flags); i++)
		json_add_bool(config, more_flags[i], json_bool(from, more_flags[i], false));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		inspect_add_copy(config, lists[i], from, lists[i]);
	json_add_str(config, "WorkingDir", json_str(from, "WorkingDir", ""));
	inspect_add_copy(config, "Entrypoint", from, "Entrypoint");
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		inspect_add_copy(config, rest[i], from, rest[i]);
}

/* The comment of the newest history entry, as docker import leaves it. */
static const char *comment_of(const struct image *img)
{
	const cJSON *history = json_get(img->config, "history");

	return json_str(cJSON_GetArrayItem(history, cJSON_GetArraySize(history) - 1), "comment",
			"");
}

cJSON *inspect_image(const struct engine *g, const struct image *img)
{
	cJSON *obj = json_object(), *part;
	auto_free char *id = xasprintf("sha256:%s", img->id);

	json_add_str(obj, "Id", id);
	add_names(obj, img);
	json_add_str(obj, "Parent", "");
	json_add_str(obj, "Comment", comment_of(img));
	json_add_str(obj, "Created", json_str(img->config, "created", "0001-01-01T00:00:00Z"));
	json_add_str(obj, "DockerVersion", json_str(img->config, "docker_version", ""));
	json_add_str(obj, "Author", json_str(img->config, "author", ""));
	add_config(obj, json_get(img->config, "config"));
	json_add_str(obj, "Architecture", json_str(img->config, "architecture", ""));
	json_add_str(obj, "Variant", json_str(img->config, "variant", NULL));
	json_add_str(obj, "Os", json_str(img->config, "os", ""));
	json_add_i64(obj, "Size", img->size);
	json_add_i64(obj, "VirtualSize", img->size);
	part = json_add_object(obj, "GraphDriver");
	json_add_null(part, "Data");
	json_add_str(part, "Name",
		     g->driver == ROOTFS_AUTO ? "layers" : rootfs_driver_name(g->driver));
	part = json_add_object(obj, "RootFS");
	json_add_str(part, "Type", "layers");
	json_add_strv(part, "Layers", &img->diff_ids);
	inspect_add_copy(obj, "History", img->config, "history");
	json_add_str(obj, "Digest", img->manifest.digest);
	json_add_str(obj, "ManifestType", img->manifest.media_type);
	return obj;
}
