/* Children, identities and signals: see proc.h. Running helper programs is in spawn.c. */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"

static void child_drop(struct child *c)
{
	close_fd(&c->pidfd);
	*c = CHILD_NONE;
}

void child_kill(struct child *c)
{
	int saved = errno;

	if (c->pid > 0) {
		/* ours and not reaped: the number cannot have been given again */
		(void)kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		child_drop(c);
	}
	errno = saved;
}

struct child child_take(struct child *c)
{
	struct child out = *c;

	*c = CHILD_NONE;
	return out;
}

int child_wait(struct child *c, int *ret_status, struct err *e)
{
	pid_t pid;

	do {
		pid = waitpid(c->pid, ret_status, 0);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return err_sys(e, "wait for process %d", (int)c->pid);
	child_drop(c);
	return 0;
}

int child_fork(struct child *ret, struct err *e)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, "fork");
	if (pid == 0)
		return 0;
	*ret = (struct child){ .pid = pid, .pidfd = sys_pidfd_open(pid, 0) };
	return 1;
}

int proc_exit_status(int status)
{
	return WIFSIGNALED(status) ? EXIT_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

const char *proc_status_text(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		(void)snprintf(buf, size, "signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	else
		(void)snprintf(buf, size, "exit status %d", WEXITSTATUS(status));
	return buf;
}

int proc_start_time(pid_t pid, uint64_t *ret, struct err *e)
{
	char path[64], text[1024];
	auto_fd int fd = -1;
	const char *at;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return err_set(e, ESRCH, "process %d is gone", (int)pid);
	text[len] = '\0';
	at = strrchr(text, ')'); /* the name before it may hold anything; field 3 comes next */
	if (!at || at[1] != ' ')
		return err_set(e, EIO, "'%s' has an unknown form", path);
	if (at[2] == 'Z' || at[2] == 'X')
		return err_set(e, ESRCH, "process %d has ended", (int)pid);
	for (int field = 3; field < 22 && at; field++)
		at = strchr(at + (field == 3 ? 2 : 1), ' ');
	*ret = at ? strtoull(at + 1, NULL, 10) : 0;
	return 0;
}

const char *proc_boot_id(void)
{
	static char id[40];
	auto_fd int fd = -1;
	ssize_t len;

	if (id[0])
		return id;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, id, 36);
	if (len != 36)
		(void)snprintf(id, sizeof(id), "unknown");
	return id;
}

int proc_id_of(pid_t pid, struct proc_id *ret, struct err *e)
{
	uint64_t start = 0;
	int r = proc_start_time(pid, &start, e);

	if (r < 0)
		return r;
	*ret = (struct proc_id){ .pid = pid, .start_time = start };
	(void)snprintf(ret->boot_id, sizeof(ret->boot_id), "%s", proc_boot_id());
	return 0;
}

int proc_id_open(const struct proc_id *id, struct err *e)
{
	auto_fd int fd = -1;
	uint64_t start = 0;

	if (id->pid <= 0 || strcmp(id->boot_id, proc_boot_id()) != 0)
		return err_set(e, ESRCH, "process %d belongs to an earlier boot", (int)id->pid);
	fd = sys_pidfd_open(id->pid, 0);
	if (fd < 0)
		return err_set(e, ESRCH, "process %d is gone", (int)id->pid);
	if (proc_start_time(id->pid, &start, NULL) < 0 || start != id->start_time)
		return err_set(e, ESRCH, "process %d is gone", (int)id->pid);
	return take_fd(&fd);
}

bool proc_id_alive(const struct proc_id *id)
{
	uint64_t start = 0;

	return id->pid > 0 && strcmp(id->boot_id, proc_boot_id()) == 0 &&
	       proc_start_time(id->pid, &start, NULL) == 0 && start == id->start_time;
}

/* "RTMIN+3", "RTMAX-1". */
static int parse_realtime(const char *s, int *ret)
{
	const char *rest =
		strncasecmp(s, "RTMIN", 5) == 0 || strncasecmp(s, "RTMAX", 5) == 0 ? s + 5 : NULL;
	int base = rest && strncasecmp(s, "RTMIN", 5) == 0 ? SIGRTMIN : SIGRTMAX;
	int delta = 0;

	if (!rest)
		return -EINVAL;
	if (*rest && ((*rest != '+' && *rest != '-') || str_to_int(rest + 1, &delta) < 0 ||
		      delta < 0 || delta > 64))
		return -EINVAL;
	*ret = base + (*rest == '-' ? -delta : delta);
	return *ret >= SIGRTMIN && *ret <= SIGRTMAX ? 0 : -EINVAL;
}

int proc_signal_parse(const char *s, int *ret, struct err *e)
{
	const char *name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
	int number;

	if (str_to_int(s, &number) == 0 && number >= 1 && number <= SIGRTMAX) {
		*ret = number;
		return 0;
	}
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		const char *abbrev = sigabbrev_np(sig);

		if (abbrev && strcasecmp(abbrev, name) == 0) {
			*ret = sig;
			return 0;
		}
	}
	if (parse_realtime(name, ret) == 0)
		return 0;
	return err_set(e, EINVAL, "invalid signal: '%s'", s);
}

const char *proc_signal_name(int sig, char buf[24])
{
	const char *abbrev = sigabbrev_np(sig);

	if (abbrev)
		(void)snprintf(buf, 24, "%s", abbrev);
	else if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		(void)snprintf(buf, 24, "RTMIN+%d", sig - SIGRTMIN);
	else
		(void)snprintf(buf, 24, "%d", sig);
	return buf;
}

void proc_signals_block(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

void proc_signals_reset(void)
{
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP &&
		    (sig < 32 || sig >= SIGRTMIN)) /* 32, 33 are the C library's */
			(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
