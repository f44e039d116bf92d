/*
 * JSON nodes as values of a template: truth, numbers, types, members, Go's %v. NULL is "no
 * value".
 */
#include <errno.h>
#include <math.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/template/node.h"

bool value_is_number(const cJSON *v)
{
	return cJSON_IsNumber(v) || cJSON_IsRaw(v);
}

bool value_i64(const cJSON *v, int64_t *ret)
{
	return value_is_number(v) && json_node_i64(v, ret);
}

double value_double(const cJSON *v)
{
	return cJSON_IsRaw(v) ? strtod(v->valuestring, NULL) : v->valuedouble;
}

bool value_true(const cJSON *v)
{
	if (!v || cJSON_IsNull(v))
		return false;
	if (cJSON_IsBool(v))
		return cJSON_IsTrue(v);
	if (value_is_number(v))
		return value_double(v) < 0 || value_double(v) > 0;
	if (cJSON_IsString(v))
		return v->valuestring[0] != 0;
	return v->child != NULL;
}

const char *value_type(const cJSON *v)
{
	int64_t n;

	if (!v || cJSON_IsNull(v))
		return "nil";
	if (cJSON_IsBool(v))
		return "bool";
	if (value_is_number(v))
		return value_i64(v, &n) ? "int" : "float64";
	if (cJSON_IsString(v))
		return "string";
	return cJSON_IsArray(v) ? "list" : "map";
}

static void print_number(struct str *out, const cJSON *v)
{
	double d = value_double(v);
	int64_t n;

	if (cJSON_IsRaw(v)) {
		str_add(out, v->valuestring);
	} else if (value_i64(v, &n)) {
		str_addf(out, "%lld", (long long)n);
	} else {
		char text[40];

		/* the shortest text that reads back as the same number */
		for (int precision = 1; precision <= 17; precision++) {
			(void)snprintf(text, sizeof(text), "%.*g", precision, d);
			if (fabs(strtod(text, NULL) - d) <= 0)
				break;
		}
		str_add(out, text);
	}
}

static int by_key(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static void print_map(struct str *out, const cJSON *v)
{
	size_t n = (size_t)cJSON_GetArraySize(v), i = 0;
	/* NOLINT(bugprone-sizeof-expression) */
	auto_free const cJSON **sorted = xcalloc(n + 1, sizeof(*sorted));
	const cJSON *item;

	cJSON_ArrayForEach(item, v)
		if (item->string[0] != '.')
			sorted[i++] = item;
	n = i;
	qsort(sorted, n, sizeof(*sorted), by_key);
	str_add(out, "map[");
	for (i = 0; i < n; i++) {
		str_addf(out, "%s%s:", i ? " " : "", sorted[i]->string);
		value_print(out, sorted[i]);
	}
	str_add(out, "]");
}

void value_print(struct str *out, const cJSON *v)
{
	const cJSON *item;

	if (!v) {
		str_add(out, "<no value>");
	} else if (cJSON_IsNull(v)) {
		str_add(out, "<nil>");
	} else if (cJSON_IsBool(v)) {
		str_add(out, cJSON_IsTrue(v) ? "true" : "false");
	} else if (cJSON_IsString(v)) {
		str_add(out, v->valuestring);
	} else if (value_is_number(v)) {
		print_number(out, v);
	} else if (cJSON_IsObject(v)) {
		print_map(out, v);
	} else {
		str_add_char(out, '[');
		cJSON_ArrayForEach(item, v) {
			if (item != v->child)
				str_add_char(out, ' ');
			value_print(out, item);
		}
		str_add_char(out, ']');
	}
}

/*
 * Members whose keys are data of users, not names of ours: an absent key is "no value" and no
 * mistake.
 */
static bool has_free_keys(const cJSON *v)
{
	static const char *const names[] = { "Annotations",  "DriverOpts", "ExposedPorts",
					     "GraphDriver",  "Labels",     "Networks",
					     "Options",      "Opts",       "Ports",
					     "PortBindings", "Sysctls",    "Tmpfs",
					     "Volumes" };

	for (size_t i = 0; v->string && i < ARRAY_SIZE(names); i++)
		if (strcmp(v->string, names[i]) == 0)
			return true;
	return false;
}

int value_field(const cJSON *v, const char *name, const cJSON **ret, struct err *e)
{
	const cJSON *item;

	if (v && cJSON_IsNull(v) && has_free_keys(v)) {
		*ret = NULL;
		return 0;
	}
	if (!v || cJSON_IsNull(v))
		return err_set(e, EINVAL, "nil pointer evaluating .%s", name);
	if (!cJSON_IsObject(v))
		return err_set(e, EINVAL, "can't evaluate field %s in type %s", name,
			       value_type(v));
	*ret = json_get(v, name);
	if (*ret || has_free_keys(v))
		return 0;
	cJSON_ArrayForEach(
		item, v) { /* .ID for "Id": docker's Go names and its JSON names differ in case */
		if (strcasecmp(item->string, name) == 0) {
			*ret = item;
			return 0;
		}
	}
	return err_set(e, EINVAL, "map has no entry for key \"%s\"", name);
}
