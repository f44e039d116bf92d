/* Headers of an answer, a line each. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup(data, size ? size : 1);
	struct http_response r = { .length = -1 };
	size_t at = 0;

	while (at < size) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t len = end ? (size_t)(end - text) - at + 1 : size - at;

		http_response_header(&r, text + at, len);
		at += len;
	}
	if (r.length < -1 || r.status < 0 || r.status > 999)
		abort();
	http_response_clear(&r);
	return 0;
}
