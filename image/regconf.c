/*
 * Reads registries.conf and its drop-ins, and answers two questions from it: what a short name
 * means, and which places to ask for an image. The files are the user's or the administrator's:
 * mistakes in them are errors that name file and key.
 */
#include "image/regconf.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/toml.h"
#include "image/ref.h"

#define FILE_LIMIT ((size_t)1 << 20)
#define SYSTEM_DIR "/etc/containers"

static void place_clear(struct regconf_place *p)
{
	free(p->location);
	*p = (struct regconf_place){ 0 };
}

static void registry_clear(struct regconf_registry *r)
{
	free(r->prefix);
	place_clear(&r->place);
	for (size_t i = 0; i < r->nmirrors; i++)
		place_clear(&r->mirrors[i]);
	free(r->mirrors);
	*r = (struct regconf_registry){ 0 };
}

#define auto_registry __attribute__((cleanup(registry_clear)))

void regconf_clear(struct regconf *c)
{
	for (size_t i = 0; i < c->nregistries; i++)
		registry_clear(&c->registries[i]);
	free(c->registries);
	strv_free(&c->search);
	strv_free(&c->aliases);
	strv_free(&c->helpers);
	*c = (struct regconf){ 0 };
}

/* -- reading -- */

static int get_text(const cJSON *table, const char *key, const char *what, char **ret,
		    struct err *e)
{
	const cJSON *node = json_get(table, key);

	if (node && !cJSON_IsString(node))
		return err_set(e, EBADMSG, "%s: '%s' must be a string", what, key);
	*ret = xstrdup(node ? node->valuestring : "");
	return 0;
}

static int get_flag(const cJSON *table, const char *key, const char *what, bool *ret, struct err *e)
{
	const cJSON *node = json_get(table, key);

	if (node && !cJSON_IsBool(node))
		return err_set(e, EBADMSG, "%s: '%s' must be true or false", what, key);
	*ret = cJSON_IsTrue(node);
	return 0;
}

static int get_list(const cJSON *table, const char *key, const char *what, struct strv *ret,
		    struct err *e)
{
	auto_strv struct strv list = { 0 };

	if (!json_get(table, key))
		return 0;
	if (json_get_strv(table, key, &list) < 0)
		return err_set(e, EBADMSG, "%s: '%s' must be a list of strings", what, key);
	strv_free(ret);
	*ret = list;
	list = (struct strv){ 0 };
	return 0;
}

/* "host[:port][/path]", no scheme, no tag; also what a prefix looks like after its "*.". */
static int check_location(const char *location, const char *what, struct err *e)
{
	auto_ref struct ref r = { 0 };
	auto_free char *probe = NULL;
	bool has_path = strchr(location, '/');

	if (strstr(location, "://"))
		return err_set(e, EBADMSG, "%s: '%s' must be a host name, without 'https://'", what,
			       location);
	/*
	 * a host alone gets a path to be parsed with; a name without dots would read as docker.io's
	 */
	if (!has_path && !strpbrk(location, ".:"))
		probe = xasprintf("%s:1/x", location);
	else
		probe = has_path ? xstrdup(location) : xasprintf("%s/x", location);
	if (ref_parse(probe, &r, NULL) < 0)
		return err_set(e, EBADMSG, "%s: '%s' is no 'host[:port][/path]'", what, location);
	if (has_path && !str_eq(r.tag, "latest"))
		return err_set(e, EBADMSG, "%s: '%s' must not have a tag or digest", what,
			       location);
	return 0;
}

static int load_place(const cJSON *table, const char *what, struct regconf_place *ret,
		      struct err *e)
{
	int rc = get_text(table, "location", what, &ret->location, e);
	size_t len;

	if (rc == 0)
		rc = get_flag(table, "insecure", what, &ret->insecure, e);
	if (rc < 0)
		return rc;
	len = strlen(ret->location);
	if (len && ret->location[len - 1] == '/')
		ret->location[len - 1] = '\0';
	return *ret->location ? check_location(ret->location, what, e) : 0;
}

static int load_mirror(const cJSON *table, const char *what, struct regconf_place *ret,
		       struct err *e)
{
	auto_free char *when = NULL;
	int rc = load_place(table, what, ret, e);

	if (rc == 0)
		rc = get_text(table, "pull-from-mirror", what, &when, e);
	if (rc != 0)
		return rc;
	if (!*ret->location)
		return err_set(e, EBADMSG, "%s: a mirror needs a 'location'", what);
	ret->by_digest_only = str_eq(when, "digest-only");
	ret->by_tag_only = str_eq(when, "tag-only");
	if (*when && !str_eq(when, "all") && !ret->by_digest_only && !ret->by_tag_only)
		return err_set(
			e, EBADMSG,
			"%s: 'pull-from-mirror' is 'all', 'digest-only' or 'tag-only', not '%s'",
			what, when);
	return 0;
}

static int load_mirrors(const cJSON *table, const char *what, struct regconf_registry *ret,
			struct err *e)
{
	const cJSON *mirrors = json_get(table, "mirror"), *m;

	if (mirrors && !cJSON_IsArray(mirrors))
		return err_set(e, EBADMSG, "%s: mirrors are written as [[registry.mirror]]", what);
	ret->mirrors = xcalloc((size_t)cJSON_GetArraySize(mirrors) + 1, sizeof(*ret->mirrors));
	cJSON_ArrayForEach(m, mirrors) {
		int rc = load_mirror(m, what, &ret->mirrors[ret->nmirrors++], e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool is_wildcard(const char *prefix)
{
	return str_starts(prefix, "*.");
}

static int finish_registry(struct regconf_registry *r, const char *what, struct err *e)
{
	if (!*r->prefix) {
		if (!*r->place.location)
			return err_set(e, EBADMSG,
				       "%s: a [[registry]] needs a 'prefix' or a 'location'", what);
		replace_ptr(&r->prefix, xstrdup(r->place.location));
	}
	if (is_wildcard(r->prefix))
		return check_location(r->prefix + 2, what, e);
	if (!*r->place.location)
		replace_ptr(&r->place.location, xstrdup(r->prefix));
	return check_location(r->prefix, what, e);
}

/* A later entry of the same prefix replaces the earlier one. */
static void put_registry(struct regconf *c, struct regconf_registry *r)
{
	for (size_t i = 0; i < c->nregistries; i++) {
		if (str_eq(c->registries[i].prefix, r->prefix)) {
			registry_clear(&c->registries[i]);
			c->registries[i] = *r;
			*r = (struct regconf_registry){ 0 };
			return;
		}
	}
	c->registries = xreallocarray(c->registries, c->nregistries + 1, sizeof(*c->registries));
	c->registries[c->nregistries++] = *r;
	*r = (struct regconf_registry){ 0 };
}

static int load_registry(struct regconf *c, const cJSON *table, const char *what, struct err *e)
{
	auto_registry struct regconf_registry r = { 0 };
	int rc = get_text(table, "prefix", what, &r.prefix, e);

	if (rc == 0)
		rc = load_place(table, what, &r.place, e);
	if (rc == 0)
		rc = get_flag(table, "blocked", what, &r.blocked, e);
	if (rc == 0)
		rc = get_flag(table, "mirror-by-digest-only", what, &r.mirror_by_digest_only, e);
	if (rc == 0)
		rc = load_mirrors(table, what, &r, e);
	if (rc == 0)
		rc = finish_registry(&r, what, e);
	if (rc == 0)
		put_registry(c, &r);
	return rc;
}

static int load_aliases(struct regconf *c, const cJSON *root, const char *what, struct err *e)
{
	const cJSON *aliases = json_get(root, "aliases"), *a;

	if (aliases && !cJSON_IsObject(aliases))
		return err_set(e, EBADMSG, "%s: 'aliases' must be a table", what);
	cJSON_ArrayForEach(a, aliases) {
		auto_ref struct ref target = { 0 };

		if (!cJSON_IsString(a))
			return err_set(e, EBADMSG, "%s: alias '%s' must be a string", what,
				       a->string);
		if (*a->valuestring &&
		    (ref_is_short(a->valuestring) || ref_parse(a->valuestring, &target, NULL) < 0))
			return err_set(e, EBADMSG,
				       "%s: alias '%s' must be 'host/repository', not '%s'", what,
				       a->string, a->valuestring);
		strv_env_set(&c->aliases, a->string, a->valuestring);
	}
	return 0;
}

static int load_search(struct regconf *c, const cJSON *root, const char *what, struct err *e)
{
	int rc = get_list(root, "unqualified-search-registries", what, &c->search, e);

	for (size_t i = 0; rc == 0 && i < c->search.len; i++)
		rc = check_location(c->search.v[i], what, e);
	return rc;
}

int regconf_add_text(struct regconf *c, const char *text, size_t len, const char *what,
		     struct err *e)
{
	auto_json cJSON *root = NULL;
	const cJSON *list, *r;
	int rc = toml_parse(text, len, what, &root, e);

	if (rc < 0)
		return rc;
	if (json_get(root, "registries"))
		return err_set(
			e, EBADMSG,
			"%s: [registries] is version 1 of the format: write [[registry]] entries "
			"(containers-registries.conf(5))",
			what);
	rc = load_search(c, root, what, e);
	if (rc == 0)
		rc = get_list(root, "credential-helpers", what, &c->helpers, e);
	if (rc == 0)
		rc = load_aliases(c, root, what, e);
	list = json_get(root, "registry");
	if (rc == 0 && list && !cJSON_IsArray(list))
		return err_set(e, EBADMSG, "%s: registries are written as [[registry]]", what);
	cJSON_ArrayForEach(r, list) {
		if (rc == 0)
			rc = load_registry(c, r, what, e);
	}
	return rc;
}

static int add_file(struct regconf *c, const char *path, bool must_exist, struct err *e)
{
	auto_str struct str text = { 0 };
	struct err ignored = { 0 };
	int rc = file_read(AT_FDCWD, path, FILE_LIMIT, &text, must_exist ? e : &ignored);

	if (rc == -ENOENT && !must_exist)
		return 0;
	if (rc < 0)
		return must_exist ? rc : err_copy(e, &ignored);
	log_debug("read '%s'", path);
	return regconf_add_text(c, str_cstr(&text), text.len, path, e);
}

static int add_folder(struct regconf *c, const char *path, struct err *e)
{
	auto_dir DIR *dir = opendir(path);
	auto_strv struct strv names = { 0 };
	int rc = 0;

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] != '.' && str_ends(d->d_name, ".conf"))
			strv_add(&names, d->d_name);
	strv_sort(&names);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		auto_free char *file = xasprintf("%s/%s", path, names.v[i]);

		rc = add_file(c, file, false, e);
	}
	return rc;
}

/* ~/.config/containers, or NULL where there is no home. The caller owns it. */
static char *user_dir(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return xasprintf("%s/containers", config);
	return home && *home == '/' ? xasprintf("%s/.config/containers", home) : NULL;
}

static int load_default(struct regconf *c, struct err *e)
{
	const char *named = getenv("CONTAINERS_REGISTRIES_CONF");
	auto_free char *dir = user_dir();
	auto_free char *user_file = dir ? xasprintf("%s/registries.conf", dir) : NULL;
	auto_free char *user_folder = dir ? xasprintf("%s/registries.conf.d", dir) : NULL;
	int rc;

	if (named && *named)
		rc = add_file(c, named, true, e);
	else if (user_file && access(user_file, F_OK) == 0)
		rc = add_file(c, user_file, true, e);
	else
		rc = add_file(c, SYSTEM_DIR "/registries.conf", false, e);
	if (rc == 0)
		rc = add_folder(c, SYSTEM_DIR "/registries.conf.d", e);
	if (rc == 0 && user_folder)
		rc = add_folder(c, user_folder, e);
	return rc;
}

int regconf_load(const char *path, struct regconf *ret, struct err *e)
{
	auto_regconf struct regconf c = { 0 };
	int rc = path ? add_file(&c, path, true, e) : load_default(&c, e);

	if (rc < 0)
		return rc;
	*ret = c;
	c = (struct regconf){ 0 };
	return 0;
}

/* -- asking -- */

/* How many bytes of name ("host/path") prefix covers; 0: it is another's. */
static size_t match_prefix(const char *prefix, const char *name)
{
	size_t len = strlen(prefix), start = 0;

	if (is_wildcard(prefix)) {
		const char *slash = strchr(name, '/');
		const char *found = strstr(name, prefix + 1);

		len--;
		while (found && (size_t)(slash - found) > len && found[len] != '/' &&
		       found[len] != ':')
			found = strstr(found + 1, prefix + 1);
		if (!found || found == name || found > slash)
			return 0;
		start = (size_t)(found - name);
		prefix++;
	}
	if (strncmp(name + start, prefix, len) != 0)
		return 0;
	switch (name[start + len]) {
	case '\0':
	case '/':
		return start + len;
	case ':': /* "*.example.com" covers its ports; "example.com" does not */
		return start ? start + len : 0;
	default:
		return 0;
	}
}

static const struct regconf_registry *find_registry(const struct regconf *c, const char *name,
						    size_t *ret_len)
{
	const struct regconf_registry *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < c->nregistries; i++) {
		size_t covered = match_prefix(c->registries[i].prefix, name);

		if (covered && (!best || strlen(c->registries[i].prefix) > best_len)) {
			best = &c->registries[i];
			best_len = strlen(best->prefix);
			*ret_len = covered;
		}
	}
	return best;
}

static int add_source(struct regconf_source **list, size_t *n, const char *name, const char *rest,
		      const struct regconf_place *place, bool mirror, struct err *e)
{
	auto_free char *whole = *place->location ? xasprintf("%s%s", place->location, rest)
						 : xstrdup(name);
	char *slash = strchr(whole, '/');

	if (!slash)
		return err_set(e, EINVAL,
			       "registries.conf turns '%s' into '%s', which is no image name", name,
			       whole);
	*list = xreallocarray(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = (struct regconf_source){
		.domain = xstrndup(whole, (size_t)(slash - whole)),
		.path = xstrdup(slash + 1),
		.insecure = place->insecure,
		.mirror = mirror,
	};
	return 0;
}

void regconf_sources_free(struct regconf_source *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].domain);
		free(list[i].path);
	}
	free(list);
}

/* The mirrors that serve this kind of reference, then the place. */
static int list_sources(const struct regconf_registry *reg, const char *name, const char *rest,
			bool by_digest, struct regconf_source **list, size_t *n, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < reg->nmirrors; i++) {
		const struct regconf_place *m = &reg->mirrors[i];

		if (by_digest ? m->by_tag_only : m->by_digest_only || reg->mirror_by_digest_only)
			continue;
		rc = add_source(list, n, name, rest, m, true, e);
	}
	return rc < 0 ? rc : add_source(list, n, name, rest, &reg->place, false, e);
}

int regconf_sources(const struct regconf *c, const struct ref *r, struct regconf_source **ret,
		    size_t *ret_n, struct err *e)
{
	static char nothing[] = "";
	static const struct regconf_registry as_named = { .place = { .location = nothing } };
	auto_free char *name = xasprintf("%s/%s", r->domain, r->path);
	struct regconf_source *list = NULL;
	size_t covered = 0, n = 0;
	const struct regconf_registry *reg = find_registry(c, name, &covered);
	int rc;

	if (reg && reg->blocked)
		return err_set(e, EPERM, "registry '%s' is blocked by registries.conf",
			       reg->prefix);
	rc = list_sources(reg ? reg : &as_named, name, name + covered, r->digest, &list, &n, e);
	if (rc < 0) {
		regconf_sources_free(list, n);
		return rc;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

/* text's name without tag and digest, and where they begin. The caller owns it. */
static char *bare_name(const char *text, const char **ret_suffix)
{
	const char *slash = strrchr(text, '/');
	size_t len = strcspn(slash ? slash : text, ":@") + (slash ? (size_t)(slash - text) : 0);

	*ret_suffix = text + len;
	return xstrndup(text, len);
}

static int add_name(const char *text, struct strv *ret, struct err *e)
{
	auto_ref struct ref r = { 0 };
	auto_free char *full = NULL;
	int rc = ref_parse(text, &r, e);

	if (rc < 0)
		return rc;
	full = ref_full(&r);
	if (!strv_has(ret, full))
		strv_add_take(ret, take_ptr(&full));
	return 0;
}

int regconf_names(const struct regconf *c, const char *text, struct strv *ret, struct err *e)
{
	const char *suffix;
	auto_free char *bare = bare_name(text, &suffix);
	const char *alias = ref_is_short(text) ? strv_env_get(&c->aliases, bare) : NULL;
	auto_ref struct ref checked = { 0 };
	int rc = ref_parse(text, &checked, e);

	if (rc < 0)
		return rc;
	if (alias && *alias) {
		auto_free char *name = xasprintf("%s%s", alias, suffix);

		return add_name(name, ret, e);
	}
	if (!ref_is_short(text) || !c->search.len)
		return add_name(text, ret, e);
	for (size_t i = 0; rc == 0 && i < c->search.len; i++) {
		auto_free char *name = xasprintf("%s/%s", c->search.v[i], text);

		rc = add_name(name, ret, e);
	}
	return rc;
}
