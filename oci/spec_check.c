/*
 * What config.json must mean beyond its types (runtime-spec 1.3). spec_check runs on every file
 * that is read; spec_check_create adds what only a container to be made here has to fulfil (a
 * config for another platform, or without process, is a valid file).
 */
#include <errno.h>
#include <net/if.h>

#include "base/err.h"
#include "oci/spec.h"
#include "oci/spec_internal.h"

/* One level of a path for messages. */
#define AT(parent, name) \
	(&(const struct json_at){ .what = (parent)->what, .up = (parent), .key = (name) })
#define AT_INDEX(parent, i) \
	(&(const struct json_at){ .what = (parent)->what, .up = (parent), .index = (i) })

/* Digits, and a '.' behind them where more is to come. */
static const char *after_number(const char *s)
{
	size_t n = s ? strspn(s, "0123456789") : 0;

	return n > 0 && n < 10 ? s + n : NULL;
}

static bool version_ok(const char *v)
{
	const char *minor = after_number(v);
	const char *patch = minor && *minor == '.' ? after_number(minor + 1) : NULL;
	const char *rest = patch && *patch == '.' ? after_number(patch + 1) : NULL;

	return rest && (*rest == '\0' || ((*rest == '-' || *rest == '+') && rest[1]));
}

static int check_version(const char *v, const struct json_at *at, struct err *e)
{
	if (!version_ok(v))
		return json_err(e, at, "'%s' is not a version of the form 1.2.3", v);
	if (strtoul(v, NULL, 10) > 1)
		return json_err(e, at, "version %s is newer than 1.3, which this runtime knows", v);
	return 0;
}

static int check_absolute(const char *path, const struct json_at *at, struct err *e)
{
	return path[0] == '/' ? 0 : json_err(e, at, "'%s' is not an absolute path", path);
}

static int check_paths(const struct strv *paths, const struct json_at *at, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < paths->len; i++)
		r = check_absolute(paths->v[i], AT_INDEX(at, i), e);
	return r;
}

static int check_rlimits(const struct spec_process *p, const struct json_at *at, struct err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct spec_rlimit *l = &p->rlimits[i];

		if (l->soft > l->hard)
			return json_err(e, AT_INDEX(at, i),
					"the soft limit is above the hard limit");
		for (size_t k = 0; k < i; k++)
			if (strcmp(p->rlimits[k].type, l->type) == 0)
				return json_err(e, AT_INDEX(at, i), "'%s' occurs twice", l->type);
	}
	return 0;
}

static int check_user(const struct spec_user *u, const struct json_at *at, struct err *e)
{
	if (u->uid == UINT32_MAX)
		return json_err(e, AT(at, "uid"), "%u is no user id", u->uid);
	if (u->gid == UINT32_MAX)
		return json_err(e, AT(at, "gid"), "%u is no group id", u->gid);
	for (size_t i = 0; i < u->n_additional_gids; i++)
		if (u->additional_gids[i] == UINT32_MAX)
			return json_err(e, AT_INDEX(AT(at, "additionalGids"), i),
					"%u is no group id", u->additional_gids[i]);
	return 0;
}

int spec_check_process(const struct spec_process *p, const struct json_at *at, struct err *e)
{
	int r = check_absolute(p->cwd, AT(at, "cwd"), e);

	if (r >= 0)
		r = check_rlimits(p, AT(at, "rlimits"), e);
	if (r >= 0)
		r = check_user(&p->user, AT(at, "user"), e);
	if (r < 0)
		return r;
	if (p->console_height > UINT16_MAX || p->console_width > UINT16_MAX)
		return json_err(e, AT(at, "consoleSize"), "a side is above %d", UINT16_MAX);
	if (p->has_oom_score_adj && (p->oom_score_adj < -1000 || p->oom_score_adj > 1000))
		return json_err(e, AT(at, "oomScoreAdj"), "%d is not between -1000 and 1000",
				p->oom_score_adj);
	if (p->io_priority < 0 || p->io_priority > 7)
		return json_err(e, AT(at, "ioPriority"), "priority %d is not between 0 and 7",
				p->io_priority);
	return 0;
}

static int check_hooks(const struct spec_hook_list *l, const struct json_at *at, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		int r = check_absolute(l->v[i].path, AT(AT_INDEX(at, i), "path"), e);

		if (r < 0)
			return r;
		if (l->v[i].has_timeout && l->v[i].timeout <= 0)
			return json_err(e, AT(AT_INDEX(at, i), "timeout"), "%d is not above 0",
					l->v[i].timeout);
	}
	return 0;
}

static bool page_size_ok(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && s[0] != '0' && s[n] && strchr("KMG", s[n]) && strcmp(s + n + 1, "B") == 0;
}

int spec_check_resources(const struct spec_resources *r, const struct json_at *at, struct err *e)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++)
		if (!page_size_ok(r->hugepage_limits[i].page_size))
			return json_err(e, AT(AT_INDEX(AT(at, "hugepageLimits"), i), "pageSize"),
					"'%s' is not a size such as 2MB",
					r->hugepage_limits[i].page_size);
	for (size_t i = 0; i < r->n_devices; i++) {
		const struct spec_device_rule *d = &r->devices[i];
		const struct json_at *here = AT_INDEX(AT(at, "devices"), i);

		if (d->type && (strlen(d->type) > 1 || !strchr("abcup", d->type[0])))
			return json_err(e, AT(here, "type"), "unknown device type '%s'", d->type);
		if (d->access && d->access[strspn(d->access, "rwm")])
			return json_err(e, AT(here, "access"), "'%s' has letters other than rwm",
					d->access);
	}
	if (r->has_swappiness && r->swappiness > 100)
		return json_err(e, AT(AT(at, "memory"), "swappiness"), "%llu is above 100",
				(unsigned long long)r->swappiness);
	return 0;
}

static int check_seccomp(const struct spec_seccomp *s, const struct json_at *at, struct err *e)
{
	for (size_t i = 0; i < s->n_syscalls; i++) {
		const struct spec_syscall *c = &s->syscalls[i];
		const struct json_at *here = AT_INDEX(AT(at, "syscalls"), i);

		if (c->names.len == 0)
			return json_err(e, AT(here, "names"), "no name is given");
		for (size_t k = 0; k < c->n_args; k++)
			if (c->args[k].index > 5)
				return json_err(e, AT_INDEX(AT(here, "args"), k),
						"index %u is above 5", c->args[k].index);
	}
	return 0;
}

static bool interface_ok(const char *name)
{
	return name[0] && strlen(name) < IF_NAMESIZE && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && !strpbrk(name, "/: \t\n");
}

static int check_net_devices(const struct spec_linux *l, const struct json_at *at, struct err *e)
{
	for (size_t i = 0; i < l->n_net_devices; i++) {
		const struct spec_net_device *d = &l->net_devices[i];

		if (!interface_ok(d->host_name))
			return json_err(e, at, "'%s' is no name of an interface", d->host_name);
		if (d->name && !interface_ok(d->name))
			return json_err(e, AT(AT(at, d->host_name), "name"),
					"'%s' is no name of an interface", d->name);
	}
	return 0;
}

static int check_linux(const struct spec_linux *l, const struct json_at *at, struct err *e)
{
	int r = check_paths(&l->masked_paths, AT(at, "maskedPaths"), e);

	if (r >= 0)
		r = check_paths(&l->readonly_paths, AT(at, "readonlyPaths"), e);
	for (size_t i = 0; r >= 0 && i < l->n_devices; i++)
		r = check_absolute(l->devices[i].path, AT(AT_INDEX(AT(at, "devices"), i), "path"),
				   e);
	for (size_t i = 0; r >= 0 && i < l->n_time_offsets; i++)
		if (!str_eq(l->time_offsets[i].clock, "monotonic") &&
		    !str_eq(l->time_offsets[i].clock, "boottime"))
			r = json_err(e, AT(at, "timeOffsets"), "unknown clock '%s'",
				     l->time_offsets[i].clock);
	if (r >= 0)
		r = spec_check_resources(&l->resources, AT(at, "resources"), e);
	if (r >= 0)
		r = check_seccomp(&l->seccomp, AT(at, "seccomp"), e);
	if (r >= 0)
		r = check_net_devices(l, AT(at, "netDevices"), e);
	return r;
}

int spec_check(const struct spec *s, const char *what, struct err *e)
{
	static const char *const hook_names[HOOK_KINDS] = { "prestart",        "createRuntime",
							    "createContainer", "startContainer",
							    "poststart",       "poststop" };
	const struct json_at top = { .what = what };
	int r = check_version(s->oci_version, AT(&top, "ociVersion"), e);

	if (r >= 0 && s->process.present)
		r = spec_check_process(&s->process, AT(&top, "process"), e);
	for (int i = 0; r >= 0 && i < HOOK_KINDS; i++)
		r = check_hooks(&s->hooks[i], AT(AT(&top, "hooks"), hook_names[i]), e);
	for (size_t i = 0; r >= 0 && i < s->n_mounts; i++)
		if (!s->mounts[i].destination[0])
			r = json_err(e, AT(AT_INDEX(AT(&top, "mounts"), i), "destination"),
				     "it is empty");
	return r < 0 ? r : check_linux(&s->linux, AT(&top, "linux"), e);
}

static bool ns_new(const struct spec *s, enum spec_ns_kind kind)
{
	return s->linux.ns[kind].present && !s->linux.ns[kind].path;
}

static int check_namespaced(const struct spec *s, const struct json_at *top, struct err *e)
{
	const struct json_at *at = AT(top, "linux");

	if ((s->hostname || s->domainname) && !s->linux.ns[NS_UTS].present)
		return json_err(e, AT(top, s->hostname ? "hostname" : "domainname"),
				"cannot be set without a UTS namespace of its own");
	if (ns_new(s, NS_USER) && (s->linux.n_uid_mappings == 0 || s->linux.n_gid_mappings == 0))
		return json_err(e, AT(at, s->linux.n_uid_mappings ? "gidMappings" : "uidMappings"),
				"is missing for the new user namespace");
	if (!s->linux.ns[NS_USER].present && s->linux.n_uid_mappings + s->linux.n_gid_mappings > 0)
		return json_err(e, AT(at, s->linux.n_uid_mappings ? "uidMappings" : "gidMappings"),
				"cannot be set without a user namespace");
	if (s->linux.n_time_offsets > 0 && !ns_new(s, NS_TIME))
		return json_err(e, AT(at, "timeOffsets"),
				"cannot be set without a new time namespace");
	if (!s->linux.ns[NS_MOUNT].present && s->n_mounts + s->linux.masked_paths.len +
							      s->linux.readonly_paths.len +
							      s->root_readonly >
						      0)
		return json_err(e, AT(top, "mounts"), "mounts need a mount namespace");
	return 0;
}

int spec_check_create(const struct spec *s, const char *what, struct err *e)
{
	const struct json_at top = { .what = what };

	if (!s->has_root)
		return json_err(e, AT(&top, "root"), "is missing");
	if (s->process.present && (s->process.args.len == 0))
		return json_err(e, AT(AT(&top, "process"), "args"), "no command is given");
	return check_namespaced(s, &top, e);
}
