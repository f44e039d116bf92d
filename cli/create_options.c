/*
 * From the flags of `run` and `create` to a record: tables of what is copied as it is, lists that
 * are parsed, and a few rules. See create_options.h.
 */
#include "cli/create_options.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/proc.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/envfile.h"
#include "engine/mounts.h"
#include "engine/record.h"
#include "engine/terminal.h"
#include "image/pull.h"
#include "net/net.h"
#include "oci/caps.h"

#define PROFILE_SIZE_MAX ((size_t)4 << 20)

const struct create_options create_options_defaults = {
	.sig_proxy = -1,
	.stop_timeout = -1,
	.shm_size = (uint64_t)64 << 20,
};

/* 'invalid argument "x" for "--flag": reason': the reason is in e. */
static int flag_error(struct err *e, const char *flag, const char *value)
{
	return err_prefix(e, "invalid argument \"%s\" for \"%s\"", value, flag);
}

/* -- one value of a list -- */

static int add_publish(struct record *r, const char *text, struct err *e)
{
	struct net_ports ports = { 0 };
	int result = net_port_parse(text, &ports, e);

	for (size_t i = 0; result == 0 && i < ports.n; i++) {
		r->ports = xreallocarray(r->ports, r->n_ports + 1, sizeof(*r->ports));
		r->ports[r->n_ports++] = (struct record_port){
			.host_ip = xstrdup(ports.v[i].host_ip),
			.host_port = ports.v[i].host_port,
			.container_port = ports.v[i].container_port,
			.protocol = xstrdup(ports.v[i].protocol),
		};
		strv_addf(&r->expose, "%u/%s", ports.v[i].container_port, ports.v[i].protocol);
	}
	net_ports_clear(&ports);
	return result;
}

static int add_env(struct record *r, const char *text, struct err *e)
{
	return envfile_put(&r->env, text, e);
}

static int add_env_file(struct record *r, const char *text, struct err *e)
{
	return envfile_read(text, &r->env, e);
}

/* "key=value", "key" is a label without value. */
static int add_label(struct record *r, const char *text, struct err *e)
{
	auto_free char *whole = strchr(text, '=') ? xstrdup(text) : xasprintf("%s=", text);

	if (whole[0] == '=')
		return err_set(e, EINVAL, "a label without a key");
	strv_env_put(&r->labels, whole);
	return 0;
}

static int add_label_file(struct record *r, const char *path, struct err *e)
{
	auto_str struct str text = { 0 };
	auto_strv struct strv lines = { 0 };
	int result = file_read(AT_FDCWD, path, PROFILE_SIZE_MAX, &text, e);

	strv_split(&lines, str_cstr(&text), '\n');
	for (size_t i = 0; result == 0 && i < lines.len; i++) {
		const char *line = lines.v[i] + strspn(lines.v[i], " \t\r");

		if (line[0] && line[0] != '#')
			result = add_label(r, line, e);
	}
	return result;
}

static int add_annotation(struct record *r, const char *text, struct err *e)
{
	if (text[0] == '=' || !text[0])
		return err_set(e, EINVAL, "an annotation without a key");
	strv_env_put(&r->annotations, text);
	return 0;
}

static int add_cap(struct strv *list, const char *text, struct err *e)
{
	if (strcasecmp(text, "all") != 0 && caps_parse_name(text) < 0)
		return err_set(e, EINVAL, "unknown capability");
	strv_add(list, text);
	return 0;
}

static int add_cap_add(struct record *r, const char *text, struct err *e)
{
	return add_cap(&r->cap_add, text, e);
}

static int add_cap_drop(struct record *r, const char *text, struct err *e)
{
	return add_cap(&r->cap_drop, text, e);
}

static int add_sysctl(struct record *r, const char *text, struct err *e)
{
	if (!strchr(text, '=') || text[0] == '=')
		return err_set(e, EINVAL, "expected NAME=VALUE");
	strv_env_put(&r->sysctl, text);
	return 0;
}

static int add_log_opt(struct record *r, const char *text, struct err *e)
{
	static const char *const known[] = { "max-size=", "max-file=", "tag=", "labels=",
					     "env=",      "compress=", "mode=" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_starts(text, known[i])) {
			strv_add(&r->log_options, text);
			return 0;
		}
	return err_set(e, EINVAL, "unknown log opt for json-file log driver");
}

static int add_expose(struct record *r, const char *text, struct err *e)
{
	(void)e; /* create_merge() reads them, together with the image's */
	strv_add(&r->expose, text);
	return 0;
}

static int add_host(struct record *r, const char *text, struct err *e)
{
	const char *colon = strpbrk(text, ":=");

	if (!colon || colon == text || !colon[1])
		return err_set(e, EINVAL, "bad format for add-host: expected NAME:IP");
	strv_addf(&r->add_hosts, "%.*s:%s", (int)(colon - text), text, colon + 1);
	return 0;
}

static int add_group(struct record *r, const char *text, struct err *e)
{
	if (!text[0])
		return err_set(e, EINVAL, "an empty group");
	strv_add(&r->group_add, text);
	return 0;
}

/* -- --security-opt -- */

static int read_seccomp(struct record *r, const char *value, struct err *e)
{
	auto_str struct str text = { 0 };
	auto_json cJSON *json = NULL;
	int result;

	if (str_eq(value, "unconfined")) {
		replace_ptr(&r->seccomp, xstrdup(value));
		return 0;
	}
	if (str_eq(value, "builtin"))
		return 0;
	result = file_read(AT_FDCWD, value, PROFILE_SIZE_MAX, &text, e);
	if (result == 0)
		result = json_parse(str_cstr(&text), text.len, value, &json, e);
	if (result == 0)
		replace_ptr(&r->seccomp, str_take(&text));
	return result;
}

/* Colon-separated paths; "ALL" for unmask. */
static void add_paths(struct strv *list, const char *value)
{
	strv_split(list, value, ':');
}

static int add_security(struct record *r, const char *text, struct err *e)
{
	const char *value = strpbrk(text, "=:");
	size_t len = value ? (size_t)(value++ - text) : strlen(text);

	if (len == 17 && strncmp(text, "no-new-privileges", len) == 0) {
		if (value && !str_eq(value, "true") && !str_eq(value, "false"))
			return err_set(e, EINVAL, "expected true or false");
		r->no_new_privileges = !value || str_eq(value, "true");
		return 0;
	}
	if (!value)
		return err_set(e, EINVAL, "invalid --security-opt");
	if (len == 7 && strncmp(text, "seccomp", len) == 0)
		return read_seccomp(r, value, e);
	if (len == 8 && strncmp(text, "apparmor", len) == 0)
		replace_ptr(&r->apparmor, xstrdup(value));
	else if (len == 4 && strncmp(text, "mask", len) == 0)
		add_paths(&r->mask, value);
	else if (len == 6 && strncmp(text, "unmask", len) == 0)
		add_paths(&r->unmask, value);
	else if (len == 11 && strncmp(text, "systempaths", len) == 0 && str_eq(value, "unconfined"))
		strv_add(&r->unmask, "ALL");
	else if (len != 5 || strncmp(text, "label", len) != 0)
		return err_set(
			e, EINVAL,
			"known are no-new-privileges, seccomp=, apparmor=, label=, mask=, unmask=, systempaths=");
	return 0;
}

struct list_flag {
	size_t offset;
	const char *title;
	int (*add)(struct record *r, const char *text, struct err *e);
};

#define LIST(member, title, add)                                    \
	{                                                           \
		offsetof(struct create_options, member), title, add \
	}

/* In this order: later ones win over earlier ones (-e over --env-file). */
static const struct list_flag list_flags[] = {
	LIST(env_files, "--env-file", add_env_file),
	LIST(env, "-e, --env", add_env),
	LIST(label_files, "--label-file", add_label_file),
	LIST(labels, "-l, --label", add_label),
	LIST(annotations, "--annotation", add_annotation),
	LIST(group_add, "--group-add", add_group),
	LIST(ulimits, "--ulimit", mounts_add_ulimit),
	LIST(publish, "-p, --publish", add_publish),
	LIST(expose, "--expose", add_expose),
	LIST(add_hosts, "--add-host", add_host),
	LIST(volumes, "-v, --volume", mounts_add_volume),
	LIST(mounts, "--mount", mounts_add_long),
	LIST(tmpfs, "--tmpfs", mounts_add_tmpfs),
	LIST(devices, "--device", mounts_add_device),
	LIST(cap_add, "--cap-add", add_cap_add),
	LIST(cap_drop, "--cap-drop", add_cap_drop),
	LIST(security_opt, "--security-opt", add_security),
	LIST(sysctl, "--sysctl", add_sysctl),
	LIST(log_opts, "--log-opt", add_log_opt),
};

static int take_lists(const struct create_options *o, struct record *r, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_flags); i++) {
		const struct list_flag *f = &list_flags[i];
		const struct strv *list = (const void *)((const char *)o + f->offset);

		for (size_t j = 0; j < list->len; j++)
			if (f->add(r, list->v[j], e) < 0)
				return flag_error(e, f->title, list->v[j]);
	}
	strv_copy(&r->dns, &o->dns);
	strv_copy(&r->dns_search, &o->dns_search);
	strv_copy(&r->dns_option, &o->dns_option);
	return 0;
}

/* -- words -- */

struct word_flag {
	size_t from, to; /* const char * of create_options, char * of record */
	const char *title;
	const char *const *words; /* what it may be; NULL: anything */
};

#define WORD(member, to, title, words)                                                             \
	{                                                                                          \
		offsetof(struct create_options, member), offsetof(struct record, to), title, words \
	}

static const char *const shared_or_own[] = { "host", "private", "", NULL };
static const char *const ipc_words[] = { "host", "private", "shareable", "", NULL };
static const char *const log_words[] = { "json-file", "none", NULL };

static const struct word_flag word_flags[] = {
	WORD(user, user, "-u, --user", NULL),
	WORD(workdir, workdir, "-w, --workdir", NULL),
	WORD(timezone, tz, "--tz", NULL),
	WORD(name, name, "--name", NULL),
	WORD(hostname, hostname, "-h, --hostname", NULL),
	WORD(domainname, domainname, "--domainname", NULL),
	WORD(pid, pid_mode, "--pid", shared_or_own),
	WORD(ipc, ipc_mode, "--ipc", ipc_words),
	WORD(uts, uts_mode, "--uts", shared_or_own),
	WORD(userns, userns_mode, "--userns", shared_or_own),
	WORD(cgroupns, cgroupns_mode, "--cgroupns", shared_or_own),
	WORD(cgroup_parent, cgroup_parent, "--cgroup-parent", NULL),
	WORD(cpuset_cpus, cpuset_cpus, "--cpuset-cpus", NULL),
	WORD(cpuset_mems, cpuset_mems, "--cpuset-mems", NULL),
	WORD(log_driver, log_driver, "--log-driver", log_words),
};

static int check_word(const struct word_flag *f, const char *value, struct err *e)
{
	auto_str struct str known = { 0 };

	for (const char *const *w = f->words; w && *w; w++) {
		if (str_eq(*w, value))
			return 0;
		if ((*w)[0])
			str_addf(&known, "%s%s", known.len ? ", " : "", *w);
	}
	if (!f->words)
		return 0;
	(void)err_set(e, EINVAL, "use one of %s", str_cstr(&known));
	return flag_error(e, f->title, value);
}

static int take_words(const struct create_options *o, struct record *r, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(word_flags); i++) {
		const struct word_flag *f = &word_flags[i];
		const char *value = *(const char *const *)(const void *)((const char *)o + f->from);

		if (!value)
			continue;
		if (check_word(f, value, e) < 0)
			return -e->num;
		replace_ptr((char **)(void *)((char *)r + f->to), xstrdup(value));
	}
	return 0;
}

/* -- numbers -- */

static int take_bytes(const char *flag, const char *text, bool minus_one, int64_t *ret,
		      struct err *e)
{
	uint64_t bytes;

	if (!text)
		return 0;
	if (minus_one && str_eq(text, "-1")) {
		*ret = -1;
		return 0;
	}
	if (str_to_bytes(text, &bytes) < 0 || bytes > INT64_MAX) {
		(void)err_set(e, EINVAL, "invalid size");
		return flag_error(e, flag, text);
	}
	*ret = (int64_t)bytes;
	return 0;
}

static int take_integer(const char *flag, const char *text, int64_t least, int64_t most,
			int64_t *ret, struct err *e)
{
	if (str_to_i64(text, ret) == 0 && *ret >= least && *ret <= most)
		return 0;
	(void)err_set(e, ERANGE, "expected a number from %lld to %lld", (long long)least,
		      (long long)most);
	return flag_error(e, flag, text);
}

/* --cpus 1.5 is a quota of 150 ms in a period of 100. */
static int take_cpus(const char *text, struct record *r, struct err *e)
{
	char *end;
	double cpus = strtod(text, &end);

	if (end == text || *end || !isfinite(cpus) || cpus < 0.01 || cpus > 100000) {
		(void)err_set(e, EINVAL, "expected a number of CPUs of at least 0.01");
		return flag_error(e, "--cpus", text);
	}
	r->cpu_period = 100000;
	r->cpu_quota = (int64_t)(cpus * 100000);
	return 0;
}

#define DOCKER_LEAST_MEMORY ((int64_t)6 << 20)

static int take_limits(const struct create_options *o, struct record *r, struct err *e)
{
	if (take_bytes("-m, --memory", o->memory, false, &r->memory, e) < 0 ||
	    take_bytes("--memory-reservation", o->memory_reservation, false, &r->memory_reservation,
		       e) < 0 ||
	    take_bytes("--memory-swap", o->memory_swap, true, &r->memory_swap, e) < 0)
		return -e->num;
	if (r->memory && r->memory < DOCKER_LEAST_MEMORY)
		return err_set(e, EINVAL, "minimum memory limit allowed is 6MB");
	if (r->memory_swap && !r->memory)
		return err_set(
			e, EINVAL,
			"you should always set the memory limit when using a memory-swap limit");
	if (r->memory_swap > 0 && r->memory_swap < r->memory)
		return err_set(e, EINVAL,
			       "minimum memoryswap limit should be larger than memory limit");
	r->cpu_shares = o->cpu_shares;
	r->cpu_period = o->cpu_period;
	r->cpu_quota = o->cpu_quota;
	if (o->cpus && (o->cpu_quota || o->cpu_period))
		return err_set(e, EINVAL,
			       "conflicting options: --cpus, and --cpu-quota or --cpu-period");
	if (o->cpus && take_cpus(o->cpus, r, e) < 0)
		return -e->num;
	if (o->pids_limit &&
	    take_integer("--pids-limit", o->pids_limit, -1, INT64_MAX, &r->pids_limit, e) < 0)
		return -e->num;
	if (o->oom_score_adj) {
		r->has_oom_score_adj = true;
		return take_integer("--oom-score-adj", o->oom_score_adj, -1000, 1000,
				    &r->oom_score_adj, e);
	}
	return 0;
}

/* -- rules -- */

/* "no", "always", "unless-stopped", "on-failure[:N]". */
static int take_restart(const struct create_options *o, struct record *r, struct err *e)
{
	static const char *const words[] = { "no", "always", "unless-stopped", "on-failure" };
	size_t len = o->restart ? strcspn(o->restart, ":") : 0;
	auto_free char *word = o->restart ? xstrndup(o->restart, len) : NULL;
	bool known = false;

	if (!o->restart || !o->restart[0])
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		known |= str_eq(word, words[i]);
	if (!known || (o->restart[len] && !str_eq(word, "on-failure"))) {
		(void)err_set(e, EINVAL,
			      "use one of no, always, unless-stopped, on-failure[:max-retries]");
		return flag_error(e, "--restart", o->restart);
	}
	if (o->restart[len] &&
	    take_integer("--restart", o->restart + len + 1, 0, 1000000, &r->restart_max, e) < 0)
		return -e->num;
	if (o->remove && !str_eq(word, "no"))
		return err_set(e, EINVAL,
			       "conflicting options: cannot specify both --restart and --rm");
	replace_ptr(&r->restart, take_ptr(&word));
	return 0;
}

static int take_network(const struct create_options *o, struct record *r, struct err *e)
{
	enum net_driver driver;

	if (net_driver_parse(o->network ? o->network : "default", &driver, &r->network_options, e) <
	    0)
		return flag_error(e, "--network", o->network ? o->network : "default");
	replace_ptr(&r->network, xstrdup(net_driver_name(driver)));
	return 0;
}

static int take_process(const struct create_options *o, int argc, char **argv, struct record *r,
			struct err *e)
{
	int sig;

	for (int i = 1; i < argc; i++)
		strv_add(&r->command, argv[i]);
	if (o->entrypoint && o->entrypoint[0])
		strv_add(&r->entrypoint, o->entrypoint);
	r->tty = o->tty;
	r->open_stdin = o->interactive;
	if (o->tty)
		(void)terminal_size(&r->rows, &r->cols);
	r->init = o->init;
	if (o->stop_signal) {
		if (proc_signal_parse(o->stop_signal, &sig, e) < 0)
			return flag_error(e, "--stop-signal", o->stop_signal);
		replace_ptr(&r->stop_signal, xstrdup(o->stop_signal));
	}
	if (o->stop_timeout >= 0)
		r->stop_timeout = o->stop_timeout;
	if (o->workdir && o->workdir[0] != '/') {
		(void)err_set(e, EINVAL, "it needs to be an absolute path");
		return flag_error(e, "-w, --workdir", o->workdir);
	}
	return 0;
}

int create_options_streams(const struct create_options *o, uint32_t *ret, struct err *e)
{
	uint32_t streams = 0;

	if (o->attach.len && o->detach)
		return err_set(e, EINVAL,
			       "conflicting options: cannot specify both --attach and --detach");
	for (size_t i = 0; i < o->attach.len; i++) {
		if (strcasecmp(o->attach.v[i], "stdin") == 0)
			streams |= ATTACH_IN;
		else if (strcasecmp(o->attach.v[i], "stdout") == 0)
			streams |= ATTACH_OUT;
		else if (strcasecmp(o->attach.v[i], "stderr") == 0)
			streams |= ATTACH_ERR;
		else
			return err_set(
				e, EINVAL,
				"invalid argument \"%s\" for \"-a, --attach\": valid streams are STDIN, STDOUT "
				"and STDERR",
				o->attach.v[i]);
	}
	if (!o->attach.len && !o->detach)
		streams = ATTACH_OUT | ATTACH_ERR | (o->interactive ? ATTACH_IN : 0);
	*ret = streams;
	return 0;
}

static char *absolute_path(const char *path)
{
	auto_free char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

	return cwd ? xasprintf("%s/%s", cwd, path) : xstrdup(path);
}

int create_options_record(const struct create_options *o, int argc, char **argv,
			  struct record **ret, struct create_flags *ret_flags, struct err *e)
{
	auto_record struct record *r = record_new();
	uint32_t streams;

	if (create_options_streams(o, &streams, e) < 0 || take_words(o, r, e) < 0 ||
	    take_process(o, argc, argv, r, e) < 0 || take_network(o, r, e) < 0 ||
	    take_lists(o, r, e) < 0 || take_limits(o, r, e) < 0 || take_restart(o, r, e) < 0)
		return -e->num;
	r->stdin_once = r->open_stdin && (streams & ATTACH_IN);
	replace_ptr(&r->image, xstrdup(argv[0]));
	r->read_only = o->read_only;
	r->shm_size = o->shm_size;
	r->privileged = o->privileged;
	r->auto_remove = o->remove;
	r->pid_file = o->pidfile ? absolute_path(o->pidfile) : NULL;
	*ret_flags = (struct create_flags){
		.has_entrypoint = o->entrypoint,
		.publish_all = o->publish_all,
		.no_healthcheck = o->no_healthcheck,
		.cidfile = o->cidfile,
	};
	*ret = take_ptr(&r);
	return 0;
}

/* -- the image -- */

static bool is_platform(const struct image *img, const char *platform)
{
	auto_free char *has = xasprintf("%s/%s", json_str(img->config, "os", ""),
					json_str(img->config, "architecture", ""));
	const char *rest;

	if (!platform)
		return true;
	rest = str_after(platform, has);
	return rest && (!*rest || *rest == '/');
}

static int pull(struct engine *g, const struct create_options *o, const char *name,
		struct image **ret, struct err *e)
{
	auto_progress struct progress *progress = progress_new(o->quiet);
	struct pull p = {
		.platform = o->platform,
		.tls_verify = -1,
		.progress = progress_callbacks(progress),
	};

	return image_pull(&g->store, name, &p, ret, e);
}

/* In the store, also by what registries.conf makes of a short name: alias, search registries. */
static int find_local(struct engine *g, const char *name, struct image **ret, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r = image_find(&g->store, name, ret, e);

	if (r != -ENOENT || image_pull_names(name, NULL, &names, NULL) < 0)
		return r;
	for (size_t i = 0; i < names.len; i++)
		if (image_find(&g->store, names.v[i], ret, NULL) == 0)
			return 0;
	return r;
}

/* --pull: missing is the default. */
static int find_image(struct engine *g, const struct create_options *o, const char *name,
		      struct image **ret, struct err *e)
{
	static const char *const words[] = { "missing", "always", "never", "newer" };
	const char *policy = o->pull && o->pull[0] ? o->pull : "missing";
	auto_image struct image *img = NULL;
	bool known = false;
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		known |= str_eq(policy, words[i]);
	if (!known)
		return err_set(
			e, EINVAL,
			"invalid argument \"%s\" for \"--pull\": use one of missing, always, never, newer",
			policy);
	if (str_eq(policy, "missing") || str_eq(policy, "never")) {
		r = find_local(g, name, &img, e);
		if (r == 0 && !is_platform(img, o->platform))
			r = err_set(e, ENOENT, "image '%s' in the store is not for platform %s",
				    name, o->platform);
		if (r == 0)
			*ret = take_ptr(&img);
		if (r != -ENOENT || str_eq(policy, "never"))
			return r;
		if (!o->quiet)
			(void)fprintf(stderr, "Unable to find image '%s' locally\n", name);
	}
	return pull(g, o, name, ret, e);
}

int create_options_container(struct engine *g, const struct create_options *o, int argc,
			     char **argv, bool starting, struct container **ret, struct err *e)
{
	auto_record struct record *r = NULL;
	auto_image struct image *img = NULL;
	struct create_flags flags;
	auto_fd int hold = -1;

	if (create_options_record(o, argc, argv, &r, &flags, e) < 0 || engine_store(g, e) < 0)
		return -e->num;
	hold = store_hold(&g->store, e); /* the image stays until the record refers to it */
	if (hold < 0)
		return hold;
	if (find_image(g, o, argv[0], &img, e) < 0) {
		close_fd(&hold);
		(void)store_collect(&g->store, NULL,
				    NULL); /* what a pull brought before it failed */
		return -e->num;
	}
	flags.starting = starting;
	return create_container(g, take_ptr(&r), &flags, img, ret, e);
}
