/*
 * config.json to struct spec and back to nothing: reading, the order of loading and checking,
 * freeing. Types are in the tables (spec_tables.c, spec_linux.c, spec_resources.c), meaning is in
 * spec_check.c. Runs in the caller's process.
 */
#include "oci/spec.h"

#include <errno.h>

#include "base/err.h"
#include "base/fd.h"
#include "oci/spec_internal.h"

static void key_add(struct str *key, const char *text)
{
	if (!text) {
		str_add_char(key, '-');
		return;
	}
	str_addf(key, "%zu:", strlen(text));
	str_add(key, text);
}

static void key_add_list(struct str *key, const struct strv *list)
{
	str_addf(key, "[%zu ", list->len);
	for (size_t i = 0; i < list->len; i++)
		key_add(key, list->v[i]);
}

static void key_add_syscall(struct str *key, const struct spec_syscall *s)
{
	key_add_list(key, &s->names);
	key_add(key, s->action);
	if (s->has_errno_ret)
		str_addf(key, "e%u", s->errno_ret);
	for (size_t i = 0; i < s->n_args; i++) {
		const struct spec_syscall_arg *a = &s->args[i];

		str_addf(key, "a%u,%llx,%llx,", a->index, (unsigned long long)a->value,
			 (unsigned long long)a->value_two);
		key_add(key, a->op);
	}
}

/*
 * Lengths stand before texts, so no two profiles give one key. The listener is no part of the
 * program. Printing the JSON again would cost ten times as much for the default profile.
 */
static char *seccomp_key(const struct spec_seccomp *s)
{
	struct str key = { 0 };

	key_add(&key, s->default_action);
	if (s->has_default_errno_ret)
		str_addf(&key, "e%u", s->default_errno_ret);
	key_add_list(&key, &s->architectures);
	key_add_list(&key, &s->flags);
	for (size_t i = 0; i < s->n_syscalls; i++)
		key_add_syscall(&key, &s->syscalls[i]);
	return str_take(&key);
}

int spec_parse(const char *text, size_t len, const char *what, struct spec **ret, struct err *e)
{
	auto_json cJSON *json = NULL;
	auto_spec struct spec *s = xzalloc(sizeof(*s));
	const struct json_at at = { .what = what };
	int r = json_parse(text, len, what, &json, e);

	if (r < 0)
		return r;
	r = json_load(json, spec_config_table, s, &at, e);
	if (r < 0)
		return r;
	if (s->linux.seccomp.present)
		s->linux.seccomp.key = seccomp_key(&s->linux.seccomp);
	r = spec_check(s, what, e);
	if (r < 0)
		return r;
	*ret = take_ptr(&s);
	return 0;
}

int spec_read(int dirfd, const char *name, struct spec **ret, struct err *e)
{
	auto_str struct str text = { 0 };
	int r = file_read(dirfd, name, SPEC_SIZE_MAX, &text, e);

	if (r < 0)
		return r;
	return spec_parse(str_cstr(&text), text.len, name, ret, e);
}

void spec_free(struct spec *s)
{
	if (!s)
		return;
	free(s->linux.seccomp.key);
	spec_fields_free(spec_config_table, s);
	free(s);
}

/* An object alone, by its table. On failure *out is freed and zero. */
static int parse_part(const char *text, size_t len, const struct json_at *at,
		      const struct json_field *table, void *out, size_t size, struct err *e)
{
	auto_json cJSON *json = NULL;
	int r = json_parse(text, len, at->what, &json, e);

	memset(out, 0, size);
	if (r < 0)
		return r;
	r = json_load(json, table, out, at, e);
	if (r < 0) {
		spec_fields_free(table, out);
		memset(out, 0, size);
	}
	return r;
}

int spec_process_parse(const char *text, size_t len, const char *what, struct spec_process *ret,
		       struct err *e)
{
	const struct json_at at = { .what = what };
	int r = parse_part(text, len, &at, spec_process_table, ret, sizeof(*ret), e);

	if (r < 0)
		return r;
	ret->present = true;
	r = spec_check_process(ret, &at, e);
	if (r < 0)
		spec_process_clear(ret);
	return r;
}

void spec_process_clear(struct spec_process *p)
{
	spec_fields_free(spec_process_table, p);
	memset(p, 0, sizeof(*p));
}

int spec_resources_parse(const char *text, size_t len, const char *what, struct spec_resources *ret,
			 struct err *e)
{
	const struct json_at at = { .what = what };
	int r = parse_part(text, len, &at, spec_resources_table, ret, sizeof(*ret), e);

	if (r < 0)
		return r;
	ret->present = true;
	r = spec_check_resources(ret, &at, e);
	if (r < 0)
		spec_resources_clear(ret);
	return r;
}

void spec_resources_clear(struct spec_resources *r)
{
	spec_fields_free(spec_resources_table, r);
	memset(r, 0, sizeof(*r));
}
