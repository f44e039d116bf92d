/* auth.json: whose key covers which repository, in the ways that podman and docker write it. */
#include "image/auth.h"

#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "image/base64.h"
#include "tests/unit/tap.h"

/* "user:password", "token:…", "none" or the error. */
static void finds(const char *text, const char *domain, const char *path, const char *want,
		  const char *what)
{
	auto_auth struct auth a = { 0 };
	struct err e = { 0 };
	int rc = auth_find_in(text, strlen(text), "auth.json", domain, path, &a, &e);
	auto_free char *got = rc < 0             ? xstrdup(e.msg)
			      : rc == 0          ? xstrdup("none")
			      : a.identity_token ? xasprintf("token:%s", a.identity_token)
						 : xasprintf("%s:%s", a.user, a.password);

	is_str(got, want, what);
}

/* dTpw = u:p, dTI6cDI= u2:p2, dTM6YTpi = u3:a:b */
static void test_files(void)
{
	finds("{\"auths\":{\"a.b\":{\"auth\":\"dTpw\"}}}", "a.b", "x/y", "u:p", "a host");
	finds("{\"auths\":{\"a.b\":{\"auth\":\"dTpw\"}}}", "a.b:5000", "x/y", "none",
	      "… not on another port");
	finds("{\"auths\":{\"a.b\":{\"auth\":\"dTpw\"}}}", "c.a.b", "x/y", "none",
	      "… not below it");
	finds("{\"auths\":{\"a.b\":{\"auth\":\"dTpw\"},\"a.b/x\":{\"auth\":\"dTI6cDI=\"}}}", "a.b",
	      "x/y", "u2:p2", "the longest key");
	finds("{\"auths\":{\"a.b\":{\"auth\":\"dTpw\"},\"a.b/x\":{\"auth\":\"dTI6cDI=\"}}}", "a.b",
	      "xx/y", "u:p", "… ends at a slash");
	finds("{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpw\"}}}", "docker.io",
	      "library/x", "u:p", "docker.io as docker writes it");
	finds("{\"auths\":{\"https://a.b/v2/\":{\"auth\":\"dTpw\"}}}", "a.b", "x", "u:p",
	      "a URL for a host");
	finds("{\"auths\":{\"a.b\":{\"auth\":\"dTM6YTpi\"}}}", "a.b", "x", "u3:a:b",
	      "a password with a colon");
	finds("{\"auths\":{\"a.b\":{\"identitytoken\":\"tok\",\"auth\":\"dTpw\"}}}", "a.b", "x",
	      "token:tok", "a refresh token");
	finds("{\"auths\":{\"a.b\":{\"username\":\"u\",\"password\":\"p\"}}}", "a.b", "x", "u:p",
	      "in the clear");
	finds("{\"auths\":{\"a.b\":{}}}", "a.b", "x", "none", "an empty entry");
	finds("{}", "a.b", "x", "none", "an empty file");
	finds("{\"auths\":{\"a.b\":{\"auth\":\"%%\"}}}", "a.b", "x",
	      "auth.json: auths.a.b.auth is not base 64 of user:password", "no base 64");
	finds("{\"auths\":{\"a.b\":{\"auth\":\"dTA=\"}}}", "a.b", "x",
	      "auth.json: auths.a.b.auth is not base 64 of user:password", "no colon");
	finds("[]", "a.b", "x", "auth.json: expected an object", "no object");
	finds("{\"credHelpers\":{\"a.b\":\"../../bin/sh\"}}", "a.b", "x",
	      "'../../bin/sh' is no name of a credential helper", "a path for a helper");
}

/* A helper that answers for good.example, and says docker's words for what it does not know. */
static void test_helper(void)
{
	static const char script[] =
		"#!/bin/sh\nread -r server || :\ncase $1$server in\n"
		"getgood.example) echo '{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"s\"}' "
		";;\n"
		"gettoken.example) echo '{\"Username\":\"<token>\",\"Secret\":\"s\"}' ;;\n"
		"*) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n";
	char dir[] = "/tmp/test_auth.XXXXXX";
	auto_free char *file = NULL, *path = NULL;
	FILE *f;

	if (!mkdtemp(dir))
		tap_bail("mkdtemp");
	file = xasprintf("%s/docker-credential-test", dir);
	path = xasprintf("%s:%s", dir, getenv("PATH"));
	f = fopen(file, "we");
	if (!f || fputs(script, f) < 0 || fclose(f) != 0 || chmod(file, 0700) < 0 ||
	    setenv("PATH", path, 1) < 0)
		tap_bail("write a helper");
	finds("{\"credHelpers\":{\"good.example\":\"test\"}}", "good.example", "x", "u:s",
	      "a helper for one host");
	finds("{\"credsStore\":\"test\"}", "good.example", "x", "u:s", "a helper for all");
	finds("{\"credsStore\":\"test\"}", "token.example", "x", "token:s",
	      "a helper that has a token");
	finds("{\"credsStore\":\"test\",\"auths\":{\"other.example\":{\"auth\":\"dTpw\"}}}",
	      "other.example", "x", "u:p", "a helper that knows nothing: the file then");
	(void)unlink(file);
	(void)rmdir(dir);
}

static void test_creds(void)
{
	auto_auth struct auth a = { 0 };
	struct err e = { 0 };

	is_int(auth_find(&(struct auth_options){ .creds = "me:a:b" }, "a.b", "x", &a, &e), 0,
	       "--creds");
	is_str(a.user, "me", "… the user");
	is_str(a.password, "a:b", "… the password");
	is_int(auth_find(&(struct auth_options){ .creds = "secret" }, "a.b", "x", &a, &e), -EINVAL,
	       "--creds without a colon");
	ok(!strstr(e.msg, "secret"), "… does not tell it");
	is_int(auth_find(&(struct auth_options){ .authfile = "/nonexistent" }, "a.b", "x", &a, &e),
	       -ENOENT, "--authfile must exist");
	auto_free char *basic = auth_basic("Aladdin", "open sesame");
	is_str(basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "the header (RFC 7617's example)");
}

static void test_base64(void)
{
	static const char *const rows[][2] = { { "", "" },
					       { "f", "Zg==" },
					       { "fo", "Zm8=" },
					       { "foo", "Zm9v" },
					       { "foobar", "Zm9vYmFy" } };
	struct str bad = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_str struct str there = { 0 }, back = { 0 };

		base64_encode(rows[i][0], strlen(rows[i][0]), &there);
		is_str(str_cstr(&there), rows[i][1], "RFC 4648's examples");
		is_int(base64_decode(rows[i][1], &back), 0, "… and back");
		is_str(str_cstr(&back), rows[i][0], "… the same");
	}
	is_int(base64_decode("Zg", &bad), 0, "without padding");
	is_int(base64_decode("Z", &bad), -EINVAL, "one digit");
	is_int(base64_decode("Z g=", &bad), -EINVAL, "a blank");
	str_free(&bad);
}

int main(void)
{
	test_files();
	test_helper();
	test_creds();
	test_base64();
	return tap_done();
}
