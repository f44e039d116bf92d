/*
 * Reading logs back: see logs.h. Runs in the command; a follower is woken by inotify, and goes when
 * the monitor has gone.
 */
#include "engine/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "engine/container.h"
#include "engine/log_entry.h"

#define BLOCK_SIZE 65536

struct reader {
	const struct logs_options *options;
	int fd;
	int out_fd, err_fd;
	struct str pending;  /* of a line without its end yet */
	struct str out, err; /* to be written */
	struct log_entry entry;
	bool past; /* an entry younger than --until was met: nothing more is wanted */
};

static void reader_free(struct reader *r)
{
	close_fd(&r->fd);
	str_free(&r->pending);
	str_free(&r->out);
	str_free(&r->err);
	str_free(&r->entry.text);
}

#define auto_reader __attribute__((cleanup(reader_free)))

/* -- where to begin -- */

/* The offset at which the last n lines begin. */
static off_t find_tail(int fd, off_t size, int64_t n)
{
	char block[BLOCK_SIZE];
	off_t at = size;

	if (n == 0)
		return size;
	while (at > 0) {
		off_t from = at > BLOCK_SIZE ? at - BLOCK_SIZE : 0;
		ssize_t got = pread(fd, block, (size_t)(at - from), from);

		if (got <= 0)
			return 0;
		for (ssize_t i = got - 1; i >= 0; i--)
			if (block[i] == '\n' && from + i != size - 1 && --n == 0)
				return from + i + 1;
		at = from;
	}
	return 0;
}

/* -- lines out -- */

static int flush(struct reader *r, struct err *e)
{
	int rc = fd_write_all(r->out_fd, str_cstr(&r->out), r->out.len);

	if (rc == 0)
		rc = fd_write_all(r->err_fd, str_cstr(&r->err), r->err.len);
	str_cut(&r->out, 0);
	str_cut(&r->err, 0);
	return rc < 0 ? err_num(e, -rc, "write the log") : 0;
}

/* A line that does not parse was damaged on disk: it is left out. */
static void take_line(struct reader *r, const char *line, size_t len)
{
	const struct logs_options *o = r->options;
	char when[CLOCK_TEXT_MAX];
	struct str *out;

	if (log_entry_parse(line, len, &r->entry) < 0)
		return;
	if (o->since_ns && r->entry.time_ns < o->since_ns)
		return;
	if (o->until_ns && r->entry.time_ns > o->until_ns) {
		r->past = true;
		return;
	}
	out = r->entry.is_stderr ? &r->err : &r->out;
	if (o->timestamps)
		str_addf(out, "%s ", clock_rfc3339(r->entry.time_ns, when));
	str_add_mem(out, str_cstr(&r->entry.text), r->entry.text.len);
}

/*
 * Both streams keep their order among themselves only where they go to one place: so each change of
 * stream is written out first.
 */
static int take_lines(struct reader *r, const char *data, size_t len, struct err *e)
{
	const char *end = data + len, *newline;
	int rc = 0;

	while (rc == 0 && !r->past && (newline = memchr(data, '\n', (size_t)(end - data)))) {
		size_t n = (size_t)(newline - data);
		size_t out_before = r->out.len, err_before = r->err.len;

		if (r->pending.len) {
			str_add_mem(&r->pending, data, n);
			take_line(r, r->pending.data, r->pending.len);
			str_cut(&r->pending, 0);
		} else {
			take_line(r, data, n);
		}
		if ((out_before && r->err.len > err_before) ||
		    (err_before && r->out.len > out_before))
			rc = flush(r, e);
		data = newline + 1;
	}
	str_add_mem(&r->pending, data, (size_t)(end - data));
	return rc;
}

/* Reads to the present end of the file. */
static int read_on(struct reader *r, struct err *e)
{
	char block[BLOCK_SIZE];
	ssize_t n;
	int rc = 0;

	while (rc == 0 && !r->past && (n = read(r->fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read the log");
		rc = take_lines(r, block, (size_t)n, e);
		if (rc == 0)
			rc = flush(r, e);
	}
	return rc;
}

/* -- following -- */

static int follow(struct container *c, struct reader *r, struct err *e)
{
	auto_fd int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	auto_fd int monitor = c->run.monitor.pid ? proc_id_open(&c->run.monitor, NULL) : -1;
	char path[FD_PATH_MAX];
	int rc;

	if (notify < 0 || inotify_add_watch(notify, fd_path(path, r->fd), IN_MODIFY) < 0)
		return err_sys(e, "watch the log");
	while ((rc = read_on(r, e)) == 0 && !r->past) {
		struct pollfd fds[] = { { .fd = notify, .events = POLLIN },
					{ .fd = monitor, .events = POLLIN } };
		int64_t left = r->options->until_ns ? r->options->until_ns - clock_now_ns() : 0;
		char events[4096];

		if (monitor < 0 || left < 0)
			return 0;
		if (poll(fds, 2,
			 left ? (int)(left / 1000000 < 60000 ? left / 1000000 + 1 : 60000) : -1) <
			    0 &&
		    errno != EINTR)
			return err_sys(e, "poll");
		if (fds[0].revents)
			(void)read(notify, events, sizeof(events));
		if (fds[1].revents) { /* its last words are in the file by now */
			close_fd(&monitor);
			monitor = -1;
		}
	}
	return rc;
}

int logs_write(struct container *c, const struct logs_options *o, int out_fd, int err_fd,
	       struct err *e)
{
	auto_reader struct reader r = {
		.options = o,
		.fd = -1,
		.out_fd = out_fd,
		.err_fd = err_fd,
	};
	struct stat st;

	if (str_eq(c->record->log_driver, "none"))
		return err_set(e, ENOTSUP, "configured logging driver does not support reading");
	r.fd = openat(c->dirfd, "log", O_RDONLY | O_CLOEXEC);
	if (r.fd < 0 && errno == ENOENT) /* it has never run */
		return 0;
	if (r.fd < 0 || fstat(r.fd, &st) < 0)
		return err_sys(e, "open the log of container %s", c->record->name);
	if (o->tail >= 0)
		(void)lseek(r.fd, find_tail(r.fd, st.st_size, o->tail), SEEK_SET);
	return o->follow ? follow(c, &r, e) : read_on(&r, e);
}
