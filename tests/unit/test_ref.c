/* Image names: what people type, and what is refused with which words. */
#include "image/ref.h"

#include "base/err.h"
#include "base/mem.h"
#include "tests/unit/tap.h"

static void test_good(void)
{
	static const struct {
		const char *text, *full, *familiar, *name;
	} rows[] = {
		{ "nginx", "docker.io/library/nginx:latest", "nginx:latest", "nginx" },
		{ "nginx:alpine", "docker.io/library/nginx:alpine", "nginx:alpine", "nginx" },
		{ "docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest", "nginx" },
		{ "index.docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx:latest",
		  "nginx" },
		{ "team/app:1.0_a-B", "docker.io/team/app:1.0_a-B", "team/app:1.0_a-B",
		  "team/app" },
		{ "library/nginx", "docker.io/library/nginx:latest", "nginx:latest", "nginx" },
		{ "localhost/x", "localhost/x:latest", "localhost/x:latest", "localhost/x" },
		{ "host:5000/a/b:tag", "host:5000/a/b:tag", "host:5000/a/b:tag", "host:5000/a/b" },
		{ "Quay.IO/a", "quay.io/a:latest", "quay.io/a:latest", "quay.io/a" },
		{ "[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest", "[::1]:5000/a" },
		{ "ghcr.io/a__b/c.d/e--f/g_h", "ghcr.io/a__b/c.d/e--f/g_h:latest",
		  "ghcr.io/a__b/c.d/e--f/g_h:latest", "ghcr.io/a__b/c.d/e--f/g_h" },
		{ "localhost:5000", "docker.io/library/localhost:5000", "localhost:5000",
		  "localhost" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = { 0 };
		struct ref r = { 0 };

		if (!ok(ref_parse(rows[i].text, &r, &e) == 0, rows[i].text)) {
			printf("# %s\n", e.msg);
			continue;
		}
		auto_free char *full = ref_full(&r), *familiar = ref_familiar(&r),
			       *name = ref_familiar_name(&r);

		is_str(full, rows[i].full, "… in full");
		is_str(familiar, rows[i].familiar, "… as docker shows it");
		is_str(name, rows[i].name, "… without its tag");
		ref_clear(&r);
	}
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_digest(void)
{
	struct err e = { 0 };
	struct ref r = { 0 };

	is_int(ref_parse("nginx@" DIGEST, &r, &e), 0, "a digest alone");
	is_str(r.tag, NULL, "… means no tag");
	is_str(r.digest, DIGEST, "… and is kept");
	ref_clear(&r);
	is_int(ref_parse("host:1/a:b@" DIGEST, &r, &e), 0, "tag and digest");
	is_str(r.tag, "b", "… the tag");
	auto_free char *full = ref_full(&r);
	is_str(full, "host:1/a:b@" DIGEST, "… both in full");
	ref_clear(&r);
}

static void test_bad(void)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "empty image name" },
		{ "Nginx", "must be lower case" },
		{ "ngi nx", "'ngi nx' is not" },
		{ "a//b", "empty part between slashes" },
		{ "/a", "empty part between slashes" },
		{ "a/", "empty part between slashes" },
		{ "-a", "'-a' is not" },
		{ "a..b", "'a..b' is not" },
		{ "a___b", "'a___b' is not" },
		{ "a:", "'' is no tag" },
		{ "a:-x", "'-x' is no tag" },
		{ "a@", "'' is no digest" },
		{ "a@sha256:abc", "'sha256:abc' is no digest" },
		{ "a@sha256:../../../etc/passwd", "is no digest" },
		{ "a@md5:d41d8cd98f00b204e9800998ecf8427e", "is no digest" },
		{ "host:/a", "':' is no port" },
		{ "host:0/a", "':0' is no port" },
		{ "host:99999/a", "':99999' is no port" },
		{ "host:5x/a", "':5x' is no port" },
		{ "ho_st.x/a", "'ho_st.x' is no host name" },
		{ "-x.y/a", "'-x.y' is no host name" },
		{ "[::1/a", "is no host name" },
		{ "user:pw@host/a", "" },
		{ "https://nginx", "a name, not a URL" },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		  "are an image id" },
		{ "x\ny", "is not" },
		{ "..", "'..' is not" },
		{ "a/../b", "'..' is not" },
		{ "Team/app", "must be lower case" },
		{ "localhost/", "the name of the repository is missing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = { 0 };
		struct ref r = { 0 };

		is_int(ref_parse(rows[i].text, &r, &e), -EINVAL, "refused");
		has_str(e.msg, rows[i].says, rows[i].text);
	}
}

static void test_long(void)
{
	struct err e = { 0 };
	struct ref r = { 0 };
	char text[400] = "";

	memset(text, 'a', 131);
	memcpy(text, "x:", 2);
	text[130] = '\0';
	is_int(ref_parse(text, &r, &e), 0, "a tag of 128 characters");
	ref_clear(&r);
	text[130] = 'a';
	text[131] = '\0';
	is_int(ref_parse(text, &r, &e), -EINVAL, "a tag of 129");
	memset(text, 'a', 300);
	is_int(ref_parse(text, &r, &e), -EINVAL, "a name of 300");
	has_str(e.msg, "longer than 255", "… says the limit");
}

static void test_short(void)
{
	ok(ref_is_short("nginx"), "nginx is short");
	ok(ref_is_short("a/b:c"), "a/b:c is short");
	ok(!ref_is_short("a.b/c"), "a.b/c is not");
	ok(!ref_is_short("localhost/c"), "localhost/c is not");
	ok(!ref_is_short("a:1/c"), "a:1/c is not");
}

int main(void)
{
	test_good();
	test_digest();
	test_bad();
	test_long();
	test_short();
	return tap_done();
}
