/*
 * Helper programs: started with vfork, so that a large parent costs nothing and a missing program
 * is known at once: see proc.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"

#define OUTPUT_MAX ((size_t)1 << 20)

extern char **environ;

/* The file that argv[0] means, searched in PATH. The caller owns *ret. */
static int find_program(const char *name, char **ret, struct err *e)
{
	auto_strv struct strv dirs = { 0 };
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		*ret = xstrdup(name);
		return 0;
	}
	strv_split(&dirs,
		   path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		   ':');
	for (size_t i = 0; i < dirs.len; i++) {
		auto_free char *file = xasprintf("%s/%s", *dirs.v[i] ? dirs.v[i] : ".", name);
		struct stat st;

		if (access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
			*ret = take_ptr(&file);
			return 0;
		}
	}
	return err_set(e, ENOENT, "program '%s' is not in PATH", name);
}

/* What the child of vfork needs: nothing is allocated there, and only `failed` is written. */
struct start {
	const struct spawn *spawn;
	const char *file;
	char *const *env;
	pid_t parent;
	int null_fd;
	volatile int failed;
};

/*
 * Moves the three standard fds into place; sources below 3 are lifted first so that none is
 * overwritten.
 */
static int place_fds(const struct start *s)
{
	int from[3];

	for (int i = 0; i < 3; i++) {
		from[i] = s->spawn->fds[i] >= 0 ? s->spawn->fds[i] : s->null_fd;
		if (from[i] < 3)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
		if (from[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			return -1;
	for (const int *keep = s->spawn->keep; keep && *keep >= 0; keep++)
		if (fd_set_cloexec(*keep, false) < 0)
			return -1;
	return 0;
}

/* In the child, which shares our memory until execve: system calls only. */
static void start_child(struct start *s)
{
	proc_signals_reset();
	if (s->spawn->new_session)
		(void)setsid();
	if (s->spawn->die_with_parent) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != s->parent)
			_exit(EXIT_POD);
	}
	if (place_fds(s) == 0)
		(void)execve(s->file, (char *const *)(uintptr_t)s->spawn->argv, s->env);
	s->failed = errno;
	_exit(EXIT_NOT_FOUND);
}

int proc_spawn(const struct spawn *s, struct child *ret, struct err *e)
{
	auto_fd int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_free char *file = NULL;
	struct start start = { .spawn = s, .parent = getpid(), .null_fd = null_fd };
	sigset_t all, old;
	pid_t pid;
	int r;

	if (null_fd < 0)
		return err_sys(e, "open '/dev/null'");
	r = find_program(s->argv[0], &file, e);
	if (r < 0)
		return r;
	start.file = file;
	start.env = s->env ? (char *const *)(uintptr_t)s->env : environ;
	(void)sigfillset(&all);
	/* no handler of ours runs in the shared memory */
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork(); /* NOLINT: see the head of the file */
	if (pid == 0)
		start_child(&start); /* NOLINT: it only calls what may be called here */
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return err_sys(e, "start '%s'", file);
	if (start.failed) {
		(void)waitpid(pid, NULL, 0);
		return err_num(e, start.failed, "start '%s'", file);
	}
	*ret = (struct child){ .pid = pid, .pidfd = sys_pidfd_open(pid, 0) };
	return 0;
}

/* Reads both pipes to their ends; what is over the limit is read and dropped. */
static void drain(int fds[2], struct str *texts[2])
{
	struct pollfd wait[2] = { { .fd = fds[0], .events = POLLIN },
				  { .fd = fds[1], .events = POLLIN } };
	char buf[4096];

	while (wait[0].fd >= 0 || wait[1].fd >= 0) {
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (wait[i].fd < 0 || !wait[i].revents)
				continue;
			n = read(wait[i].fd, buf, sizeof(buf));
			if (n > 0 && texts[i]->len < OUTPUT_MAX)
				str_add_mem(texts[i], buf, (size_t)n);
			else if (n == 0 || (n < 0 && errno != EINTR))
				wait[i].fd = -1;
		}
	}
}

int proc_run(const char *const *argv, struct str *ret_out, struct err *e)
{
	auto_str struct str complaint = { 0 }, unwanted = { 0 };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	auto_child struct child child = CHILD_NONE;
	char reason[64];
	int r, status = 0;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	if (pipe2(err, O_CLOEXEC) < 0) {
		r = err_sys(e, "make a pipe");
	} else {
		struct spawn spawn = { .argv = argv, .fds = { -1, out[1], err[1] } };

		r = proc_spawn(&spawn, &child, e);
	}
	close_fd(&out[1]);
	close_fd(&err[1]);
	if (r >= 0) {
		drain((int[2]){ out[0], err[0] },
		      (struct str *[2]){ ret_out ? ret_out : &unwanted, &complaint });
		r = child_wait(&child, &status, e);
	}
	close_fd(&out[0]);
	close_fd(&err[0]);
	if (r < 0 || status == 0)
		return r;
	while (complaint.len && complaint.data[complaint.len - 1] == '\n')
		str_cut(&complaint, complaint.len - 1);
	if (complaint.len)
		return err_set(e, EIO, "'%s' failed: %s", argv[0], complaint.data);
	return err_set(e, EIO, "'%s' failed: %s", argv[0],
		       proc_status_text(status, reason, sizeof(reason)));
}
