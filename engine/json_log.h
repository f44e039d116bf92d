/*
 * docker's json-file log: a line an object, {"log":"text\n","stream":"stdout","time":"RFC 3339"}. A
 * line of the container's becomes one entry; one longer than 16 KiB becomes several, of which only
 * the last one's text ends with a newline.
 */
#ifndef ENGINE_JSON_LOG_H
#define ENGINE_JSON_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;

#define JSON_LOG_LINE_MAX 16384

/* What a stream has written since its last newline. */
struct json_log_stream {
	const char *name;   /* "stdout" */
	struct str partial; /* at most JSON_LOG_LINE_MAX bytes */
};

struct json_log {
	int fd;           /* -1: nothing is kept */
	uint64_t lost;    /* bytes of output that the disk had no room for */
	struct str batch; /* entries on their way */
};

/* Opens dirfd/name for appending; a last line that was cut short by a crash is cut off. */
int json_log_open(int dirfd, const char *name, struct json_log *ret, struct err *e);
void json_log_close(struct json_log *l);

/* Takes over output: whole lines are written at once, a beginning of one is kept. */
void json_log_add(struct json_log *l, struct json_log_stream *s, const char *data, size_t len,
		  int64_t now_ns);

/* End of a stream: what it has left becomes an entry without newline. */
void json_log_end(struct json_log *l, struct json_log_stream *s, int64_t now_ns);

/*
 * One entry as text, appended to out. Valid JSON for valid UTF-8; log_entry_parse() gets every byte
 * back.
 */
void json_log_entry(struct str *out, const char *stream, const char *text, size_t len,
		    int64_t now_ns);

#endif
