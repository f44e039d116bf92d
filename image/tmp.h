/*
 * The store's tmp/: see tmp.c. For the files of image/; others use store_tmp_dir() and
 * store_remove_tmp() of store.h.
 */
#ifndef IMAGE_TMP_H
#define IMAGE_TMP_H

#include "image/store.h"

/* Makes the lock files of tmp/ itself, for a new store. */
int tmp_make_locks(const struct store *s, struct err *e);

/*
 * A file of its own in tmp/, open for reading and writing and locked while the returned fd is open.
 */
int tmp_file(const struct store *s, char name[STORE_TMP_NAME], struct err *e);

/* Moves dirfd/name out of sight, into tmp/, as litter. -ENOENT is success. */
int tmp_bury(const struct store *s, int dirfd, const char *name, struct err *e);

/* Removes what was buried, by whomever. */
int tmp_remove_dead(const struct store *s, struct err *e);

/* Both. */
int tmp_discard(const struct store *s, int dirfd, const char *name, struct err *e);

/* Removes litter of dead processes; warns nobody. */
void tmp_sweep(const struct store *s);

#endif
