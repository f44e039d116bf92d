/* JSON objects into structs by field tables: see json.h. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"

static const char *type_name(const cJSON *n)
{
	static const struct {
		int type;
		const char *name;
	} names[] = {
		{ cJSON_False, "a boolean" }, { cJSON_True, "a boolean" },
		{ cJSON_NULL, "null" },       { cJSON_Number, "a number" },
		{ cJSON_Raw, "a number" },    { cJSON_String, "a string" },
		{ cJSON_Array, "an array" },  { cJSON_Object, "an object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((n->type & 0xff) == names[i].type)
			return names[i].name;
	return "nothing";
}

/* "process.rlimits[1].soft": the outermost first. */
static void add_where(struct str *s, const struct json_at *at)
{
	if (at->up)
		add_where(s, at->up);
	if (at->key && *at->key)
		str_addf(s, "%s%s", s->len ? "." : "", at->key);
	else if (at->up && !at->key)
		str_addf(s, "[%zu]", at->index);
}

int json_err(struct err *e, const struct json_at *at, const char *fmt, ...)
{
	auto_str struct str where = { 0 };
	const struct json_at *top = at;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_where(&where, at);
	while (top->up)
		top = top->up;
	if (!where.len)
		return err_set(e, EBADMSG, "%s: %s", top->what, text);
	return err_set(e, EBADMSG, "%s: %s: %s", top->what, where.data, text);
}

static int wrong_type(const cJSON *n, const char *expected, const struct json_at *at, struct err *e)
{
	return json_err(e, at, "expected %s, got %s", expected, type_name(n));
}

int json_load(const cJSON *obj, const struct json_field *table, void *out, const struct json_at *at,
	      struct err *e)
{
	if (!cJSON_IsObject(obj))
		return wrong_type(obj, "an object", at, e);
	for (const struct json_field *f = table; f->key; f++) {
		struct json_at here = { .up = at, .key = f->key };
		const cJSON *n = json_get(obj, f->key);
		int r;

		if (!n && f->required)
			return json_err(e, &here, "is missing");
		if (!n)
			continue;
		r = f->load(n, (char *)out + f->offset, f, &here, e);
		if (r < 0)
			return r;
		if (f->has_present)
			*(bool *)((char *)out + f->present) = true;
	}
	return 0;
}

int json_load_string(const cJSON *n, void *out, const struct json_field *f,
		     const struct json_at *at, struct err *e)
{
	(void)f;
	if (!cJSON_IsString(n))
		return wrong_type(n, "a string", at, e);
	replace_ptr((char **)out, xstrdup(n->valuestring));
	return 0;
}

int json_load_bool(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		   struct err *e)
{
	(void)f;
	if (!cJSON_IsBool(n))
		return wrong_type(n, "a boolean", at, e);
	*(bool *)out = cJSON_IsTrue(n);
	return 0;
}

/* An integer between low and high. */
static int load_signed(const cJSON *n, int64_t low, int64_t high, int64_t *ret,
		       const struct json_at *at, struct err *e)
{
	if (!cJSON_IsNumber(n) && !cJSON_IsRaw(n))
		return wrong_type(n, "a number", at, e);
	if (!json_node_i64(n, ret) || *ret < low || *ret > high)
		return json_err(e, at, "expected an integer from %lld to %lld", (long long)low,
				(long long)high);
	return 0;
}

static int load_unsigned(const cJSON *n, uint64_t high, uint64_t *ret, const struct json_at *at,
			 struct err *e)
{
	if (!cJSON_IsNumber(n) && !cJSON_IsRaw(n))
		return wrong_type(n, "a number", at, e);
	if (!json_node_u64(n, ret) || *ret > high)
		return json_err(e, at, "expected an integer from 0 to %llu",
				(unsigned long long)high);
	return 0;
}

int json_load_int(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		  struct err *e)
{
	int64_t v = 0;
	int r = load_signed(n, INT_MIN, INT_MAX, &v, at, e);

	(void)f;
	if (r >= 0)
		*(int *)out = (int)v;
	return r;
}

int json_load_i64(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		  struct err *e)
{
	(void)f;
	return load_signed(n, INT64_MIN, INT64_MAX, out, at, e);
}

int json_load_u64(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		  struct err *e)
{
	(void)f;
	return load_unsigned(n, UINT64_MAX, out, at, e);
}

int json_load_u32(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		  struct err *e)
{
	uint64_t v = 0;
	int r = load_unsigned(n, UINT32_MAX, &v, at, e);

	(void)f;
	if (r >= 0)
		*(uint32_t *)out = (uint32_t)v;
	return r;
}

int json_load_u16(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		  struct err *e)
{
	uint64_t v = 0;
	int r = load_unsigned(n, UINT16_MAX, &v, at, e);

	(void)f;
	if (r >= 0)
		*(uint16_t *)out = (uint16_t)v;
	return r;
}

int json_load_strv(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		   struct err *e)
{
	size_t i = 0;

	(void)f;
	if (!cJSON_IsArray(n))
		return wrong_type(n, "an array", at, e);
	for (const cJSON *item = n->child; item; item = item->next) {
		struct json_at here = { .up = at, .index = i++ };

		if (!cJSON_IsString(item))
			return wrong_type(item, "a string", &here, e);
		strv_add(out, item->valuestring);
	}
	return 0;
}

int json_load_map(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		  struct err *e)
{
	(void)f;
	if (!cJSON_IsObject(n))
		return wrong_type(n, "an object", at, e);
	for (const cJSON *item = n->child; item; item = item->next) {
		struct json_at here = { .up = at, .key = item->string };

		if (!cJSON_IsString(item))
			return wrong_type(item, "a string", &here, e);
		strv_addf(out, "%s=%s", item->string, item->valuestring);
	}
	return 0;
}

int json_load_object(const cJSON *n, void *out, const struct json_field *f,
		     const struct json_at *at, struct err *e)
{
	return json_load(n, f->arg, out, at, e);
}

int json_load_object_ptr(const cJSON *n, void *out, const struct json_field *f,
			 const struct json_at *at, struct err *e)
{
	void **object = out;

	if (!*object)
		*object = xzalloc(f->elem_size);
	return json_load(n, f->arg, *object, at, e);
}

int json_load_array(const cJSON *n, void *out, const struct json_field *f, const struct json_at *at,
		    struct err *e)
{
	size_t count = cJSON_IsArray(n) ? (size_t)cJSON_GetArraySize(n) : 0;
	size_t *len = (size_t *)((char *)out - f->offset + f->count);
	char *elements;
	size_t i = 0;

	if (!cJSON_IsArray(n))
		return wrong_type(n, "an array", at, e);
	elements = xcalloc(count, f->elem_size);
	*(void **)out =
		elements; /* the owner of the struct frees what is loaded, also after an error */
	*len = count;
	for (const cJSON *item = n->child; item; item = item->next, i++) {
		struct json_at here = { .up = at, .index = i };
		int r = json_load(item, f->arg, elements + i * f->elem_size, &here, e);

		if (r < 0)
			return r;
	}
	return 0;
}
