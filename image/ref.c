/*
 * Image names: splits, checks and normalises what people type. Pure text, no lookup: what a short
 * name means in registries.conf is regconf.c's. Everything that comes out is safe as a part of a
 * URL or a path.
 */
#include "image/ref.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define NAME_MAX_BYTES 255
#define TAG_MAX_BYTES 128
#define HUB "docker.io"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* A DNS label: letters and digits, '-' inside. */
static bool label_ok(const char *s, size_t len)
{
	if (!len || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
	return true;
}

static bool host_ok(const char *host, size_t len)
{
	for (size_t at = 0; at <= len;) {
		const char *dot = memchr(host + at, '.', len - at);
		size_t n = dot ? (size_t)(dot - host) - at : len - at;

		if (!label_ok(host + at, n))
			return false;
		at += n + 1;
	}
	return true;
}

/* "[::1]"; the resolver has the last word on whether it is an address. */
static bool ipv6_ok(const char *host, size_t len)
{
	if (len < 4 || host[0] != '[' || host[len - 1] != ']')
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if (!isxdigit((unsigned char)host[i]) && host[i] != ':' && host[i] != '.')
			return false;
	return true;
}

static bool port_ok(const char *port)
{
	uint32_t n;

	return strlen(port) <= 5 && str_to_u32(port, &n) == 0 && n > 0 && n <= 65535;
}

static int check_domain(const char *text, const char *domain, struct err *e)
{
	const char *end = domain[0] == '[' ? strchr(domain, ']') : strchr(domain, ':');
	size_t len;

	if (domain[0] == '[' && end)
		end++;
	len = end ? (size_t)(end - domain) : strlen(domain);
	if (domain[0] == '[' ? !ipv6_ok(domain, len) : !host_ok(domain, len))
		return err_set(e, EINVAL, "invalid image name '%s': '%s' is no host name", text,
			       domain);
	if (domain[len] && (domain[len] != ':' || !port_ok(domain + len + 1)))
		return err_set(e, EINVAL, "invalid image name '%s': '%s' is no port", text,
			       domain + len);
	return 0;
}

/*
 * The length of a separator at s inside a path component: '.', '_', '__', or a run of '-'. 0: none.
 */
static size_t separator(const char *s)
{
	if (s[0] == '-')
		return strspn(s, "-");
	if (s[0] == '_')
		return s[1] == '_' ? 2 : 1;
	return s[0] == '.' ? 1 : 0;
}

static bool component_ok(const char *s)
{
	if (!is_lower_alnum(*s))
		return false;
	while (*s) {
		if (is_lower_alnum(*s)) {
			s++;
			continue;
		}
		size_t n = separator(s);

		if (!n || !is_lower_alnum(s[n]))
			return false;
		s += n;
	}
	return true;
}

static int check_path(const char *text, const char *path, struct err *e)
{
	auto_strv struct strv parts = { 0 };

	if (!*path)
		return err_set(e, EINVAL,
			       "invalid image name '%s': the name of the repository is missing",
			       text);
	for (const char *c = path; *c; c++)
		if (isupper((unsigned char)*c))
			return err_set(e, EINVAL,
				       "invalid image name '%s': the repository must be lower case",
				       text);
	strv_split(&parts, path, '/');
	for (size_t i = 0; i < parts.len; i++) {
		if (!*parts.v[i])
			return err_set(e, EINVAL,
				       "invalid image name '%s': empty part between slashes", text);
		if (!component_ok(parts.v[i]))
			return err_set(
				e, EINVAL,
				"invalid image name '%s': '%s' is not letters and digits with "
				"single '.', '_', '__' or '-' between",
				text, parts.v[i]);
	}
	return 0;
}

bool ref_tag_ok(const char *tag)
{
	if (!is_alnum(tag[0]) && tag[0] != '_')
		return false;
	for (const char *c = tag; *c; c++)
		if (!is_alnum(*c) && *c != '_' && *c != '.' && *c != '-')
			return false;
	return strlen(tag) <= TAG_MAX_BYTES;
}

bool ref_is_short(const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;

	if (!slash)
		return true;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '.' || text[i] == ':')
			return false;
	return !(len == strlen("localhost") && !strncmp(text, "localhost", len));
}

/* Cuts ":tag" off the end of name (it stands after the last slash). */
static char *split_tag(char *name)
{
	char *slash = strrchr(name, '/');
	char *colon = strchr(slash ? slash : name, ':');

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static void set_name(struct ref *r, const char *name)
{
	const char *slash = strchr(name, '/');

	if (ref_is_short(name)) {
		r->domain = xstrdup(HUB);
		r->path = xstrdup(name);
	} else {
		r->domain = xstrndup(name, (size_t)(slash - name));
		r->path = xstrdup(slash + 1);
	}
	for (char *c = r->domain; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (str_eq(r->domain, "index.docker.io") || str_eq(r->domain, "registry-1.docker.io"))
		replace_ptr(&r->domain, xstrdup(HUB));
	if (str_eq(r->domain, HUB) && *r->path && !strchr(r->path, '/'))
		replace_ptr(&r->path, xasprintf("library/%s", r->path));
}

static int check_parts(const char *text, const struct ref *r, struct err *e)
{
	int rc = check_domain(text, r->domain, e);

	if (rc < 0)
		return rc;
	rc = check_path(text, r->path, e);
	if (rc < 0)
		return rc;
	if (strlen(r->domain) + 1 + strlen(r->path) > NAME_MAX_BYTES)
		return err_set(e, EINVAL, "invalid image name '%.60s…': longer than %d characters",
			       text, NAME_MAX_BYTES);
	if (r->tag && !ref_tag_ok(r->tag))
		return err_set(
			e, EINVAL,
			"invalid image name '%s': '%s' is no tag (letters, digits, '_', '.', '-', "
			"at most %d)",
			text, r->tag, TAG_MAX_BYTES);
	if (r->digest && !digest_ok(r->digest))
		return err_set(
			e, EINVAL,
			"invalid image name '%s': '%s' is no digest (sha256: and 64 lower-case "
			"hexadecimal digits)",
			text, r->digest);
	return 0;
}

int ref_parse(const char *text, struct ref *ret, struct err *e)
{
	auto_free char *name = xstrdup(text);
	char *at = strchr(name, '@');
	auto_ref struct ref r = { 0 };
	char *tag;
	int rc;

	if (!*text)
		return err_set(e, EINVAL, "empty image name");
	if (strstr(text, "://"))
		return err_set(
			e, EINVAL,
			"invalid image name '%s': a name, not a URL, such as 'host:5000/name:tag'",
			text);
	if (at) {
		*at = '\0';
		r.digest = xstrdup(at + 1);
	}
	if (!at && str_is_hex(name, 64))
		return err_set(e, EINVAL,
			       "invalid image name '%s': 64 hexadecimal digits are an image id",
			       text);
	tag = split_tag(name);
	if (tag || !at)
		r.tag = xstrdup(tag ? tag : "latest");
	set_name(&r, name);
	rc = check_parts(text, &r, e);
	if (rc < 0)
		return rc;
	*ret = r;
	r = (struct ref){ 0 };
	return 0;
}

void ref_clear(struct ref *r)
{
	free(r->domain);
	free(r->path);
	free(r->tag);
	free(r->digest);
	*r = (struct ref){ 0 };
}

static char *with_suffix(const char *domain, const char *path, const char *tag, const char *digest)
{
	return xasprintf("%s%s%s%s%s%s%s", domain, *domain ? "/" : "", path, tag ? ":" : "",
			 tag ? tag : "", digest ? "@" : "", digest ? digest : "");
}

char *ref_full(const struct ref *r)
{
	return with_suffix(r->domain, r->path, r->tag, r->digest);
}

/*
 * What docker leaves away: its own domain, and there "library/". A path that would then read as a
 * host keeps it.
 */
static void familiar_parts(const struct ref *r, const char **ret_domain, const char **ret_path)
{
	const char *rest;

	*ret_domain = r->domain;
	*ret_path = r->path;
	if (!str_eq(r->domain, HUB))
		return;
	rest = str_after(r->path, "library/");
	if (rest && !strchr(rest, '/')) {
		*ret_domain = "";
		*ret_path = rest;
	} else if (ref_is_short(r->path)) {
		*ret_domain = "";
	}
}

char *ref_familiar(const struct ref *r)
{
	const char *domain, *path;

	familiar_parts(r, &domain, &path);
	return with_suffix(domain, path, r->tag, r->digest);
}

char *ref_familiar_name(const struct ref *r)
{
	const char *domain, *path;

	familiar_parts(r, &domain, &path);
	return with_suffix(domain, path, NULL, NULL);
}
