/* Image names: what is taken must survive being written in full and read again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "image/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	auto_ref struct ref r = { 0 }, again = { 0 };
	auto_free char *full = NULL, *twice = NULL, *familiar = NULL;

	if (ref_parse(text, &r, NULL) < 0)
		return 0;
	full = ref_full(&r);
	familiar = ref_familiar(&r);
	if (ref_parse(full, &again, NULL) < 0)
		abort();
	twice = ref_full(&again);
	if (!str_eq(full, twice))
		abort();
	ref_clear(&again);
	if (ref_parse(familiar, &again, NULL) < 0)
		abort();
	free(twice);
	twice = ref_full(&again);
	if (!str_eq(full, twice))
		abort();
	return 0;
}
