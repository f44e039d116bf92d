/*
 * -v, --mount, --tmpfs, --device, --ulimit: texts to record entries, with docker's rules. See
 * mounts.h. Runs in the command.
 */
#include "engine/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/id.h"

/* -- paths -- */

/*
 * A path without "//", "." and trailing slashes. ".." stays: it means what the kernel makes of it.
 */
static char *tidy(const char *path)
{
	auto_strv struct strv parts = { 0 };
	auto_str struct str out = { 0 };

	strv_split(&parts, path, '/');
	for (size_t i = 0; i < parts.len; i++)
		if (parts.v[i][0] && !str_eq(parts.v[i], "."))
			str_addf(&out, "/%s", parts.v[i]);
	if (!out.len)
		str_add(&out, "/");
	return str_take(&out);
}

/* A path of the host: relative ones are the caller's folder's, "~" is the shell's business. */
static char *host_path(const char *path)
{
	auto_free char *cwd = NULL, *whole = NULL;

	if (path[0] == '/')
		return tidy(path);
	cwd = getcwd(NULL, 0);
	whole = xasprintf("%s/%s", cwd ? cwd : "", path);
	return tidy(whole);
}

static int check_destination(const char *path, struct err *e)
{
	if (path[0] != '/')
		return err_set(e, EINVAL, "invalid mount path: '%s' mount path must be absolute",
			       path);
	if (strstr(path, "/../") || str_ends(path, "/.."))
		return err_set(e, EINVAL, "invalid mount path: '%s' must not contain '..'", path);
	return 0;
}

/* -- entries -- */

static void mount_clear(struct record_mount *m)
{
	free(m->type);
	free(m->source);
	free(m->destination);
	free(m->subpath);
	strv_free(&m->options);
	*m = (struct record_mount){ 0 };
}

#define auto_mount __attribute__((cleanup(mount_clear)))

/* Takes *m into the record. One destination is mounted once. */
static int add(struct record *r, struct record_mount *m, struct err *e)
{
	auto_free char *clean = NULL;
	int result = check_destination(m->destination, e);

	if (result < 0)
		return result;
	clean = tidy(m->destination);
	if (str_eq(clean, "/"))
		return err_set(e, EINVAL, "invalid specification: destination can't be '/'");
	replace_ptr(&m->destination, take_ptr(&clean));
	for (size_t i = 0; i < r->n_mounts; i++)
		if (str_eq(r->mounts[i].destination, m->destination))
			return err_set(e, EINVAL, "duplicate mount point: %s", m->destination);
	r->mounts = xreallocarray(r->mounts, r->n_mounts + 1, sizeof(*r->mounts));
	r->mounts[r->n_mounts++] = *m;
	*m = (struct record_mount){ 0 };
	return 0;
}

static bool is_propagation(const char *word)
{
	static const char *const words[] = { "private", "rprivate", "slave",
					     "rslave",  "shared",   "rshared" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(word, words[i]))
			return true;
	return false;
}

/* One word of -v's third part. */
static int volume_option(struct record_mount *m, const char *word, struct err *e)
{
	static const char *const passed[] = { "exec", "noexec", "suid", "nosuid", "dev", "nodev" };

	if (str_eq(word, "ro") || str_eq(word, "readonly")) {
		m->read_only = true;
		return 0;
	}
	if (str_eq(word, "rw") || str_eq(word, "z") || str_eq(word, "Z") ||
	    str_eq(word, "cached") || str_eq(word, "delegated") || str_eq(word, "consistent") ||
	    str_eq(word, "rbind") || str_eq(word, "bind"))
		/* no SELinux to relabel for; the others are for other systems, or done anyway */
		return 0;
	if (str_eq(word, "nocopy") && str_eq(m->type, "volume")) {
		m->no_copy = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		if (str_eq(word, passed[i])) {
			strv_add(&m->options, word);
			return 0;
		}
	if (!is_propagation(word) || !str_eq(m->type, "bind"))
		return err_set(e, EINVAL, "invalid mode: %s", word);
	strv_add(&m->options, word);
	return 0;
}

int mounts_add_volume(struct record *r, const char *text, struct err *e)
{
	auto_mount struct record_mount m = { 0 };
	auto_strv struct strv parts = { 0 }, words = { 0 };
	const char *source;
	int rc;

	strv_split(&parts, text, ':');
	if (parts.len < 1 || parts.len > 3)
		return err_set(
			e, EINVAL,
			"invalid volume specification: '%s': expected [SOURCE:]DESTINATION[:OPTIONS]",
			text);
	for (size_t i = 0; i < parts.len; i++)
		if (!parts.v[i][0])
			return err_set(e, EINVAL,
				       "invalid volume specification: '%s': an empty section",
				       text);
	m.destination = xstrdup(parts.v[parts.len > 1]);
	source = parts.len > 1 ? parts.v[0] : NULL;
	if (source && (source[0] == '/' || source[0] == '.')) {
		m.type = xstrdup("bind");
		m.source = host_path(source);
		m.create_source = true;
	} else {
		m.type = xstrdup("volume");
		m.anonymous = !source;
		m.source = source ? xstrdup(source) : NULL;
		if (source && !id_name_ok(source))
			return err_set(
				e, EINVAL,
				"\"%s\" includes invalid characters for a local volume name, only "
				"\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
				"directory, use absolute path",
				source);
	}
	if (parts.len == 3)
		strv_split(&words, parts.v[2], ',');
	for (size_t i = 0; i < words.len; i++)
		if ((rc = volume_option(&m, words.v[i], e)) < 0)
			return rc;
	return add(r, &m, e);
}

/* -- --tmpfs -- */

/* docker's defaults, each unless its opposite was asked for. */
static void tmpfs_defaults(struct record_mount *m)
{
	static const char *const words[][2] = { { "noexec", "exec" },
						{ "nosuid", "suid" },
						{ "nodev", "dev" } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strv_has(&m->options, words[i][0]) && !strv_has(&m->options, words[i][1]))
			strv_add(&m->options, words[i][0]);
}

static int tmpfs_option(struct record_mount *m, const char *word, struct err *e)
{
	static const char *const flags[] = {
		"exec",       "noexec",   "suid",       "nosuid",      "dev",           "nodev",
		"sync",       "async",    "dirsync",    "atime",       "noatime",       "diratime",
		"nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime", "tmpcopyup"
	};
	static const char *const values[] = { "size=",      "mode=",      "uid=", "gid=",
					      "nr_inodes=", "nr_blocks=", "mpol=" };

	if (str_eq(word, "ro") || str_eq(word, "rw") || str_eq(word, "z") || str_eq(word, "Z")) {
		m->read_only = str_eq(word, "ro");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (str_eq(word, flags[i])) {
			strv_add(&m->options, word);
			return 0;
		}
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (str_starts(word, values[i]) && word[strlen(values[i])]) {
			strv_add(&m->options, word);
			return 0;
		}
	return err_set(e, EINVAL, "invalid tmpfs option \"%s\"", word);
}

int mounts_add_tmpfs(struct record *r, const char *text, struct err *e)
{
	auto_mount struct record_mount m = { .type = xstrdup("tmpfs") };
	auto_strv struct strv words = { 0 };
	const char *colon = strchr(text, ':');
	int rc;

	m.destination = xstrndup(text, colon ? (size_t)(colon - text) : strlen(text));
	if (colon)
		strv_split(&words, colon + 1, ',');
	for (size_t i = 0; i < words.len; i++)
		if ((rc = tmpfs_option(&m, words.v[i], e)) < 0)
			return rc;
	tmpfs_defaults(&m);
	return add(r, &m, e);
}

/* -- --mount -- */

static int parse_bool(const char *key, const char *value, bool *ret, struct err *e)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!value || str_eq(value, yes[i])) {
			*ret = true;
			return 0;
		}
		if (str_eq(value, no[i])) {
			*ret = false;
			return 0;
		}
	}
	return err_set(e, EINVAL, "invalid value for %s: %s", key, value);
}

enum long_kind { LONG_STRING, LONG_BOOL, LONG_WORD, LONG_PROPAGATION };

/* One key of --mount. */
struct long_key {
	const char *key, *also; /* also: another spelling */
	enum long_kind kind;
	size_t offset;    /* LONG_STRING: a char *, LONG_BOOL: a bool of struct record_mount */
	const char *type; /* only for this type; NULL: any */
	const char *word; /* LONG_WORD: what stands before the value in the options */
};

static const struct long_key long_keys[] = {
	{ "type", NULL, LONG_STRING, offsetof(struct record_mount, type), NULL, NULL },
	{ "source", "src", LONG_STRING, offsetof(struct record_mount, source), NULL, NULL },
	{ "destination", "dst", LONG_STRING, offsetof(struct record_mount, destination), NULL,
	  NULL },
	{ "target", NULL, LONG_STRING, offsetof(struct record_mount, destination), NULL, NULL },
	{ "readonly", "ro", LONG_BOOL, offsetof(struct record_mount, read_only), NULL, NULL },
	{ "volume-nocopy", NULL, LONG_BOOL, offsetof(struct record_mount, no_copy), "volume",
	  NULL },
	{ "volume-subpath", "subpath", LONG_STRING, offsetof(struct record_mount, subpath),
	  "volume", NULL },
	{ "bind-propagation", NULL, LONG_PROPAGATION, 0, "bind", "" },
	{ "tmpfs-size", NULL, LONG_WORD, 0, "tmpfs", "size=" },
	{ "tmpfs-mode", NULL, LONG_WORD, 0, "tmpfs", "mode=" },
};

static const struct long_key *find_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(long_keys); i++)
		if (str_eq(key, long_keys[i].key) || str_eq(key, long_keys[i].also))
			return &long_keys[i];
	return NULL;
}

static int set_long(struct record_mount *m, const struct long_key *k, const char *value,
		    struct err *e)
{
	char *at = (char *)m + k->offset;

	if (k->kind == LONG_BOOL)
		return parse_bool(k->key, value, (bool *)(void *)at, e);
	if (!value)
		return err_set(e, EINVAL, "invalid field '%s' must be a key=value pair", k->key);
	if (k->kind == LONG_STRING) {
		replace_ptr((char **)(void *)at, xstrdup(value));
		return 0;
	}
	if (k->kind == LONG_PROPAGATION && !is_propagation(value))
		return err_set(e, EINVAL, "invalid bind propagation '%s'", value);
	strv_addf(&m->options, "%s%s", k->word, value);
	return 0;
}

/* What only makes sense for one type. */
static int check_keys(const struct record_mount *m, const struct strv *fields, struct err *e)
{
	for (size_t i = 0; i < fields->len; i++) {
		auto_free char *key = xstrndup(fields->v[i], strcspn(fields->v[i], "="));
		const struct long_key *k = find_key(key);

		if (k->type && !str_eq(k->type, m->type))
			return err_set(e, EINVAL, "cannot mix '%s' with mount type '%s'", key,
				       m->type);
	}
	return 0;
}

static int complete_long(struct record_mount *m, const struct strv *fields, struct err *e)
{
	int rc;

	if (!m->type)
		m->type = xstrdup("volume");
	if (!str_eq(m->type, "bind") && !str_eq(m->type, "volume") && !str_eq(m->type, "tmpfs"))
		return err_set(e, EINVAL, "invalid mount type '%s': bind, volume or tmpfs",
			       m->type);
	rc = check_keys(m, fields, e);
	if (rc < 0)
		return rc;
	if (!m->destination || !m->destination[0])
		return err_set(e, EINVAL, "target is required");
	if (str_eq(m->type, "bind")) {
		if (!m->source || !m->source[0])
			return err_set(e, EINVAL, "source is required for a bind mount");
		replace_ptr(&m->source, host_path(m->source));
		return 0;
	}
	if (str_eq(m->type, "tmpfs")) {
		if (m->source)
			return err_set(e, EINVAL, "a tmpfs mount has no source");
		tmpfs_defaults(m);
		return 0;
	}
	if (m->source && !m->source[0])
		replace_ptr(&m->source, NULL);
	m->anonymous = !m->source;
	if (m->source && !id_name_ok(m->source))
		return err_set(e, EINVAL, "invalid volume name '%s'", m->source);
	if (m->subpath && (m->subpath[0] == '/' || strstr(m->subpath, "..")))
		return err_set(e, EINVAL, "volume-subpath '%s' has to be a path inside the volume",
			       m->subpath);
	return 0;
}

int mounts_add_long(struct record *r, const char *text, struct err *e)
{
	auto_mount struct record_mount m = { 0 };
	auto_strv struct strv fields = { 0 };
	int rc;

	strv_split(&fields, text, ',');
	if (!fields.len)
		return err_set(e, EINVAL, "empty mount specification");
	for (size_t i = 0; i < fields.len; i++) {
		size_t len = strcspn(fields.v[i], "=");
		auto_free char *key = xstrndup(fields.v[i], len);
		const struct long_key *k = find_key(key);

		if (!k)
			return err_set(e, EINVAL, "unknown option '%s' in '%s'", key, fields.v[i]);
		if ((rc = set_long(&m, k, fields.v[i][len] ? fields.v[i] + len + 1 : NULL, e)) < 0)
			return rc;
	}
	rc = complete_long(&m, &fields, e);
	return rc < 0 ? rc : add(r, &m, e);
}

/* -- --device, --ulimit -- */

static bool is_access(const char *text)
{
	return text[0] && strlen(text) <= 3 && strspn(text, "rwm") == strlen(text);
}

int mounts_add_device(struct record *r, const char *text, struct err *e)
{
	auto_strv struct strv parts = { 0 };
	const char *container, *access = "rwm";
	int rc;

	strv_split(&parts, text, ':');
	if (parts.len < 1 || parts.len > 3 || parts.v[0][0] != '/')
		return err_set(e, EINVAL,
			       "invalid device specification '%s': expected /dev/x[:/dev/y][:rwm]",
			       text);
	container = parts.v[0];
	if (parts.len == 2 && is_access(parts.v[1]))
		access = parts.v[1];
	else if (parts.len >= 2)
		container = parts.v[1];
	if (parts.len == 3)
		access = parts.v[2];
	if (!is_access(access))
		return err_set(e, EINVAL, "bad mode specified: %s", access);
	rc = check_destination(container, e);
	if (rc < 0)
		return rc;
	r->devices = xreallocarray(r->devices, r->n_devices + 1, sizeof(*r->devices));
	r->devices[r->n_devices++] = (struct record_device){
		.host = tidy(parts.v[0]),
		.container = tidy(container),
		.access = xstrdup(access),
	};
	return 0;
}

static bool is_ulimit(const char *name)
{
	static const char *const names[] = { "as",     "core",   "cpu",        "data",
					     "fsize",  "locks",  "memlock",    "msgqueue",
					     "nice",   "nofile", "nproc",      "rss",
					     "rtprio", "rttime", "sigpending", "stack" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static int parse_limit(const char *text, int64_t *ret)
{
	if (str_eq(text, "unlimited")) {
		*ret = -1;
		return 0;
	}
	return str_to_i64(text, ret) < 0 || *ret < -1 ? -EINVAL : 0;
}

int mounts_add_ulimit(struct record *r, const char *text, struct err *e)
{
	size_t len = strcspn(text, "=");
	auto_free char *name = xstrndup(text, len);
	auto_strv struct strv limits = { 0 };
	int64_t soft, hard;

	if (!text[len])
		return err_set(e, EINVAL, "invalid ulimit argument: %s", text);
	if (!is_ulimit(name))
		return err_set(e, EINVAL, "invalid ulimit type: %s", name);
	strv_split(&limits, text + len + 1, ':');
	if (limits.len < 1 || limits.len > 2 || parse_limit(limits.v[0], &soft) < 0 ||
	    parse_limit(limits.v[limits.len - 1], &hard) < 0)
		return err_set(e, EINVAL, "invalid ulimit value '%s': expected SOFT[:HARD]",
			       text + len + 1);
	if (hard >= 0 && (soft < 0 || soft > hard))
		return err_set(e, EINVAL,
			       "ulimit soft limit must be less than or equal to hard limit: %s",
			       text);
	r->ulimits = xreallocarray(r->ulimits, r->n_ulimits + 1, sizeof(*r->ulimits));
	r->ulimits[r->n_ulimits++] =
		(struct record_ulimit){ .name = take_ptr(&name), .soft = soft, .hard = hard };
	return 0;
}
