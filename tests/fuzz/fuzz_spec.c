/* config.json: whatever is accepted is freed whole, and is accepted again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_spec struct spec *s = NULL, *again = NULL;
	struct err e = { 0 };
	int r = spec_parse((const char *)data, size, "config.json", &s, &e);

	if (r < 0 && (s || !e.msg[0]))
		abort();
	if (r < 0)
		return 0;
	(void)spec_check_create(s, "config.json", &e);
	if (spec_parse((const char *)data, size, "config.json", &again, &e) < 0)
		abort();
	return 0;
}
