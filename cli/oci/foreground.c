/*
 * A container's process in the foreground of `run` and `exec`: signals are passed on, a terminal
 * is copied. Runs in the command line process, the parent of the container's process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"
#include "cli/oci/oci.h"
#include "oci/spec.h"

void foreground_clear(struct foreground *f)
{
	close_fd(&f->sock[0]);
	close_fd(&f->sock[1]);
	close_fd(&f->master);
}

int foreground_open(struct foreground *f, struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->sock) < 0)
		return err_sys(e, "make a socket for the terminal");
	return 0;
}

void foreground_size(struct spec_process *p)
{
	struct winsize size;

	if (p->has_console_size || !p->terminal)
		return;
	for (int fd = 0; fd < 3; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &size) < 0)
			continue;
		p->has_console_size = true;
		p->console_height = size.ws_row;
		p->console_width = size.ws_col;
		return;
	}
}

static void copy_size(const struct foreground *f)
{
	struct winsize size;

	if (f->master >= 0 && ioctl(0, TIOCGWINSZ, &size) == 0)
		(void)ioctl(f->master, TIOCSWINSZ, &size);
}

int foreground_take(struct foreground *f, struct err *e)
{
	char name[64];
	size_t n = 1;
	ssize_t len;

	close_fd(&f->sock[1]);
	len = sock_recv(f->sock[0], name, sizeof(name), &f->master, &n);
	close_fd(&f->sock[0]);
	if (len < 0)
		return err_num(e, (int)-len, "receive the terminal");
	if (n != 1)
		return err_set(e, EIO, "the container has sent no terminal");
	copy_size(f); /* before the program can ask */
	return 0;
}

int foreground_signals(struct err *e)
{
	sigset_t all;
	int fd;

	(void)sigfillset(&all);
	/* stopping and what tells of our own faults stay as they are */
	for (const int *s = (const int[]){ SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGFPE,
					   SIGILL, SIGABRT, 0 };
	     *s; s++)
		(void)sigdelset(&all, *s);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
		return err_sys(e, "block signals");
	fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, "make a file of signals") : fd;
}

/* -- the terminal -- */

static bool raw_mode(struct termios *saved)
{
	struct termios raw;

	if (tcgetattr(0, saved) < 0)
		return false;
	raw = *saved;
	cfmakeraw(&raw);
	raw.c_oflag |=
		OPOST; /* the container's output has no carriage returns: ONLCR is off there */
	return tcsetattr(0, TCSANOW, &raw) == 0;
}

/* False at the end of input. */
static bool copy_some(int from, int to)
{
	char buf[8192];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && fd_write_all(to, buf, (size_t)n) >= 0;
}

/* -- the loop -- */

static void pass_signals(const struct foreground *f, int signals, const struct child *c)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			copy_size(f);
		if (info.ssi_signo == SIGCHLD || info.ssi_signo == SIGPIPE ||
		    info.ssi_signo == SIGURG)
			continue;
		if (info.ssi_signo == SIGWINCH && f->master >= 0)
			continue; /* the kernel has told the container */
		(void)sys_pidfd_send_signal(c->pidfd, (int)info.ssi_signo, NULL, 0);
	}
}

static int loop(struct foreground *f, int signals, const struct child *c)
{
	struct pollfd p[] = {
		{ .fd = c->pidfd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = f->master, .events = POLLIN },
		{ .fd = f->master >= 0 ? 0 : -1, .events = POLLIN },
	};

	for (;;) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			return -errno;
		if (p[1].revents)
			pass_signals(f, signals, c);
		if (p[2].revents && !copy_some(f->master, 1))
			p[2].fd = -1; /* EIO: no process has it open any more */
		if (p[3].revents && !copy_some(0, f->master)) {
			const char eot = 4;

			(void)fd_write_all(f->master, &eot,
					   1); /* end of our input is end of the container's */
			p[3].fd = -1;
		}
		if (p[0].revents)
			return 0;
	}
}

/* What the process had written last. */
static void drain(const struct foreground *f)
{
	struct pollfd p = { .fd = f->master, .events = POLLIN };

	while (f->master >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLIN))
		if (!copy_some(f->master, 1))
			return;
}

int foreground_wait(struct foreground *f, int signals, struct child *c, struct err *e)
{
	struct termios saved;
	bool raw = f->master >= 0 && raw_mode(&saved);
	int status = 0;
	int r;

	r = loop(f, signals, c);
	drain(f);
	if (raw)
		(void)tcsetattr(0, TCSANOW, &saved);
	if (r < 0)
		return err_num(e, -r, "wait for the container");
	r = child_wait(c, &status, e);
	return r < 0 ? r : proc_exit_status(status);
}
