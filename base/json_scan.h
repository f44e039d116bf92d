/*
 * One pass over JSON text before cJSON sees it: the grammar of RFC 8259 whole (cJSON is lax), the
 * depth, and the integers that a double cannot hold.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stddef.h>

/* Where an integer of 16 digits or more stands. */
struct json_big {
	size_t at;
	size_t len;
};

struct json_scan {
	size_t at;            /* where the scan stopped */
	const char *problem;  /* NULL: none */
	struct json_big *big; /* the caller frees */
	size_t nbig;
};

/* 0, -EBADMSG, or -E2BIG where it nests deeper than JSON_DEPTH_MAX; ret->problem says what. */
int json_scan(const char *text, size_t len, struct json_scan *ret);

#endif
