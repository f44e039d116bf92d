/*
 * Reads TOML by recursive descent, one line of the file at a time at the top level. Tables go
 * straight into a cJSON tree; which of them may no longer be extended (opened by a header, written
 * inline, arrays that are values) is kept beside it.
 */
#include "base/toml.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define DEPTH_MAX 32

/* How a node came to be; nodes made on the way to another ([a.b] makes a) are in no list. */
enum node_kind {
	NODE_HEADER,      /* [table] */
	NODE_CLOSED,      /* inline table, array value, or a table made by dotted keys */
	NODE_TABLE_ARRAY, /* [[array]] */
};

struct node_note {
	const cJSON *node;
	enum node_kind kind;
};

struct parser {
	const char *at;
	const char *end;
	const char *what;
	size_t line;
	unsigned int depth;
	struct node_note *notes;
	size_t nnotes;
	struct err *e;
};

static int parse_value(struct parser *p, cJSON **ret);

__attribute__((format(printf, 2, 3))) static int fail(struct parser *p, const char *fmt, ...)
{
	char msg[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(p->e, EBADMSG, "%s:%zu: %s", p->what, p->line, msg);
}

static void note(struct parser *p, const cJSON *node, enum node_kind kind)
{
	p->notes = xreallocarray(p->notes, p->nnotes + 1, sizeof(*p->notes));
	p->notes[p->nnotes++] = (struct node_note){ node, kind };
}

static bool noted(const struct parser *p, const cJSON *node, enum node_kind kind)
{
	for (size_t i = 0; i < p->nnotes; i++)
		if (p->notes[i].node == node && p->notes[i].kind == kind)
			return true;
	return false;
}

/* -- characters -- */

static int peek(const struct parser *p)
{
	return p->at < p->end ? (unsigned char)*p->at : -1;
}

static bool looking_at(const struct parser *p, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(p->end - p->at) >= n && !memcmp(p->at, text, n);
}

static bool accept(struct parser *p, const char *text)
{
	if (!looking_at(p, text))
		return false;
	p->at += strlen(text);
	return true;
}

static void skip_blanks(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->at++;
}

static bool accept_newline(struct parser *p)
{
	if (!accept(p, "\n") && !accept(p, "\r\n"))
		return false;
	p->line++;
	return true;
}

static int skip_comment(struct parser *p)
{
	if (peek(p) != '#')
		return 0;
	while (peek(p) >= 0 && !looking_at(p, "\n") && !looking_at(p, "\r\n")) {
		if (peek(p) != '\t' && (peek(p) < 0x20 || peek(p) == 0x7f))
			return fail(p, "control byte in a comment");
		p->at++;
	}
	return 0;
}

/* Blanks, comments and line ends, as they may stand between the elements of an array. */
static int skip_space(struct parser *p)
{
	int rc;

	do {
		skip_blanks(p);
		rc = skip_comment(p);
	} while (rc == 0 && accept_newline(p));
	return rc;
}

static int expect_line_end(struct parser *p)
{
	int rc;

	skip_blanks(p);
	rc = skip_comment(p);
	if (rc < 0)
		return rc;
	if (p->at < p->end && !accept_newline(p))
		return fail(p, "unexpected '%c' after the value", *p->at);
	return 0;
}

/* -- strings -- */

static void add_utf8(struct str *s, uint32_t c)
{
	if (c < 0x80) {
		str_add_char(s, (char)c);
		return;
	}
	if (c < 0x800) {
		str_add_char(s, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			str_add_char(s, (char)(0xe0 | c >> 12));
		} else {
			str_add_char(s, (char)(0xf0 | c >> 18));
			str_add_char(s, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		str_add_char(s, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	str_add_char(s, (char)(0x80 | (c & 0x3f)));
}

/* \uXXXX and \UXXXXXXXX. */
static int parse_unicode(struct parser *p, int digits, struct str *ret)
{
	uint32_t c = 0;

	for (int i = 0; i < digits; i++, p->at++) {
		int d = peek(p);

		if (d < 0 || !isxdigit(d))
			return fail(p, "a '\\u' escape wants %d hexadecimal digits", digits);
		c = c << 4 | (uint32_t)(isdigit(d) ? d - '0' : (d | 0x20) - 'a' + 10);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return fail(p, "escape of a character that cannot be");
	add_utf8(ret, c);
	return 0;
}

static int parse_escape(struct parser *p, bool multi, struct str *ret)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	const char *found;
	int c = peek(p);

	if (multi && (c == ' ' || c == '\t' || c == '\n' ||
		      c == '\r')) { /* a line that goes on: blanks go */
		skip_blanks(p);
		if (!accept_newline(p))
			return fail(p, "unknown escape '\\ '");
		do
			skip_blanks(p);
		while (accept_newline(p));
		return 0;
	}
	if (c < 0)
		return fail(p, "string without its end");
	p->at++;
	if (c == 'u' || c == 'U')
		return parse_unicode(p, c == 'u' ? 4 : 8, ret);
	found = c ? strchr(from, c) : NULL;
	if (!found)
		return fail(p, "unknown escape '\\%c'", c);
	str_add_char(ret, to[found - from]);
	return 0;
}

/* The rest of a string that ends with `quote` (one or three times the same). */
static int parse_quoted(struct parser *p, const char *quote, struct str *ret)
{
	bool multi = quote[1] != '\0', literal = quote[0] == '\'';
	int rc;

	if (multi)
		(void)accept_newline(p);
	while (!accept(p, quote)) {
		int c = peek(p);

		if (c < 0 || (!multi && (c == '\n' || c == '\r')))
			return fail(p, "string without its end");
		if (multi && accept_newline(p)) {
			str_add_char(ret, '\n');
			continue;
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return fail(p, "control byte in a string");
		p->at++;
		if (c == '\\' && !literal) {
			rc = parse_escape(p, multi, ret);
			if (rc < 0)
				return rc;
		} else {
			str_add_char(ret, (char)c);
		}
	}
	for (int i = 0; multi && i < 2 && peek(p) == quote[0];
	     i++, p->at++) /* quotes just before the end belong to it */
		str_add_char(ret, quote[0]);
	return 0;
}

static int parse_string(struct parser *p, bool multi_allowed, struct str *ret)
{
	static const char *const quotes[] = { "\"\"\"", "'''", "\"", "'" };

	for (size_t i = multi_allowed ? 0 : 2; i < ARRAY_SIZE(quotes); i++)
		if (accept(p, quotes[i]))
			return parse_quoted(p, quotes[i], ret);
	return fail(p, "expected a string");
}

/* -- keys and tables -- */

static int parse_simple_key(struct parser *p, struct strv *ret)
{
	auto_str struct str key = { 0 };
	int rc = 0;

	if (peek(p) == '"' || peek(p) == '\'') {
		rc = parse_string(p, false, &key);
	} else {
		while (peek(p) > 0 && (isalnum(peek(p)) || peek(p) == '_' || peek(p) == '-'))
			str_add_char(&key, *p->at++);
		if (!key.len)
			return fail(p, "expected a key");
	}
	if (rc == 0)
		strv_add_take(ret, str_take(&key));
	return rc;
}

static int parse_key(struct parser *p, struct strv *ret)
{
	int rc;

	do {
		skip_blanks(p);
		rc = parse_simple_key(p, ret);
		if (rc < 0)
			return rc;
		skip_blanks(p);
	} while (ret->len < DEPTH_MAX && accept(p, "."));
	return 0;
}

/* The table `key` inside table, made where missing; of an array of tables, its last. */
static int step_into(struct parser *p, cJSON *table, const char *key, bool by_header, cJSON **ret)
{
	cJSON *next = cJSON_GetObjectItemCaseSensitive(table, key);

	if (!next) {
		*ret = json_add_object(table, key);
		if (!by_header)
			note(p, *ret, NODE_CLOSED);
		return 0;
	}
	if (by_header && noted(p, next, NODE_TABLE_ARRAY))
		next = cJSON_GetArrayItem(next, cJSON_GetArraySize(next) - 1);
	else if (by_header ? noted(p, next, NODE_CLOSED) : noted(p, next, NODE_HEADER))
		return fail(p, "table '%s' cannot be extended here", key);
	if (!cJSON_IsObject(next))
		return fail(p, "'%s' is no table", key);
	*ret = next;
	return 0;
}

static int parse_pair(struct parser *p, cJSON *table)
{
	auto_strv struct strv key = { 0 };
	auto_json cJSON *value = NULL;
	int rc = parse_key(p, &key);

	for (size_t i = 0; rc == 0 && i + 1 < key.len; i++)
		rc = step_into(p, table, key.v[i], false, &table);
	if (rc < 0)
		return rc;
	if (!accept(p, "="))
		return fail(p, "expected '=' after the key '%s'", key.v[key.len - 1]);
	if (cJSON_GetObjectItemCaseSensitive(table, key.v[key.len - 1]))
		return fail(p, "'%s' is given twice", key.v[key.len - 1]);
	skip_blanks(p);
	rc = parse_value(p, &value);
	if (rc == 0)
		json_add(table, key.v[key.len - 1], take_ptr(&value));
	return rc;
}

/* [[array]]: a new last element. */
static int open_element(struct parser *p, cJSON *parent, const char *key, cJSON **ret)
{
	cJSON *array = cJSON_GetObjectItemCaseSensitive(parent, key);

	if (!array) {
		array = json_add_array(parent, key);
		note(p, array, NODE_TABLE_ARRAY);
	}
	if (!noted(p, array, NODE_TABLE_ARRAY))
		return fail(p, "'%s' is no array of tables", key);
	*ret = json_object();
	json_push(array, *ret);
	return 0;
}

static int open_table(struct parser *p, cJSON *parent, const char *key, cJSON **ret)
{
	cJSON *table = cJSON_GetObjectItemCaseSensitive(parent, key);

	if (!table)
		table = json_add_object(parent, key);
	else if (!cJSON_IsObject(table) || noted(p, table, NODE_HEADER) ||
		 noted(p, table, NODE_CLOSED))
		return fail(p, "table '%s' is given twice", key);
	note(p, table, NODE_HEADER);
	*ret = table;
	return 0;
}

/* A line of [table] or [[array of tables]]; *ret is what the next pairs go into. */
static int parse_header(struct parser *p, cJSON *root, cJSON **ret)
{
	bool array = accept(p, "[[");
	auto_strv struct strv key = { 0 };
	cJSON *table = root;
	int rc;

	if (!array)
		p->at++;
	rc = parse_key(p, &key);
	for (size_t i = 0; rc == 0 && i + 1 < key.len; i++)
		rc = step_into(p, table, key.v[i], true, &table);
	if (rc < 0)
		return rc;
	if (!accept(p, array ? "]]" : "]"))
		return fail(p, "expected '%s' after the name of the table", array ? "]]" : "]");
	if (array)
		return open_element(p, table, key.v[key.len - 1], ret);
	return open_table(p, table, key.v[key.len - 1], ret);
}

/* -- values -- */

static int parse_array(struct parser *p, cJSON **ret)
{
	auto_json cJSON *array = json_array();
	int rc = 0;

	for (;;) {
		cJSON *value = NULL;

		rc = skip_space(p);
		if (rc < 0)
			return rc;
		if (accept(p, "]"))
			break;
		rc = parse_value(p, &value);
		if (rc < 0)
			return rc;
		json_push(array, value);
		rc = skip_space(p);
		if (rc < 0)
			return rc;
		if (!accept(p, ",") && peek(p) != ']')
			return fail(p, "expected ',' or ']' in an array");
	}
	note(p, array, NODE_CLOSED);
	*ret = take_ptr(&array);
	return 0;
}

static int parse_inline_table(struct parser *p, cJSON **ret)
{
	auto_json cJSON *table = json_object();
	int rc;

	skip_blanks(p);
	while (!accept(p, "}")) {
		rc = parse_pair(p, table);
		if (rc < 0)
			return rc;
		skip_blanks(p);
		if (looking_at(p, "}"))
			continue;
		if (!accept(p, ","))
			return fail(p, "expected ',' or '}' in an inline table");
		skip_blanks(p);
		if (looking_at(p, "}"))
			return fail(p, "',' before the end of an inline table");
	}
	note(p, table, NODE_CLOSED);
	*ret = take_ptr(&table);
	return 0;
}

/* Digits of base, with single '_' between digits. */
static bool digits_ok(const char *s, int base)
{
	bool digit = false;

	for (; *s; s++) {
		int c = tolower((unsigned char)*s);
		int v = isdigit(c) ? c - '0' : isalpha(c) ? c - 'a' + 10 : 99;

		if (*s == '_' && digit && s[1] && s[1] != '_') {
			digit = false;
			continue;
		}
		if (v >= base)
			return false;
		digit = true;
	}
	return digit;
}

static int parse_integer(struct parser *p, const char *word, cJSON **ret)
{
	static const struct {
		const char *prefix;
		int base;
	} bases[] = { { "0x", 16 }, { "0o", 8 }, { "0b", 2 }, { "", 10 } };
	bool negative = *word == '-';
	const char *s = *word == '-' || *word == '+' ? word + 1 : word;
	auto_str struct str clean = { 0 };
	char *end;
	long long n;
	size_t i = 0;

	while (!str_starts(s, bases[i].prefix))
		i++;
	if ((bases[i].base != 10 && s != word) ||
	    !digits_ok(s + strlen(bases[i].prefix), bases[i].base) ||
	    (bases[i].base == 10 && s[0] == '0' && s[1]))
		return fail(p, "'%s' is no value", word);
	if (negative)
		str_add_char(&clean, '-');
	for (s += strlen(bases[i].prefix); *s; s++)
		if (*s != '_')
			str_add_char(&clean, *s);
	errno = 0;
	n = strtoll(str_cstr(&clean), &end, bases[i].base);
	if (errno || *end)
		return fail(p, "'%s' is out of range", word);
	str_cut(&clean, 0);
	str_addf(&clean, "%lld", n);
	*ret = cJSON_CreateRaw(str_cstr(&clean));
	if (!*ret)
		mem_exhausted();
	return 0;
}

static int parse_float(struct parser *p, const char *word, cJSON **ret)
{
	char *end;
	double d = strtod(word, &end);

	if (*end || !isdigit((unsigned char)end[-1]))
		return fail(p, "'%s' is no value", word);
	*ret = cJSON_CreateNumber(d);
	if (!*ret)
		mem_exhausted();
	return 0;
}

/* true, false and numbers. */
static int parse_word(struct parser *p, cJSON **ret)
{
	auto_free char *word = NULL;
	const char *start = p->at;

	while (peek(p) > 0 && (isalnum(peek(p)) || strchr("+-_.:", peek(p))))
		p->at++;
	word = xstrndup(start, (size_t)(p->at - start));
	if (str_eq(word, "true") || str_eq(word, "false")) {
		*ret = cJSON_CreateBool(word[0] == 't');
		if (!*ret)
			mem_exhausted();
		return 0;
	}
	if (!*word)
		return fail(p, "expected a value");
	if (strchr(word, ':') || (strlen(word) >= 10 && word[4] == '-' && word[7] == '-'))
		return fail(p, "'%s': dates and times are not taken", word);
	if (!isdigit((unsigned char)word[0]) && word[0] != '-' && word[0] != '+')
		return fail(p, "'%s' is no value; a string needs quotes", word);
	if (!str_starts(word, "0x") && strpbrk(word, ".eE") && !strchr(word, '_'))
		return parse_float(p, word, ret);
	return parse_integer(p, word, ret);
}

static int parse_value(struct parser *p, cJSON **ret)
{
	auto_str struct str text = { 0 };
	int rc;

	if (p->depth >= DEPTH_MAX)
		return fail(p, "nested deeper than %d", DEPTH_MAX);
	if (peek(p) == '"' || peek(p) == '\'') {
		rc = parse_string(p, true, &text);
		if (rc == 0 && !(*ret = cJSON_CreateString(str_cstr(&text))))
			mem_exhausted();
		return rc;
	}
	p->depth++;
	if (accept(p, "["))
		rc = parse_array(p, ret);
	else if (accept(p, "{"))
		rc = parse_inline_table(p, ret);
	else
		rc = parse_word(p, ret);
	p->depth--;
	return rc;
}

static int parse_document(struct parser *p, cJSON *root)
{
	cJSON *table = root;
	int rc = 0;

	(void)accept(p, "\xef\xbb\xbf");
	while (rc == 0) {
		rc = skip_space(p);
		if (rc < 0 || p->at == p->end)
			return rc;
		rc = peek(p) == '[' ? parse_header(p, root, &table) : parse_pair(p, table);
		if (rc == 0)
			rc = expect_line_end(p);
	}
	return rc;
}

int toml_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *e)
{
	struct parser p = { .at = text, .end = text + len, .what = what, .line = 1, .e = e };
	auto_json cJSON *root = json_object();
	int rc = parse_document(&p, root);

	free(p.notes);
	if (rc == 0)
		*ret = take_ptr(&root);
	return rc;
}

int toml_read_file(int dirfd, const char *path, size_t limit, cJSON **ret, struct err *e)
{
	auto_str struct str text = { 0 };
	int rc = file_read(dirfd, path, limit, &text, e);

	return rc < 0 ? rc : toml_parse(str_cstr(&text), text.len, path, ret, e);
}
