/*
 * The monitor while its container runs: one poll loop over the first process, its output, those who
 * are attached, and the socket for more of them.
 *
 * Output is read a chunk at a time into one buffer, logged, and sent to every client that wants it.
 * The next chunk is read only when all have it, so that a client that reads slowly slows the
 * container down, as a pipe does, and no memory grows. A client that came by attach.sock and takes
 * nothing for CLIENT_PATIENCE is dropped; the one that was born with the monitor may take its time.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "engine/monitor_parts.h"

#define SECOND ((int64_t)1000000000)
#define CLIENT_PATIENCE (5 * SECOND)
#define TERMINAL_RETRY (SECOND / 5)

/* The chunk on its way, type byte first; packets from clients come into another. */
static unsigned char chunk[1 + ATTACH_DATA_MAX], incoming[1 + ATTACH_DATA_MAX];

/* -- to clients -- */

static void queue_packet(struct monitor_client *c, const void *packet, size_t len)
{
	uint32_t n = (uint32_t)len;

	str_add_mem(&c->queue, &n, sizeof(n));
	str_add_mem(&c->queue, packet, len);
}

/* 1 sent, 0 the socket is full; a client that is gone is marked so and has got everything. */
static int try_send(struct monitor_client *c, const void *packet, size_t len)
{
	ssize_t n;

	do {
		n = send(c->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 1;
	if (errno == EAGAIN || errno == ENOBUFS)
		return 0;
	c->leaving = true;
	return 1;
}

/* Sends the chunk or remembers that it is owed; after the end it is queued instead. */
static void give_chunk(struct monitor *m, struct monitor_client *c)
{
	if (c->leaving)
		return;
	if (c->queue.len == 0 && try_send(c, chunk, m->chunk_len))
		return;
	if (m->ended) {
		queue_packet(c, chunk, m->chunk_len);
		return;
	}
	c->behind = true;
	c->behind_ns = clock_mono_ns();
}

void monitor_tell(struct monitor *m, const void *packet, size_t len)
{
	for (size_t i = 0; i < m->n_clients; i++) {
		struct monitor_client *c = &m->clients[i];

		if (!c->leaving && (c->queue.len || !try_send(c, packet, len)))
			queue_packet(c, packet, len);
	}
}

/* Sends what is queued; true when nothing is left. */
static bool send_queue(struct monitor_client *c)
{
	size_t done = 0;

	while (!c->leaving && done < c->queue.len) {
		uint32_t n;

		memcpy(&n, c->queue.data + done, sizeof(n));
		if (!try_send(c, c->queue.data + done + sizeof(n), n))
			break;
		done += sizeof(n) + n;
	}
	if (c->leaving || done == c->queue.len) {
		str_free(&c->queue);
		return true;
	}
	memmove(c->queue.data, c->queue.data + done, c->queue.len - done);
	str_cut(&c->queue, c->queue.len - done);
	return false;
}

static bool somebody_is_behind(const struct monitor *m)
{
	for (size_t i = 0; i < m->n_clients; i++)
		if (m->clients[i].behind)
			return true;
	return false;
}

/* -- from the container -- */

static uint32_t stream_of(const struct monitor_source *s)
{
	return s->type == ATTACH_STDOUT ? ATTACH_OUT : ATTACH_ERR;
}

/* Reads and hands on one chunk. False where there is nothing (more) to read. */
static bool copy_chunk(struct monitor *m, struct monitor_source *s)
{
	ssize_t n;

	do {
		n = read(s->fd, chunk + 1, ATTACH_DATA_MAX);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0 && errno == EIO && m->tty &&
	    !m->ended) { /* nobody inside has the terminal open: somebody may again */
		s->retry_ns = clock_mono_ns() + TERMINAL_RETRY;
		return false;
	}
	if (n <= 0) {
		json_log_end(&m->log, &s->log, clock_now_ns());
		close_fd(&s->fd);
		return false;
	}
	chunk[0] = s->type;
	m->chunk_len = 1 + (size_t)n;
	json_log_add(&m->log, &s->log, (char *)chunk + 1, (size_t)n, clock_now_ns());
	for (size_t i = 0; i < m->n_clients; i++)
		if (m->clients[i].streams & stream_of(s))
			give_chunk(m, &m->clients[i]);
	return true;
}

void monitor_drain(struct monitor *m)
{
	for (size_t i = 0; i < m->n_clients; i++) {
		struct monitor_client *c = &m->clients[i];

		if (c->behind)
			queue_packet(c, chunk, m->chunk_len);
		c->behind = false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(m->sources); i++) {
		while (m->sources[i].fd >= 0 && copy_chunk(m, &m->sources[i]))
			;
		json_log_end(&m->log, &m->sources[i].log, clock_now_ns());
	}
}

/* -- to the container -- */

static void acknowledge(struct monitor_client *c)
{
	unsigned char packet = ATTACH_STDIN_ACK;

	str_free(&c->in);
	if (!try_send(c, &packet, 1))
		queue_packet(c, &packet, 1);
}

static void close_input(struct monitor *m)
{
	if (!m->tty) /* a terminal's end is a character that the client types */
		close_fd(&m->in);
}

/* Writes a client's input as far as the container takes it. */
static void write_input(struct monitor *m, struct monitor_client *c)
{
	while (c->in.len) {
		ssize_t n = m->in < 0 ? (ssize_t)c->in.len : write(m->in, c->in.data, c->in.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* it has closed its stdin */
			close_input(m);
			n = (ssize_t)c->in.len;
		}
		memmove(c->in.data, c->in.data + n, c->in.len - (size_t)n);
		str_cut(&c->in, c->in.len - (size_t)n);
	}
	acknowledge(c);
}

static void resize(const struct monitor *m, const struct attach_size *size)
{
	struct winsize w = { .ws_row = (unsigned short)size->rows,
			     .ws_col = (unsigned short)size->cols };

	if (m->tty && m->in >= 0 && size->rows && size->cols)
		(void)ioctl(m->in, TIOCSWINSZ, &w);
}

static void signal_init(const struct monitor *m, int sig)
{
	if (m->init.pid > 0 && sig > 0 && sig <= SIGRTMAX)
		(void)sys_pidfd_send_signal(m->init.pidfd, sig, NULL, 0);
}

/* -- from clients -- */

static void greet(struct monitor *m, struct monitor_client *c, const struct attach_hello *hello)
{
	struct attach_started started = { .init = m->init.pid, .tty = m->tty };
	unsigned char packet[1 + sizeof(started)];

	c->streams = hello->streams;
	resize(m, &(struct attach_size){ hello->rows, hello->cols });
	packet[0] = ATTACH_STARTED;
	memcpy(packet + 1, &started, sizeof(started));
	if (!try_send(c, packet, sizeof(packet)))
		c->leaving = true;
}

static void handle(struct monitor *m, struct monitor_client *c, size_t len)
{
	const unsigned char *payload = incoming + 1;
	struct attach_hello hello;
	struct attach_size size;
	int32_t sig;

	len--;
	switch (incoming[0]) {
	case ATTACH_HELLO:
		if (len == sizeof(hello) && !c->foreground) {
			memcpy(&hello, payload, sizeof(hello));
			greet(m, c, &hello);
		}
		break;
	case ATTACH_STDIN:
		if (c->in.len || !(c->streams & ATTACH_IN)) { /* it has not waited for its turn */
			c->leaving = true;
			break;
		}
		str_add_mem(&c->in, payload, len);
		write_input(m, c);
		break;
	case ATTACH_STDIN_EOF:
		if (m->c->record->stdin_once && (c->streams & ATTACH_IN))
			close_input(m);
		break;
	case ATTACH_RESIZE:
		if (len == sizeof(size)) {
			memcpy(&size, payload, sizeof(size));
			resize(m, &size);
		}
		break;
	case ATTACH_SIGNAL:
		if (len == sizeof(sig)) {
			memcpy(&sig, payload, sizeof(sig));
			signal_init(m, sig);
		}
		break;
	case ATTACH_NO_RESTART:
		m->no_restart = true;
		break;
	default:
		c->leaving = true;
	}
}

static void listen_to(struct monitor *m, struct monitor_client *c)
{
	for (int turn = 0; turn < 16 && !c->leaving; turn++) {
		ssize_t n = recv(c->fd, incoming, sizeof(incoming), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0) {
			handle(m, c, (size_t)n);
			continue;
		}
		c->leaving = true;
		if (c->foreground && m->c->record->stdin_once)
			close_input(m); /* who could have typed is gone */
	}
}

static void accept_client(struct monitor *m)
{
	int fd = accept4(m->listen, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (m->n_clients == MONITOR_CLIENTS_MAX) {
		(void)close(fd);
		return;
	}
	m->clients = xreallocarray(m->clients, m->n_clients + 1, sizeof(*m->clients));
	m->clients[m->n_clients++] = (struct monitor_client){ .fd = fd };
}

/* Closes those who are leaving. */
static void sweep_clients(struct monitor *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_clients; i++) {
		struct monitor_client *c = &m->clients[i];

		if (!c->leaving) {
			m->clients[kept++] = *c;
			continue;
		}
		close_fd(&c->fd);
		str_free(&c->in);
		str_free(&c->queue);
	}
	m->n_clients = kept;
}

/* -- signals of the monitor's own -- */

/*
 * A shutdown of the machine asks the monitor: the container gets its stop signal, and ten seconds.
 */
static void take_signals(struct monitor *m)
{
	struct signalfd_siginfo info;
	int sig = SIGTERM;

	while (read(m->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGTERM)
			continue; /* a terminal that goes away is not the container's business */
		m->no_restart = true;
		(void)proc_signal_parse(m->c->record->stop_signal, &sig, NULL);
		signal_init(m, sig);
		m->kill_ns = clock_mono_ns() + m->c->record->stop_timeout * SECOND;
	}
}

/* -- the loop -- */

/* What is waited for, in the order that the comment says. */
struct watch {
	/* init, listen, signals, two sources, input, clients */
	struct pollfd fds[6 + MONITOR_CLIENTS_MAX];
	int timeout_ms;
};

static void sooner(struct watch *w, int64_t at_ns, int64_t now_ns)
{
	int64_t ms = at_ns <= now_ns ? 0 : (at_ns - now_ns + 999999) / 1000000;

	if (w->timeout_ms < 0 || ms < w->timeout_ms)
		w->timeout_ms = ms > 60000 ? 60000 : (int)ms;
}

static void watch_source(struct watch *w, struct monitor_source *s, struct pollfd *p, bool blocked,
			 int64_t now_ns)
{
	bool resting = s->retry_ns > now_ns;

	if (s->fd >= 0 && resting)
		sooner(w, s->retry_ns, now_ns);
	*p = (struct pollfd){ .fd = blocked || resting ? -1 : s->fd, .events = POLLIN };
}

static void fill_watch(struct monitor *m, struct watch *w, int64_t until_ns)
{
	bool blocked = somebody_is_behind(m);
	int64_t now = clock_mono_ns();

	w->timeout_ms = -1;
	if (until_ns)
		sooner(w, until_ns, now);
	if (m->kill_ns)
		sooner(w, m->kill_ns, now);
	w->fds[0] = (struct pollfd){ .fd = m->init.pidfd, .events = POLLIN };
	w->fds[1] = (struct pollfd){ .fd = m->listen, .events = POLLIN };
	w->fds[2] = (struct pollfd){ .fd = m->signals, .events = POLLIN };
	for (size_t i = 0; i < 2; i++)
		watch_source(w, &m->sources[i], &w->fds[3 + i], blocked, now);
	w->fds[5] = (struct pollfd){ .fd = -1, .events = POLLOUT };
	for (size_t i = 0; i < m->n_clients; i++) {
		struct monitor_client *c = &m->clients[i];
		bool owed = c->behind || c->queue.len;

		w->fds[6 + i] =
			(struct pollfd){ .fd = c->fd, .events = owed ? POLLIN | POLLOUT : POLLIN };
		if (c->behind && !c->foreground)
			sooner(w, c->behind_ns + CLIENT_PATIENCE, now);
		if (c->in.len)
			w->fds[5].fd = m->in;
	}
}

static void serve_client(struct monitor *m, struct monitor_client *c, short events)
{
	if (events & (POLLIN | POLLHUP | POLLERR))
		listen_to(m, c);
	if ((events & POLLOUT) && c->queue.len && !send_queue(c))
		return;
	if ((events & POLLOUT) && c->behind && try_send(c, chunk, m->chunk_len))
		c->behind = false;
	if (c->behind && !c->foreground && clock_mono_ns() - c->behind_ns > CLIENT_PATIENCE) {
		log_info("an attached client took nothing for %lld s and was dropped",
			 (long long)(CLIENT_PATIENCE / SECOND));
		c->leaving = true;
	}
	if (c->leaving)
		c->behind = false;
}

/* One turn: waits, and serves whatever is ready. Returns false when the first process has ended. */
static bool turn(struct monitor *m, int64_t until_ns)
{
	struct watch w;
	size_t n = m->n_clients;

	fill_watch(m, &w, until_ns);
	if (poll(w.fds, (nfds_t)(6 + n), w.timeout_ms) < 0)
		return true;
	if (w.fds[2].revents)
		take_signals(m);
	if (m->kill_ns && clock_mono_ns() >= m->kill_ns) {
		m->kill_ns = 0;
		signal_init(m, SIGKILL);
	}
	for (size_t i = 0; i < 2; i++)
		if (m->sources[i].fd >= 0 && w.fds[3 + i].revents && !somebody_is_behind(m))
			(void)copy_chunk(m, &m->sources[i]);
	for (size_t i = 0; i < n; i++) {
		struct monitor_client *c = &m->clients[i];

		if (w.fds[6 + i].revents || c->behind)
			serve_client(m, c, w.fds[6 + i].revents);
		if (c->in.len && !c->leaving)
			write_input(m, c);
	}
	if (w.fds[1].revents)
		accept_client(m);
	sweep_clients(m);
	return m->init.pid <= 0 || !w.fds[0].revents;
}

void monitor_serve(struct monitor *m, int *ret_status)
{
	while (turn(m, 0))
		;
	*ret_status = 0;
	(void)child_wait(&m->init, ret_status, NULL);
	m->ended = true;
}

void monitor_idle(struct monitor *m, int64_t until_ns)
{
	while (!m->no_restart && clock_mono_ns() < until_ns)
		(void)turn(m, until_ns);
}

/* -- the end -- */

void monitor_part(struct monitor *m)
{
	int64_t deadline = clock_mono_ns() + CLIENT_PATIENCE;

	for (;;) {
		struct pollfd fds[MONITOR_CLIENTS_MAX];
		bool wait = false, patient = false;

		sweep_clients(m);
		for (size_t i = 0; i < m->n_clients; i++) {
			struct monitor_client *c = &m->clients[i];
			bool done = send_queue(c) || (!c->foreground && clock_mono_ns() > deadline);

			fds[i] = (struct pollfd){ .fd = done ? -1 : c->fd, .events = POLLOUT };
			wait |= !done;
			patient |= !done && !c->foreground;
		}
		if (!wait)
			return;
		(void)poll(fds, (nfds_t)m->n_clients, patient ? 200 : -1);
	}
}
