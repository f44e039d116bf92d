/* JSON on cJSON: reading, walking and building: see json.h. Field tables are in json_load.c. */
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json_scan.h"
#include "base/rand.h"

#define MARK_LEN 18

static void *checked(void *p)
{
	if (!p)
		mem_exhausted();
	return p;
}

/*
 * cJSON keeps numbers as doubles. Integers of 16 digits or more are handed to it as strings behind
 * a mark that the text cannot hold by chance, and become raw nodes afterwards.
 */
static void mark_big(const char *text, size_t len, const struct json_scan *scan, const char *mark,
		     struct str *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < scan->nbig; i++) {
		str_add_mem(ret, text + at, scan->big[i].at - at);
		str_addf(ret, "\"%s%.*s\"", mark, (int)scan->big[i].len, text + scan->big[i].at);
		at = scan->big[i].at + scan->big[i].len;
	}
	str_add_mem(ret, text + at, len - at);
}

static void unmark_big(cJSON *node, const char *mark)
{
	for (; node; node = node->next) {
		if (node->child)
			unmark_big(node->child, mark);
		if (!cJSON_IsString(node) || strncmp(node->valuestring, mark, MARK_LEN) != 0)
			continue;
		memmove(node->valuestring, node->valuestring + MARK_LEN,
			strlen(node->valuestring) - MARK_LEN + 1);
		node->type = (node->type & ~0xff) | cJSON_Raw;
	}
}

static int report(const char *text, const struct json_scan *scan, const char *what, int num,
		  struct err *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < scan->at; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return err_set(e, num, "%s: not valid JSON: line %zu, column %zu: %s", what, line, column,
		       scan->problem);
}

int json_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *e)
{
	auto_str struct str copy = { 0 };
	struct json_scan scan;
	unsigned char salt[8];
	char mark[MARK_LEN + 1] = "\x01#";
	int r = json_scan(text, len, &scan);
	auto_free struct json_big *big = scan.big;

	if (r < 0)
		return report(text, &scan, what, -r, e);
	if (scan.nbig) {
		rand_bytes(salt, sizeof(salt));
		str_hex(mark + 2, salt, sizeof(salt));
	}
	mark_big(text, len, &scan, mark, &copy);
	*ret = cJSON_ParseWithLength(str_cstr(&copy), copy.len + 1);
	if (!*ret)
		return err_set(e, EBADMSG, "%s: not valid JSON: a string is not valid Unicode",
			       what);
	if (scan.nbig)
		unmark_big(*ret, mark);
	return 0;
}

int json_read_file(int dirfd, const char *path, size_t limit, cJSON **ret, struct err *e)
{
	auto_str struct str text = { 0 };
	int r = file_read(dirfd, path, limit, &text, e);

	return r < 0 ? r : json_parse(str_cstr(&text), text.len, path, ret, e);
}

char *json_print(const cJSON *j, bool pretty)
{
	auto_str struct str out = { 0 };
	char *text = checked(pretty ? cJSON_Print(j) : cJSON_PrintUnformatted(j));
	bool line_start = false;

	if (!pretty)
		return text;
	/* cJSON indents by tabs, and puts one between a key and its value */
	for (const char *c = text; *c; c++) {
		if (*c == '\t')
			str_add(&out, line_start ? "  " : " ");
		else
			str_add_char(&out, *c);
		line_start = *c == '\n' || (line_start && *c == '\t');
	}
	free(text);
	return str_take(&out);
}

int json_write_file(int dirfd, const char *path, const cJSON *j, bool pretty, mode_t mode,
		    struct err *e)
{
	auto_free char *text = json_print(j, pretty);

	return file_replace(dirfd, path, text, strlen(text), mode, e);
}

/* ---- walking ---- */

const cJSON *json_get(const cJSON *obj, const char *key)
{
	const cJSON *found = NULL;

	if (!cJSON_IsObject(obj))
		return NULL;
	for (const cJSON *n = obj->child; n; n = n->next)
		if (strcmp(n->string, key) == 0)
			found = n; /* of several the last counts, as in Go and in JavaScript */
	return cJSON_IsNull(found) ? NULL : found;
}

const cJSON *json_path(const cJSON *obj, const char *dotted)
{
	auto_strv struct strv keys = { 0 };

	strv_split(&keys, dotted, '.');
	for (size_t i = 0; i < keys.len && obj; i++)
		obj = json_get(obj, keys.v[i]);
	return obj;
}

const char *json_str(const cJSON *obj, const char *key, const char *dflt)
{
	const cJSON *n = json_get(obj, key);

	return cJSON_IsString(n) ? n->valuestring : dflt;
}

bool json_bool(const cJSON *obj, const char *key, bool dflt)
{
	const cJSON *n = json_get(obj, key);

	return cJSON_IsBool(n) ? cJSON_IsTrue(n) : dflt;
}

bool json_node_i64(const cJSON *n, int64_t *ret)
{
	if (cJSON_IsRaw(n))
		return str_to_i64(n->valuestring, ret) == 0;
	if (!cJSON_IsNumber(n) || n->valuedouble != trunc(n->valuedouble) ||
	    fabs(n->valuedouble) > 9007199254740992.0)
		return false;
	*ret = (int64_t)n->valuedouble;
	return true;
}

bool json_node_u64(const cJSON *n, uint64_t *ret)
{
	int64_t v;

	if (cJSON_IsRaw(n))
		return str_to_u64(n->valuestring, ret) == 0;
	if (!json_node_i64(n, &v) || v < 0)
		return false;
	*ret = (uint64_t)v;
	return true;
}

int64_t json_i64(const cJSON *obj, const char *key, int64_t dflt)
{
	int64_t v;

	return json_node_i64(json_get(obj, key), &v) ? v : dflt;
}

uint64_t json_u64(const cJSON *obj, const char *key, uint64_t dflt)
{
	uint64_t v;

	return json_node_u64(json_get(obj, key), &v) ? v : dflt;
}

int json_get_strv(const cJSON *obj, const char *key, struct strv *ret)
{
	const cJSON *list = json_get(obj, key);

	if (!list)
		return 0;
	if (!cJSON_IsArray(list))
		return -EBADMSG;
	for (const cJSON *n = list->child; n; n = n->next) {
		if (!cJSON_IsString(n))
			return -EBADMSG;
		strv_add(ret, n->valuestring);
	}
	return 0;
}

/* ---- building ---- */

cJSON *json_object(void)
{
	return checked(cJSON_CreateObject());
}

cJSON *json_array(void)
{
	return checked(cJSON_CreateArray());
}

void json_add(cJSON *obj, const char *key, cJSON *value)
{
	if (!cJSON_AddItemToObject(obj, key, checked(value)))
		mem_exhausted();
}

void json_push(cJSON *arr, cJSON *value)
{
	(void)cJSON_AddItemToArray(arr, checked(value));
}

cJSON *json_add_object(cJSON *obj, const char *key)
{
	cJSON *out = json_object();

	json_add(obj, key, out);
	return out;
}

cJSON *json_add_array(cJSON *obj, const char *key)
{
	cJSON *out = json_array();

	json_add(obj, key, out);
	return out;
}

void json_add_str(cJSON *obj, const char *key, const char *value)
{
	if (value)
		json_add(obj, key, cJSON_CreateString(value));
}

void json_add_bool(cJSON *obj, const char *key, bool value)
{
	json_add(obj, key, cJSON_CreateBool(value));
}

void json_add_i64(cJSON *obj, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	json_add(obj, key,
		 llabs(value) <= 999999999999999 ? cJSON_CreateNumber((double)value)
						 : cJSON_CreateRaw(text));
}

void json_add_u64(cJSON *obj, const char *key, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	json_add(obj, key,
		 value <= 999999999999999 ? cJSON_CreateNumber((double)value)
					  : cJSON_CreateRaw(text));
}

void json_add_null(cJSON *obj, const char *key)
{
	json_add(obj, key, cJSON_CreateNull());
}

void json_push_str(cJSON *arr, const char *value)
{
	json_push(arr, cJSON_CreateString(value));
}

void json_add_strv(cJSON *obj, const char *key, const struct strv *l)
{
	cJSON *arr = json_add_array(obj, key);

	for (size_t i = 0; i < l->len; i++)
		json_push_str(arr, l->v[i]);
}
