/* Sizes and times as docker prints them for people. */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H

#include <stdint.h>

#define UNITS_MAX 48

/* "0B", "1.24kB", "187MB": decimal units, three digits. */
const char *units_size(int64_t bytes, char buf[UNITS_MAX]);

/* "2024-08-12 18:21:05 +0200 CEST": local time. */
const char *units_time(int64_t ns, char buf[UNITS_MAX]);

/* "2 hours ago" of a point in time; "N/A" for 0. */
const char *units_ago(int64_t ns, char buf[UNITS_MAX]);

#endif
