/*
 * Parses the flat JSON objects of a json-file log, which hold strings only:
 * {"log":"…","stream":"…","time":"…"}. Not cJSON: a container may log NULs, and a gigabyte of
 * lines.
 */
#include "engine/log_entry.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

struct cursor {
	const char *p, *end;
};

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

/* Goes over one character that has to be there. */
static int expect(struct cursor *c, char want)
{
	skip_blanks(c);
	if (c->p == c->end || *c->p != want)
		return -EBADMSG;
	c->p++;
	return 0;
}

static void add_utf8(struct str *out, uint32_t u)
{
	if (u < 0x80) {
		str_add_char(out, (char)u);
	} else if (u < 0x800) {
		str_add_char(out, (char)(0xC0 | u >> 6));
		str_add_char(out, (char)(0x80 | (u & 0x3F)));
	} else {
		if (u < 0x10000) {
			str_add_char(out, (char)(0xE0 | u >> 12));
		} else {
			str_add_char(out, (char)(0xF0 | u >> 18));
			str_add_char(out, (char)(0x80 | (u >> 12 & 0x3F)));
		}
		str_add_char(out, (char)(0x80 | (u >> 6 & 0x3F)));
		str_add_char(out, (char)(0x80 | (u & 0x3F)));
	}
}

/* Four hexadecimal digits. */
static int read_hex(struct cursor *c, uint32_t *ret)
{
	*ret = 0;
	if (c->end - c->p < 4)
		return -EBADMSG;
	for (int i = 0; i < 4; i++, c->p++) {
		const char *digits = "0123456789abcdef", *at = strchr(digits, *c->p | 0x20);

		if (!*c->p || !at)
			return -EBADMSG;
		*ret = *ret << 4 | (uint32_t)(at - digits);
	}
	return 0;
}

/* After "\u": a pair of surrogates is one character, half of one becomes U+FFFD. */
static int read_unicode(struct cursor *c, struct str *out)
{
	uint32_t high, low;

	if (read_hex(c, &high) < 0)
		return -EBADMSG;
	if (high >= 0xD800 && high < 0xDC00 && c->end - c->p >= 6 && c->p[0] == '\\' &&
	    c->p[1] == 'u') {
		struct cursor next = { c->p + 2, c->end };

		if (read_hex(&next, &low) == 0 && low >= 0xDC00 && low < 0xE000) {
			*c = next;
			add_utf8(out, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
			return 0;
		}
	}
	add_utf8(out, high >= 0xD800 && high < 0xE000 ? 0xFFFD : high);
	return 0;
}

static int read_escape(struct cursor *c, struct str *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (c->p == c->end || !*c->p)
		return -EBADMSG;
	if (*c->p == 'u') {
		c->p++;
		return read_unicode(c, out);
	}
	at = strchr(names, *c->p++);
	if (!at)
		return -EBADMSG;
	str_add_char(out, values[at - names]);
	return 0;
}

static int read_string(struct cursor *c, struct str *out)
{
	str_cut(out, 0);
	if (expect(c, '"') < 0)
		return -EBADMSG;
	while (c->p < c->end && *c->p != '"') {
		const char *start = c->p;

		while (c->p < c->end && *c->p != '"' && *c->p != '\\')
			c->p++;
		str_add_mem(out, start, (size_t)(c->p - start));
		if (c->p < c->end && *c->p == '\\') {
			c->p++;
			if (read_escape(c, out) < 0)
				return -EBADMSG;
		}
	}
	return expect(c, '"');
}

static int read_member(struct cursor *c, struct log_entry *ret, struct str *key, struct str *value)
{
	bool is_log;

	if (read_string(c, key) < 0 || expect(c, ':') < 0)
		return -EBADMSG;
	is_log = str_eq(str_cstr(key), "log");
	if (read_string(c, is_log ? &ret->text : value) < 0)
		return -EBADMSG;
	if (str_eq(str_cstr(key), "stream"))
		ret->is_stderr = str_eq(str_cstr(value), "stderr");
	else if (str_eq(str_cstr(key), "time"))
		return clock_parse_rfc3339(str_cstr(value), &ret->time_ns) < 0 ? -EBADMSG : 0;
	return 0;
}

int log_entry_parse(const char *line, size_t len, struct log_entry *ret)
{
	auto_str struct str key = { 0 }, value = { 0 };
	struct cursor c = { line, line + len };

	str_cut(&ret->text, 0);
	ret->is_stderr = false;
	ret->time_ns = 0;
	if (expect(&c, '{') < 0 || read_member(&c, ret, &key, &value) < 0)
		return -EBADMSG;
	for (;;) {
		skip_blanks(&c);
		if (c.p == c.end || *c.p != ',')
			break;
		c.p++;
		if (read_member(&c, ret, &key, &value) < 0)
			return -EBADMSG;
	}
	if (expect(&c, '}') < 0)
		return -EBADMSG;
	skip_blanks(&c);
	return c.p == c.end ? 0 : -EBADMSG;
}
