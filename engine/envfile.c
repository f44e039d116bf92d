/* Environment entries as docker reads them: see envfile.h. Runs in the command. */
#include "engine/envfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/fd.h"

#define ENVFILE_SIZE_MAX ((size_t)16 << 20)

extern char **environ;

/* "NAME*": every variable of the caller that begins so. */
static void put_matching(struct strv *env, const char *prefix, size_t len)
{
	for (char **v = environ; v && *v; v++)
		if (strncmp(*v, prefix, len) == 0 && strchr(*v, '='))
			strv_env_put(env, *v);
}

int envfile_put(struct strv *env, const char *arg, struct err *e)
{
	size_t len = strlen(arg);
	const char *value;

	if (!arg[0] || arg[0] == '=')
		return err_set(e, EINVAL, "invalid environment variable: %s", arg);
	if (strchr(arg, '=')) {
		strv_env_put(env, arg);
		return 0;
	}
	if (arg[len - 1] == '*') {
		put_matching(env, arg, len - 1);
		return 0;
	}
	value = getenv(arg);
	if (value)
		strv_env_set(env, arg, value);
	return 0;
}

/* One line without its newline; a copy that may be changed. */
static int put_line(struct strv *env, char *line, const char *what, size_t number, struct err *e)
{
	size_t name;

	line += strspn(line, " \t\v\f\r");
	if (!line[0] || line[0] == '#')
		return 0;
	name = strcspn(line, "=");
	if (name == 0)
		return err_set(e, EINVAL, "%s:%zu: no variable name on line '%s'", what, number,
			       line);
	if (strcspn(line, " \t\v\f\r") < name)
		return err_set(e, EINVAL, "%s:%zu: variable '%.*s' contains whitespaces", what,
			       number, (int)name, line);
	return envfile_put(env, line, e);
}

int envfile_parse(const char *text, size_t len, const char *what, struct strv *env, struct err *e)
{
	const char *end = text + len;
	size_t number = 1;
	int r = 0;

	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark of an editor */
		text += 3;
	if (text < end && memchr(text, '\0', (size_t)(end - text)))
		return err_set(e, EINVAL, "%s: contains a NUL byte", what);
	while (r == 0 && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);
		auto_free char *line = xstrndup(text, n && text[n - 1] == '\r' ? n - 1 : n);

		r = put_line(env, line, what, number++, e);
		text += n + 1;
	}
	return r;
}

int envfile_read(const char *path, struct strv *env, struct err *e)
{
	auto_str struct str text = { 0 };
	int r = file_read(AT_FDCWD, path, ENVFILE_SIZE_MAX, &text, e);

	return r < 0 ? r : envfile_parse(str_cstr(&text), text.len, path, env, e);
}
