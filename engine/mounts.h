/* The flags -v, --mount, --tmpfs, --device, --ulimit as record entries. Pure parsing; relative host
 * paths are made absolute. */
#ifndef ENGINE_MOUNTS_H
#define ENGINE_MOUNTS_H

#include "engine/record.h"

struct err;

int mounts_add_volume(struct record *r, const char *text, struct err *e); /* [SOURCE:]DEST[:ro,z,…]
									   */
int mounts_add_long(struct record *r, const char *text, struct err *e); /* type=bind,src=…,dst=… */
int mounts_add_tmpfs(struct record *r, const char *text, struct err *e);  /* DEST[:OPTIONS] */
int mounts_add_device(struct record *r, const char *text, struct err *e); /* HOST[:CONTAINER[:rwm]]
									   */
int mounts_add_ulimit(struct record *r, const char *text, struct err *e); /* nofile=1024:2048 */

#endif
