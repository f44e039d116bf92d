/* Where a user's engine lives, and its parts opened on demand: see engine.h. Runs in the command's
 * own process. */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/container.h"

/* $NAME where it is an absolute path (XDG Base Directory Specification: relative ones count as
 * unset). */
static const char *env_dir(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

/* Makes a path of the user's absolute: the folder that it is relative to may not be the monitor's.
 */
static char *absolute(const char *path)
{
	auto_free char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return cwd ? xasprintf("%s/%.*s", cwd, (int)len, path) : xstrndup(path, len);
}

static int data_root(const char *given, char **ret, struct err *e)
{
	const char *home = env_dir("HOME"), *data = env_dir("XDG_DATA_HOME");
	const struct passwd *pw;

	if (given) {
		*ret = absolute(given);
		return 0;
	}
	if (data) {
		*ret = xasprintf("%s/pod", data);
		return 0;
	}
	if (!home) { /* cron and init scripts: ask the user database */
		pw = getpwuid(geteuid());
		home = pw && pw->pw_dir && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
	}
	if (!home)
		return err_set(e, ENOENT,
			       "no folder for data: set HOME or XDG_DATA_HOME, or use --root");
	*ret = xasprintf("%s/.local/share/pod", home);
	return 0;
}

/* A folder that is ours alone: what another user could write into holds no sockets. */
static bool is_private(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 022) && access(path, W_OK) == 0;
}

/*
 * Ladder: --runroot → $XDG_RUNTIME_DIR/pod → /run/user/UID/pod → a folder under the data folder
 * that is named by the boot. A data folder of one's own (--root) has its own run folder too: two
 * engines do not share one.
 */
static char *run_root(const struct engine_options *o, const char *root)
{
	const char *xdg = env_dir("XDG_RUNTIME_DIR");
	auto_free char *user = xasprintf("/run/user/%u", (unsigned int)geteuid());

	if (o->runroot)
		return absolute(o->runroot);
	if (!o->root && xdg && is_private(xdg))
		return xasprintf("%s/pod", xdg);
	if (!o->root && is_private(user))
		return xasprintf("%s/pod", user);
	return xasprintf("%s/run-%s", root, proc_boot_id());
}

/* Run folders of earlier boots below the data folder: nothing in them lives. */
static void sweep_old_boots(const struct engine *g)
{
	auto_free char *mine = xasprintf("run-%s", proc_boot_id());
	auto_fd int fd = openat(g->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir)
		(void)take_fd(&fd);
	while (dir && (entry = readdir(dir)))
		if (str_starts(entry->d_name, "run-") && !str_eq(entry->d_name, mine))
			(void)dir_remove_all(g->root_fd, entry->d_name, NULL);
}

static int open_part(int dirfd, const char *name, int *ret, struct err *e)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = dir_make_open(dirfd, name, 0700, e);
	else if (fd < 0)
		return err_sys(e, "open folder '%s'", name);
	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

static int open_root(const char *path, int *ret, struct err *e)
{
	int r, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		r = dir_make_all(AT_FDCWD, path, 0700, e);
		if (r < 0)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, "open folder '%s'", path);
	*ret = fd;
	return 0;
}

int engine_open(const struct engine_options *o, struct engine *g, struct err *e)
{
	int r;

	*g = (struct engine){ .root_fd = -1, .containers_fd = -1, .names_fd = -1, .run_fd = -1 };
	g->userns_single = o->userns_single;
	r = o->storage_driver ? rootfs_driver_parse(o->storage_driver, &g->driver, e) : 0;
	if (r < 0 || (r = data_root(o->root, &g->root, e)) < 0)
		return r;
	g->runroot = run_root(o, g->root);
	g->oci_root = xasprintf("%s/oci", g->runroot);
	g->cache_dir = xasprintf("%s/cache", g->root);
	g->oci = (struct oci){ .root = g->oci_root, .cache_dir = g->cache_dir };
	if ((r = open_root(g->root, &g->root_fd, e)) < 0 ||
	    (r = open_part(g->root_fd, "containers", &g->containers_fd, e)) < 0 ||
	    (r = open_part(g->root_fd, "names", &g->names_fd, e)) < 0 ||
	    (r = open_root(g->runroot, &g->run_fd, e)) < 0)
		return r;
	if (str_starts(g->runroot, g->root))
		sweep_old_boots(g);
	return 0;
}

void engine_close(struct engine *g)
{
	if (g->has_store)
		store_close(&g->store);
	close_fd(&g->run_fd);
	close_fd(&g->names_fd);
	close_fd(&g->containers_fd);
	close_fd(&g->root_fd);
	free(g->cache_dir);
	free(g->oci_root);
	free(g->runroot);
	free(g->root);
}

int engine_userns(struct engine *g, struct err *e)
{
	int r;

	if (g->has_userns)
		return 0;
	r = userns_plan(&g->userns, g->userns_single, e);
	if (r == 0)
		g->has_userns = true;
	return r;
}

int engine_store(struct engine *g, struct err *e)
{
	int r = engine_userns(g, e);

	if (r < 0 || g->has_store)
		return r;
	r = store_open(g->root, &g->userns, &g->store, e);
	if (r < 0)
		return r;
	g->store.layer_in_use = engine_layer_in_use;
	g->store.layer_in_use_data = g;
	g->has_store = true;
	return 0;
}

bool engine_layer_in_use(const char *diff_id, void *data)
{
	struct container **v = NULL;
	bool used = false;
	size_t n = 0;

	if (container_list(data, false, &v, &n, NULL) < 0)
		return true; /* what is not known to be free stays */
	for (size_t i = 0; i < n && !used; i++)
		used = strv_has(&v[i]->record->diff_ids, diff_id);
	container_list_free(v, n);
	return used;
}

char *engine_image_user(struct engine *g, const char *image_id, bool running_only)
{
	struct container **v = NULL;
	char *user = NULL;
	size_t n = 0;

	if (container_list(g, running_only, &v, &n, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < n && !user; i++)
		if (str_eq(v[i]->record->image_id, image_id))
			user = xstrndup(v[i]->id, 12);
	container_list_free(v, n);
	return user;
}
