/* Names of containers, claimed by an exclusive create: see names.h. */
#include "engine/names.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "engine/container.h"
#include "engine/engine.h"

int names_lookup(struct engine *g, const char *name, char ret_id[65])
{
	char text[66];
	ssize_t n = readlinkat(g->names_fd, name, text, sizeof(text));

	if (n < 0)
		return -errno;
	if (n != 64)
		return -ENOENT;
	text[n] = '\0';
	if (!str_is_hex(text, 64))
		return -ENOENT;
	memcpy(ret_id, text, 65);
	return 0;
}

void names_release(struct engine *g, const char *name, const char *id)
{
	char now[65];

	if (names_lookup(g, name, now) == 0 && str_eq(now, id))
		(void)unlinkat(g->names_fd, name, 0);
}

void names_release_id(struct engine *g, const char *id)
{
	auto_fd int fd = openat(g->names_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir)
		(void)take_fd(&fd);
	while (dir && (entry = readdir(dir)))
		names_release(g, entry->d_name, id);
}

/* A name whose container is not there: a creation or a removal was cut short. One process at a time
 * clears it up. */
static int reclaim(struct engine *g, const char *name, struct err *e)
{
	auto_fd int lock = lock_take(g->names_fd, ".lock", LOCK_EXCLUSIVE, e);
	char id[65];

	if (lock < 0)
		return lock;
	if (names_lookup(g, name, id) < 0)
		(void)unlinkat(g->names_fd, name, 0);
	else if (container_sweep(g, id))
		names_release(g, name, id);
	return 0;
}

int names_claim(struct engine *g, const char *name, const char *id, struct err *e)
{
	char owner[65];

	for (int try = 0; try < 2; try++) {
		if (symlinkat(id, g->names_fd, name) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, "claim the name '%s'", name);
		if (names_lookup(g, name, owner) == 0 && container_exists(g, owner))
			break;
		if (reclaim(g, name, e) < 0)
			return -e->num;
	}
	if (names_lookup(g, name, owner) < 0)
		return err_set(e, EEXIST, "the container name \"/%s\" is in use", name);
	return err_set(
		e, EEXIST,
		"the container name \"/%s\" is already in use by container \"%s\": remove (or rename) that "
		"container to be able to reuse that name",
		name, owner);
}
