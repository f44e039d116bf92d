/*
 * Error values. Nothing here allocates or prints, so that a child between fork and execve may use
 * it.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int err_record(struct err *e, int num, const char *text)
{
	if (num <= 0)
		num = EIO;
	if (e) {
		e->num = num;
		e->status = 0;
		err_clean(e->msg, sizeof(e->msg), text);
	}
	return -num;
}

int(err_set)(struct err *e, int num, const char *fmt, ...)
{
	char text[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_record(e, num, text);
}

/* "TEXT: strerror(num)"; a text too long loses its own end, never the reason. */
__attribute__((format(printf, 3, 0))) static int err_reason(struct err *e, int num, const char *fmt,
							    va_list ap)
{
	char text[sizeof(e->msg)];
	char reason[128];
	const char *why = strerror_r(num, reason, sizeof(reason));
	size_t room = sizeof(text) - strlen(why) - 3;
	size_t len;

	(void)vsnprintf(text, room, fmt, ap);
	len = strlen(text);
	(void)snprintf(text + len, sizeof(text) - len, ": %s", why);
	return err_record(e, num, text);
}

int(err_sys)(struct err *e, const char *fmt, ...)
{
	int num = errno;
	va_list ap;

	va_start(ap, fmt);
	num = err_reason(e, num, fmt, ap);
	va_end(ap);
	return num;
}

int(err_num)(struct err *e, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	num = err_reason(e, num, fmt, ap);
	va_end(ap);
	return num;
}

int(err_prefix)(struct err *e, const char *fmt, ...)
{
	char text[2 * sizeof(e->msg)];
	size_t len;
	va_list ap;

	if (!e)
		return -EIO;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(text);
	(void)snprintf(text + len, sizeof(text) - len, ": %s", e->msg);
	err_clean(e->msg, sizeof(e->msg), text);
	return e->num ? -e->num : -EIO;
}

int(err_status)(struct err *e, int status)
{
	if (!e)
		return -EIO;
	e->status = status;
	return e->num ? -e->num : -EIO;
}

int(err_copy)(struct err *e, const struct err *from)
{
	if (e)
		*e = *from;
	return from->num ? -from->num : -EIO;
}

/* Length of the valid UTF-8 sequence at s, 0 where it is none (overlong, surrogate, cut off). */
static size_t utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead, low, high; /* low/high: bounds of the second byte */
		size_t len;
	} forms[] = {
		{ 0xff, 0xe0, 0xa0, 0xbf, 3 }, { 0xff, 0xed, 0x80, 0x9f, 3 },
		{ 0xff, 0xf0, 0x90, 0xbf, 4 }, { 0xff, 0xf4, 0x80, 0x8f, 4 },
		{ 0xe0, 0xc0, 0x80, 0xbf, 2 }, { 0xf0, 0xe0, 0x80, 0xbf, 3 },
		{ 0xfc, 0xf0, 0x80, 0xbf, 4 },
	};

	if (s[0] < 0x80)
		return 1;
	if (s[0] == 0xc0 || s[0] == 0xc1)
		return 0;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (s[1] < forms[i].low || s[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void err_clean(char *dst, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;

	while (*s) {
		size_t len = utf8_len(s);
		/* C1 controls (U+0080..U+009F) drive terminals as well as C0 does. */
		bool control = *s < 0x20 || *s == 0x7f || (*s == 0xc2 && len == 2 && s[1] < 0xa0);

		if (len && !control) {
			if (at + len >= size)
				break;
			memcpy(dst + at, s, len);
			at += len;
			s += len;
			continue;
		}
		if (at + 4 >= size)
			break;
		(void)snprintf(dst + at, size - at, "\\x%02x", *s);
		at += 4;
		s++;
	}
	dst[at] = '\0';
}
