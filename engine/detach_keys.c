/* Detach keys, as docker spells and holds them back: see detach_keys.h. */
#include "engine/detach_keys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

/* "a" or "ctrl-<value>", where <value> is a letter or one of @ [ \ ] ^ _ ; the character, or -1. */
static int parse_key(const char *text)
{
	const char *control = str_after(text, "ctrl-");
	int c;

	if (text[0] && !text[1])
		return (unsigned char)text[0];
	if (!control || !control[0] || control[1])
		return -1;
	c = toupper((unsigned char)control[0]);
	return c >= '@' && c <= '_' ? c - '@' : -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e)
{
	auto_strv struct strv parts = { 0 };
	struct detach_keys k = { 0 };

	strv_split(&parts, text ? text : "ctrl-p,ctrl-q", ',');
	for (size_t i = 0; i < parts.len; i++) {
		int c = parse_key(parts.v[i]);

		if (c < 0)
			return err_set(
				e, EINVAL,
				"invalid detach keys '%s': '%s' is neither a character nor ctrl- and one of "
				"a-z @ [ \\ ] ^ _",
				text, parts.v[i]);
		if (k.n == DETACH_KEYS_MAX)
			return err_set(e, EINVAL, "invalid detach keys '%s': more than %d", text,
				       DETACH_KEYS_MAX);
		k.keys[k.n++] = (unsigned char)c;
	}
	*ret = k;
	return 0;
}

/* The longest end of what was seen, with c after it, that the sequence begins with. */
static size_t next_seen(const struct detach_keys *k, unsigned char c)
{
	for (size_t len = k->seen + 1; len > 0; len--)
		if (k->keys[len - 1] == c &&
		    memcmp(k->keys, k->keys + k->seen - (len - 1), len - 1) == 0)
			return len;
	return 0;
}

bool detach_keys_filter(struct detach_keys *k, const unsigned char *in, size_t len,
			unsigned char *out, size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && k->n; i++) {
		size_t seen = next_seen(k, in[i]), released = k->seen + 1 - seen;

		/*
		 * what cannot be of the sequence any more: the first of the held back, and in[i]
		 * itself
		 */
		for (size_t j = 0; j < released; j++)
			out[n++] = j < k->seen ? k->keys[j] : in[i];
		k->seen = seen;
		if (seen == k->n) {
			k->seen = 0;
			*ret_len = n;
			return true;
		}
	}
	if (!k->n) {
		memcpy(out, in, len);
		n = len;
	}
	*ret_len = n;
	return false;
}
