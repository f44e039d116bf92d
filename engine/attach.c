/*
 * The client's half of the conversation in attach.h. Runs in the command, in one poll loop. Output
 * that the caller does not take at once stops the reading from the monitor, but not the forwarding
 * of signals.
 */
#include "engine/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/proc.h"
#include "engine/container.h"
#include "engine/detach_keys.h"
#include "engine/engine.h"
#include "engine/monitor.h"
#include "engine/terminal.h"

/* Never forwarded: the kernel's own, and those that stop and continue the command itself. */
static const int kept_signals[] = {
	SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,
	SIGABRT, SIGTRAP, SIGSYS,  SIGURG,  SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT,
};

struct client {
	const struct attach_options *options;
	int sock;
	int signals; /* signalfd, or -1 */
	bool started;
	bool input_open;  /* stdin is still read */
	bool input_waits; /* STDIN_ACK is to come */
	bool eof_owed;    /* STDIN_EOF is to be sent after it */
	bool detached, ended;
	int code;
	struct detach_keys keys;
	struct terminal terminal;
	/* output on its way */
	int out_fd;               /* 1 or 2 */
	size_t out_done, out_len; /* in packet, from 1 on */
	unsigned char packet[1 + ATTACH_DATA_MAX];
};

static int send_packet(struct client *c, unsigned char type, const void *payload, size_t len)
{
	unsigned char packet[64];

	packet[0] = type;
	if (len)
		memcpy(packet + 1, payload, len);
	return sock_send(c->sock, packet, 1 + len, NULL, 0);
}

/* -- signals -- */

int attach_take_signals(bool sig_proxy, bool tty)
{
	sigset_t set;

	if (sig_proxy)
		(void)sigfillset(&set);
	else
		(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(kept_signals); i++)
		(void)sigdelset(&set, kept_signals[i]);
	if (tty)
		(void)sigaddset(&set, SIGWINCH);
	else
		(void)sigdelset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void send_size(struct client *c)
{
	struct attach_size size;

	if (c->options->tty && terminal_size(&size.rows, &size.cols))
		(void)send_packet(c, ATTACH_RESIZE, &size, sizeof(size));
}

static void forward_signals(struct client *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		int32_t sig = (int32_t)info.ssi_signo;

		if (sig == SIGWINCH)
			send_size(c);
		else
			(void)send_packet(c, ATTACH_SIGNAL, &sig, sizeof(sig));
	}
}

/* -- input -- */

/* The end of a terminal is the end of its user: the container goes on, as after the detach keys. */
static void end_input(struct client *c)
{
	c->input_open = false;
	if (c->terminal.raw) {
		c->detached = true;
		return;
	}
	if (c->input_waits)
		c->eof_owed = true;
	else
		(void)send_packet(c, ATTACH_STDIN_EOF, NULL, 0);
}

static void read_input(struct client *c)
{
	unsigned char in[ATTACH_DATA_MAX - DETACH_KEYS_MAX], packet[1 + ATTACH_DATA_MAX];
	ssize_t n = read(0, in, sizeof(in));
	size_t len;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_input(c);
		return;
	}
	packet[0] = ATTACH_STDIN;
	if (c->options->tty) {
		c->detached = detach_keys_filter(&c->keys, in, (size_t)n, packet + 1, &len);
	} else {
		memcpy(packet + 1, in, (size_t)n);
		len = (size_t)n;
	}
	if (len && sock_send(c->sock, packet, 1 + len, NULL, 0) == 0)
		c->input_waits = true;
}

/* -- output -- */

/*
 * A closed reader (`pod run … | head`) ends this command as it ends others: by SIGPIPE. The
 * container goes on, as docker's does.
 */
static int write_output(struct client *c, struct err *e)
{
	size_t len = c->out_len - c->out_done;
	ssize_t n = write(c->out_fd, c->packet + c->out_done, len < 4096 ? len : 4096);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno == EPIPE)
		c->out_done = c->out_len;
	if (n < 0)
		return err_sys(e, "write to %s", c->out_fd == 1 ? "stdout" : "stderr");
	c->out_done += (size_t)n;
	return 0;
}

/* -- messages -- */

static void take_started(struct client *c)
{
	c->started = true;
	if (c->options->container)
		monitor_pass_warnings(c->options->container);
	if (c->options->tty && (c->options->streams & ATTACH_IN))
		terminal_raw(&c->terminal);
	send_size(c);
}

static int take_error(struct client *c, size_t len, struct err *e)
{
	struct err why;

	if (c->options->container)
		monitor_pass_warnings(c->options->container);
	if (len != 1 + sizeof(why))
		return err_set(e, EIO, "the monitor sent a broken message");
	memcpy(&why, c->packet + 1, sizeof(why));
	return err_copy(e, &why);
}

static int take_packet(struct client *c, size_t len, struct err *e)
{
	struct attach_exit end;

	switch (c->packet[0]) {
	case ATTACH_STARTED:
		take_started(c);
		return 0;
	case ATTACH_ERROR:
		return take_error(c, len, e);
	case ATTACH_STDOUT:
	case ATTACH_STDERR:
		c->out_fd = c->packet[0] == ATTACH_STDOUT ? 1 : 2;
		c->out_done = 1;
		c->out_len = len;
		return 0;
	case ATTACH_STDIN_ACK:
		c->input_waits = false;
		if (c->eof_owed)
			(void)send_packet(c, ATTACH_STDIN_EOF, NULL, 0);
		c->eof_owed = false;
		return 0;
	case ATTACH_EXIT:
		if (len != 1 + sizeof(end))
			return err_set(e, EIO, "the monitor sent a broken message");
		memcpy(&end, c->packet + 1, sizeof(end));
		c->code = end.code;
		c->ended = true;
		return 0;
	default:
		return err_set(e, EIO, "the monitor sent message %d, which is unknown",
			       c->packet[0]);
	}
}

static int receive(struct client *c, struct err *e)
{
	ssize_t n = sock_recv(c->sock, c->packet, sizeof(c->packet), NULL, NULL);

	if (n > 0)
		return take_packet(c, (size_t)n, e);
	return err_set(e, EIO, "the monitor of the container was killed");
}

/* -- the loop -- */

static int turn(struct client *c, struct err *e)
{
	bool writing = c->out_done < c->out_len;
	bool reading = c->started && c->input_open && !c->input_waits;
	struct pollfd fds[] = {
		{ .fd = writing ? -1 : c->sock, .events = POLLIN },
		{ .fd = writing ? c->out_fd : -1, .events = POLLOUT },
		{ .fd = reading ? 0 : -1, .events = POLLIN },
		{ .fd = c->started ? c->signals : -1,
		  .events = POLLIN }, /* what comes before waits for it */
	};
	int r = 0;

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return errno == EINTR ? 0 : err_sys(e, "poll");
	if (fds[3].revents)
		forward_signals(c);
	if (fds[2].revents)
		read_input(c);
	if (fds[1].revents)
		r = write_output(c, e);
	if (r == 0 && fds[0].revents)
		r = receive(c, e);
	return r;
}

int attach_run(int sock, bool started, const struct attach_options *o, struct err *e)
{
	auto_free struct client *c = xzalloc(sizeof(*c));
	int r;

	c->options = o;
	c->sock = sock;
	c->signals = o->signals;
	c->input_open = o->streams & ATTACH_IN;
	r = detach_keys_parse(o->detach_keys, &c->keys, e);
	if (r < 0)
		return r;
	(void)signal(SIGPIPE, SIG_IGN);
	if (started)
		take_started(c);
	while (r == 0 && !c->detached && !c->ended)
		r = turn(c, e);
	terminal_restore(&c->terminal);
	if (r < 0)
		return r;
	return c->ended ? c->code : ATTACH_DETACHED;
}

int attach_connect(const struct container *c, const struct attach_hello *h, struct err *e)
{
	auto_fd int dir = openat(c->engine->run_fd, c->id, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int sock = dir < 0 ? -ESRCH
				   : sock_connect_at(dir, "attach.sock", SOCK_SEQPACKET, NULL);
	unsigned char packet[1 + sizeof(*h)];

	packet[0] = ATTACH_HELLO;
	memcpy(packet + 1, h, sizeof(*h));
	if (sock < 0 || sock_send(sock, packet, sizeof(packet), NULL, 0) < 0)
		return err_set(e, ESRCH, "container %s is not running", c->record->name);
	return take_fd(&sock);
}

/* Reads until EXIT. -ECONNRESET without message: the monitor was killed. */
static int wait_exit(int sock)
{
	unsigned char packet[1 + sizeof(struct err)];
	struct attach_exit end;
	ssize_t n;

	while ((n = sock_recv(sock, packet, sizeof(packet), NULL, NULL)) > 0) {
		if (packet[0] != ATTACH_EXIT || n != 1 + sizeof(end))
			continue;
		memcpy(&end, packet + 1, sizeof(end));
		return end.code;
	}
	return -ECONNRESET;
}

int attach_wait(struct container *c, struct err *e)
{
	struct attach_hello hello = { 0 };

	for (int try = 0; try < 100; try++) {
		auto_fd int sock = -1;
		int r;

		if (c->status != CONTAINER_RUNNING && c->status != CONTAINER_PAUSED &&
		    c->status != CONTAINER_RESTARTING && !c->run.monitor.pid)
			return (int)c->exit.code;
		sock = attach_connect(c, &hello, NULL);
		r = sock < 0 ? sock : wait_exit(sock);
		if (r >= 0)
			return r;
		(void)poll(NULL, 0, 20); /* it is just starting, or ending, or was killed */
		r = container_refresh(c, e);
		if (r < 0)
			return r;
	}
	return err_set(e, EIO, "container %s: its monitor does not answer", c->record->name);
}
