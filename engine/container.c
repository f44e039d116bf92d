/* Finding containers and the truth about them: see container.h. Runs in any command. */
#include "engine/container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/names.h"
#include "engine/remove.h"
#include "engine/state.h"

static const char *const status_names[] = {
	[CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",   [CONTAINER_RESTARTING] = "restarting",
	[CONTAINER_EXITED] = "exited",   [CONTAINER_REMOVING] = "removing",
	[CONTAINER_DEAD] = "dead",
};

const char *container_status_name(enum container_status s)
{
	return status_names[s];
}

int container_status_parse(const char *s, enum container_status *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_names); i++)
		if (str_eq(s, status_names[i])) {
			*ret = (enum container_status)i;
			return 0;
		}
	return err_set(
		e, EINVAL,
		"unknown status '%s': created, running, paused, restarting, exited, removing or dead",
		s);
}

void container_free(struct container *c)
{
	if (!c)
		return;
	state_clear_run(&c->run);
	free(c->exit.error);
	free(c->health);
	record_free(c->record);
	close_fd(&c->monitor_log);
	close_fd(&c->dirfd);
	free(c);
}

bool container_exists(struct engine *g, const char *id)
{
	char path[64 + sizeof("/record.json")];

	(void)snprintf(path, sizeof(path), "%s/record.json", id);
	return faccessat(g->containers_fd, path, F_OK, 0) == 0;
}

/* Removes a folder whose creation was cut short: no record, and nobody holds its lock. True where
 * nothing is left. */
bool container_sweep(struct engine *g, const char *id)
{
	auto_fd int dir = openat(g->containers_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int lock = -1;

	if (dir < 0)
		return errno == ENOENT;
	lock = lock_try(dir, "lock", LOCK_EXCLUSIVE, NULL);
	if (lock < 0 || container_exists(g, id))
		return false;
	names_release_id(g, id);
	return remove_tree(g, g->containers_fd, id, NULL) == 0;
}

/* As exit.json has it. One without a start tells why it could not start. */
static void note_ended(struct container *c)
{
	free(c->exit.error);
	(void)state_read_exit(c->dirfd, &c->exit);
	c->status = c->exit.present && c->exit.started_ns ? CONTAINER_EXITED : CONTAINER_CREATED;
}

/*
 * As run.json of a living monitor has it: one without a first process is starting, or waits between
 * two starts.
 */
static void note_running(struct container *c)
{
	if (c->run.init.pid)
		c->status = CONTAINER_RUNNING;
	else if (c->run.restarts)
		c->status = CONTAINER_RESTARTING;
}

/* Reads run.json and exit.json, and puts right what a killed monitor left. */
int container_refresh(struct container *c, struct err *e)
{
	int r;

	state_clear_run(&c->run);
	note_ended(c);
	if (!container_exists(c->engine, c->id))
		return err_set(e, ENOENT, "no such container: %s", c->record->name);
	if (state_read_run(c->dirfd, &c->run) < 0)
		return 0;
	if (proc_id_alive(&c->run.monitor)) {
		note_running(c);
		return 0;
	}
	r = state_reconcile(c, e);
	if (r < 0)
		return r;
	if (r > 0)
		return err_set(e, ENOENT, "no such container: %s", c->record->name);
	state_clear_run(&c->run);
	if (state_read_run(c->dirfd, &c->run) == 0 && proc_id_alive(&c->run.monitor) &&
	    c->run.init.pid) {
		c->status = CONTAINER_RUNNING;
		return 0;
	}
	state_clear_run(&c->run);
	free(c->exit.error);
	(void)state_read_exit(c->dirfd, &c->exit);
	c->status = c->exit.present && c->exit.started_ns ? CONTAINER_EXITED : CONTAINER_CREATED;
	return 0;
}

/* Loads containers/<id>. -ENOENT: it is gone. */
static int load(struct engine *g, const char *id, struct container **ret, struct err *e)
{
	auto_container struct container *c = xzalloc(sizeof(*c));
	int r;

	c->engine = g;
	c->monitor_log = -1;
	(void)snprintf(c->id, sizeof(c->id), "%s", id);
	c->dirfd = openat(g->containers_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dirfd < 0)
		return err_sys(e, "open container '%s'", id);
	r = record_read(c->dirfd, &c->record, e);
	if (r < 0)
		return r == -ENOENT ? r : err_prefix(e, "container %.12s", id);
	if (!str_eq(c->record->id, id))
		return err_set(e, EBADMSG, "container %.12s: record.json is of another container",
			       id);
	c->health = xstrdup("");
	r = container_refresh(c, e);
	if (r < 0)
		return r;
	*ret = take_ptr(&c);
	return 0;
}

/* An id that begins so; -ENOTUNIQ where there are two, -ENOENT without message. */
static int find_prefix(struct engine *g, const char *prefix, char ret_id[65], struct err *e)
{
	auto_fd int fd = openat(g->containers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	if (!dir)
		return err_sys(e, "read the folder of containers");
	(void)take_fd(&fd);
	while ((entry = readdir(dir))) {
		if (!str_is_hex(entry->d_name, 64) || !str_starts(entry->d_name, prefix))
			continue;
		if (found)
			return err_set(e, ENOTUNIQ,
				       "multiple containers found with provided prefix: %s",
				       prefix);
		memcpy(ret_id, entry->d_name, 65);
		found = true;
	}
	return found ? 0 : -ENOENT;
}

int container_find(struct engine *g, const char *name, struct container **ret, struct err *e)
{
	const char *plain = name[0] == '/' ? name + 1 : name;
	char id[65];
	int r = -ENOENT;

	if (id_name_ok(plain))
		r = names_lookup(g, plain, id);
	if (r < 0 && plain[0] && strspn(plain, "0123456789abcdef") == strlen(plain))
		r = find_prefix(g, plain, id, e);
	if (r == 0)
		r = load(g, id, ret, e);
	if (r == -ENOENT)
		return err_set(e, ENOENT, "no such container: %s", name);
	return r;
}

static int newest_first(const void *a, const void *b)
{
	const struct container *x = *(struct container *const *)a,
			       *y = *(struct container *const *)b;

	return (x->record->created_ns < y->record->created_ns) -
	       (x->record->created_ns > y->record->created_ns);
}

static bool has_run(struct engine *g, const char *id)
{
	char path[NAME_MAX + sizeof("/run.json")];

	(void)snprintf(path, sizeof(path), "%s/run.json", id);
	return faccessat(g->containers_fd, path, F_OK, 0) == 0;
}

int container_list(struct engine *g, bool running_only, struct container ***ret, size_t *ret_n,
		   struct err *e)
{
	auto_fd int fd = openat(g->containers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct container **v = NULL, *c;
	const struct dirent *entry;
	size_t n = 0, cap = 0;

	if (!dir)
		return err_sys(e, "read the folder of containers");
	(void)take_fd(&fd);
	while ((entry = readdir(dir))) {
		struct err why = { 0 };
		int r;

		remove_litter(g, entry->d_name);
		if (!str_is_hex(entry->d_name, 64) || (running_only && !has_run(g, entry->d_name)))
			continue;
		c = NULL;
		r = load(g, entry->d_name, &c, &why);
		if (r == -ENOENT)
			(void)container_sweep(g, entry->d_name);
		else if (r < 0)
			log_warn("%s", why.msg);
		if (r < 0)
			continue;
		if (running_only && c->status != CONTAINER_RUNNING &&
		    c->status != CONTAINER_PAUSED && c->status != CONTAINER_RESTARTING) {
			container_free(c);
			continue;
		}
		if (n == cap)
			v = xreallocarray(v, cap = cap ? 2 * cap : 16, sizeof(struct container *));
		v[n++] = c;
	}
	if (n)
		qsort(v, n, sizeof(struct container *), newest_first);
	*ret = v;
	*ret_n = n;
	return 0;
}

void container_list_free(struct container **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		container_free(v[i]);
	free(v);
}

int container_latest(struct engine *g, struct container **ret, struct err *e)
{
	struct container **v = NULL;
	size_t n = 0;
	int r = container_list(g, false, &v, &n, e);

	if (r < 0)
		return r;
	if (n)
		*ret = take_ptr(&v[0]);
	container_list_free(v, n);
	return n ? 0 : err_set(e, ENOENT, "there are no containers");
}

int container_pidfd(const struct container *c, struct err *e)
{
	int fd = c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED
			 ? proc_id_open(&c->run.init, NULL)
			 : -ESRCH;

	return fd < 0 ? err_set(e, ESRCH, "container %s is not running", c->record->name) : fd;
}

int container_rename(struct container *c, const char *new_name, struct err *e)
{
	auto_free char *old = xstrdup(c->record->name);
	int r;

	if (!id_name_ok(new_name))
		return err_set(
			e, EINVAL,
			"invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed",
			new_name);
	if (str_eq(old, new_name))
		return err_set(e, EINVAL,
			       "renaming a container with the same name as its current name");
	r = names_claim(c->engine, new_name, c->id, e);
	if (r < 0)
		return r;
	replace_ptr(&c->record->name, xstrdup(new_name));
	r = record_write(c->dirfd, c->record, true, e);
	names_release(c->engine, r < 0 ? new_name : old, c->id);
	return r;
}

int container_run_dir(struct engine *g, const char *id, struct err *e)
{
	return dir_make_open(g->run_fd, id, 0700, e);
}
