/* Base 64 (RFC 4648, section 4) as HTTP's Basic scheme and auth.json use it. */
#ifndef IMAGE_BASE64_H
#define IMAGE_BASE64_H

#include <stddef.h>

#include "base/str.h"

/* Appends the padded form of p[len]. */
void base64_encode(const void *p, size_t len, struct str *ret);
/* Appends the bytes; padding may be missing. -EINVAL, no message. */
int base64_decode(const char *text, struct str *ret);

#endif
