/*
 * tmp/, where blobs and layers are before they are whole. What is there belongs to a living process
 * as long as the lock on it (NAME itself, or NAME/lock in a folder) is held; a free lock means
 * litter. Litter is renamed to dead-… first, so that nobody takes a half-removed folder for their
 * own, and removed by one process at a time.
 */
#include "image/tmp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/rand.h"

#define DEAD_PREFIX "dead-"
/* Held shared while something is made and locked, exclusively while litter is looked for. */
#define SWEEP_LOCK ".sweep"
/* Held while dead-… is removed. */
#define REMOVE_LOCK ".remove"

static void random_name(const char *prefix, char name[STORE_TMP_NAME])
{
	unsigned char salt[8];
	char hex[2 * sizeof(salt) + 1];

	rand_bytes(salt, sizeof(salt));
	str_hex(hex, salt, sizeof(salt));
	(void)snprintf(name, STORE_TMP_NAME, "%s%s", prefix, hex);
}

int tmp_make_locks(const struct store *s, struct err *e)
{
	auto_fd int sweep = lock_take(s->tmp_fd, SWEEP_LOCK, LOCK_SHARED, e);
	auto_fd int dead = sweep < 0 ? -1 : lock_take(s->tmp_fd, REMOVE_LOCK, LOCK_SHARED, e);

	if (sweep < 0)
		return sweep;
	return dead < 0 ? dead : 0;
}

int store_tmp_dir(const struct store *s, char name[STORE_TMP_NAME], struct err *e)
{
	auto_fd int making = lock_take(s->tmp_fd, SWEEP_LOCK, LOCK_SHARED, e);
	char lock[STORE_TMP_NAME + 8];

	if (making < 0)
		return making;
	random_name("new-", name);
	if (mkdirat(s->tmp_fd, name, 0700) < 0)
		return err_sys(e, "make folder 'tmp/%s'", name);
	(void)snprintf(lock, sizeof(lock), "%s/lock", name);
	return lock_take(s->tmp_fd, lock, LOCK_EXCLUSIVE, e);
}

int tmp_file(const struct store *s, char name[STORE_TMP_NAME], struct err *e)
{
	auto_fd int making = lock_take(s->tmp_fd, SWEEP_LOCK, LOCK_SHARED, e);

	if (making < 0)
		return making;
	random_name("new-", name);
	return lock_take(s->tmp_fd, name, LOCK_EXCLUSIVE, e);
}

static int remove_dead(void *arg, struct err *e)
{
	const struct store *s = arg;
	auto_dir DIR *dir = NULL;
	struct dirent *entry;
	struct rlimit files;
	int fd, r, worst = 0;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* a deep tree takes one a level */
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	fd = dir_open(s->tmp_fd, ".", e);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(e, "read folder 'tmp'");
	while ((entry = readdir(dir))) {
		if (!str_starts(entry->d_name, DEAD_PREFIX))
			continue;
		r = dir_remove_all(s->tmp_fd, entry->d_name, e);
		worst = r < 0 ? r : worst;
	}
	return worst;
}

/* Files of subordinate ids are ours only in the user namespace. */
static int remove_dead_there(const struct store *s, struct err *e)
{
	struct store copy = *s;

	if (!s->userns)
		return err_set(e, EINVAL,
			       "the store was opened without a user namespace to remove in");
	return userns_run(s->userns, 0, remove_dead, &copy, e);
}

int tmp_remove_dead(const struct store *s, struct err *e)
{
	auto_fd int lock = lock_take(s->tmp_fd, REMOVE_LOCK, LOCK_EXCLUSIVE, e);

	return lock < 0 ? lock : remove_dead_there(s, e);
}

int tmp_bury(const struct store *s, int dirfd, const char *name, struct err *e)
{
	char dead[STORE_TMP_NAME];

	random_name(DEAD_PREFIX, dead);
	if (renameat(dirfd, name, s->tmp_fd, dead) < 0 && errno != ENOENT)
		return err_sys(e, "move '%.80s' away", name);
	return 0;
}

int tmp_discard(const struct store *s, int dirfd, const char *name, struct err *e)
{
	int r = tmp_bury(s, dirfd, name, e);

	return r < 0 ? r : tmp_remove_dead(s, e);
}

int store_remove_tmp(const struct store *s, const char *name, struct err *e)
{
	return tmp_discard(s, s->tmp_fd, name, e);
}

/* Renames tmp/name to dead-… if no process holds it. */
static bool bury_if_free(const struct store *s, const char *name)
{
	char lock_name[300];
	auto_fd int lock = -1;
	struct stat st;

	if (fstatat(s->tmp_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	(void)snprintf(lock_name, sizeof(lock_name), S_ISDIR(st.st_mode) ? "%s/lock" : "%s", name);
	lock = S_ISLNK(st.st_mode) ? -1 : lock_try(s->tmp_fd, lock_name, LOCK_EXCLUSIVE, NULL);
	if (lock == -EWOULDBLOCK)
		return false;
	return tmp_bury(s, s->tmp_fd, name, NULL) >= 0;
}

/* Litter of dead processes goes. Failing is no reason to stop: the next one tries again. */
void tmp_sweep(const struct store *s)
{
	auto_fd int removing = -1, sweeping = -1;
	auto_dir DIR *dir = NULL;
	struct dirent *entry;
	bool found = false;
	int fd = dir_open(s->tmp_fd, ".", NULL);

	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (removing < 0)
			removing = lock_try(s->tmp_fd, REMOVE_LOCK, LOCK_EXCLUSIVE, NULL);
		if (removing >= 0 && sweeping < 0)
			sweeping = lock_take(s->tmp_fd, SWEEP_LOCK, LOCK_EXCLUSIVE, NULL);
		if (sweeping < 0)
			return; /* another process is at it */
		found = str_starts(entry->d_name, DEAD_PREFIX) || bury_if_free(s, entry->d_name) ||
			found;
	}
	close_fd(&sweeping);
	if (found && remove_dead_there(s, NULL) < 0)
		log_debug("could not remove all litter from %s/tmp", s->root);
}
