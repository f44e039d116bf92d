/* What a tree takes on disk, as du counts it. */
#ifndef IMAGE_USAGE_H
#define IMAGE_USAGE_H

#include <stdint.h>

struct err;

/*
 * Bytes of all blocks below and of the folder dirfd itself, hard links once, and the number of
 * entries below it. Symlinks are not followed.
 */
int usage_count(int dirfd, int64_t *ret_bytes, int64_t *ret_files, struct err *e);

#endif
