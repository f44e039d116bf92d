/* WWW-Authenticate, a header a line. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "image/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	auto_challenge struct challenge c = { 0 };
	auto_strv struct strv headers = { 0 };

	strv_split(&headers, text, '\n');
	if (challenge_parse(&headers, &c, NULL) == 0 && c.scheme == CHALLENGE_BEARER && !c.realm)
		abort();
	return 0;
}
