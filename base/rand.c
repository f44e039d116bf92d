/* Random identifiers: see rand.h. */
#include "base/rand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"

void rand_bytes(void *p, size_t len)
{
	unsigned char *at = p;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort(); /* getrandom(2) cannot fail on a kernel that has it */
		at += n;
		len -= (size_t)n;
	}
}

void rand_id(char out[65])
{
	unsigned char raw[32];

	do {
		rand_bytes(raw, sizeof(raw));
		str_hex(out, raw, sizeof(raw));
	} while (strspn(out, "0123456789") >= 12);
}
