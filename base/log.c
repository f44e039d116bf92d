/*
 * The message sink: see log.h. Lines are written by one write each, so that several processes may
 * share a log file.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"

static struct {
	const char *name;
	enum log_level level;
	enum log_format format;
	int fd;
} sink = { "pod", LOG_WARN, LOG_TEXT, 2 };

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

void log_name(const char *name)
{
	sink.name = name;
}

void log_set_level(enum log_level level)
{
	sink.level = level;
}

enum log_level log_get_level(void)
{
	return sink.level;
}

int log_level_parse(const char *s, enum log_level *ret, struct err *e)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{ "error", LOG_ERROR }, { "fatal", LOG_ERROR },  { "panic", LOG_ERROR },
		{ "warn", LOG_WARN },   { "warning", LOG_WARN }, { "info", LOG_INFO },
		{ "debug", LOG_DEBUG }, { "trace", LOG_DEBUG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(s, names[i].name) == 0) {
			*ret = names[i].level;
			return 0;
		}
	}
	return err_set(e, EINVAL, "unknown log level '%s': use error, warn, info or debug", s);
}

void log_set_sink(int fd, enum log_format format)
{
	sink.fd = fd;
	sink.format = format;
}

int log_fd(void)
{
	return sink.fd;
}

/* Text between JSON quotes. err_clean has left valid UTF-8 without control bytes. */
static void add_quoted(struct str *s, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_add_char(s, '\\');
		str_add_char(s, *text);
	}
}

void log_write(enum log_level level, const char *fmt, ...)
{
	auto_str struct str line = { 0 };
	char raw[2048], text[2048], now[CLOCK_TEXT_MAX];
	int saved = errno;
	va_list ap;

	if (level > sink.level)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	err_clean(text, sizeof(text), raw);
	if (sink.format == LOG_JSON) {
		str_addf(&line, "{\"level\":\"%s\",\"msg\":\"", level_names[level]);
		add_quoted(&line, text);
		str_addf(&line, "\",\"time\":\"%s\"}\n", clock_rfc3339(clock_now_ns(), now));
	} else if (level == LOG_ERROR) {
		str_addf(&line, "%s: %s\n", sink.name, text);
	} else {
		str_addf(&line, "%s: %s: %s\n", sink.name, level_names[level], text);
	}
	(void)fd_write_all(sink.fd, line.data, line.len);
	errno = saved;
}
