/* A row an instruction; arguments in JSON form (["a", "b"]) or as words. */
#include "cli/change.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/str.h"

struct change {
	const char *name; /* "CMD" */
	const char *key;  /* "Cmd" */
	int (*apply)(cJSON *config, const struct change *c, const char *args, struct err *e);
};

static void set(cJSON *config, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(config, key);
	json_add(config, key, value);
}

/* The member, made where it is missing (or null). */
static cJSON *member(cJSON *config, const char *key, bool array)
{
	cJSON *m = cJSON_GetObjectItemCaseSensitive(config, key);

	if (m && (array ? cJSON_IsArray(m) : cJSON_IsObject(m)))
		return m;
	m = array ? json_array() : json_object();
	set(config, key, m);
	return m;
}

/* JSON form: an array of strings. 1 where args is one, 0 where it is not. */
static int parse_exec_form(const char *args, cJSON **ret)
{
	auto_json cJSON *list = NULL;
	const cJSON *item;

	if (args[0] != '[' || json_parse(args, strlen(args), "arguments", &list, NULL) < 0 ||
	    !cJSON_IsArray(list))
		return 0;
	cJSON_ArrayForEach(item, list)
		if (!cJSON_IsString(item))
			return 0;
	*ret = take_ptr(&list);
	return 1;
}

/* CMD, ENTRYPOINT: words in JSON form, or a line for the shell. */
static int apply_command(cJSON *config, const struct change *c, const char *args, struct err *e)
{
	cJSON *list = NULL;

	(void)e;
	if (!parse_exec_form(args, &list)) {
		list = json_array();
		json_push_str(list, "/bin/sh");
		json_push_str(list, "-c");
		json_push_str(list, args);
	}
	set(config, c->key, list);
	return 0;
}

static int apply_text(cJSON *config, const struct change *c, const char *args, struct err *e)
{
	int sig;

	if (str_eq(c->name, "STOPSIGNAL") && proc_signal_parse(args, &sig, e) < 0)
		return -EINVAL;
	set(config, c->key, cJSON_CreateString(args));
	return 0;
}

static int apply_onbuild(cJSON *config, const struct change *c, const char *args, struct err *e)
{
	(void)e;
	json_push_str(member(config, c->key, true), args);
	return 0;
}

/*
 * The next word of *args, with quotes ("…", '…') and backslashes as a Dockerfile has them; *args
 * moves behind it.
 */
static int next_word(const char **args, struct str *ret, struct err *e)
{
	const char *p = *args;
	char quote = 0;

	str_cut(ret, 0);
	while (isspace((unsigned char)*p))
		p++;
	for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (*p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			str_add_char(ret, *++p);
		else
			str_add_char(ret, *p);
	}
	if (quote)
		return err_set(e, EINVAL, "a quote is not closed");
	*args = p;
	return 0;
}

static void set_pair(cJSON *config, const struct change *c, const char *name, const char *value)
{
	auto_strv struct strv env = { 0 };

	if (str_eq(c->name, "LABEL")) {
		set(member(config, c->key, false), name, cJSON_CreateString(value));
		return;
	}
	(void)json_get_strv(config, c->key, &env);
	strv_env_set(&env, name, value);
	cJSON_DeleteItemFromObjectCaseSensitive(config, c->key);
	json_add_strv(config, c->key, &env);
}

/* ENV and LABEL: NAME=VALUE words, or ENV's old form "NAME VALUE". */
static int apply_pairs(cJSON *config, const struct change *c, const char *args, struct err *e)
{
	auto_str struct str word = { 0 };
	bool first = true;

	while (args[0]) {
		const char *equals;
		auto_free char *name = NULL;

		if (next_word(&args, &word, e) < 0)
			return -EINVAL;
		while (isspace((unsigned char)*args))
			args++;
		equals = strchr(str_cstr(&word), '=');
		if (equals == str_cstr(&word))
			return err_set(e, EINVAL, "a name is missing before '='");
		if (!equals && first && args[0]) {
			set_pair(config, c, str_cstr(&word), args);
			return 0;
		}
		if (!equals)
			return err_set(e, EINVAL, "'%s' lacks '=VALUE'", str_cstr(&word));
		name = xstrndup(word.data, (size_t)(equals - word.data));
		set_pair(config, c, name, equals + 1);
		first = false;
	}
	return 0;
}

/* "80", "80/tcp", "8000-8002/udp". */
static bool port_ok(const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	return len > 0 && strspn(text, "0123456789-") == len && isdigit((unsigned char)text[0]) &&
	       (!slash || str_eq(slash, "/tcp") || str_eq(slash, "/udp") || str_eq(slash, "/sctp"));
}

/* EXPOSE, VOLUME: words that become keys. */
static int apply_set(cJSON *config, const struct change *c, const char *args, struct err *e)
{
	bool ports = str_eq(c->name, "EXPOSE");
	auto_strv struct strv words = { 0 };
	auto_str struct str word = { 0 };
	auto_json cJSON *list = NULL;
	const cJSON *item;

	if (!ports && parse_exec_form(args, &list)) {
		cJSON_ArrayForEach(item, list)
			strv_add(&words, item->valuestring);
		args = "";
	}
	while (args[0]) {
		if (next_word(&args, &word, e) < 0)
			return -EINVAL;
		if (ports && !port_ok(str_cstr(&word)))
			return err_set(e, EINVAL, "'%s' is no port", str_cstr(&word));
		strv_addf(&words, "%s%s", str_cstr(&word),
			  ports && !strchr(str_cstr(&word), '/') ? "/tcp" : "");
		while (isspace((unsigned char)*args))
			args++;
	}
	for (size_t i = 0; i < words.len; i++)
		set(member(config, c->key, false), words.v[i], json_object());
	return 0;
}

/* A relative folder goes below the one before. */
static int apply_workdir(cJSON *config, const struct change *c, const char *args, struct err *e)
{
	const char *before = json_str(config, c->key, "");
	auto_free char *path =
		args[0] == '/' ? xstrdup(args)
			       : xasprintf("%s/%s", str_eq(before, "/") ? "" : before, args);

	(void)e;
	set(config, c->key, cJSON_CreateString(path));
	return 0;
}

static const struct change changes[] = {
	{ "CMD", "Cmd", apply_command },
	{ "ENTRYPOINT", "Entrypoint", apply_command },
	{ "ENV", "Env", apply_pairs },
	{ "EXPOSE", "ExposedPorts", apply_set },
	{ "LABEL", "Labels", apply_pairs },
	{ "ONBUILD", "OnBuild", apply_onbuild },
	{ "STOPSIGNAL", "StopSignal", apply_text },
	{ "USER", "User", apply_text },
	{ "VOLUME", "Volumes", apply_set },
	{ "WORKDIR", "WorkingDir", apply_workdir },
};

/* args without the blanks around them; the caller owns the result. */
static char *trimmed(const char *args)
{
	size_t len;

	while (isspace((unsigned char)*args))
		args++;
	len = strlen(args);
	while (len && isspace((unsigned char)args[len - 1]))
		len--;
	return xstrndup(args, len);
}

int change_apply(cJSON *config, const char *text, struct err *e)
{
	auto_free char *line = trimmed(text);
	size_t len = strcspn(line, " \t=");
	auto_free char *args = trimmed(line + len + (line[len] == '='));

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct change *c = &changes[i];

		if (strlen(c->name) != len || strncasecmp(c->name, line, len) != 0)
			continue;
		if (!args[0])
			return err_set(e, EINVAL, "change '%s': %s wants an argument", line,
				       c->name);
		if (c->apply(config, c, args, e) < 0)
			return err_prefix(e, "change '%s'", line);
		return 0;
	}
	return err_set(
		e, EINVAL,
		"change '%s': unknown instruction; known are CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, "
		"ONBUILD, "
		"STOPSIGNAL, USER, VOLUME and WORKDIR",
		line);
}
