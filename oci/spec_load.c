/*
 * Loaders for the shapes of config.json that base/json.h has no loader for, and the freeing of
 * whatever any loader has allocated, by the same tables. Runs in the process that called; keeps
 * no state.
 */
#include <errno.h>

#include "base/err.h"
#include "oci/spec.h"
#include "oci/spec_internal.h"

static int load_text(const cJSON *node, char **out, const struct json_field *f,
		     const struct json_at *at, struct err *e)
{
	return json_load_string(node, out, f, at, e);
}

static bool word_known(const char *const *words, const char *text)
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

static int word_error(const char *const *words, const char *text, const struct json_at *at,
		      struct err *e)
{
	auto_str struct str list = { 0 };

	for (size_t i = 0; words[i]; i++)
		str_addf(&list, "%s'%s'", i ? ", " : "", words[i]);
	return json_err(e, at, "unknown value '%s', expected one of %s", text, str_cstr(&list));
}

int spec_load_word(const cJSON *node, void *out, const struct json_field *f,
		   const struct json_at *at, struct err *e)
{
	char **text = out;
	int r = load_text(node, text, f, at, e);

	if (r < 0)
		return r;
	if (*text && !word_known(f->arg, *text))
		return word_error(f->arg, *text, at, e);
	return 0;
}

int spec_check_word(const cJSON *node, void *out, const struct json_field *f,
		    const struct json_at *at, struct err *e)
{
	auto_free char *text = NULL;

	(void)out;
	return spec_load_word(node, &text, f, at, e);
}

int spec_check_i64(const cJSON *node, void *out, const struct json_field *f,
		   const struct json_at *at, struct err *e)
{
	int64_t value = 0;

	(void)out;
	return json_load_i64(node, &value, f, at, e);
}

int spec_load_chars(const cJSON *node, void *out, const struct json_field *f,
		    const struct json_at *at, struct err *e)
{
	const struct spec_pattern *p = f->arg;
	char **text = out;
	const char *rest;
	int r = load_text(node, text, f, at, e);

	if (r < 0 || !*text)
		return r;
	rest = str_after(*text, p->prefix);
	if (!rest || (p->set ? rest[strspn(rest, p->set)] != '\0' : strchr(rest, '\n') != NULL))
		return json_err(e, at, "'%s' is not %s", *text, p->text);
	return 0;
}

int spec_load_words(const cJSON *node, void *out, const struct json_field *f,
		    const struct json_at *at, struct err *e)
{
	struct strv *list = out;
	int r = json_load_strv(node, list, f, at, e);

	for (size_t i = 0; r >= 0 && i < list->len; i++) {
		const struct json_at item = { .what = at->what, .up = at, .index = i };

		if (!word_known(f->arg, list->v[i]))
			return word_error(f->arg, list->v[i], &item, e);
	}
	return r;
}

/* The count of an array sits beside it in the struct that holds both. */
static size_t *count_of(void *out, const struct json_field *f)
{
	return (size_t *)(void *)((char *)out - f->offset + f->count);
}

int spec_load_u32s(const cJSON *node, void *out, const struct json_field *f,
		   const struct json_at *at, struct err *e)
{
	uint32_t **list = out;
	size_t n = 0;
	const cJSON *item;

	if (!cJSON_IsArray(node))
		return json_err(e, at, "expected an array of numbers");
	*list = xcalloc((size_t)cJSON_GetArraySize(node) + 1, sizeof(**list));
	cJSON_ArrayForEach(item, node) {
		const struct json_at here = { .what = at->what, .up = at, .index = n };
		int r = json_load_u32(item, *list + n, f, &here, e);

		if (r < 0)
			return r;
		n++;
	}
	*count_of(out, f) = n;
	return 0;
}

int spec_load_keyed(const cJSON *node, void *out, const struct json_field *f,
		    const struct json_at *at, struct err *e)
{
	char **list = out;
	size_t *n = count_of(out, f);
	const cJSON *item;

	if (!cJSON_IsObject(node))
		return json_err(e, at, "expected an object");
	*list = xcalloc((size_t)cJSON_GetArraySize(node) + 1, f->elem_size);
	cJSON_ArrayForEach(item, node) {
		const struct json_at here = { .what = at->what, .up = at, .key = item->string };
		char *element = *list + *n * f->elem_size;
		int r;

		if (!cJSON_IsObject(item))
			return json_err(e, &here, "expected an object");
		++*n;
		*(char **)(void *)element = xstrdup(item->string);
		r = json_load(item, f->arg, element, &here, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *const ns_words[NS_KINDS + 1] = {
	[NS_USER] = "user", [NS_PID] = "pid", [NS_NET] = "network",   [NS_MOUNT] = "mount",
	[NS_IPC] = "ipc",   [NS_UTS] = "uts", [NS_CGROUP] = "cgroup", [NS_TIME] = "time",
};

/* One element of linux.namespaces as it stands in the file. */
struct ns_entry {
	char *type;
	char *path;
};

static const struct json_field ns_entry_table[] = {
	J(struct ns_entry, spec_load_word, "type", type, .required = true, .arg = ns_words),
	J(struct ns_entry, json_load_string, "path", path),
	J_END,
};

static int load_namespace(const cJSON *item, struct spec_ns *ns, const struct json_at *at,
			  struct err *e)
{
	struct ns_entry entry = { 0 };
	int r = -EBADMSG;
	size_t kind = 0;

	if (!cJSON_IsObject(item))
		return json_err(e, at, "expected an object");
	r = json_load(item, ns_entry_table, &entry, at, e);
	while (r >= 0 && strcmp(ns_words[kind], entry.type) != 0)
		kind++;
	if (r >= 0 && ns[kind].present)
		r = json_err(e, at, "namespace '%s' occurs twice", entry.type);
	else if (r >= 0 && entry.path && entry.path[0] && entry.path[0] != '/')
		r = json_err(e, at, "path '%s' is not absolute", entry.path);
	if (r >= 0) {
		ns[kind].present = true;
		if (entry.path && entry.path[0])
			ns[kind].path = take_ptr(&entry.path);
	}
	spec_fields_free(ns_entry_table, &entry);
	return r;
}

int spec_load_namespaces(const cJSON *node, void *out, const struct json_field *f,
			 const struct json_at *at, struct err *e)
{
	const cJSON *item;
	size_t i = 0;

	(void)f;
	if (!cJSON_IsArray(node))
		return json_err(e, at, "expected an array of objects");
	cJSON_ArrayForEach(item, node) {
		const struct json_at here = { .what = at->what, .up = at, .index = i++ };
		int r = load_namespace(item, out, &here, e);

		if (r < 0)
			return r;
	}
	return 0;
}

const char *spec_ns_name(enum spec_ns_kind kind)
{
	return ns_words[kind];
}

static void free_array(const struct json_field *f, char *base)
{
	char **list = (char **)(void *)(base + f->offset);
	size_t n = *(size_t *)(void *)(base + f->count);

	for (size_t i = 0; *list && i < n; i++) {
		char *element = *list + i * f->elem_size;

		if (f->load == spec_load_keyed)
			free(*(char **)(void *)element);
		spec_fields_free(f->arg, element);
	}
	free(*list);
	*list = NULL;
}

static void free_text(void *member)
{
	free(*(char **)member);
	*(char **)member = NULL;
}

void spec_fields_free(const struct json_field *table, void *base)
{
	for (const struct json_field *f = table; f->key; f++) {
		void *member = (char *)base + f->offset;

		if (f->load == json_load_string || f->load == spec_load_word ||
		    f->load == spec_load_chars || f->load == spec_load_u32s)
			free_text(member);
		else if (f->load == json_load_strv || f->load == json_load_map ||
			 f->load == spec_load_words)
			strv_free(member);
		else if (f->load == json_load_object)
			spec_fields_free(f->arg, member);
		else if (f->load == json_load_array || f->load == spec_load_keyed)
			free_array(f, base);
		else if (f->load == spec_load_namespaces)
			for (int i = 0; i < NS_KINDS; i++)
				free_text(&((struct spec_ns *)member)[i].path);
	}
}
