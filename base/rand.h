/* Random identifiers from getrandom(2). */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>

void rand_bytes(void *p, size_t len);
/*
 * 64 lower-case hexadecimal digits, at least one of the first 12 a letter (so that a short id is no
 * number).
 */
void rand_id(char out[65]);

#endif
