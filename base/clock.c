/* Time as texts: see clock.h. */
#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

const char *clock_rfc3339(int64_t ns, char buf[CLOCK_TEXT_MAX])
{
	int64_t fraction = ns % NS_PER_S;
	time_t s = (time_t)(ns / NS_PER_S);
	struct tm tm;
	size_t len;

	if (fraction < 0) {
		fraction += NS_PER_S;
		s--;
	}
	(void)gmtime_r(&s, &tm);
	len = strftime(buf, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(buf + len, CLOCK_TEXT_MAX - len, ".%09dZ", (int)fraction);
	return buf;
}

/* Reads exactly n digits; -1 where there are others. */
static int digits(const char **s, int n)
{
	int v = 0;

	while (n-- > 0) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (*(*s)++ - '0');
	}
	return v;
}

static bool skip(const char **s, const char *set)
{
	if (!**s || !strchr(set, **s))
		return false;
	(*s)++;
	return true;
}

/* ".123456" to nanoseconds; digits beyond the ninth are dropped. */
static bool parse_fraction(const char **s, int64_t *ns)
{
	int64_t place = NS_PER_S / 10;

	*ns = 0;
	if (!skip(s, "."))
		return true;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++, place /= 10)
		*ns += place * (**s - '0');
	return true;
}

/* "Z" or "+hh:mm" to seconds east of UTC. */
static bool parse_zone(const char **s, int *offset)
{
	bool west = **s == '-';
	int h, m;

	*offset = 0;
	if (skip(s, "Zz"))
		return true;
	if (!skip(s, "+-"))
		return false;
	h = digits(s, 2);
	if (h < 0 || h > 23 || !skip(s, ":"))
		return false;
	m = digits(s, 2);
	if (m < 0 || m > 59)
		return false;
	*offset = (h * 60 + m) * (west ? -60 : 60);
	return true;
}

int clock_parse_rfc3339(const char *s, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	int64_t fraction, seconds, ns;
	int offset;

	tm.tm_year = digits(&s, 4) - 1900;
	if (tm.tm_year < -1900 || !skip(&s, "-"))
		return -EINVAL;
	tm.tm_mon = digits(&s, 2) - 1;
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || !skip(&s, "-"))
		return -EINVAL;
	tm.tm_mday = digits(&s, 2);
	if (tm.tm_mday < 1 || tm.tm_mday > 31 || !skip(&s, "Tt "))
		return -EINVAL;
	tm.tm_hour = digits(&s, 2);
	if (tm.tm_hour < 0 || tm.tm_hour > 23 || !skip(&s, ":"))
		return -EINVAL;
	tm.tm_min = digits(&s, 2);
	if (tm.tm_min < 0 || tm.tm_min > 59 || !skip(&s, ":"))
		return -EINVAL;
	tm.tm_sec = digits(&s, 2);
	if (tm.tm_sec < 0 || tm.tm_sec > 60)
		return -EINVAL;
	if (!parse_fraction(&s, &fraction) || !parse_zone(&s, &offset) || *s)
		return -EINVAL;
	seconds = (int64_t)timegm(&tm) - offset;
	/* Go's zero time, year 1, does not fit */
	if (__builtin_mul_overflow(seconds, NS_PER_S, &ns))
		ns = seconds < 0 ? INT64_MIN : INT64_MAX;
	else
		ns += fraction;
	*ret_ns = ns;
	return 0;
}

/* Nanoseconds of the unit at *s, longest name first; 0 where there is none. */
static int64_t parse_unit(const char **s)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "µs", 1000 },
		{ "ms", 1000000 },
		{ "m", 60 * NS_PER_S },
		{ "s", NS_PER_S },
		{ "h", 3600 * NS_PER_S },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*s, units[i].name, len) == 0) {
			*s += len;
			return units[i].ns;
		}
	}
	return 0;
}

int clock_parse_duration(const char *s, int64_t *ret_ns)
{
	bool minus = skip(&s, "-");
	int64_t total = 0;

	if (!*s)
		return -EINVAL;
	while (*s) {
		int64_t whole = 0, fraction, unit, part;
		const char *start = s;

		for (; *s >= '0' && *s <= '9'; s++)
			if (__builtin_mul_overflow(whole, 10, &whole) ||
			    __builtin_add_overflow(whole, *s - '0', &whole))
				return -EINVAL;
		if (s == start || !parse_fraction(&s, &fraction))
			return -EINVAL;
		unit = parse_unit(&s);
		if (!unit && !*s && total == 0)
			unit = NS_PER_S; /* a plain number: seconds */
		if (!unit || __builtin_mul_overflow(whole, unit, &part))
			return -EINVAL;
		part += (int64_t)((double)fraction / (double)NS_PER_S * (double)unit);
		if (__builtin_add_overflow(total, part, &total))
			return -EINVAL;
	}
	*ret_ns = minus ? -total : total;
	return 0;
}

static const char *put(char *buf, size_t size, const char *text)
{
	(void)snprintf(buf, size, "%s", text);
	return buf;
}

const char *clock_age(int64_t ns, char *buf, size_t size)
{
	int64_t s = ns < 0 ? 0 : ns / NS_PER_S;
	const char *unit;
	int64_t n;

	if (s < 1)
		return put(buf, size, "Less than a second");
	if (s == 1)
		return put(buf, size, "1 second");
	if (s >= 60 && s < 120)
		return put(buf, size, "About a minute");
	if (s >= 3600 && s < 5400)
		return put(buf, size, "About an hour");
	if (s < 60)
		n = s, unit = "seconds";
	else if (s < 3600)
		n = s / 60, unit = "minutes";
	else if (s < 48 * 3600)
		n = (s + 1800) / 3600, unit = "hours";
	else if (s < 14 * 86400)
		n = s / 86400, unit = "days";
	else if (s < 60 * 86400)
		n = s / (7 * 86400), unit = "weeks";
	else if (s < 730 * 86400)
		n = s / (30 * 86400), unit = "months";
	else
		n = s / (365 * 86400), unit = "years";
	(void)snprintf(buf, size, "%lld %s", (long long)n, unit);
	return buf;
}
