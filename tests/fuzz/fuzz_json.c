/* JSON texts: what is accepted prints, and reads back as the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json cJSON *first = NULL, *second = NULL;
	auto_free char *once = NULL, *twice = NULL;

	if (json_parse((const char *)data, size, "fuzz", &first, NULL) < 0)
		return 0;
	once = json_print(first, false);
	if (json_parse(once, strlen(once), "fuzz", &second, NULL) < 0)
		abort();
	twice = json_print(second, false);
	if (strcmp(once, twice) != 0)
		abort();
	return 0;
}
