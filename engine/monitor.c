/*
 * The monitor's birth, in the command: lock, fork, id maps. And its main function, in the child.
 * The map helpers (2 ms) run in the parent while the child prepares whatever needs no ids.
 */
#include "engine/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/monitor_parts.h"
#include "engine/state.h"

/* -- in the command -- */

/* What a user with one id should know, unless it was asked for. */
static void warn_of_one_id(const struct engine *g)
{
	if (g->userns.kind == USERNS_SINGLE && !g->userns_single &&
	    !str_eq(getenv("POD_USERNS"), "single"))
		log_warn("the container has one id only: %s", g->userns.why);
}

/* The container's lock; another command may hold it for a moment, a monitor for long. */
static int lock_to_start(struct container *c, struct err *e)
{
	for (int try = 0; try < 200; try++) {
		int r, lock = state_lock(c);

		if (lock >= 0)
			return lock;
		r = container_refresh(c, e);
		if (r < 0)
			return r;
		if (c->status == CONTAINER_RUNNING)
			break;
		(void)poll(NULL, 0, 10);
	}
	return err_set(e, EBUSY, "container %s is already running", c->record->name);
}

/* The child's half of the pair goes on in it; what it prints until STARTED goes to monitor.log. */
static int open_log(struct container *c, struct err *e)
{
	auto_fd int run_dir = container_run_dir(c->engine, c->id, e);
	int fd;

	if (run_dir < 0)
		return run_dir;
	fd = openat(run_dir, "monitor.log", O_RDWR | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_sys(e, "open monitor.log");
	close_fd(&c->monitor_log);
	c->monitor_log = fd;
	return take_fd(&run_dir);
}

/* Waits until the child has its namespaces, and writes its id maps. */
static int map_ids(struct container *c, int sock, pid_t pid, struct err *e)
{
	unsigned char packet[1 + sizeof(struct err)];
	ssize_t n;
	int r;

	if (c->engine->userns.kind == USERNS_NONE)
		return 0;
	n = sock_recv(sock, packet, sizeof(packet), NULL, NULL);
	if (n == sizeof(packet) && packet[0] == ATTACH_ERROR) {
		struct err why;

		memcpy(&why, packet + 1, sizeof(why));
		return err_copy(e, &why);
	}
	if (n != 1 || packet[0] != ATTACH_UNSHARED)
		return err_set(e, EIO, "the monitor of container %s ended early", c->record->name);
	r = userns_map(&c->engine->userns, pid, e);
	if (r < 0) /* not where the monitor had failed before: there the reason is its own */
		return recv(sock, packet, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
				       packet[0] == ATTACH_ERROR
			       ? 0
			       : r;
	packet[0] = ATTACH_MAPPED;
	r = sock_send(sock, packet, 1, NULL, 0);
	if (r == -EPIPE) /* it has failed beside the maps: its reason waits to be read */
		return 0;
	return r < 0 ? err_num(e, -r, "start the monitor of container %s", c->record->name) : 0;
}

static void fill_monitor(struct monitor *m, struct container *c, const struct monitor_options *o)
{
	*m = (struct monitor){
		.c = c,
		.options = o,
		.single = c->engine->userns.kind == USERNS_SINGLE,
		.tty = c->record->tty,
		.net = NET_NONE_INIT,
		.init = CHILD_NONE,
		.rootfs.fuse = CHILD_NONE,
		.stdio = { -1, -1, -1 },
		.console = { -1, -1 },
		.lock = -1,
		.run_dir = -1,
		.listen = -1,
		.signals = -1,
		.in = -1,
		.log.fd = -1,
		.sources = { { .fd = -1, .type = ATTACH_STDOUT, .log.name = "stdout" },
			     { .fd = -1, .type = ATTACH_STDERR, .log.name = "stderr" } },
	};
}

int monitor_start(struct container *c, const struct monitor_options *o, struct err *e)
{
	auto_fd int lock = lock_to_start(c, e), run_dir = -1, mine = -1, theirs = -1;
	auto_child struct child child = CHILD_NONE;
	struct monitor m;
	int pair[2], r;

	if (lock < 0)
		return lock;
	r = engine_store(c->engine, e);
	if (r < 0 || (run_dir = open_log(c, e)) < 0)
		return r < 0 ? r : run_dir;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	warn_of_one_id(c->engine);
	fill_monitor(&m, c, o);
	r = child_fork(&child, e);
	if (r < 0)
		return r;
	if (r == 0) {
		close_fd(&mine);
		m.lock = take_fd(&lock);
		m.run_dir = take_fd(&run_dir);
		m.clients = xcalloc(1, sizeof(*m.clients));
		m.clients[m.n_clients++] = (struct monitor_client){
			.fd = take_fd(&theirs),
			.streams = o->streams,
			.foreground = true,
		};
		monitor_main(&m);
	}
	close_fd(&theirs);
	close_fd(&lock);
	r = map_ids(c, mine, child.pid, e);
	if (r < 0)
		return r;
	child = CHILD_NONE; /* it goes its own way */
	return take_fd(&mine);
}

void monitor_pass_warnings(struct container *c)
{
	char buf[4096];
	ssize_t n;

	if (c->monitor_log < 0 || lseek(c->monitor_log, 0, SEEK_SET) < 0)
		return;
	while ((n = read(c->monitor_log, buf, sizeof(buf))) > 0)
		(void)fd_write_all(log_fd(), buf, (size_t)n);
	close_fd(&c->monitor_log);
}

int monitor_wait_started(struct container *c, int sock, struct err *e)
{
	unsigned char packet[1 + sizeof(struct err)];
	ssize_t n = sock_recv(sock, packet, sizeof(packet), NULL, NULL);
	struct err why;

	monitor_pass_warnings(c);
	if (n > 0 && packet[0] == ATTACH_STARTED)
		return 0;
	if (n != sizeof(packet) || packet[0] != ATTACH_ERROR)
		return err_set(e, EIO, "the monitor of container %s was killed", c->record->name);
	memcpy(&why, packet + 1, sizeof(why));
	return err_copy(e, &why);
}

/* -- in the child -- */

/* Nothing of the caller's stays: its session, its folder, its fds 0 to 2. */
static void leave_caller(struct monitor *m)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	(void)chdir("/");
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		(void)close(null);
	proc_signals_reset();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "pod-monitor");
	log_set_sink(fd_dup_above(m->c->monitor_log, 3), LOG_TEXT);
}

static void send_error(struct monitor *m, const struct err *why)
{
	unsigned char packet[1 + sizeof(*why)];

	packet[0] = ATTACH_ERROR;
	memcpy(packet + 1, why, sizeof(*why));
	monitor_tell(m, packet, sizeof(packet));
}

static void fill_exit(const struct monitor *m, int status, struct container_exit *x)
{
	*x = (struct container_exit){
		.present = true,
		.code = proc_exit_status(status),
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.restarts = m->run.restarts,
		.started_ns = m->run.started_ns,
		.finished_ns = clock_now_ns(),
	};
}

static void send_exit(struct monitor *m, const struct container_exit *x)
{
	struct attach_exit end = {
		.code = (int32_t)x->code,
		.signal = (int32_t)x->signal,
		.finished_ns = x->finished_ns,
	};
	unsigned char packet[1 + sizeof(end)];

	packet[0] = ATTACH_EXIT;
	memcpy(packet + 1, &end, sizeof(end));
	monitor_tell(m, packet, sizeof(packet));
}

/* The creation is over: what only it needed is given back. */
static void shrink(struct monitor *m)
{
	struct engine *g = m->c->engine;

	if (g->has_store)
		store_close(&g->store);
	g->has_store = false;
	(void)malloc_trim(0);
}

/* --restart, after an end that nobody asked for. */
static bool wants_restart(const struct monitor *m, const struct container_exit *x)
{
	const struct record *r = m->c->record;

	if (m->no_restart)
		return false;
	if (str_eq(r->restart, "always") || str_eq(r->restart, "unless-stopped"))
		return true;
	return str_eq(r->restart, "on-failure") && x->code != 0 &&
	       (!r->restart_max || m->run.restarts < r->restart_max);
}

/*
 * docker's back-off: 100 ms, doubled each time up to a minute, and from the start again after ten
 * good seconds.
 */
static int64_t next_delay(int64_t delay_ms, const struct container_exit *x)
{
	if (x->finished_ns - x->started_ns > (int64_t)10 * 1000000000)
		return 100;
	return delay_ms * 2 < 60000 ? delay_ms * 2 : 60000;
}

/* Serves the container, and starts it again as long as it is wanted. The last end is in *x. */
static void live(struct monitor *m, struct container_exit *x)
{
	int64_t delay_ms = 50;
	int status = 0;

	for (;;) {
		struct err e = { 0 };

		monitor_serve(m, &status);
		fill_exit(m, status, x);
		monitor_drain(m);
		monitor_settle(m);
		if (!wants_restart(m, x))
			return;
		delay_ms = next_delay(delay_ms, x);
		m->run.init = (struct proc_id){ 0 };
		m->run.restarts++;
		(void)state_write_exit(m->c, x, NULL);
		(void)state_write_run(m->c, &m->run, NULL);
		monitor_idle(m, clock_mono_ns() + delay_ms * 1000000);
		if (m->no_restart)
			return;
		m->ended = false;
		net_stop(&m->net);
		if (monitor_launch(m, &e) < 0) {
			log_error("restart: %s", e.msg);
			monitor_settle(m);
			x->error = xstrdup(e.msg);
			return;
		}
	}
}

_Noreturn void monitor_main(struct monitor *m)
{
	struct container_exit x = { 0 };
	struct err e = { 0 };
	int r;

	leave_caller(m);
	r = monitor_setup(m, &e);
	if (r < 0) {
		m->ended = true;
		monitor_settle(m);
		x.error = xstrdup(e.msg);
		x.code = e.status ? e.status : EXIT_POD;
		x.finished_ns = clock_now_ns();
		monitor_leave(m, &x);
		send_error(m, &e);
		monitor_part(m);
		_exit(EXIT_POD);
	}
	shrink(m);
	live(m, &x);
	monitor_leave(m, &x);
	send_exit(m, &x);
	monitor_part(m);
	_exit(0);
}
