/*
 * The life of a container's cgroup: found, made, joined, removed. Runs in the parent (create,
 * delete, update …). The folders are on cgroup file systems, which no container writes unless it
 * was given a part of them; their paths come from cgroupsPath, which is checked.
 */
#include "oci/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "oci/cgroup_hierarchy.h"
#include "oci/cgroup_priv.h"
#include "oci/spec.h"

#define MOUNT "/sys/fs/cgroup"

/* How long rmdir may say that something is still in there. */
#define REMOVE_TRIES 200
#define REMOVE_PAUSE_NS 10000000L

static long magic_of(const char *path)
{
	struct statfs st;

	return statfs(path, &st) < 0 ? -1 : (long)st.f_type;
}

enum cgroup_mode cgroup_mode(void)
{
	static int mode = -1;

	if (mode >= 0)
		return (enum cgroup_mode)mode;
	switch (magic_of(MOUNT)) {
	case CGROUP2_SUPER_MAGIC:
		mode = CGROUP_V2;
		break;
	case TMPFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
		mode = magic_of(MOUNT "/unified") == CGROUP2_SUPER_MAGIC ? CGROUP_HYBRID
									 : CGROUP_V1;
		break;
	default:
		mode = CGROUP_NONE;
	}
	return (enum cgroup_mode)mode;
}

const char *cgroup_mode_name(enum cgroup_mode m)
{
	static const char *const names[] = {
		[CGROUP_NONE] = "none",
		[CGROUP_V1] = "v1",
		[CGROUP_HYBRID] = "hybrid",
		[CGROUP_V2] = "v2",
	};

	return names[m];
}

int cgroup_path_check(const char *path, struct err *e)
{
	auto_strv struct strv parts = { 0 };

	strv_split(&parts, path, '/');
	for (size_t i = 0; i < parts.len; i++)
		if (str_eq(parts.v[i], "..") || str_eq(parts.v[i], "."))
			return err_set(e, EINVAL, "linux.cgroupsPath '%s' must not contain '%s'",
				       path, parts.v[i]);
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(e, EINVAL, "linux.cgroupsPath contains a control character");
	if (strspn(path, "/") == strlen(path))
		return err_set(e, EINVAL, "linux.cgroupsPath '%s' is the root of the hierarchy",
			       path);
	return 0;
}

/*
 * An absolute cgroupsPath starts at the mount, a relative one at the caller's own cgroup, as does
 * the id where there is none.
 */
static char *path_in(const struct cgroup_hierarchy *h, const char *wanted, const char *id)
{
	const char *base = str_eq(h->own, "/") || (wanted && *wanted == '/') ? "" : h->own;

	if (!wanted)
		return xasprintf("%s/%s", base, id);
	return xasprintf("%s%s%s", base, *wanted == '/' ? "" : "/", wanted);
}

/* -- making -- */

/*
 * A new cpuset of v1 takes no process before it has cpus and memory nodes: from the folder above
 * (cpusets.rst).
 */
static void inherit_cpuset(int dir)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *now = NULL;
		auto_free char *above = NULL;
		auto_free char *up = xasprintf("../%s", files[i]);

		if (file_read_line(dir, files[i], &now, NULL) < 0 || (now && *now))
			continue;
		if (file_read_line(dir, up, &above, NULL) >= 0 && above)
			(void)file_put(dir, files[i], above, NULL);
	}
}

/* mkdir -p below the mount. *ret_fresh: the last folder did not exist. Returns its fd. */
static int make_folders(const struct cgroup_hierarchy *h, const char *path, bool *ret_fresh,
			struct err *e)
{
	bool cpuset = cgroup_controllers_have(h->controllers, "cpuset");
	auto_fd int at = open(h->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_strv struct strv parts = { 0 };

	if (at < 0)
		return err_sys(e, "open '%s'", h->mount);
	strv_split(&parts, path, '/');
	*ret_fresh = false;
	for (size_t i = 0; i < parts.len; i++) {
		int next;

		if (!*parts.v[i])
			continue;
		*ret_fresh = mkdirat(at, parts.v[i], 0755) == 0;
		if (!*ret_fresh && errno != EEXIST)
			return err_sys(e, "make cgroup '%s%s'", h->mount, path);
		next = openat(at, parts.v[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_sys(e, "open cgroup '%s%s'", h->mount, path);
		close_fd(&at);
		at = next;
		if (cpuset && !h->v2)
			inherit_cpuset(at);
	}
	return take_fd(&at);
}

static bool has_word(const char *list, const char *word)
{
	auto_strv struct strv words = { 0 };

	strv_split(&words, list, ' ');
	return strv_has(&words, word);
}

/*
 * v2: what a cgroup may control is handed down folder by folder from the top. Refused where a
 * folder on the way holds processes (EBUSY), is not ours (EACCES), or the controller is bound to v1
 * (ENOENT): then the limit itself says so.
 */
static void hand_down(const char *mount, const char *path, const struct strv *controllers)
{
	auto_fd int at = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_strv struct strv parts = { 0 };

	strv_split(&parts, path, '/');
	for (size_t i = 0; at >= 0 && i < parts.len; i++) {
		int next;

		if (!*parts.v[i])
			continue;
		for (size_t k = 0; k < controllers->len; k++) {
			auto_free char *word = xasprintf("+%s", controllers->v[k]);
			struct err e = { 0 };

			if (file_put(at, "cgroup.subtree_control", word, &e) < 0)
				log_debug("cgroup: %s", e.msg);
		}
		next = openat(at, parts.v[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close_fd(&at);
		at = next;
	}
}

static void enable_controllers(int dir, const struct cgroup_hierarchy *h, const char *path,
			       const struct spec_resources *r)
{
	auto_strv struct strv want = { 0 };
	auto_strv struct strv missing = { 0 };
	auto_free char *have = NULL;

	cgroup_resources_controllers(r, &want);
	if (!want.len || file_read_line(dir, "cgroup.controllers", &have, NULL) < 0)
		return;
	for (size_t i = 0; i < want.len; i++)
		if (!has_word(have ? have : "", want.v[i]))
			strv_add(&missing, want.v[i]);
	if (missing.len)
		hand_down(h->mount, path, &missing);
}

static bool is_frozen(int dir, bool v2)
{
	auto_free char *line = NULL;

	if (file_read_line(dir, v2 ? "cgroup.freeze" : "freezer.state", &line, NULL) < 0 || !line)
		return false;
	return v2 ? str_eq(line, "1") : str_starts(line, "FR");
}

/* Of a cgroup that was there before. Returns 1 where processes are in it. */
static int check_existing(int dir, bool v2, const char *path, struct err *e)
{
	auto_free char *line = NULL;

	if (is_frozen(dir, v2))
		return err_set(e, EBUSY,
			       "cgroup '%s' is frozen: thaw it, or use another linux.cgroupsPath",
			       path);
	return file_read_line(dir, "cgroup.procs", &line, NULL) >= 0 && line && *line;
}

/* Makes the container's folder in one hierarchy. */
static int create_in(const struct cgroup_hierarchy *h, const struct spec *s, const char *id,
		     struct cgroup *c, struct err *e)
{
	auto_free char *path = path_in(h, s->linux.cgroups_path, id);
	auto_fd int dir = -1;
	bool fresh;
	int r = 0;

	dir = make_folders(h, path, &fresh, e);
	if (dir < 0)
		return dir;
	if (!fresh) {
		r = check_existing(dir, h->v2, path, e);
		if (r < 0)
			return r;
		c->joined = c->joined || r > 0;
	}
	if (h->v2)
		enable_controllers(dir, h, path, &s->linux.resources);
	strv_addf(&c->dirs, "%s%s", h->mount, path);
	if (!c->path || h->v2)
		replace_ptr(&c->path, xstrdup(path));
	return 0;
}

/* What an unprivileged caller without delegation meets. */
static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS || r == -ENOENT;
}

static int none(const struct spec *s, const struct err *why, struct cgroup *ret, struct err *e)
{
	const char *needed = cgroup_resources_needed(&s->linux.resources);

	*ret = (struct cgroup){ .mode = CGROUP_NONE };
	if (needed)
		return err_set(
			e, ENOTSUP,
			"%s needs a cgroup and none can be made here (%s): run where systemd delegates one to "
			"this user, or without the limit",
			needed, why->msg);
	log_debug("no cgroup for this container: %s", why->msg);
	return 0;
}

static int create_all(const struct spec *s, const char *id, const struct cgroup_hierarchies *all,
		      struct cgroup *c, struct err *why, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		struct err this = { 0 };
		int r = create_in(&all->v[i], s, id, c, &this);

		if (r >= 0)
			continue;
		if (!is_refusal(r))
			return err_copy(e, &this);
		*why = this;
	}
	return 0;
}

int cgroup_create(const struct spec *s, const char *id, bool systemd, struct cgroup *ret,
		  struct err *e)
{
	__attribute__((cleanup(cgroup_clear))) struct cgroup c = { .mode = cgroup_mode() };
	auto_hierarchies struct cgroup_hierarchies all = { 0 };
	struct err why = { .msg = "no cgroup file system is mounted" };
	int r = 0;

	(void)systemd;
	if (s->linux.cgroups_path)
		r = cgroup_path_check(s->linux.cgroups_path, e);
	if (r < 0)
		return r;
	if (c.mode == CGROUP_NONE)
		return none(s, &why, ret, e);
	r = cgroup_hierarchies_read(&all, e);
	if (r >= 0)
		r = create_all(s, id, &all, &c, &why, e);
	if (r >= 0 && !c.dirs.len)
		return none(s, &why, ret, e);
	if (r >= 0 && c.joined)
		log_warn("cgroup '%s' is not empty: other processes share this container's limits",
			 c.path);
	if (r >= 0)
		r = cgroup_resources_apply(&c, &s->linux.resources, e);
	if (r < 0) {
		(void)cgroup_remove(&c, NULL);
		return r;
	}
	*ret = c;
	c = (struct cgroup){ 0 };
	return 0;
}

/* -- using -- */

int cgroup_each(const struct cgroup *c,
		int (*fn)(const struct cgroup_dir *d, void *data, struct err *e), void *data,
		struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < c->dirs.len; i++) {
		auto_fd int fd = open(c->dirs.v[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct cgroup_dir d = { .fd = fd, .path = c->dirs.v[i] };

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(e, "open cgroup '%s'", c->dirs.v[i]);
		d.v2 = magic_of(c->dirs.v[i]) == CGROUP2_SUPER_MAGIC;
		r = fn(&d, data, e);
	}
	return r;
}

static int attach_one(const struct cgroup_dir *d, void *data, struct err *e)
{
	return file_put(d->fd, "cgroup.procs", data, e) < 0
		       ? err_prefix(e, "join cgroup '%s'", d->path)
		       : 0;
}

int cgroup_attach(const struct cgroup *c, pid_t pid, struct err *e)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%d", (int)pid);
	return cgroup_each(c, attach_one, text, e);
}

int cgroup_open_v2(const struct cgroup *c)
{
	if (c->mode != CGROUP_V2 || !c->dirs.len)
		return -1;
	return open(c->dirs.v[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_update(const struct cgroup *c, const struct spec_resources *r, struct err *e)
{
	const char *needed = cgroup_resources_needed(r);

	if (!c->dirs.len && needed)
		return err_set(e, ENOTSUP, "%s cannot be changed: the container has no cgroup",
			       needed);
	return cgroup_resources_apply(c, r, e);
}

/* -- removing -- */

/* Folders below first. -EBUSY: somebody is in there. */
static int remove_tree(int parent, const char *name)
{
	auto_fd int fd = -1;
	auto_dir DIR *dir = NULL;
	struct dirent *d;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	while ((d = readdir(dir)))
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			(void)remove_tree(dirfd(dir), d->d_name);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

int cgroup_remove(const struct cgroup *c, struct err *e)
{
	const struct timespec pause = { .tv_nsec = REMOVE_PAUSE_NS };

	if (c->joined)
		return 0;
	for (size_t i = 0; i < c->dirs.len; i++) {
		int r = remove_tree(AT_FDCWD, c->dirs.v[i]);

		/* a process that was killed a moment ago still counts */
		for (int tries = 0; r == -EBUSY && tries < REMOVE_TRIES; tries++) {
			(void)nanosleep(&pause, NULL);
			r = remove_tree(AT_FDCWD, c->dirs.v[i]);
		}
		if (r < 0)
			return err_num(e, -r, "remove cgroup '%s'", c->dirs.v[i]);
	}
	return 0;
}

void cgroup_clear(struct cgroup *c)
{
	free(c->path);
	free(c->scope);
	strv_free(&c->dirs);
	*c = (struct cgroup){ 0 };
}

/* -- on disk -- */

void cgroup_to_json(const struct cgroup *c, cJSON *obj)
{
	json_add_str(obj, "mode", cgroup_mode_name(c->mode));
	json_add_str(obj, "path", c->path);
	json_add_str(obj, "scope", c->scope);
	json_add_strv(obj, "dirs", &c->dirs);
	json_add_bool(obj, "joined", c->joined);
}

int cgroup_from_json(const cJSON *obj, struct cgroup *ret, struct err *e)
{
	const char *mode = json_str(obj, "mode", "none");
	struct cgroup c = { .mode = CGROUP_NONE, .joined = json_bool(obj, "joined", false) };

	for (enum cgroup_mode m = CGROUP_NONE; m <= CGROUP_V2; m++)
		if (str_eq(mode, cgroup_mode_name(m)))
			c.mode = m;
	if (json_get_strv(obj, "dirs", &c.dirs) < 0) {
		cgroup_clear(&c);
		return err_set(e, EBADMSG, "the cgroup in the container's state is damaged");
	}
	c.path = json_str(obj, "path", NULL) ? xstrdup(json_str(obj, "path", NULL)) : NULL;
	c.scope = json_str(obj, "scope", NULL) ? xstrdup(json_str(obj, "scope", NULL)) : NULL;
	*ret = c;
	return 0;
}
