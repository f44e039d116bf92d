/*
 * What bundle.c is made of: each part adds its members to the tree of config.json. For bundle*.c
 * only.
 */
#ifndef ENGINE_BUNDLE_PARTS_H
#define ENGINE_BUNDLE_PARTS_H

#include "engine/bundle.h"

/* config.json "process". */
int bundle_process(const struct bundle *b, cJSON *config, struct err *e);
/* The capabilities that the record asks for, as bits: the bounding set. */
int bundle_caps(const struct record *r, uint64_t *ret, struct err *e);
/* config.json "mounts", and the devices of linux.devices into linux. */
int bundle_mounts(const struct bundle *b, cJSON *config, cJSON *linux_part, struct err *e);
/* The rest of config.json "linux". */
int bundle_linux(const struct bundle *b, cJSON *linux_part, struct err *e);

static inline bool bundle_shares(const char *mode)
{
	return str_eq(mode, "host");
}

/* Has it a network namespace of its own? */
static inline bool bundle_own_network(const struct record *r)
{
	return !str_eq(r->network, "host");
}

/* Pushes each of n words. */
static inline void bundle_push_all(cJSON *array, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_push_str(array, words[i]);
}

#endif
