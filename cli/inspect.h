/*
 * What `pod inspect` shows, in docker's shape: members and order as docker's API has them (Engine
 * API, ContainerInspect and ImageInspect).
 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/str.h"

struct container;
struct engine;
struct image;

/* A tree of its own; with size also SizeRw and SizeRootFs (which costs a walk over the files). */
cJSON *inspect_container(struct engine *g, const struct container *c, bool size);
cJSON *inspect_image(const struct engine *g, const struct image *img);

/* Members that are null where the list is empty; "k=v" entries as an object. */
void inspect_add_list(cJSON *obj, const char *key, const struct strv *l);
void inspect_add_map(cJSON *obj, const char *key, const struct strv *l);
/* A copy of a member of another tree; null where that lacks it. */
void inspect_add_copy(cJSON *obj, const char *key, const cJSON *from, const char *from_key);

#endif
