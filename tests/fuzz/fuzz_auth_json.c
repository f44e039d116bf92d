/* auth.json. Helpers it names are not run: no such program is there under an empty PATH. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup(data, size ? size : 1);
	auto_auth struct auth a = { 0 };

	if (setenv("PATH", "/nonexistent", 1) < 0)
		abort();
	if (auth_find_in(text, size, "auth.json", "docker.io", "library/nginx", &a, NULL) == 1 &&
	    !a.user && !a.identity_token)
		abort();
	return 0;
}
