/* Named and anonymous volumes: root/volumes/<name>/data and volume.json. */
#ifndef ENGINE_VOLUME_H
#define ENGINE_VOLUME_H

#include <stdbool.h>

#include "base/str.h"

struct engine;
struct err;

/* Makes a volume where there is none. Returns the fd of its data folder; *ret_path (may be NULL) is
 * the caller's. */
int volume_open(struct engine *g, const char *name, bool anonymous, char **ret_path, struct err *e);
/* Absolute path of its data folder. The caller owns *ret. -ENOENT: no such volume. */
int volume_path(struct engine *g, const char *name, char **ret, struct err *e);
/* Removes it whatever it holds. -ENOENT. */
int volume_remove(struct engine *g, const char *name, struct err *e);

#endif
