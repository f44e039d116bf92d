/* -f, --filter of listings: KEY=VALUE; values of one key are alternatives, keys add up. */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct err;

/*
 * Checks that each argument is KEY=VALUE with a known key (NULL-terminated list). -EINVAL quotes
 * the wrong one.
 */
int filter_check(const struct strv *args, const char *const *known, struct err *e);

/* The next value of key from *at on (0 at first, moved on), borrowed; NULL: no more. */
const char *filter_next(const struct strv *args, const char *key, size_t *at);

/* True where there is no argument of this key, or match(value, data) holds for one of them. */
bool filter_any(const struct strv *args, const char *key,
		bool (*match)(const char *value, const void *data), const void *data);

/* The same, but match has to hold for all of them (labels). */
bool filter_all(const struct strv *args, const char *key,
		bool (*match)(const char *value, const void *data), const void *data);

/* Go's ParseBool words. -EINVAL: "invalid filter 'dangling=x': …". */
int filter_bool(const char *key, const char *value, bool *ret, struct err *e);

/* True where labels ("k=v" each) have "k", or "k=v". For filter_all: data is a struct strv. */
bool filter_label(const char *value, const void *data);

#endif
