/*
 * The functions that a template may call: Go's built-in ones and those that docker adds. A row
 * each.
 */
#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/template/node.h"

static int want_string(const cJSON *v, struct err *e)
{
	if (cJSON_IsString(v))
		return 0;
	return err_set(e, EINVAL, "expected string; got %s", value_type(v));
}

static int want_int(const cJSON *v, int64_t *ret, struct err *e)
{
	if (value_i64(v, ret))
		return 0;
	return err_set(e, EINVAL, "expected int; got %s", value_type(v));
}

/* -- comparison -- */

/* -1, 0, 1 as memcmp; eq_only allows what has no order. */
static int compare(const cJSON *a, const cJSON *b, bool eq_only, int *ret, struct err *e)
{
	int64_t x, y;

	if (cJSON_IsString(a) && cJSON_IsString(b)) {
		*ret = strcmp(a->valuestring, b->valuestring);
		return 0;
	}
	if (value_i64(a, &x) && value_i64(b, &y)) {
		*ret = (x > y) - (x < y);
		return 0;
	}
	if (a && b && value_is_number(a) && value_is_number(b)) {
		*ret = (value_double(a) > value_double(b)) - (value_double(a) < value_double(b));
		return 0;
	}
	if (eq_only && cJSON_IsBool(a) && cJSON_IsBool(b)) {
		*ret = cJSON_IsTrue(a) != cJSON_IsTrue(b);
		return 0;
	}
	if (eq_only && (!a || !b || cJSON_IsNull(a) || cJSON_IsNull(b))) {
		*ret = (!a || cJSON_IsNull(a)) != (!b || cJSON_IsNull(b));
		return 0;
	}
	return err_set(e, EINVAL, "incompatible types for comparison: %s and %s", value_type(a),
		       value_type(b));
}

/* eq a b c…: a equals one of the others. */
static int call_eq(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		   const cJSON **ret, struct err *e)
{
	int order = 1;

	(void)f;
	for (int i = 1; i < argc && order; i++)
		if (compare(argv[0], argv[i], true, &order, e) < 0)
			return -EINVAL;
	*ret = run_temp_bool(r, order == 0);
	return 0;
}

static int call_order(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		      const cJSON **ret, struct err *e)
{
	bool ne = f->name[0] == 'n', equal_too = f->name[1] == 'e' && !ne, less = f->name[0] == 'l';
	int order = 0;

	(void)argc;
	if (compare(argv[0], argv[1], ne, &order, e) < 0)
		return -EINVAL;
	*ret = run_temp_bool(r, ne ? order != 0
				   : (less ? order < 0 : order > 0) || (equal_too && order == 0));
	return 0;
}

static int call_not(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		    const cJSON **ret, struct err *e)
{
	(void)f;
	(void)argc;
	(void)e;
	*ret = run_temp_bool(r, !value_true(argv[0]));
	return 0;
}

/* -- parts -- */

static int index_list(const cJSON *list, const cJSON *key, const cJSON **ret, struct err *e)
{
	int64_t at, n;

	if (want_int(key, &at, e) < 0)
		return -EINVAL;
	n = cJSON_GetArraySize(list);
	if (at < 0 || at >= n)
		return err_set(e, EINVAL, "index out of range: %lld", (long long)at);
	*ret = cJSON_GetArrayItem(list, (int)at);
	return 0;
}

/* An absent key of a map of strings is "", as Go's zero value; of any other map "no value". */
static int index_map(struct run *r, const cJSON *map, const cJSON *key, const cJSON **ret,
		     struct err *e)
{
	if (want_string(key, e) < 0)
		return -EINVAL;
	*ret = json_get(map, key->valuestring);
	if (!*ret && (!map->child || cJSON_IsString(map->child)))
		*ret = run_temp_str(r, "");
	return 0;
}

static int index_string(struct run *r, const cJSON *text, const cJSON *key, const cJSON **ret,
			struct err *e)
{
	int64_t at;

	if (want_int(key, &at, e) < 0)
		return -EINVAL;
	if (at < 0 || (uint64_t)at >= strlen(text->valuestring))
		return err_set(e, EINVAL, "index out of range: %lld", (long long)at);
	*ret = run_temp_i64(r, (unsigned char)text->valuestring[at]);
	return 0;
}

static int call_index(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		      const cJSON **ret, struct err *e)
{
	const cJSON *v = argv[0];

	(void)f;
	for (int i = 1; i < argc; i++) {
		int got;

		if (cJSON_IsArray(v))
			got = index_list(v, argv[i], &v, e);
		else if (cJSON_IsObject(v))
			got = index_map(r, v, argv[i], &v, e);
		else if (cJSON_IsString(v))
			got = index_string(r, v, argv[i], &v, e);
		else
			return err_set(e, EINVAL,
				       !v || cJSON_IsNull(v) ? "index of untyped %s"
							     : "can't index item of type %s",
				       value_type(v));
		if (got < 0)
			return got;
	}
	*ret = v;
	return 0;
}

static int call_slice(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		      const cJSON **ret, struct err *e)
{
	int64_t from = 0, to;
	cJSON *list;

	(void)f;
	if (cJSON_IsString(argv[0]))
		to = (int64_t)strlen(argv[0]->valuestring);
	else if (cJSON_IsArray(argv[0]))
		to = cJSON_GetArraySize(argv[0]);
	else
		return err_set(e, EINVAL, "can't slice item of type %s", value_type(argv[0]));
	for (int i = 1; i < argc; i++) {
		int64_t n;

		if (want_int(argv[i], &n, e) < 0)
			return -EINVAL;
		if (n < 0 || n > to)
			return err_set(e, EINVAL, "index out of range: %lld", (long long)n);
		if (i == 2 && n < from)
			return err_set(e, EINVAL, "invalid slice index: %lld > %lld",
				       (long long)from, (long long)n);
		*(i == 1 ? &from : &to) = n;
	}
	if (cJSON_IsString(argv[0])) {
		auto_free char *part = xstrndup(argv[0]->valuestring + from, (size_t)(to - from));

		*ret = run_temp_str(r, part);
		return 0;
	}
	*ret = run_temp(r, list = cJSON_CreateArray());
	for (int64_t i = from; i < to; i++)
		if (!cJSON_AddItemReferenceToArray(list, cJSON_GetArrayItem(argv[0], (int)i)))
			mem_exhausted();
	r->steps += (size_t)(to - from);
	return 0;
}

static int call_len(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		    const cJSON **ret, struct err *e)
{
	const cJSON *v = argv[0];

	(void)f;
	(void)argc;
	if (cJSON_IsString(v))
		*ret = run_temp_i64(r, (int64_t)strlen(v->valuestring));
	else if (cJSON_IsArray(v) || cJSON_IsObject(v))
		*ret = run_temp_i64(r, cJSON_GetArraySize(v));
	else
		return err_set(e, EINVAL, "len of %s %s",
			       !v || cJSON_IsNull(v) ? "untyped" : "type", value_type(v));
	return 0;
}

/* -- texts -- */

static int call_json(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		     const cJSON **ret, struct err *e)
{
	auto_json cJSON *copy = NULL;
	auto_free char *text = NULL;

	(void)f;
	(void)argc;
	(void)e;
	if (cJSON_IsObject(argv[0]) && json_get(argv[0], ".labels")) {
		copy = cJSON_Duplicate(argv[0], true);
		cJSON_DeleteItemFromObjectCaseSensitive(copy, ".labels");
	}
	text = argv[0] ? json_print(copy ? copy : argv[0], false) : xstrdup("null");
	*ret = run_temp_str(r, text);
	return 0;
}

/* print puts a blank between operands where neither is a string; println always, and a newline. */
static int call_print(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		      const cJSON **ret, struct err *e)
{
	bool line = strcmp(f->name, "println") == 0;
	auto_str struct str s = { 0 };

	(void)e;
	for (int i = 0; i < argc; i++) {
		if (i && (line || (!cJSON_IsString(argv[i]) && !cJSON_IsString(argv[i - 1]))))
			str_add_char(&s, ' ');
		if (argv[i])
			value_print(&s, argv[i]);
		else
			str_add(&s, "<nil>");
	}
	if (line)
		str_add_char(&s, '\n');
	*ret = run_temp_str(r, str_cstr(&s));
	return 0;
}

static int call_printf(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		       const cJSON **ret, struct err *e)
{
	auto_str struct str s = { 0 };

	(void)f;
	if (want_string(argv[0], e) < 0 || printf_values(&s, argc, argv, e) < 0)
		return -EINVAL;
	*ret = run_temp_str(r, str_cstr(&s));
	return 0;
}

/* lower, upper, title: ASCII letters; what lies beyond stays. */
static int call_case(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		     const cJSON **ret, struct err *e)
{
	auto_free char *text = NULL;
	bool start = true;

	(void)argc;
	if (want_string(argv[0], e) < 0)
		return -EINVAL;
	text = xstrdup(argv[0]->valuestring);
	for (char *c = text; *c; c++) {
		if (f->name[0] == 'l')
			*c = (char)tolower((unsigned char)*c);
		else if (f->name[0] == 'u' || start)
			*c = (char)toupper((unsigned char)*c);
		start = *c == ' ';
	}
	*ret = run_temp_str(r, text);
	return 0;
}

static int call_join(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		     const cJSON **ret, struct err *e)
{
	auto_str struct str s = { 0 };
	const cJSON *item;

	(void)f;
	(void)argc;
	if (argv[0] && !cJSON_IsNull(argv[0]) && !cJSON_IsArray(argv[0]))
		return err_set(e, EINVAL, "expected list; got %s", value_type(argv[0]));
	if (want_string(argv[1], e) < 0)
		return -EINVAL;
	cJSON_ArrayForEach(item, argv[0]) {
		if (item != argv[0]->child)
			str_add(&s, argv[1]->valuestring);
		value_print(&s, item);
	}
	*ret = run_temp_str(r, str_cstr(&s));
	return 0;
}

/* An empty separator splits after each byte, as long as that is ASCII. */
static int call_split(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		      const cJSON **ret, struct err *e)
{
	cJSON *list = cJSON_CreateArray();
	const char *text, *sep;

	(void)f;
	(void)argc;
	*ret = run_temp(r, list);
	if (want_string(argv[0], e) < 0 || want_string(argv[1], e) < 0)
		return -EINVAL;
	text = argv[0]->valuestring;
	sep = argv[1]->valuestring;
	for (;;) {
		const char *end = sep[0] ? strstr(text, sep) : text[0] && text[1] ? text + 1 : NULL;
		auto_free char *part = end ? xstrndup(text, (size_t)(end - text)) : xstrdup(text);

		json_push_str(list, part);
		r->steps++;
		if (!end)
			return 0;
		text = end + strlen(sep);
	}
}

/* pad TEXT BEFORE AFTER: so many blanks around a text that is not empty. */
static int call_pad(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		    const cJSON **ret, struct err *e)
{
	int64_t before, after;
	auto_free char *text = NULL;

	(void)f;
	(void)argc;
	if (want_string(argv[0], e) < 0 || want_int(argv[1], &before, e) < 0 ||
	    want_int(argv[2], &after, e) < 0)
		return -EINVAL;
	if (before < 0 || after < 0 || before > 10000 || after > 10000)
		return err_set(e, EINVAL, "width out of range");
	if (!argv[0]->valuestring[0])
		before = after = 0;
	text = xasprintf("%*s%s%*s", (int)before, "", argv[0]->valuestring, (int)after, "");
	*ret = run_temp_str(r, text);
	return 0;
}

static int call_truncate(struct run *r, const struct function *f, int argc,
			 const cJSON *const *argv, const cJSON **ret, struct err *e)
{
	auto_free char *text = NULL;
	int64_t n;

	(void)f;
	(void)argc;
	if (want_string(argv[0], e) < 0 || want_int(argv[1], &n, e) < 0)
		return -EINVAL;
	if (n < 0)
		return err_set(e, EINVAL, "length out of range: %lld", (long long)n);
	text = xstrndup(argv[0]->valuestring, strnlen(argv[0]->valuestring, (size_t)n));
	*ret = run_temp_str(r, text);
	return 0;
}

static const struct function functions[] = {
	{ "and", 1, -1, true, NULL },
	{ "eq", 2, -1, false, call_eq },
	{ "ge", 2, 2, false, call_order },
	{ "gt", 2, 2, false, call_order },
	{ "index", 1, -1, false, call_index },
	{ "join", 2, 2, false, call_join },
	{ "json", 1, 1, false, call_json },
	{ "le", 2, 2, false, call_order },
	{ "len", 1, 1, false, call_len },
	{ "lower", 1, 1, false, call_case },
	{ "lt", 2, 2, false, call_order },
	{ "ne", 2, 2, false, call_order },
	{ "not", 1, 1, false, call_not },
	{ "or", 1, -1, true, NULL },
	{ "pad", 3, 3, false, call_pad },
	{ "print", 0, -1, false, call_print },
	{ "printf", 1, -1, false, call_printf },
	{ "println", 0, -1, false, call_print },
	{ "slice", 1, 3, false, call_slice },
	{ "split", 2, 2, false, call_split },
	{ "title", 1, 1, false, call_case },
	{ "truncate", 2, 2, false, call_truncate },
	{ "upper", 1, 1, false, call_case },
};

const struct function *function_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (strlen(functions[i].name) == len && memcmp(functions[i].name, name, len) == 0)
			return &functions[i];
	return NULL;
}
