/* Checks of identifiers: see id.h. */
#include "base/id.h"

#include <string.h>

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool id_name_ok(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= 255 && strchr(ALNUM, s[0]) && strspn(s, ALNUM "_.-") == len;
}

bool id_container_ok(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= 1024 && s[0] != '.' && s[0] != '-' &&
	       strspn(s, ALNUM "_+-.") == len;
}
