/* The arguments of --filter, kept as they came: few, and looked at once. */
#include "cli/filter.h"

#include <errno.h>

#include "base/err.h"
#include "cli/opt.h"

/* The value where arg is key=value; NULL. */
static const char *value_of(const char *arg, const char *key)
{
	const char *rest = str_after(arg, key);

	return rest && rest[0] == '=' ? rest + 1 : NULL;
}

int filter_check(const struct strv *args, const char *const *known, struct err *e)
{
	for (size_t i = 0; i < args->len; i++) {
		const char *const *k = known;

		if (!strchr(args->v[i], '='))
			return err_set(e, EINVAL, "invalid filter '%s': expected name=value",
				       args->v[i]);
		while (*k && !value_of(args->v[i], *k))
			k++;
		if (!*k) {
			auto_free char *all = NULL;
			auto_strv struct strv names = { 0 };

			for (k = known; *k; k++)
				strv_add(&names, *k);
			all = strv_join(&names, ", ");
			return err_set(e, EINVAL, "invalid filter '%s': known are %s", args->v[i],
				       all);
		}
	}
	return 0;
}

const char *filter_next(const struct strv *args, const char *key, size_t *at)
{
	while (*at < args->len) {
		const char *value = value_of(args->v[(*at)++], key);

		if (value)
			return value;
	}
	return NULL;
}

bool filter_any(const struct strv *args, const char *key,
		bool (*match)(const char *value, const void *data), const void *data)
{
	bool given = false;
	const char *value;
	size_t at = 0;

	while ((value = filter_next(args, key, &at))) {
		if (match(value, data))
			return true;
		given = true;
	}
	return !given;
}

bool filter_all(const struct strv *args, const char *key,
		bool (*match)(const char *value, const void *data), const void *data)
{
	const char *value;
	size_t at = 0;

	while ((value = filter_next(args, key, &at)))
		if (!match(value, data))
			return false;
	return true;
}

int filter_bool(const char *key, const char *value, bool *ret, struct err *e)
{
	if (opt_bool(value, ret) < 0)
		return err_set(e, EINVAL, "invalid filter '%s=%s': neither true nor false", key,
			       value);
	return 0;
}

bool filter_label(const char *value, const void *data)
{
	const struct strv *labels = data;
	size_t key = strcspn(value, "=");

	for (size_t i = 0; i < labels->len; i++) {
		const char *label = labels->v[i];

		if (value[key]
			    ? str_eq(label, value)
			    : strncmp(label, value, key) == 0 && (label[key] == '=' || !label[key]))
			return true;
	}
	return false;
}
