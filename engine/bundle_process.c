/* config.json "process": who runs what, with which rights. docker's defaults. See bundle.h. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "engine/bundle_parts.h"
#include "oci/caps.h"

/* docker's default capabilities. */
static const char *const default_caps[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
	"CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
	"CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
	"CAP_KILL",    "CAP_AUDIT_WRITE",
};

/* Names of a bit set, in the order of their numbers. */
static void add_caps(cJSON *caps, const char *set, uint64_t bits)
{
	cJSON *array = json_add_array(caps, set);

	for (unsigned int cap = 0; cap <= caps_last(); cap++)
		if (bits >> cap & 1)
			json_push_str(array, caps_name(cap));
}

/* One --cap-add or --cap-drop word into *bits. */
static int parse_caps(const struct strv *words, uint64_t all, uint64_t *bits, struct err *e)
{
	for (size_t i = 0; i < words->len; i++) {
		int cap;

		if (strcasecmp(words->v[i], "all") == 0 ||
		    strcasecmp(words->v[i], "cap_all") == 0) {
			*bits |= all;
			continue;
		}
		cap = caps_parse_name(words->v[i]);
		if (cap < 0)
			return err_set(e, EINVAL, "invalid capability: '%s'", words->v[i]);
		*bits |= (uint64_t)1 << cap;
	}
	return 0;
}

static bool has_all(const struct strv *words)
{
	for (size_t i = 0; i < words->len; i++)
		if (strcasecmp(words->v[i], "all") == 0)
			return true;
	return false;
}

/*
 * docker's rule: the defaults, less what is dropped, and what is added; --cap-drop ALL empties the
 * defaults only.
 */
int bundle_caps(const struct record *r, uint64_t *ret, struct err *e)
{
	uint64_t all = caps_bounding_now(), bits = 0, add = 0, drop = 0;
	int result = parse_caps(&r->cap_add, all, &add, e);

	if (result == 0)
		result = parse_caps(&r->cap_drop, all, &drop, e);
	if (result < 0)
		return result;
	for (size_t i = 0; i < ARRAY_SIZE(default_caps); i++)
		bits |= (uint64_t)1 << caps_parse_name(default_caps[i]);
	if (has_all(&r->cap_drop))
		*ret = add;
	else if (has_all(&r->cap_add))
		*ret = all & ~drop;
	else
		*ret = (bits & ~drop) | add;
	if (r->privileged)
		*ret = all;
	*ret &= all; /* what this user's namespaces cannot give is not asked for */
	return 0;
}

/* A process that is not root gets the bounding set only: what execve would leave it. */
static int process_caps(const struct bundle *b, cJSON *process, struct err *e)
{
	cJSON *caps = json_add_object(process, "capabilities");
	uint64_t bits;
	int r = bundle_caps(b->record, &bits, e);

	if (r < 0)
		return r;
	add_caps(caps, "bounding", bits);
	if (b->user->uid == 0) {
		add_caps(caps, "effective", bits);
		add_caps(caps, "permitted", bits);
	}
	return 0;
}

static void process_user(const struct bundle *b, cJSON *process)
{
	cJSON *user = json_add_object(process, "user"), *groups;

	json_add_u64(user, "uid", b->user->uid);
	json_add_u64(user, "gid", b->user->gid);
	if (b->userns->kind == USERNS_SINGLE) /* setgroups is not to be had there */
		return;
	groups = json_add_array(user, "additionalGids");
	json_push(groups, cJSON_CreateNumber(b->user->gid));
	for (size_t i = 0; i < b->user->n_groups; i++)
		if (b->user->groups[i] != b->user->gid)
			json_push(groups, cJSON_CreateNumber(b->user->groups[i]));
}

static void env_default(struct strv *env, const char *name, const char *value)
{
	if (!strv_env_get(env, name))
		strv_env_set(env, name, value);
}

void bundle_env(const struct record *r, const struct passwd_user *user, struct strv *ret)
{
	strv_copy(ret, &r->env);
	if (r->tty)
		env_default(ret, "TERM", "xterm");
	if (!bundle_shares(r->uts_mode))
		env_default(ret, "HOSTNAME", r->hostname);
	if (r->tz[0])
		env_default(ret, "TZ", r->tz);
	env_default(ret, "container", "pod");
	env_default(ret, "HOME", user->home);
}

static void process_rlimits(const struct record *r, cJSON *process)
{
	cJSON *limits = r->n_ulimits ? json_add_array(process, "rlimits") : NULL;

	for (size_t i = 0; i < r->n_ulimits; i++) {
		const struct record_ulimit *u = &r->ulimits[i];
		auto_free char *type = xasprintf("RLIMIT_%s", u->name);
		cJSON *limit = json_object();

		for (char *c = type; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		json_add_str(limit, "type", type);
		json_add_u64(limit, "soft", u->soft < 0 ? UINT64_MAX : (uint64_t)u->soft);
		json_add_u64(limit, "hard", u->hard < 0 ? UINT64_MAX : (uint64_t)u->hard);
		json_push(limits, limit);
	}
}

int bundle_process(const struct bundle *b, cJSON *config, struct err *e)
{
	cJSON *process = json_add_object(config, "process"), *args;
	auto_strv struct strv env = { 0 };
	const struct record *r = b->record;

	json_add_bool(process, "terminal", r->tty);
	if (r->tty && b->rows && b->cols) {
		cJSON *size = json_add_object(process, "consoleSize");

		json_add_u64(size, "height", b->rows);
		json_add_u64(size, "width", b->cols);
	}
	process_user(b, process);
	args = json_add_array(process, "args");
	bundle_push_all(args, (const char *const *)r->entrypoint.v, r->entrypoint.len);
	bundle_push_all(args, (const char *const *)r->command.v, r->command.len);
	bundle_env(r, b->user, &env);
	json_add_strv(process, "env", &env);
	json_add_str(process, "cwd", r->workdir[0] ? r->workdir : "/");
	process_rlimits(r, process);
	json_add_bool(process, "noNewPrivileges", r->no_new_privileges);
	if (r->apparmor[0] && !str_eq(r->apparmor, "unconfined"))
		json_add_str(process, "apparmorProfile", r->apparmor);
	if (r->has_oom_score_adj)
		json_add_i64(process, "oomScoreAdj", r->oom_score_adj);
	return process_caps(b, process, e);
}
