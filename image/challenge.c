/*
 * Parses challenges and tokens, which come from the network before anybody is authenticated:
 * strict, and bounded by what http.c lets in.
 */
#include "image/challenge.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "image/url.h"

#define TOKEN_SECONDS_DEFAULT 60
#define TOKEN_SECONDS_MAX (24 * 3600)

void challenge_clear(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	free(c->error);
	*c = (struct challenge){ 0 };
}

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_separators(const char *s)
{
	return s + strspn(s, " \t,");
}

/* A token, or NULL. The caller owns it. */
static char *take_word(const char **s)
{
	const char *start = *s;

	while (is_token_char(**s))
		(*s)++;
	return *s == start ? NULL : xstrndup(start, (size_t)(*s - start));
}

/* "quoted" with \-escapes, or a token. NULL: broken. */
static char *take_value(const char **s)
{
	struct str text = { 0 };

	if (**s != '"')
		return take_word(s);
	for ((*s)++; **s && **s != '"'; (*s)++) {
		if (**s == '\\' && (*s)[1])
			(*s)++;
		str_add_char(&text, **s);
	}
	if (**s != '"') {
		str_free(&text);
		return NULL;
	}
	(*s)++;
	return str_take(&text);
}

static void keep_param(struct challenge *c, const char *name, char *value)
{
	const struct {
		const char *name;
		char **slot;
	} slots[] = { { "realm", &c->realm },
		      { "service", &c->service },
		      { "scope", &c->scope },
		      { "error", &c->error } };

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		if (!strcasecmp(name, slots[i].name) && !*slots[i].slot) {
			*slots[i].slot = value;
			return;
		}
	}
	free(value);
}

static enum challenge_scheme scheme_of(const char *word)
{
	if (!strcasecmp(word, "bearer"))
		return CHALLENGE_BEARER;
	return strcasecmp(word, "basic") ? CHALLENGE_NONE : CHALLENGE_BASIC;
}

/* The parameters after a scheme, up to the next scheme (a word without '=' after it). */
static int take_params(const char **s, struct challenge *c)
{
	for (;;) {
		const char *start = skip_separators(*s);
		auto_free char *name = NULL, *value = NULL;

		*s = start;
		if (!*start)
			return 0;
		name = take_word(s);
		if (!name)
			return -EBADMSG;
		*s += strspn(*s, " \t");
		if (**s != '=') {
			*s = start;
			return 0;
		}
		(*s)++;
		*s += strspn(*s, " \t");
		value = take_value(s);
		if (!value)
			return -EBADMSG;
		keep_param(c, name, take_ptr(&value));
	}
}

/* The challenges of one header; the best so far stays in *best. */
static int parse_header(const char *s, struct challenge *best)
{
	while (*(s = skip_separators(s))) {
		auto_challenge struct challenge c = { 0 };
		auto_free char *word = take_word(&s);

		if (!word || (*s && *s != ' ' && *s != '\t' && *s != ','))
			return -EBADMSG;
		c.scheme = scheme_of(word);
		if (take_params(&s, &c) < 0)
			return -EBADMSG;
		if (c.scheme > best->scheme) {
			challenge_clear(best);
			*best = c;
			c = (struct challenge){ 0 };
		}
	}
	return 0;
}

int challenge_parse(const struct strv *headers, struct challenge *ret, struct err *e)
{
	auto_challenge struct challenge best = { 0 };

	for (size_t i = 0; i < headers->len; i++)
		if (parse_header(headers->v[i], &best) < 0)
			return err_set(e, EBADMSG,
				       "WWW-Authenticate that cannot be understood: '%.200s'",
				       headers->v[i]);
	if (best.scheme == CHALLENGE_BEARER && !best.realm)
		return err_set(e, EBADMSG, "WWW-Authenticate that names no token server");
	*ret = best;
	best = (struct challenge){ 0 };
	return 0;
}

int token_parse(const char *text, size_t len, struct token *ret, struct err *e)
{
	auto_json cJSON *root = NULL;
	const char *token;
	int64_t seconds;
	int rc;

	if (len > TOKEN_BYTES_MAX)
		return err_set(e, EBADMSG, "token of more than %zu KiB", TOKEN_BYTES_MAX >> 10);
	rc = json_parse(text, len, "token", &root, e);
	if (rc < 0)
		return rc;
	token = json_str(root, "token", "");
	if (!*token)
		token = json_str(root, "access_token", "");
	if (!*token)
		return err_set(e, EBADMSG, "token: the answer holds none");
	for (const char *c = token; *c; c++)
		if (*c <= ' ' || *c > '~')
			return err_set(e, EBADMSG, "token: it holds bytes that no header may");
	seconds = json_i64(root, "expires_in", 0);
	if (seconds <= 0)
		seconds = TOKEN_SECONDS_DEFAULT;
	ret->text = xstrdup(token);
	ret->expires_in = seconds < TOKEN_SECONDS_MAX ? seconds : TOKEN_SECONDS_MAX;
	return 0;
}

/* child is "x.parent", and parent has a dot: a name that somebody owns. */
static bool is_below(const char *child, const char *parent)
{
	size_t c = strlen(child), p = strlen(parent);

	return strchr(parent, '.') && c > p + 1 && child[c - p - 1] == '.' &&
	       str_eq(child + c - p, parent) && child[0] != '[' &&
	       !isdigit((unsigned char)parent[p - 1]);
}

bool challenge_realm_trusted(const struct url *registry, const struct url *realm,
			     const struct strv *trusted)
{
	if (registry->https && !realm->https)
		return false;
	if (trusted && strv_has(trusted, realm->host))
		return true;
	if (str_eq(registry->host, "registry-1.docker.io"))
		return str_eq(realm->host, "auth.docker.io");
	if (str_eq(registry->host, realm->host))
		return str_eq(registry->port, realm->port) || realm->https ||
		       url_host_is_loopback(realm->host);
	return is_below(registry->host, realm->host) || is_below(realm->host, registry->host);
}
