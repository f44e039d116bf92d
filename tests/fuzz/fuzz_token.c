/* The answer of a token server: what is taken fits into a header. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup(data, size ? size : 1);
	struct token t = { 0 };

	if (token_parse(text, size, &t, NULL) == 0) {
		for (const char *c = t.text; *c; c++)
			if (*c <= ' ' || *c > '~')
				abort();
		if (!*t.text || t.expires_in <= 0)
			abort();
	}
	free(t.text);
	return 0;
}
