/*
 * kill and stop: see signal.h. Runs in the command; the signal goes straight to the first process,
 * by its pidfd.
 */
#include "engine/signal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"
#include "engine/attach.h"
#include "engine/container.h"

int signal_container(const struct container *c, int sig, struct err *e)
{
	auto_fd int pidfd = container_pidfd(c, e);

	if (pidfd < 0)
		return pidfd;
	if (sys_pidfd_send_signal(pidfd, sig, NULL, 0) < 0)
		return err_sys(e, "send signal %d to container %s", sig, c->record->name);
	return 0;
}

/*
 * Waits for EXIT until the time (monotonic; 0: for ever). 1: it has ended, or the monitor is gone;
 * 0: time is up.
 */
static int wait_end(int sock, int64_t until_ns)
{
	for (;;) {
		int64_t left = until_ns - clock_mono_ns();
		struct pollfd p = { .fd = sock, .events = POLLIN };
		unsigned char packet[1 + sizeof(struct err)];
		int r = poll(&p, 1,
			     until_ns == 0 ? -1
			     : left <= 0   ? 0
					   : (int)((left + 999999) / 1000000));
		ssize_t n;

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return 0;
		n = sock_recv(sock, packet, sizeof(packet), NULL, NULL);
		if (n <= 0 || packet[0] == ATTACH_EXIT)
			return 1;
	}
}

/*
 * How long a process that was sent SIGKILL may take: it may hang in the kernel, on a dead network
 * file system.
 */
#define KILL_PATIENCE ((int64_t)10 * 1000000000)

static int stop_running(struct container *c, int sock, int64_t timeout_s, struct err *e)
{
	unsigned char no_restart = ATTACH_NO_RESTART;
	int sig = SIGTERM, r;

	(void)sock_send(sock, &no_restart, 1, NULL, 0);
	r = proc_signal_parse(c->record->stop_signal, &sig, e);
	if (r < 0)
		return r;
	if (timeout_s > 0 && c->status == CONTAINER_RUNNING) {
		(void)signal_container(c, sig, NULL); /* it may be gone already */
		if (wait_end(sock, clock_mono_ns() + timeout_s * 1000000000))
			return 0;
	}
	(void)signal_container(c, SIGKILL, NULL);
	if (!wait_end(sock, clock_mono_ns() + KILL_PATIENCE))
		return err_set(e, ETIMEDOUT, "container %s does not end, even by SIGKILL",
			       c->record->name);
	return 0;
}

int signal_stop(struct container *c, int64_t timeout_s, struct err *e)
{
	struct attach_hello hello = { 0 };

	if (timeout_s < 0)
		timeout_s = c->record->stop_timeout;
	for (int try = 0; try < 100; try++) {
		auto_fd int sock = -1;
		int r;

		if (c->status != CONTAINER_RUNNING && c->status != CONTAINER_PAUSED &&
		    c->status != CONTAINER_RESTARTING)
			return 0;
		sock = attach_connect(c, &hello, NULL);
		if (sock >= 0 && (r = stop_running(c, sock, timeout_s, e)) < 0)
			return r;
		if (sock < 0)
			(void)poll(NULL, 0, 20);
		r = container_refresh(c, e);
		if (r < 0)
			return r;
	}
	return err_set(e, EIO, "container %s: its monitor does not answer", c->record->name);
}
