/*
 * The grammar check of JSON texts: see json_scan.h. A table of what may come next, and a stack of
 * brackets.
 */
#include "base/json_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"

struct scan {
	const char *text;
	size_t len, at;
	char stack[JSON_DEPTH_MAX];
	size_t depth;
	struct json_scan *out;
};

static int fail(struct scan *s, const char *problem)
{
	s->out->problem = problem;
	return -EBADMSG;
}

static char peek(const struct scan *s)
{
	if (s->at < s->len)
		return s->text[s->at];
	return '\0';
}

static void skip_space(struct scan *s)
{
	while (s->at < s->len && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at])
		s->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* After a backslash. */
static int scan_escape(struct scan *s)
{
	char c = peek(s);

	if (c != 'u') {
		if (!c || !strchr("\"\\/bfnrt", c))
			return fail(s, "unknown escape in a string");
		s->at++;
		return 0;
	}
	for (size_t i = 1; i <= 4; i++)
		if (s->len - s->at <= i || !isxdigit((unsigned char)s->text[s->at + i]))
			return fail(s, "\\u without four hexadecimal digits");
	if (strncmp(s->text + s->at + 1, "0000", 4) == 0)
		return fail(s, "a NUL character in a string");
	s->at += 5;
	return 0;
}

static int scan_string(struct scan *s)
{
	for (s->at++; s->at < s->len;) {
		unsigned char c = (unsigned char)s->text[s->at];

		if (c < 0x20)
			return fail(s, "a control character in a string");
		s->at++;
		if (c == '"')
			return 0;
		if (c == '\\') {
			int r = scan_escape(s);

			if (r < 0)
				return r;
		}
	}
	return fail(s, "a string without its end");
}

static int scan_number(struct scan *s)
{
	size_t start = s->at, digits;
	bool integer = true;

	s->at += peek(s) == '-';
	if (!is_digit(peek(s)))
		return fail(s, "expected a value");
	digits = s->at;
	if (peek(s) == '0' && s->at + 1 < s->len && is_digit(s->text[s->at + 1]))
		return fail(s, "a number with a leading zero");
	while (is_digit(peek(s)))
		s->at++;
	digits = s->at - digits;
	if (peek(s) == '.') {
		integer = false;
		s->at++;
		if (!is_digit(peek(s)))
			return fail(s, "a number without digits after the point");
		while (is_digit(peek(s)))
			s->at++;
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		integer = false;
		s->at++;
		s->at += peek(s) == '+' || peek(s) == '-';
		if (!is_digit(peek(s)))
			return fail(s, "a number without digits in its exponent");
		while (is_digit(peek(s)))
			s->at++;
	}
	if (integer && digits >= 16) {
		struct json_scan *o = s->out;

		o->big = xreallocarray(o->big, o->nbig + 1, sizeof(*o->big));
		o->big[o->nbig++] = (struct json_big){ .at = start, .len = s->at - start };
	}
	return 0;
}

static int scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i]);

		if (s->len - s->at >= len && strncmp(s->text + s->at, words[i], len) == 0) {
			s->at += len;
			return 0;
		}
	}
	return fail(s, "expected a value");
}

/* A member's name and its colon. */
static int scan_key(struct scan *s)
{
	int r;

	skip_space(s);
	if (peek(s) != '"')
		return fail(s, "expected a member name");
	r = scan_string(s);
	if (r < 0)
		return r;
	skip_space(s);
	if (peek(s) != ':')
		return fail(s, "expected ':'");
	s->at++;
	return 0;
}

/* Opens a bracket. 1: the next is a value; 0: it was empty and is closed again. */
static int scan_open(struct scan *s)
{
	char closing = peek(s) == '{' ? '}' : ']';

	if (s->depth == JSON_DEPTH_MAX) {
		s->out->problem = "it nests too deep";
		return -E2BIG;
	}
	s->stack[s->depth++] = closing;
	s->at++;
	skip_space(s);
	if (peek(s) == closing) {
		s->at++;
		s->depth--;
		return 0;
	}
	if (closing == '}') {
		int r = scan_key(s);

		return r < 0 ? r : 1;
	}
	return 1;
}

/*
 * After a value: closes what closes here. 1: another value follows; 0: the text's value is
 * complete.
 */
static int scan_after(struct scan *s)
{
	while (s->depth) {
		char closing = s->stack[s->depth - 1];

		skip_space(s);
		if (peek(s) == closing) {
			s->at++;
			s->depth--;
			continue;
		}
		if (peek(s) != ',')
			return fail(s,
				    closing == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
		if (closing == '}') {
			int r = scan_key(s);

			return r < 0 ? r : 1;
		}
		return 1;
	}
	return 0;
}

/* One value, or the beginning of one: as scan_after's result, 2 for "look after it". */
static int scan_value(struct scan *s)
{
	char c;
	int r;

	skip_space(s);
	c = peek(s);
	if (c == '{' || c == '[') {
		r = scan_open(s);
		return r == 0 ? 2 : r;
	}
	if (c == '"')
		r = scan_string(s);
	else if (c == '-' || is_digit(c))
		r = scan_number(s);
	else
		r = scan_word(s);
	return r < 0 ? r : 2;
}

int json_scan(const char *text, size_t len, struct json_scan *ret)
{
	struct scan s = { .text = text, .len = len, .out = ret };
	int r;

	*ret = (struct json_scan){ 0 };
	do {
		r = scan_value(&s);
		if (r == 2)
			r = scan_after(&s);
	} while (r > 0);
	if (r == 0) {
		skip_space(&s);
		if (s.at < len)
			r = fail(&s, "more text after the value");
	}
	ret->at = s.at;
	return r;
}
