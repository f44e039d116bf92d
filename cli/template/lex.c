/* Tokens of an action: what stands between {{ and }}. */
#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "cli/template/node.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || ((unsigned char)c & 0x80);
}

bool lex_at_end(const char *source, size_t at, bool *ret_trim, size_t *ret_len)
{
	*ret_trim = at > 0 && is_blank(source[at - 1]) && str_starts(source + at, "-}}");
	*ret_len = *ret_trim ? 3 : 2;
	return *ret_trim || str_starts(source + at, "}}");
}

static cJSON *keep(struct template *t, cJSON *value)
{
	if (!value || !cJSON_AddItemToArray(t->consts, value))
		mem_exhausted();
	return value;
}

/* UTF-8 of a code point. False for surrogates, NUL and what is beyond Unicode. */
static bool add_code_point(struct str *s, uint32_t c)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	if (c < 0x80) {
		str_add_char(s, (char)c);
	} else if (c < 0x800) {
		str_add_char(s, (char)(0xc0 | c >> 6));
		str_add_char(s, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		str_add_char(s, (char)(0xe0 | c >> 12));
		str_add_char(s, (char)(0x80 | (c >> 6 & 0x3f)));
		str_add_char(s, (char)(0x80 | (c & 0x3f)));
	} else {
		str_add_char(s, (char)(0xf0 | c >> 18));
		str_add_char(s, (char)(0x80 | (c >> 12 & 0x3f)));
		str_add_char(s, (char)(0x80 | (c >> 6 & 0x3f)));
		str_add_char(s, (char)(0x80 | (c & 0x3f)));
	}
	return true;
}

/* The digits of \xNN, \NNN, \uNNNN: exactly n of them. */
static bool read_digits(const char *p, unsigned int n, unsigned int base, uint32_t *ret)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int digit = isdigit((unsigned char)p[i]) ? (unsigned int)(p[i] - '0')
				     : isxdigit((unsigned char)p[i])
					     ? (unsigned int)(tolower(p[i]) - 'a') + 10
					     : base;

		if (digit >= base)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	return true;
}

/*
 * One escape of Go's strings; p is behind the backslash. Returns how many characters it took, 0
 * for a bad one.
 */
static size_t read_escape(struct str *s, const char *p)
{
	static const char names[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
	const char *name = *p ? strchr(names, *p) : NULL;
	uint32_t c;
	size_t n;

	if (name) {
		str_add_char(s, values[name - names]);
		return 1;
	}
	if (*p == 'u' || *p == 'U') {
		n = *p == 'u' ? 4 : 8;
		return read_digits(p + 1, (unsigned int)n, 16, &c) && add_code_point(s, c) ? n + 1
											   : 0;
	}
	n = 3; /* xNN or NNN */
	if (*p == 'x' ? !read_digits(p + 1, 2, 16, &c) : !read_digits(p, 3, 8, &c))
		return 0;
	if (c == 0 || c > 255)
		return 0;
	str_add_char(s, (char)c);
	return n;
}

/* "…", `…` and '…'; at is that of the first quote. */
static int lex_quoted(struct template *t, size_t at, struct token *ret, struct err *e)
{
	const char *s = t->source;
	char quote = s[at];
	auto_str struct str text = { 0 };
	size_t p = at + 1;

	while (s[p] && s[p] != quote && (s[p] != '\n' || quote == '`')) {
		size_t n = 1;

		if (s[p] == '\\' && quote != '`') {
			n = read_escape(&text, s + p + 1);
			if (n++ == 0)
				return template_error(t, p, e, "invalid escape in a quoted string");
		} else {
			str_add_char(&text, s[p]);
		}
		p += n;
	}
	if (s[p] != quote)
		return template_error(t, at, e, "unterminated %s",
				      quote == '\'' ? "character constant" : "quoted string");
	ret->kind = TOKEN_CONST;
	ret->end = p + 1;
	if (quote != '\'') {
		ret->value = keep(t, cJSON_CreateString(str_cstr(&text)));
		return 0;
	}
	if (text.len != 1)
		return template_error(t, at, e, "a character constant holds one ASCII character");
	ret->value = keep(t, cJSON_CreateNumber((unsigned char)text.data[0]));
	return 0;
}

static int lex_number(struct template *t, size_t at, struct token *ret, struct err *e)
{
	const char *s = t->source + at;
	char *end_int, *end_float;
	long long whole;
	double number;

	errno = 0;
	whole = strtoll(s, &end_int, 0);
	if (errno == ERANGE)
		return template_error(t, at, e, "number is too large");
	number = strtod(s, &end_float);
	ret->kind = TOKEN_CONST;
	ret->end = at + (size_t)((end_float > end_int ? end_float : end_int) - s);
	if (ret->end == at || is_word(t->source[ret->end]) || t->source[ret->end] == '.')
		return template_error(t, at, e, "bad number syntax");
	if (end_float > end_int) {
		ret->value = keep(t, cJSON_CreateNumber(number));
	} else {
		char text[32];

		(void)snprintf(text, sizeof(text), "%lld", whole);
		ret->value = keep(t, cJSON_CreateRaw(text));
	}
	return 0;
}

/* Words, $variables and .fields. */
static void lex_name(const char *s, size_t at, struct token *ret)
{
	size_t p = at + (s[at] == '$' || s[at] == '.');

	while (is_word(s[p]))
		p++;
	ret->end = p;
	ret->kind = s[at] == '$'   ? TOKEN_VAR
		    : s[at] != '.' ? TOKEN_WORD
		    : p == at + 1  ? TOKEN_DOT
				   : TOKEN_FIELD;
	ret->text = s + at + (ret->kind == TOKEN_FIELD);
	ret->len = p - at - (ret->kind == TOKEN_FIELD);
}

static bool lex_mark(const char *s, size_t at, struct token *ret)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} marks[] = {
		{ ":=", TOKEN_DECLARE }, { "=", TOKEN_ASSIGN }, { "|", TOKEN_PIPE },
		{ "(", TOKEN_OPEN },     { ")", TOKEN_CLOSE },  { ",", TOKEN_COMMA },
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (!str_starts(s + at, marks[i].text))
			continue;
		ret->kind = marks[i].kind;
		ret->end = at + strlen(marks[i].text);
		return true;
	}
	return false;
}

/* Reads the token that starts at `at`, which is no blank. */
static int lex_one(struct template *t, size_t at, struct token *ret, struct err *e)
{
	const char *s = t->source;
	bool trim;
	size_t len;

	if (lex_at_end(s, at, &trim, &len)) {
		ret->kind = TOKEN_END;
		ret->end = at + len;
		return 0;
	}
	if (!s[at])
		return template_error(t, at, e, "unclosed action");
	if (s[at] == '"' || s[at] == '`' || s[at] == '\'')
		return lex_quoted(t, at, ret, e);
	if (isdigit((unsigned char)s[at]) ||
	    ((s[at] == '-' || s[at] == '+' || s[at] == '.') && isdigit((unsigned char)s[at + 1])))
		return lex_number(t, at, ret, e);
	if (lex_mark(s, at, ret))
		return 0;
	if (s[at] == '.' || s[at] == '$' || is_word(s[at])) {
		lex_name(s, at, ret);
		return 0;
	}
	return template_error(t, at, e, "unexpected '%c' in an action", s[at]);
}

int lex_token(struct template *t, size_t *at, struct token *ret, struct err *e)
{
	size_t p = *at;
	int r;

	*ret = (struct token){ 0 };
	while (is_blank(t->source[p]))
		p++;
	ret->space = p > *at;
	ret->at = p;
	r = lex_one(t, p, ret, e);
	if (r == 0)
		*at = ret->end;
	return r;
}
