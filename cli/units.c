/* Numbers into words. */
#include "cli/units.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

const char *units_size(int64_t bytes, char buf[UNITS_MAX])
{
	static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double n = (double)bytes;
	size_t unit = 0;

	/* 999.5 rounds to 1000, which is the next unit's 1 */
	while (n >= 999.5 && unit < ARRAY_SIZE(names) - 1) {
		n /= 1000;
		unit++;
	}
	(void)snprintf(buf, UNITS_MAX, "%.3g%s", n, names[unit]);
	return buf;
}

const char *units_time(int64_t ns, char buf[UNITS_MAX])
{
	time_t t = (time_t)(ns / 1000000000);
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(buf, UNITS_MAX, "%Y-%m-%d %H:%M:%S %z %Z", &tm) == 0)
		(void)snprintf(buf, UNITS_MAX, "N/A");
	return buf;
}

const char *units_ago(int64_t ns, char buf[UNITS_MAX])
{
	char age[32];

	if (ns == 0) {
		(void)snprintf(buf, UNITS_MAX, "N/A");
		return buf;
	}
	(void)snprintf(buf, UNITS_MAX, "%s ago", clock_age(clock_now_ns() - ns, age, sizeof(age)));
	return buf;
}
