/*
 * The writer of docker's json-file log: see json_log.h. Runs in the monitor, which has nobody to
 * complain to: a full disk costs log lines, not the container, and is said in the log as soon as
 * there is room again.
 */
#include "engine/json_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

/* -- entries -- */

/*
 * Bytes that are no UTF-8 stay as they are: strictly that is no JSON, but `pod logs` gives back
 * what was written, and readers of such files replace them by themselves.
 */
static void add_escaped(struct str *out, const char *p, size_t len)
{
	const char *end = p + len, *plain = p;

	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		str_add_mem(out, plain, (size_t)(p - plain));
		plain = p + 1;
		if (c == '\n')
			str_add(out, "\\n");
		else if (c == '\r')
			str_add(out, "\\r");
		else if (c == '\t')
			str_add(out, "\\t");
		else if (c == '"' || c == '\\')
			str_addf(out, "\\%c", c);
		else
			str_addf(out, "\\u%04x", c);
	}
	str_add_mem(out, plain, (size_t)(end - plain));
}

void json_log_entry(struct str *out, const char *stream, const char *text, size_t len,
		    int64_t now_ns)
{
	char when[CLOCK_TEXT_MAX];

	str_add(out, "{\"log\":\"");
	add_escaped(out, text, len);
	str_addf(out, "\",\"stream\":\"%s\",\"time\":\"%s\"}\n", stream,
		 clock_rfc3339(now_ns, when));
}

/* -- the file -- */

/* Cuts off a last line without its end. */
static void repair(int fd)
{
	struct stat st;
	char buf[4096];
	off_t at;

	if (fstat(fd, &st) < 0 || st.st_size == 0)
		return;
	for (at = st.st_size; at > 0;) {
		off_t from = at > (off_t)sizeof(buf) ? at - (off_t)sizeof(buf) : 0;
		ssize_t n = pread(fd, buf, (size_t)(at - from), from);
		const char *newline = n > 0 ? memrchr(buf, '\n', (size_t)n) : NULL;

		if (n <= 0)
			return;
		if (newline) {
			at = from + (newline - buf) + 1;
			break;
		}
		at = from;
	}
	if (at != st.st_size)
		(void)!ftruncate(fd, at);
}

int json_log_open(int dirfd, const char *name, struct json_log *ret, struct err *e)
{
	int fd = openat(dirfd, name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "open log '%s'", name);
	repair(fd);
	*ret = (struct json_log){ .fd = fd };
	return 0;
}

void json_log_close(struct json_log *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	str_free(&l->batch);
}

/* Writes the batch whole or not at all, so that the file always ends with a line. */
static void flush(struct json_log *l)
{
	size_t done = 0;
	off_t before;

	if (!l->batch.len)
		return;
	before = lseek(l->fd, 0, SEEK_END);
	while (done < l->batch.len) {
		ssize_t n = write(l->fd, l->batch.data + done, l->batch.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (done < l->batch.len) {
		if (!l->lost)
			log_warn("log: %s, output is lost", strerror(errno));
		l->lost += l->batch.len;
		if (done && before >= 0)
			(void)!ftruncate(l->fd, before);
	} else if (l->lost) {
		log_warn("log: %llu bytes of entries were lost", (unsigned long long)l->lost);
		l->lost = 0;
	}
	str_cut(&l->batch, 0);
}

/* One piece of a line; what is kept of it goes first. */
static void add_piece(struct json_log *l, struct json_log_stream *s, const char *data, size_t len,
		      int64_t now_ns)
{
	if (s->partial.len == 0) {
		json_log_entry(&l->batch, s->name, data, len, now_ns);
		return;
	}
	str_add_mem(&s->partial, data, len);
	json_log_entry(&l->batch, s->name, s->partial.data, s->partial.len, now_ns);
	str_cut(&s->partial, 0);
}

void json_log_add(struct json_log *l, struct json_log_stream *s, const char *data, size_t len,
		  int64_t now_ns)
{
	const char *end = data + len;

	if (l->fd < 0)
		return;
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t room = JSON_LOG_LINE_MAX - s->partial.len;
		size_t n = (size_t)((newline ? newline + 1 : end) - data);

		if (n > room) {
			n = room;
		} else if (!newline) {
			str_add_mem(&s->partial, data, n);
			break;
		}
		add_piece(l, s, data, n, now_ns);
		data += n;
	}
	flush(l);
	if (l->batch.cap > 4 * JSON_LOG_LINE_MAX)
		str_free(&l->batch);
}

void json_log_end(struct json_log *l, struct json_log_stream *s, int64_t now_ns)
{
	if (l->fd >= 0 && s->partial.len) {
		json_log_entry(&l->batch, s->name, s->partial.data, s->partial.len, now_ns);
		flush(l);
	}
	str_free(&s->partial);
}
