/*
 * From flags and an image to a container on disk: see create.h. Runs in the command; nothing of the
 * container runs yet. In this order, so that a death at any point leaves a container or litter that
 * the next command sweeps: folder and lock, name, run.json (`run` only), record.json.
 */
#include "engine/create.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/rand.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/names.h"
#include "engine/remove.h"
#include "engine/state.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* -- merging with the image -- */

static int merge_strings(const cJSON *config, const char *key, struct strv *ret, struct err *e)
{
	return json_get_strv(config, key, ret) < 0
		       ? err_set(e, EBADMSG, "image config: %s: expected strings", key)
		       : 0;
}

/* docker's rules: --entrypoint forgets the image's cmd; arguments replace it. */
static int merge_command(struct record *r, const struct create_flags *f, const cJSON *config,
			 struct err *e)
{
	int result = 0;

	if (!f->has_entrypoint) {
		if (!r->command.len)
			result = merge_strings(config, "Cmd", &r->command, e);
		if (result == 0)
			result = merge_strings(config, "Entrypoint", &r->entrypoint, e);
	}
	if (result < 0)
		return result;
	if (!r->entrypoint.len && !r->command.len)
		return err_set(e, EINVAL, "no command specified, and the image has none");
	if (!(r->entrypoint.len ? &r->entrypoint : &r->command)->v[0][0])
		return err_set(e, EINVAL, "the command is an empty string");
	return 0;
}

/* The image's entries first, each overridden in place by the flag's. */
static int merge_env(struct record *r, const cJSON *config, struct err *e)
{
	auto_strv struct strv asked = r->env;
	int result;

	r->env = (struct strv){ 0 };
	result = merge_strings(config, "Env", &r->env, e);
	if (result == 0 && !strv_env_get(&r->env, "PATH"))
		strv_insert(&r->env, 0, DEFAULT_PATH);
	for (size_t i = 0; i < asked.len; i++)
		strv_env_put(&r->env, asked.v[i]);
	return result;
}

static void merge_labels(struct record *r, const cJSON *config)
{
	const cJSON *labels = json_get(config, "Labels"), *label;
	struct strv asked = r->labels;

	r->labels = (struct strv){ 0 };
	cJSON_ArrayForEach(label, labels)
		if (cJSON_IsString(label))
			strv_env_set(&r->labels, label->string, label->valuestring);
	for (size_t i = 0; i < asked.len; i++)
		strv_env_put(&r->labels, asked.v[i]);
	strv_free(&asked);
}

static bool has_mount(const struct record *r, const char *destination)
{
	for (size_t i = 0; i < r->n_mounts; i++)
		if (str_eq(r->mounts[i].destination, destination))
			return true;
	return false;
}

/*
 * Absolute, without "..": where an image may ask for a volume. Without trailing slashes; the caller
 * owns it.
 */
static char *clean_path(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || strstr(path, "/../") || str_ends(path, "/.."))
		return NULL;
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len > 1 ? xstrndup(path, len) : NULL;
}

/* VOLUMEs that no flag covers become anonymous volumes. */
static int merge_volumes(struct record *r, const cJSON *config, struct err *e)
{
	const cJSON *volume;

	cJSON_ArrayForEach(volume, json_get(config, "Volumes")) {
		auto_free char *path = clean_path(volume->string);

		if (!path)
			return err_set(e, EINVAL, "image config: volume '%s' is no path inside",
				       volume->string);
		if (has_mount(r, path))
			continue;
		r->mounts = xreallocarray(r->mounts, r->n_mounts + 1, sizeof(*r->mounts));
		r->mounts[r->n_mounts++] = (struct record_mount){
			.type = xstrdup("volume"),
			.destination = take_ptr(&path),
			.anonymous = true,
		};
	}
	return 0;
}

static bool is_published(const struct record *r, uint32_t port, const char *protocol)
{
	for (size_t i = 0; i < r->n_ports; i++)
		if (r->ports[i].container_port == port && str_eq(r->ports[i].protocol, protocol))
			return true;
	return false;
}

/* "80/tcp" of EXPOSE and --expose; with -P each one not yet published gets a free host port. */
static int publish(struct record *r, const char *text, bool all, struct err *e)
{
	const char *slash = strchr(text, '/');
	const char *protocol = slash ? slash + 1 : "tcp";
	auto_free char *number = xstrndup(text, slash ? (size_t)(slash - text) : strlen(text));
	char *dash = strchr(number, '-');
	uint32_t first, last;

	if (dash)
		*dash = '\0';
	if (str_to_u32(number, &first) < 0 ||
	    (dash ? str_to_u32(dash + 1, &last) : str_to_u32(number, &last)) < 0 || first < 1 ||
	    last > 65535 || first > last || (!str_eq(protocol, "tcp") && !str_eq(protocol, "udp")))
		return err_set(e, EINVAL,
			       "invalid exposed port '%s': expected PORT[-PORT][/tcp|/udp]", text);
	for (uint32_t port = first; port <= last; port++) {
		auto_free char *clean = xasprintf("%u/%s", port, protocol);

		if (!strv_has(&r->expose, clean))
			strv_add(&r->expose, clean);
		if (!all || is_published(r, port, protocol))
			continue;
		r->ports = xreallocarray(r->ports, r->n_ports + 1, sizeof(*r->ports));
		r->ports[r->n_ports++] = (struct record_port){
			.host_ip = xstrdup(""),
			.container_port = port,
			.protocol = xstrdup(protocol),
		};
	}
	return 0;
}

static int merge_ports(struct record *r, const cJSON *config, bool all, struct err *e)
{
	auto_strv struct strv asked = r->expose;
	const cJSON *port;
	int result = 0;

	r->expose = (struct strv){ 0 };
	cJSON_ArrayForEach(port, json_get(config, "ExposedPorts")) {
		result = publish(r, port->string, all, e);
		if (result < 0)
			return err_prefix(e, "image config");
	}
	for (size_t i = 0; result == 0 && i < asked.len; i++)
		result = publish(r, asked.v[i], all, e);
	return result;
}

static void merge_word(char **member, const cJSON *config, const char *key, const char *fallback)
{
	if (!(*member)[0])
		replace_ptr(member, xstrdup(json_str(config, key, fallback)));
}

int create_merge(struct record *r, const struct create_flags *f, const struct image *img,
		 struct err *e)
{
	const cJSON *config = json_get(img->config, "config");
	int result;

	merge_word(&r->workdir, config, "WorkingDir", "");
	merge_word(&r->user, config, "User", "");
	merge_word(&r->stop_signal, config, "StopSignal", "");
	if (!r->stop_signal[0])
		replace_ptr(&r->stop_signal, xstrdup("SIGTERM"));
	if (r->workdir[0] && r->workdir[0] != '/')
		return err_set(
			e, EINVAL,
			"the working directory '%s' is invalid, it needs to be an absolute path",
			r->workdir);
	if ((result = merge_command(r, f, config, e)) < 0 ||
	    (result = merge_env(r, config, e)) < 0 || (result = merge_volumes(r, config, e)) < 0 ||
	    (result = merge_ports(r, config, f->publish_all, e)) < 0)
		return result;
	merge_labels(r, config);
	replace_ptr(&r->image_id, xstrdup(img->id));
	replace_ptr(&r->platform, xasprintf("%s/%s", json_str(img->config, "os", "linux"),
					    json_str(img->config, "architecture", "")));
	strv_copy(&r->diff_ids, &img->diff_ids);
	for (size_t i = 0; i < r->n_mounts; i++) {
		char name[65];

		if (r->mounts[i].source || !r->mounts[i].anonymous)
			continue;
		rand_id(name);
		r->mounts[i].source = xstrdup(name);
	}
	return 0;
}

/* With --uts host the container is called as the host is. */
static void fill_hostname(struct record *r)
{
	char name[256] = "";

	if (r->hostname[0])
		return;
	if (str_eq(r->uts_mode, "host") && gethostname(name, sizeof(name) - 1) == 0)
		replace_ptr(&r->hostname, xstrdup(name));
	else
		replace_ptr(&r->hostname, xstrndup(r->id, 12));
}

/* -- on disk -- */

static int claim_random_name(struct container *c, struct err *e)
{
	int r = -EEXIST;

	for (unsigned int try = 0; r == -EEXIST && try < 100; try++) {
		replace_ptr(&c->record->name, create_random_name(try / 4));
		r = names_claim(c->engine, c->record->name, c->id, e);
	}
	return r;
}

static int claim_name(struct container *c, struct err *e)
{
	const char *name = c->record->name;

	if (!name)
		return claim_random_name(c, e);
	if (!id_name_ok(name))
		return err_set(
			e, EINVAL,
			"invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed",
			name);
	return names_claim(c->engine, name, c->id, e);
}

static int write_starting(struct container *c, struct err *e)
{
	struct container_run run = { 0 };
	int r = proc_id_of(getpid(), &run.monitor, e);

	return r < 0 ? r : state_write_run(c, &run, e);
}

/* The files of a folder that is there and locked. */
static int fill_folder(struct container *c, const struct create_flags *f, struct err *e)
{
	int r = claim_name(c, e);

	if (r < 0)
		return r;
	if (f->starting && (r = write_starting(c, e)) < 0)
		return r;
	return record_write(c->dirfd, c->record, !f->starting, e);
}

static int write_cidfile(const char *path, const char *id, struct err *e)
{
	int r = file_create(AT_FDCWD, path, id, 64, 0644, e);

	if (r == -EEXIST)
		return err_set(
			e, EEXIST,
			"container ID file found, make sure the other container isn't running or delete %s",
			path);
	return r;
}

int create_container(struct engine *g, struct record *record, const struct create_flags *f,
		     const struct image *img, struct container **ret, struct err *e)
{
	auto_container struct container *c = xzalloc(sizeof(*c));
	auto_fd int lock = -1;
	int r;

	c->engine = g;
	c->dirfd = c->monitor_log = -1;
	c->record = record;
	c->health = xstrdup("");
	r = create_merge(record, f, img, e);
	if (r < 0)
		return r;
	rand_id(c->id);
	replace_ptr(&record->id, xstrdup(c->id));
	record->created_ns = clock_now_ns();
	fill_hostname(record);
	if (f->cidfile && (r = write_cidfile(f->cidfile, c->id, e)) < 0)
		return r;
	if (mkdirat(g->containers_fd, c->id, 0700) < 0)
		return err_sys(e, "make the folder of container %.12s", c->id);
	c->dirfd = dir_open(g->containers_fd, c->id, e);
	lock = c->dirfd < 0 ? c->dirfd : lock_take(c->dirfd, "lock", LOCK_EXCLUSIVE, e);
	r = lock < 0 ? lock : fill_folder(c, f, e);
	if (r < 0) {
		if (record->name)
			names_release(g, record->name, c->id);
		(void)remove_tree(g, g->containers_fd, c->id, NULL);
		if (f->cidfile)
			(void)unlink(f->cidfile);
		return r;
	}
	*ret = take_ptr(&c);
	return 0;
}
