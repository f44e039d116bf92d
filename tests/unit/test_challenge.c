/* WWW-Authenticate, tokens, and which token server may see a password. */
#include "image/challenge.h"

#include "base/err.h"
#include "base/mem.h"
#include "image/curl.h"
#include "image/url.h"
#include "tests/unit/tap.h"

static struct challenge parsed(const char *one, const char *two, int want)
{
	auto_strv struct strv headers = { 0 };
	struct challenge c = { 0 };
	struct err e = { 0 };

	strv_add(&headers, one);
	if (two)
		strv_add(&headers, two);
	is_int(challenge_parse(&headers, &c, &e), want, one);
	return c;
}

static void test_headers(void)
{
	struct challenge c;

	c = parsed("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		   "scope=\"repository:a/b:pull\"",
		   NULL, 0);
	is_int(c.scheme, CHALLENGE_BEARER, "docker.io's");
	is_str(c.realm, "https://auth.docker.io/token", "… realm");
	is_str(c.service, "registry.docker.io", "… service");
	is_str(c.scope, "repository:a/b:pull", "… scope");
	challenge_clear(&c);

	c = parsed("Basic realm=\"a \\\"b\\\"\"", NULL, 0);
	is_int(c.scheme, CHALLENGE_BASIC, "basic");
	is_str(c.realm, "a \"b\"", "… with an escaped quote");
	challenge_clear(&c);

	c = parsed("Basic realm=x", "bearer Realm = \"https://t\" , error=invalid_token", 0);
	is_int(c.scheme, CHALLENGE_BEARER, "bearer before basic, in two headers");
	is_str(c.error, "invalid_token", "… a value without quotes");
	challenge_clear(&c);

	c = parsed("Negotiate, Basic realm=\"x\", Bearer realm=\"https://t\"", NULL, 0);
	is_str(c.realm, "https://t", "three in one header");
	challenge_clear(&c);

	c = parsed("Negotiate", NULL, 0);
	is_int(c.scheme, CHALLENGE_NONE, "nothing that is known");
	challenge_clear(&c);

	c = parsed("Bearer realm=\"one\",realm=\"two\"", NULL, 0);
	is_str(c.realm, "one", "the first realm counts");
	challenge_clear(&c);
}

static void test_broken(void)
{
	static const char *const broken[] = { "Bearer",
					      "Bearer realm=",
					      "Bearer realm=\"open",
					      "Bearer service=\"x\"",
					      "=",
					      "Bearer realm=\"x\" \"y\"",
					      "\"x\"",
					      "Bearer@ realm=x" };

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct challenge c = parsed(broken[i], NULL, -EBADMSG);

		challenge_clear(&c);
	}
}

static void token_is(const char *json, const char *want, int64_t seconds, const char *what)
{
	struct token t = { 0 };
	struct err e = { 0 };
	int rc = token_parse(json, strlen(json), &t, &e);

	is_str(rc == 0 ? t.text : e.msg, want, what);
	if (rc == 0)
		is_int(t.expires_in, seconds, "… its time");
	free(t.text);
}

static void test_tokens(void)
{
	auto_free char *big = xzalloc(TOKEN_BYTES_MAX + 100);
	struct token t = { 0 };
	struct err e = { 0 };

	token_is("{\"token\":\"abc\",\"expires_in\":300}", "abc", 300, "token");
	token_is("{\"access_token\":\"abc\"}", "abc", 60, "access_token, without a time");
	token_is("{\"token\":\"abc\",\"expires_in\":-5}", "abc", 60, "a time that has passed");
	token_is("{\"token\":\"abc\",\"expires_in\":99999999999}", "abc", 86400,
		 "a time without end");
	token_is("{}", "token: the answer holds none", 0, "no token");
	token_is("{\"token\":5}", "token: the answer holds none", 0, "a number");
	token_is("{\"token\":\"a\\r\\nX-Evil: 1\"}", "token: it holds bytes that no header may", 0,
		 "a header in a token");
	memset(big, ' ', TOKEN_BYTES_MAX + 1);
	is_int(token_parse(big, TOKEN_BYTES_MAX + 1, &t, &e), -EBADMSG, "more than 64 KiB");
}

static void trusted(const char *registry, const char *realm, bool want, const char *what)
{
	auto_url struct url a = { 0 }, b = { 0 };
	auto_strv struct strv list = { 0 };
	struct err e = { 0 };

	strv_add(&list, "told.example");
	if (url_parse(registry, NULL, &a, &e) < 0 || url_parse(realm, NULL, &b, &e) < 0) {
		ok(false, e.msg);
		return;
	}
	is_int(challenge_realm_trusted(&a, &b, &list), want, what);
}

static void test_realms(void)
{
	trusted("https://registry-1.docker.io/v2/", "https://auth.docker.io/token", true,
		"docker.io's own");
	trusted("https://registry-1.docker.io/v2/", "https://auth.docker.com/token", false,
		"not docker.io's");
	trusted("https://ghcr.io/v2/", "https://ghcr.io/token", true, "the same host");
	trusted("https://ghcr.io/v2/", "https://GHCR.io:443/token", true,
		"the same host, written otherwise");
	trusted("https://registry.gitlab.com/v2/", "https://gitlab.com/jwt/auth", true,
		"the domain above");
	trusted("https://example.com/v2/", "https://auth.example.com/token", true,
		"a domain below");
	trusted("https://a.example.com/v2/", "https://b.example.com/token", false, "a sister");
	trusted("https://evil-gitlab.com/v2/", "https://gitlab.com/jwt", false,
		"an end of the name is no domain above");
	trusted("https://registry.com/v2/", "https://com/token", false, "a top level domain");
	trusted("https://1.2.3.4/v2/", "https://3.4/token", false, "the end of an address");
	trusted("https://ghcr.io/v2/", "http://ghcr.io/token", false, "from https to http");
	trusted("https://ghcr.io/v2/", "https://169.254.169.254/token", false,
		"a cloud's metadata");
	trusted("https://ghcr.io/v2/", "https://localhost/token", false, "this machine");
	trusted("http://127.0.0.1:5000/v2/", "http://127.0.0.1:5001/token", true,
		"another port of loopback");
	trusted("http://127.0.0.1:5000/v2/", "http://localhost:5001/token", false,
		"another name of loopback");
	trusted("http://reg.lan:5000/v2/", "http://reg.lan:5001/token", false,
		"another port without TLS");
	trusted("https://reg.lan:5000/v2/", "https://reg.lan:5001/token", true,
		"another port with TLS");
	trusted("https://a.example.com/v2/", "https://told.example/token", true, "--trust-realm");
}

static void test_addresses(void)
{
	static const struct {
		const char *ip;
		bool is_public;
	} rows[] = {
		{ "8.8.8.8", true },          { "127.0.0.1", false },
		{ "10.1.2.3", false },        { "172.16.0.1", false },
		{ "172.32.0.1", true },       { "192.168.1.1", false },
		{ "169.254.169.254", false }, { "100.64.0.1", false },
		{ "0.0.0.0", false },         { "224.0.0.1", false },
		{ "255.255.255.255", false }, { "::1", false },
		{ "fe80::1", false },         { "fd00::1", false },
		{ "2606:4700::1", true },     { "::ffff:127.0.0.1", false },
		{ "::ffff:8.8.8.8", true },   { "ff02::1", false },
		{ "nonsense", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_int(url_ip_is_public(rows[i].ip), rows[i].is_public, rows[i].ip);
	ok(url_host_is_loopback("localhost"), "localhost is this machine");
	ok(url_host_is_loopback("127.9.9.9:80"), "127.9.9.9:80 too");
	ok(url_host_is_loopback("[::1]:80"), "[::1]:80 too");
	ok(!url_host_is_loopback("localhost.evil.org"), "localhost.evil.org is not");
	ok(!url_host_is_loopback("127.evil.org"), "127.evil.org is not");
}

static void test_urls(void)
{
	auto_url struct url base = { 0 }, next = { 0 };
	struct err e = { 0 };

	is_int(url_parse("https://Host.example/v2/a/blobs/x?y=1", NULL, &base, &e), 0, "a URL");
	is_str(base.host, "host.example", "… its host in lower case");
	is_str(base.port, "443", "… the port of https");
	is_int(url_parse("../other?z", &base, &next, &e), 0, "a relative one");
	is_str(next.text, "https://Host.example/v2/a/other?z", "… in full");
	is_int(url_parse("file:///etc/passwd", &base, &next, &e), -EINVAL, "a file");
	is_int(url_parse("https://user:pw@host/", &base, &next, &e), -EINVAL, "a password in it");
	ok(!strstr(e.msg, "pw"), "… is not told");
	is_int(url_parse("", NULL, &next, &e), -EINVAL, "nothing");
}

int main(void)
{
	struct err e = { 0 };

	test_headers();
	test_broken();
	test_tokens();
	if (curl_load(&e) < 0)
		tap_bail(e.msg);
	test_realms();
	test_addresses();
	test_urls();
	return tap_done();
}
