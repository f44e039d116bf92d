/*
 * Three pumps in one poll loop: stdin in, stdout and stderr out. See exec_copy.h. Runs in the
 * command.
 */
#include "engine/exec_copy.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "engine/attach.h"
#include "engine/detach_keys.h"
#include "engine/terminal.h"

#define PUMP_SIZE 32768

/* One direction; what was read is written before more is read. */
struct pump {
	int from, to; /* -1: over; borrowed */
	size_t done, len;
	unsigned char buf[PUMP_SIZE + DETACH_KEYS_MAX];
};

struct copying {
	struct exec_copy *ends;
	struct pump in, out, err;
	struct detach_keys keys;
	struct terminal terminal;
	int signals;
	bool detached, ended;
};

void exec_copy_close(struct exec_copy *c)
{
	close_fd(&c->to);
	for (int i = 0; i < 3; i++)
		close_fd(&c->from[i]);
}

static bool is_waiting(const struct pump *p)
{
	return p->done < p->len;
}

/* Reads once. False at the end of the stream (EIO: a terminal that nobody has open any more). */
static bool fill(struct pump *p, unsigned char *buf, size_t *ret_len)
{
	ssize_t n = read(p->from, buf, PUMP_SIZE);

	*ret_len = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/*
 * At most PIPE_BUF bytes: what poll() said there is room for, so that the caller's fds need not be
 * non-blocking.
 */
static int empty(struct pump *p)
{
	size_t len = p->len - p->done;
	ssize_t n = write(p->to, p->buf + p->done, len < 4096 ? len : 4096);

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return -errno;
	if (n > 0)
		p->done += (size_t)n;
	return 0;
}

/* -- each stream -- */

static void close_input(struct copying *c)
{
	c->in.from = -1;
	if (c->ends->tty || is_waiting(&c->in))
		return;
	close_fd(&c->ends->to);
	c->in.to = -1;
}

static void read_input(struct copying *c)
{
	unsigned char typed[PUMP_SIZE];
	size_t len;

	if (!fill(&c->in, typed, &len)) {
		close_input(c);
		return;
	}
	c->in.done = 0;
	if (c->ends->tty) {
		c->detached = detach_keys_filter(&c->keys, typed, len, c->in.buf, &c->in.len);
	} else {
		memcpy(c->in.buf, typed, len);
		c->in.len = len;
	}
}

/* The process has closed its stdin, or reads it: then comes more, or the end. */
static void write_input(struct copying *c)
{
	if (empty(&c->in) < 0)
		c->in.done = c->in.len = 0, c->in.from = -1;
	if (c->in.from < 0)
		close_input(c);
}

static void read_output(struct pump *p)
{
	p->done = 0;
	if (!fill(p, p->buf, &p->len))
		p->from = -1;
}

/*
 * A caller that reads no more ends the copying; the process meets a closed pipe, as under a shell.
 */
static int write_output(struct pump *p, struct err *e)
{
	int r = empty(p);

	return r < 0 ? err_num(e, -r, "write to %s", p->to == 1 ? "stdout" : "stderr") : 0;
}

static void set_size(struct copying *c)
{
	struct winsize w = { 0 };
	uint32_t rows, cols;

	if (!c->ends->tty || !terminal_size(&rows, &cols))
		return;
	w.ws_row = (unsigned short)rows;
	w.ws_col = (unsigned short)cols;
	(void)ioctl(c->ends->from[1], TIOCSWINSZ, &w);
}

/* -- signals -- */

static int open_signals(bool tty)
{
	static const int ending[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		(void)sigaddset(&set, ending[i]);
	if (tty)
		(void)sigaddset(&set, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Ends by the signal itself, once the terminal is as it was. */
static void take_signals(struct copying *c)
{
	struct signalfd_siginfo info;
	sigset_t set;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			set_size(c);
			continue;
		}
		terminal_restore(&c->terminal);
		(void)sigemptyset(&set);
		(void)sigaddset(&set, (int)info.ssi_signo);
		(void)signal((int)info.ssi_signo, SIG_DFL);
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
		(void)raise((int)info.ssi_signo);
	}
}

/* -- the loop -- */

enum { P_PID, P_SIGNALS, P_IN, P_OUT, P_ERR, P_COUNT };

static struct pollfd want(const struct pump *p)
{
	if (is_waiting(p))
		return (struct pollfd){ .fd = p->to, .events = POLLOUT };
	return (struct pollfd){ .fd = p->from, .events = POLLIN };
}

static int serve_output(struct pump *p, const struct pollfd *ready, struct err *e)
{
	if (!ready->revents)
		return 0;
	if (is_waiting(p))
		return write_output(p, e);
	read_output(p);
	return 0;
}

static int turn(struct copying *c, int pidfd, struct err *e)
{
	struct pollfd fds[P_COUNT] = {
		[P_PID] = { .fd = pidfd, .events = POLLIN },
		[P_SIGNALS] = { .fd = c->signals, .events = POLLIN },
		[P_IN] = want(&c->in),
		[P_OUT] = want(&c->out),
		[P_ERR] = want(&c->err),
	};
	int r;

	if (poll(fds, P_COUNT, -1) < 0)
		return errno == EINTR ? 0 : err_sys(e, "poll");
	if (fds[P_SIGNALS].revents)
		take_signals(c);
	if (fds[P_IN].revents && is_waiting(&c->in))
		write_input(c);
	else if (fds[P_IN].revents)
		read_input(c);
	r = serve_output(&c->out, &fds[P_OUT], e);
	if (r == 0)
		r = serve_output(&c->err, &fds[P_ERR], e);
	c->ended = fds[P_PID].revents;
	return r;
}

/*
 * What the process had written before its end: a process that it left behind may hold the pipe, and
 * is not waited for.
 */
static int drain(struct pump *p, struct err *e)
{
	int r = 0;

	if (p->from >= 0)
		(void)fd_set_nonblock(p->from, true);
	while (r == 0) {
		if (is_waiting(p)) {
			r = fd_write_all(p->to, p->buf + p->done, p->len - p->done);
			p->done = p->len;
			if (r < 0)
				return err_num(e, -r, "write to %s",
					       p->to == 1 ? "stdout" : "stderr");
		}
		if (p->from < 0)
			break;
		read_output(p);
		if (!is_waiting(p))
			break;
	}
	return r;
}

static int run(struct copying *c, int pidfd, struct err *e)
{
	int r = 0;

	while (r == 0 && !c->detached && !c->ended)
		r = turn(c, pidfd, e);
	if (r == 0 && c->ended)
		r = drain(&c->out, e);
	if (r == 0 && c->ended)
		r = drain(&c->err, e);
	return r;
}

int exec_copy_run(struct exec_copy *ends, int pidfd, const char *detach_keys, struct err *e)
{
	auto_free struct copying *c = xzalloc(sizeof(*c));
	int r = detach_keys_parse(detach_keys, &c->keys, e);

	if (r < 0)
		return r;
	c->ends = ends;
	c->in.from = ends->input ? 0 : -1;
	c->in.to = ends->to;
	c->out.from = ends->from[1];
	c->out.to = 1;
	c->err.from = ends->from[2];
	c->err.to = 2;
	(void)signal(SIGPIPE, SIG_IGN);
	if (ends->to >= 0)
		(void)fd_set_nonblock(ends->to, true);
	c->signals = open_signals(ends->tty);
	if (ends->tty && ends->input)
		terminal_raw(&c->terminal);
	set_size(c);
	r = run(c, pidfd, e);
	terminal_restore(&c->terminal);
	close_fd(&c->signals);
	if (r < 0)
		return r;
	return c->detached ? ATTACH_DETACHED : 0;
}
