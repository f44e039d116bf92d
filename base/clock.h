/* Time as files and people have it: RFC 3339 texts, ages, durations. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Nanoseconds since the epoch / of the monotonic clock. */
int64_t clock_now_ns(void);
int64_t clock_mono_ns(void);

/* "2026-11-23T20:15:00.123456789Z" (always UTC, 9 digits) into buf. */
#define CLOCK_TEXT_MAX 40
const char *clock_rfc3339(int64_t ns, char buf[CLOCK_TEXT_MAX]);

/* Parses RFC 3339 with any offset and fraction. -EINVAL, no message. */
int clock_parse_rfc3339(const char *s, int64_t *ret_ns);

/* Go's durations: "1h2m3.5s", "300ms", and plain seconds "10". -EINVAL, no message. */
int clock_parse_duration(const char *s, int64_t *ret_ns);

/* "3 seconds", "About a minute", "2 hours", as docker words it. */
const char *clock_age(int64_t ns, char *buf, size_t size);

#endif
