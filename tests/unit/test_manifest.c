/*
 * Manifests and indexes: what is taken, what is refused with which words, and which of an index's
 * images a machine gets.
 */
#include "image/manifest.h"

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "image/platform.h"
#include "tests/unit/tap.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define OCI "application/vnd.oci.image."
#define CONFIG \
	"\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":\"" D1 "\",\"size\":10}"
#define LAYER "{\"mediaType\":\"" OCI "layer.v1.tar+gzip\",\"digest\":\"" D2 "\",\"size\":20}"

static void test_image(void)
{
	static const char text[] = "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "," LAYER
				   "]}";
	auto_manifest struct manifest m = { 0 };
	struct err e = { 0 };

	is_int(manifest_parse(text, sizeof(text) - 1, OCI "manifest.v1+json; charset=utf-8", "m",
			      &m, &e),
	       0, "an image");
	is_int(m.kind, MANIFEST_IMAGE, "… is one");
	is_str(m.media_type, OCI "manifest.v1+json", "… its media type from the header");
	is_str(m.config.digest, D1, "… its config");
	is_int((int64_t)m.nlayers, 2, "… its layers");
	is_int(m.layers[1].size, 20, "… and their sizes");
}

static void test_docker(void)
{
	static const char text[] =
		"{\"schemaVersion\":2,"
		"\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\","
		"\"config\":{\"mediaType\":\"application/vnd.docker.container.image.v1+json\","
		"\"digest\":\"" D1 "\",\"size\":1},"
		"\"layers\":[{\"mediaType\":\"application/vnd.docker.image.rootfs.diff.tar.gzip\","
		"\"digest\":\"" D2 "\",\"size\":2}]}";
	auto_manifest struct manifest m = { 0 };
	struct err e = { 0 };

	is_int(manifest_parse(text, sizeof(text) - 1, NULL, "m", &m, &e), 0,
	       "docker's schema 2, without a header");
	is_str(m.media_type, "application/vnd.docker.distribution.manifest.v2+json",
	       "… its media type from the body");
}

static void refuses(const char *text, const char *media_type, int want, const char *says,
		    const char *what)
{
	auto_manifest struct manifest m = { 0 };
	struct err e = { 0 };

	is_int(manifest_parse(text, strlen(text), media_type, "m", &m, &e), want, what);
	has_str(e.msg, says, "… and says why");
}

static void test_refused(void)
{
	refuses("{", NULL, -EBADMSG, "m: not valid JSON", "no JSON");
	refuses("[]", NULL, -EBADMSG, "m: expected an object", "an array");
	refuses("{}", NULL, -EBADMSG, "schemaVersion is not 2", "nothing");
	refuses("{\"schemaVersion\":1}", NULL, -ENOTSUP, "schema 1", "schema 1");
	refuses("{\"schemaVersion\":2}", NULL, -EBADMSG, "neither an image nor an index",
		"neither");
	refuses("{\"schemaVersion\":2,\"manifests\":[]," CONFIG "}", NULL, -EBADMSG,
		"both an image and an index", "both");
	refuses("{\"schemaVersion\":2,\"layers\":[]," CONFIG "}", OCI "index.v1+json", -EBADMSG,
		"does not fit what is in it", "a header that says otherwise");
	refuses("{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"layers\":[]," CONFIG
		"}",
		NULL, -EBADMSG, "does not fit what is in it", "a body that says otherwise");
	refuses("{\"schemaVersion\":2,\"mediaType\":\"text/x\",\"layers\":[]," CONFIG "}", NULL,
		-ENOTSUP, "unknown media type 'text/x'", "an unknown media type");
	refuses("{\"schemaVersion\":2,\"layers\":[]}", NULL, -EBADMSG, "config: expected an object",
		"no config");
	refuses("{\"schemaVersion\":2,\"config\":{\"digest\":\"" D1
		"\",\"size\":1,\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\"}}",
		NULL, -ENOTSUP, "an artifact of type 'application/vnd.cncf.helm.config.v1+json'",
		"a chart");
	refuses("{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" OCI
		"layer.v1.tar\",\"size\":1,\"digest\":\"sha256:../../x\"}]}",
		NULL, -EINVAL, "m: layers[0]: invalid digest 'sha256:../../x'",
		"a path for a digest");
	refuses("{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" OCI
		"layer.v1.tar\",\"size\":-1,\"digest\":\"" D1 "\"}]}",
		NULL, -EBADMSG, "layers[0].size", "a negative size");
	refuses("{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" OCI
		"layer.v1.tar\",\"size\":1.5,\"digest\":\"" D1 "\"}]}",
		NULL, -EBADMSG, "layers[0].size", "half a byte");
	refuses("{\"schemaVersion\":2," CONFIG
		",\"layers\":[{\"mediaType\":\"x\",\"size\":1,\"digest\":\"" D1 "\"}]}",
		NULL, -ENOTSUP, "layers[0]: unknown type of layer 'x'", "an unknown layer");
	refuses("{\"schemaVersion\":2," CONFIG ","
		"\"layers\":[{\"mediaType\":"
		"\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\","
		"\"size\":1,\"digest\":\"" D1 "\"}]}",
		NULL, -ENOTSUP, "foreign layer", "a foreign layer");
	refuses("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI
		"config.v1+json\",\"digest\":\"" D1 "\",\"size\":99999999},\"layers\":[]}",
		NULL, -EBADMSG, "more than 4 MiB", "a config of 100 MB");
}

static void test_many_layers(void)
{
	auto_str struct str text = { 0 };
	auto_manifest struct manifest m = { 0 };
	struct err e = { 0 };

	str_add(&text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER);
	for (int i = 0; i < MANIFEST_LAYERS_MAX; i++)
		str_add(&text, "," LAYER);
	str_add(&text, "]}");
	is_int(manifest_parse(text.data, text.len, NULL, "m", &m, &e), -EBADMSG, "501 layers");
	has_str(e.msg, "501 layers, more than the 500", "… says how many there may be");
}

static void test_config(void)
{
	static const char text[] = "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "]}";
	static const struct {
		const char *config, *says;
	} rows[] = {
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\"]}}", NULL },
		{ "{}", "rootfs.type: expected 'layers'" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}", "0 diff ids for 1 layers" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[5]}}",
		  "expected a list of strings" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:../x\"]}}",
		  "rootfs.diff_ids[0]: invalid digest" },
	};
	auto_manifest struct manifest m = { 0 };

	ok(manifest_parse(text, sizeof(text) - 1, NULL, "m", &m, NULL) == 0,
	   "a manifest of one layer");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_json cJSON *config = NULL;
		auto_strv struct strv ids = { 0 };
		struct err e = { 0 };
		int rc;

		ok(json_parse(rows[i].config, strlen(rows[i].config), "c", &config, NULL) == 0,
		   "its config");
		rc = manifest_check_config(&m, config, &ids, &e);
		if (rows[i].says)
			has_str(e.msg, rows[i].says, "… is refused");
		else
			ok(rc == 0 && ids.len == 1 && str_eq(ids.v[0], D1), "… gives the diff ids");
	}
}

/* Which entry of "os/arch[/variant]" words the platform gets: its word, or NULL. */
static void chosen(const char *platform, const char *words, const char *want, const char *what)
{
	auto_strv struct strv list = { 0 };
	auto_str struct str text = { 0 };
	auto_manifest struct manifest m = { 0 };
	const struct manifest_entry *entry = NULL;
	struct platform p;
	struct err e = { 0 };

	strv_split(&list, words, ' ');
	str_add(&text, "{\"schemaVersion\":2,\"manifests\":[");
	for (size_t i = 0; i < list.len; i++) {
		auto_strv struct strv parts = { 0 };

		strv_split(&parts, list.v[i], '/');
		str_addf(&text,
			 "%s{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"" D1
			 "\",\"size\":%zu,\"platform\":{\"os\":\"%s\","
			 "\"architecture\":\"%s\"%s%s%s}}",
			 i ? "," : "", i, parts.v[0], parts.v[1],
			 parts.len > 2 ? ",\"variant\":\"" : "", parts.len > 2 ? parts.v[2] : "",
			 parts.len > 2 ? "\"" : "");
	}
	str_add(&text, "]}");
	if (manifest_parse(text.data, text.len, NULL, "i", &m, &e) < 0 ||
	    platform_parse(platform, &p, &e) < 0) {
		ok(false, e.msg);
		return;
	}
	(void)platform_choose(&p, &m, &entry, &e);
	is_str(entry ? list.v[entry->desc.size] : NULL, want, what);
}

static void test_choice(void)
{
	chosen("linux/amd64", "linux/arm64 linux/amd64 unknown/unknown", "linux/amd64", "the same");
	chosen("linux/amd64", "unknown/unknown", NULL, "an attestation is no image");
	chosen("linux/amd64", "windows/amd64 linux/arm64", NULL, "another system");
	chosen("linux/arm64", "linux/arm/v7 linux/arm64/v8", "linux/arm64/v8", "arm64 is v8");
	chosen("linux/arm64/v8", "linux/arm64", "linux/arm64", "v8 is arm64");
	chosen("linux/arm/v7", "linux/arm/v5 linux/arm/v6 linux/arm64/v8", "linux/arm/v6",
	       "the next older arm");
	chosen("linux/arm/v7", "linux/arm/v5 linux/arm/v7 linux/arm/v6", "linux/arm/v7",
	       "the very arm");
	chosen("linux/arm/v6", "linux/arm/v7", NULL, "no newer arm");
	chosen("linux/arm", "linux/arm/v6 linux/arm/v7", "linux/arm/v7", "arm is v7");
	chosen("linux/amd64", "linux/amd64/v3 linux/amd64/v2", NULL, "no newer amd64 unasked");
	chosen("linux/amd64", "linux/amd64/v3 linux/amd64", "linux/amd64", "plain amd64");
	chosen("linux/amd64/v3", "linux/amd64 linux/amd64/v2 linux/amd64/v4", "linux/amd64/v2",
	       "the next older amd64");
	chosen("linux/amd64/v3", "linux/amd64", "linux/amd64", "plain amd64 for v3");
	chosen("aarch64", "linux/arm64", "linux/arm64", "uname's word");
	chosen("linux/x86_64", "linux/amd64", "linux/amd64", "uname's other word");
}

static void test_choice_error(void)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" D1
		"\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}}]}";
	auto_manifest struct manifest m = { 0 };
	const struct manifest_entry *entry = NULL;
	struct platform p;
	struct err e = { 0 };

	ok(manifest_parse(text, sizeof(text) - 1, NULL, "i", &m, &e) == 0, "an index of one");
	ok(platform_parse("linux/amd64", &p, &e) == 0, "a platform");
	is_int(platform_choose(&p, &m, &entry, &e), -ENOENT, "… of another machine");
	is_str(e.msg, "no image for linux/amd64; there is linux/s390x", "… says which there are");
	is_int(platform_parse("a/b/c/d", &p, &e), -EINVAL, "a platform of four parts");
	is_int(platform_parse("", &p, &e), -EINVAL, "… of none");
	is_int(platform_parse("linux/../x", &p, &e), 0,
	       "… of odd words is a platform that nothing matches");
}

int main(void)
{
	test_image();
	test_docker();
	test_refused();
	test_many_layers();
	test_config();
	test_choice();
	test_choice_error();
	return tap_done();
}
