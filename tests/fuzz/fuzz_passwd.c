/*
 * USER in a hostile /etc/passwd and /etc/group: input is passwd, NUL, group, NUL, user. Ids stay in
 * range, homes are absolute.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/passwd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, 0);
	struct passwd_user u = { 0 };
	const char *parts[3];
	char *at;

	text = xreallocarray(text, size + 4, 1);
	memcpy(text, data, size);
	memset(text + size, 0, 4);
	at = text;
	for (size_t i = 0; i < 3; i++) {
		parts[i] = at;
		at += strlen(at);
		if (at < text + size)
			at++;
	}
	if (passwd_lookup_text(parts[0], parts[1], parts[2], NULL, &u, NULL) < 0)
		return 0;
	if (u.uid > INT32_MAX || u.gid > INT32_MAX || !u.home || u.home[0] != '/' ||
	    u.n_groups > PASSWD_GROUPS_MAX)
		abort();
	passwd_user_clear(&u);
	return 0;
}
