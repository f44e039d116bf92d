/* The removal of a container's files, by whoever holds its lock. */
#ifndef ENGINE_REMOVE_H
#define ENGINE_REMOVE_H

#include <stdbool.h>

struct container;
struct engine;
struct err;

/*
 * Takes the container away: its folder by a rename (from here on it does not exist), its name, its
 * anonymous volumes where asked, and then what is in the folder. The caller holds the lock; nothing
 * runs.
 */
int remove_files(struct container *c, bool volumes, struct err *e);

/* Removes root_fd/path as the user, and what belongs to subordinate ids in the user namespace. */
int remove_tree(struct engine *g, int dirfd, const char *path, struct err *e);

/* Removes what removals that were cut short have left below containers/: name is such an entry. */
void remove_litter(struct engine *g, const char *name);

#endif
