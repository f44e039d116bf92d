/* Removal of containers: see remove.h and container_remove() in container.h. Runs in the command,
 * and in the monitor for --rm. */
#include "engine/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/names.h"
#include "engine/signal.h"
#include "engine/state.h"
#include "engine/volume.h"

struct tree {
	int dirfd;
	const char *path;
};

static int remove_in_userns(void *arg, struct err *e)
{
	const struct tree *t = arg;

	return dir_remove_all(t->dirfd, t->path, e);
}

int remove_tree(struct engine *g, int dirfd, const char *path, struct err *e)
{
	struct tree t = { .dirfd = dirfd, .path = path };
	int r = dir_remove_all(dirfd, path, e);

	if (r != -EACCES && r != -EPERM)
		return r;
	/* folders of subordinate ids: as root of the user namespace */
	r = engine_userns(g, e);
	if (r < 0)
		return r;
	return userns_run(&g->userns, 0, remove_in_userns, &t, e);
}

static void remove_volumes(struct container *c)
{
	const struct record *r = c->record;

	for (size_t i = 0; i < r->n_mounts; i++)
		if (r->mounts[i].anonymous && str_eq(r->mounts[i].type, "volume") &&
		    volume_remove(c->engine, r->mounts[i].source, NULL) < 0)
			log_debug("volume '%s' is left", r->mounts[i].source);
}

/* Folders that are being removed: ".removed-<id>.<pid of the remover>". */
#define LITTER ".removed-"

int remove_files(struct container *c, bool volumes, struct err *e)
{
	char litter[sizeof(LITTER) + 64 + 16];
	struct engine *g = c->engine;

	(void)snprintf(litter, sizeof(litter), LITTER "%s.%d", c->id, (int)getpid());
	if (renameat(g->containers_fd, c->id, g->containers_fd, litter) < 0 && errno != ENOENT)
		return err_sys(e, "remove container '%s'", c->record->name);
	names_release(g, c->record->name, c->id);
	if (volumes)
		remove_volumes(c);
	return remove_tree(g, g->containers_fd, litter, e);
}

void remove_litter(struct engine *g, const char *name)
{
	const char *id = str_after(name, LITTER), *dot = id ? strchr(id, '.') : NULL;
	auto_free char *whole = NULL;
	int pid;

	if (!dot || str_to_int(dot + 1, &pid) < 0 || pid <= 0 || kill(pid, 0) == 0 ||
	    errno != ESRCH)
		return;
	whole = xstrndup(id, (size_t)(dot - id));
	names_release_id(g, whole);
	(void)remove_tree(g, g->containers_fd, name, NULL);
}

/* Ends a running container at once and waits for its monitor to write everything down. */
static int kill_it(struct container *c, struct err *e)
{
	int r = signal_stop(c, 0, e);

	return r == -ENOENT ? 0 : r;
}

int container_remove(struct container *c, bool force, bool volumes, struct err *e)
{
	auto_fd int lock = -1;
	int r;

	for (int try = 0; try < 100; try++) {
		if (c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED ||
		    c->status == CONTAINER_RESTARTING) {
			if (!force)
				return err_set(
					e, EBUSY,
					"cannot remove container \"/%s\": container is %s: stop the container "
					"before removing or force remove",
					c->record->name, container_status_name(c->status));
			r = kill_it(c, e);
			if (r < 0)
				return r;
		}
		if (!container_exists(c->engine, c->id))
			return 0; /* it was started with --rm */
		lock = state_lock(c);
		if (lock >= 0)
			return remove_files(c, volumes, e);
		/* a monitor that is starting or ending holds it */
		(void)poll(NULL, 0, 20);
		r = container_refresh(c, e);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
	}
	return err_set(e, EBUSY, "cannot remove container \"/%s\": it is in use by another process",
		       c->record->name);
}
