/* registries.conf: where a name leads, what a short name means, and what is a mistake. */
#include "image/regconf.h"

#include "base/err.h"
#include "base/mem.h"
#include "image/ref.h"
#include "tests/unit/tap.h"

static struct regconf conf_of(const char *text)
{
	struct regconf c = { 0 };
	struct err e = { 0 };

	if (regconf_add_text(&c, text, strlen(text), "conf", &e) < 0)
		printf("# %s\n", e.msg);
	return c;
}

/* The sources of name as one text: "host/path", '!' after an insecure one, ", " between. */
static void leads_to(const char *text, const char *name, const char *want, const char *what)
{
	auto_regconf struct regconf c = conf_of(text);
	auto_ref struct ref r = { 0 };
	struct regconf_source *list = NULL;
	struct str got = { 0 };
	struct err e = { 0 };
	size_t n = 0;

	if (ref_parse(name, &r, &e) < 0 || regconf_sources(&c, &r, &list, &n, &e) < 0)
		str_add(&got, e.msg);
	for (size_t i = 0; i < n; i++)
		str_addf(&got, "%s%s/%s%s", i ? ", " : "", list[i].domain, list[i].path,
			 list[i].insecure ? "!" : "");
	is_str(str_cstr(&got), want, what);
	regconf_sources_free(list, n);
	str_free(&got);
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_sources(void)
{
	leads_to("", "nginx", "docker.io/library/nginx", "nothing said");
	leads_to("[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = "
		 "'127.0.0.1:5000'\ninsecure = true\n"
		 "[[registry.mirror]]\nlocation = 'm.example/hub'\n",
		 "nginx",
		 "127.0.0.1:5000/library/nginx!, m.example/hub/library/nginx, "
		 "docker.io/library/nginx",
		 "mirrors in order");
	leads_to("[[registry]]\nprefix = 'example.com/team'\nlocation = 'in.local:5/x'\ninsecure = "
		 "true",
		 "example.com/team/app", "in.local:5/x/app!", "a prefix is rewritten");
	leads_to("[[registry]]\nprefix = 'example.com/team'\nlocation = 'in.local:5/x'",
		 "example.com/teams/app", "example.com/teams/app", "a prefix ends at a slash");
	leads_to("[[registry]]\nlocation = 'example.com'\ninsecure = true", "example.com:5000/a",
		 "example.com:5000/a", "a prefix does not cover another port");
	leads_to("[[registry]]\nprefix = 'a.b'\nlocation = 'x.y'\n[[registry]]\nprefix = "
		 "'a.b/c'\nlocation = 'z.z'",
		 "a.b/c/d", "z.z/d", "the longest prefix counts");
	leads_to("[[registry]]\nprefix = '*.example.com'\ninsecure = true", "a.b.example.com/c",
		 "a.b.example.com/c!", "a wildcard without location");
	leads_to("[[registry]]\nprefix = '*.example.com'\ninsecure = true", "a.example.com:5000/c",
		 "a.example.com:5000/c!", "a wildcard covers ports");
	leads_to("[[registry]]\nprefix = '*.example.com'\nlocation = 'cache.local/all'",
		 "a.example.com/c", "cache.local/all/c", "a wildcard with location");
	leads_to("[[registry]]\nprefix = '*.example.com'\ninsecure = true", "example.com/c",
		 "example.com/c", "a wildcard needs a subdomain");
	leads_to("[[registry]]\nprefix = '*.example.com'\ninsecure = true",
		 "a.example.com.evil.org/c", "a.example.com.evil.org/c",
		 "a wildcard ends the host name");
	leads_to("[[registry]]\nprefix = '*.example.com'\ninsecure = true",
		 "evil.org/a.example.com/c", "evil.org/a.example.com/c",
		 "a wildcard does not look into the path");
	leads_to("[[registry]]\nlocation = 'docker.io'\nblocked = true", "nginx",
		 "registry 'docker.io' is blocked by registries.conf", "blocked");
}

static void test_mirror_kinds(void)
{
	static const char conf[] =
		"[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\nlocation = "
		"'d.d'\npull-from-mirror = 'digest-only'\n"
		"[[registry.mirror]]\nlocation = 't.t'\npull-from-mirror = 'tag-only'\n";

	leads_to(conf, "a.b/c", "t.t/c, a.b/c", "a tag passes over a mirror for digests");
	leads_to(conf, "a.b/c@" DIGEST, "d.d/c, a.b/c", "a digest passes over a mirror for tags");
	leads_to("[[registry]]\nlocation = 'a.b'\nmirror-by-digest-only = "
		 "true\n[[registry.mirror]]\nlocation = 'd.d'\n",
		 "a.b/c", "a.b/c", "mirror-by-digest-only");
}

static void means(const char *text, const char *name, const char *want, const char *what)
{
	auto_regconf struct regconf c = conf_of(text);
	auto_strv struct strv names = { 0 };
	struct err e = { 0 };
	int rc = regconf_names(&c, name, &names, &e);
	auto_free char *got = rc < 0 ? xstrdup(e.msg) : strv_join(&names, " ");

	is_str(got, want, what);
}

static void test_names(void)
{
	static const char search[] = "unqualified-search-registries = ['quay.io', 'docker.io']";
	static const char alias[] =
		"unqualified-search-registries = ['quay.io']\n[aliases]\n'fedora' = "
		"'registry.example/f/fedora'\n'x' = ''";

	means("", "nginx", "docker.io/library/nginx:latest", "docker.io where nothing is said");
	means(search, "nginx:1", "quay.io/nginx:1 docker.io/library/nginx:1",
	      "search registries in order");
	means(search, "a.b/nginx", "a.b/nginx:latest", "a whole name is not searched for");
	means(alias, "fedora:40", "registry.example/f/fedora:40", "an alias keeps the tag");
	means(alias, "fedora@" DIGEST, "registry.example/f/fedora@" DIGEST,
	      "an alias keeps the digest");
	means(alias, "x", "quay.io/x:latest", "an empty alias is none");
	means(alias, "Fedora", "invalid image name 'Fedora': the repository must be lower case",
	      "a name that cannot be");
}

static void refuses(const char *text, const char *says, const char *what)
{
	auto_regconf struct regconf c = { 0 };
	struct err e = { 0 };

	is_int(regconf_add_text(&c, text, strlen(text), "conf", &e), -EBADMSG, what);
	has_str(e.msg, says, "… and says so");
}

static void test_mistakes(void)
{
	refuses("[[registry]]\nlocation = ", "conf:2: expected a value", "broken TOML");
	refuses("[registries.search]\nregistries = ['a']", "version 1 of the format", "version 1");
	refuses("[[registry]]\ninsecure = true", "needs a 'prefix' or a 'location'", "no place");
	refuses("[[registry]]\nlocation = 'https://a.b'", "without 'https://'", "a URL");
	refuses("[[registry]]\nlocation = 'a b'", "'a b' is no 'host[:port][/path]'", "no host");
	refuses("[[registry]]\nlocation = 'a.b/c:tag'", "must not have a tag", "a tag");
	refuses("[[registry]]\nlocation = 'a.b'\ninsecure = 'yes'",
		"'insecure' must be true or false", "a string for a flag");
	refuses("[[registry]]\nlocation = 5", "'location' must be a string",
		"a number for a string");
	refuses("[registry]\nlocation = 'a.b'", "[[registry]]", "a table for an array");
	refuses("[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\ninsecure = true",
		"a mirror needs a 'location'", "a mirror of nothing");
	refuses("[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\nlocation = "
		"'c.d'\npull-from-mirror = 'x'",
		"not 'x'", "an unknown word");
	refuses("unqualified-search-registries = 'a'", "must be a list of strings",
		"a string for a list");
	refuses("[aliases]\n'a' = 'b'", "must be 'host/repository'", "an alias to a short name");
}

static void test_later_wins(void)
{
	auto_regconf struct regconf c =
		conf_of("[[registry]]\nlocation = 'a.b'\nblocked = true\n[aliases]\n'x' = 'a.b/x'");
	static const char second[] = "[[registry]]\nlocation = 'a.b'\n[aliases]\n'x' = 'c.d/x'";
	struct err e = { 0 };

	is_int(regconf_add_text(&c, second, sizeof(second) - 1, "two", &e), 0, "a second file");
	is_int((int64_t)c.nregistries, 1, "… replaces a registry");
	ok(!c.registries[0].blocked, "… as a whole");
	is_str(c.aliases.v[0], "x=c.d/x", "… and an alias");
}

int main(void)
{
	test_sources();
	test_mirror_kinds();
	test_names();
	test_mistakes();
	test_later_wins();
	return tap_done();
}
