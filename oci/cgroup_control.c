/*
 * Freezing, signalling and listing the processes of a cgroup. Runs in whatever process a lifecycle
 * command is. A container may have made sub-cgroups and moves processes between them meanwhile:
 * listing is a snapshot, killing goes on until nothing is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "oci/cgroup.h"
#include "oci/cgroup_priv.h"

#define DEPTH_MAX 64
#define FREEZE_TRIES 1000
#define FREEZE_PAUSE_NS 1000000L
#define KILL_ROUNDS 50
#define PROCS_SIZE_MAX ((size_t)64 << 20)

static void pause_ns(long ns)
{
	const struct timespec t = { .tv_nsec = ns };

	(void)nanosleep(&t, NULL);
}

/* -- the freezer -- */

struct freeze {
	bool frozen;
	bool found; /* a freezer among the folders */
};

/* v2: cgroup.events says when every process has stopped. */
static bool v2_reached(int fd, bool frozen)
{
	auto_str struct str text = { 0 };

	return file_read(fd, "cgroup.events", 4096, &text, NULL) >= 0 &&
	       strstr(str_cstr(&text), frozen ? "frozen 1" : "frozen 0");
}

static bool v1_reached(int fd, bool frozen)
{
	auto_free char *line = NULL;

	return file_read_line(fd, "freezer.state", &line, NULL) >= 0 &&
	       str_eq(line, frozen ? "FROZEN" : "THAWED");
}

/*
 * v1 may get stuck half-way when processes fork meanwhile; asking again helps
 * (freezer-subsystem.rst).
 */
static int freeze_one(const struct cgroup_dir *d, void *data, struct err *e)
{
	struct freeze *f = data;
	const char *file = d->v2 ? "cgroup.freeze" : "freezer.state";
	const char *text = d->v2 ? (f->frozen ? "1" : "0") : (f->frozen ? "FROZEN" : "THAWED");

	if (faccessat(d->fd, file, F_OK, 0) < 0)
		return 0;
	f->found = true;
	for (int tries = 0; tries < FREEZE_TRIES; tries++) {
		int r = tries == 0 || !d->v2 ? file_put(d->fd, file, text, e) : 0;

		if (r < 0)
			return r;
		if (d->v2 ? v2_reached(d->fd, f->frozen) : v1_reached(d->fd, f->frozen))
			return 0;
		pause_ns(FREEZE_PAUSE_NS);
	}
	return err_set(e, ETIMEDOUT, "cgroup '%s' does not become %s", d->path,
		       f->frozen ? "frozen" : "thawed");
}

int cgroup_freeze(const struct cgroup *c, bool frozen, struct err *e)
{
	struct freeze f = { .frozen = frozen };
	int r = cgroup_each(c, freeze_one, &f, e);

	if (r < 0)
		return r;
	if (!f.found)
		return err_set(e, ENOTSUP, "the container has no cgroup with a freezer");
	return 0;
}

static int frozen_one(const struct cgroup_dir *d, void *data, struct err *e)
{
	auto_free char *line = NULL;
	bool *ret = data;

	(void)e;
	if (file_read_line(d->fd, d->v2 ? "cgroup.freeze" : "freezer.state", &line, NULL) >= 0 &&
	    line)
		*ret = *ret || (d->v2 ? str_eq(line, "1") : str_starts(line, "FR"));
	return 0;
}

bool cgroup_frozen(const struct cgroup *c)
{
	bool frozen = false;

	(void)cgroup_each(c, frozen_one, &frozen, NULL);
	return frozen;
}

/* -- processes -- */

struct pids {
	pid_t *v;
	size_t n, cap;
};

static void pids_add(struct pids *p, pid_t pid)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->v = xreallocarray(p->v, p->cap, sizeof *p->v);
	}
	p->v[p->n++] = pid;
}

static void pids_parse(const char *text, struct pids *p)
{
	for (char *end; *text; text = *end ? end + 1 : end) {
		long pid = strtol(text, &end, 10);

		if (end == text)
			return;
		if (pid > 0) /* 0: of a pid namespace that we do not see */
			pids_add(p, (pid_t)pid);
	}
}

/*
 * A threaded sub-cgroup has no cgroup.procs that can be read: its processes are in the folder
 * above.
 */
static int procs_tree(int dir, int depth, struct pids *p, struct err *e)
{
	auto_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_str struct str text = { 0 };
	auto_dir DIR *list = NULL;
	struct dirent *d;
	int r;

	if (depth > DEPTH_MAX || fd < 0)
		return 0;
	r = file_read(fd, "cgroup.procs", PROCS_SIZE_MAX, &text, e);
	if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		return r;
	pids_parse(str_cstr(&text), p);
	list = fdopendir(fd);
	if (!list)
		return err_sys(e, "read cgroup");
	(void)take_fd(&fd);
	while (r >= 0 && (d = readdir(list))) {
		auto_fd int sub = -1;

		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		sub = openat(dirfd(list), d->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			r = procs_tree(sub, depth + 1, p, e);
	}
	return r;
}

static int procs_one(const struct cgroup_dir *d, void *data, struct err *e)
{
	return procs_tree(d->fd, 0, data, e);
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int cgroup_procs(const struct cgroup *c, pid_t **ret, size_t *ret_n, struct err *e)
{
	struct pids p = { 0 };
	int r = cgroup_each(c, procs_one, &p, e);
	size_t n = 0;

	if (r < 0) {
		free(p.v);
		return r;
	}
	/* on v1 each process is in every hierarchy */
	if (p.n)
		qsort(p.v, p.n, sizeof *p.v, compare_pids);
	for (size_t i = 0; i < p.n; i++)
		if (!n || p.v[n - 1] != p.v[i])
			p.v[n++] = p.v[i];
	*ret = p.v;
	*ret_n = n;
	return 0;
}

/* -- signals -- */

static int kill_file(const struct cgroup_dir *d, void *data, struct err *e)
{
	bool *done = data;

	if (d->v2 && file_put(d->fd, "cgroup.kill", "1", e) >= 0)
		*done = true;
	return 0;
}

/* Returns the number of processes that got the signal. */
static int signal_all(const struct cgroup *c, int sig, struct err *e)
{
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	int r = cgroup_procs(c, &pids, &n, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (kill(pids[i], sig) < 0 && errno != ESRCH)
			return err_sys(e, "signal process %d", (int)pids[i]);
	return (int)n;
}

/*
 * cgroup.kill (Linux 5.14) gets all at once. Below it the cgroup is stopped first, so that a fork
 * bomb cannot outrun us.
 */
int cgroup_kill(const struct cgroup *c, int sig, struct err *e)
{
	bool done = false, frozen;
	int r = 0;

	if (!c->dirs.len)
		return err_set(e, ENOTSUP, "the container has no cgroup");
	if (sig == SIGKILL)
		(void)cgroup_each(c, kill_file, &done, NULL);
	if (done && c->mode == CGROUP_V2)
		return 0;
	frozen = sig == SIGKILL && cgroup_freeze(c, true, NULL) >= 0;
	r = signal_all(c, sig, e);
	if (frozen)
		(void)cgroup_freeze(c, false, NULL);
	/* those that were forked while no freezer helped */
	for (int round = 0; sig == SIGKILL && r > 0 && round < KILL_ROUNDS; round++) {
		pause_ns(FREEZE_PAUSE_NS);
		r = signal_all(c, sig, e);
	}
	return r < 0 ? r : 0;
}
