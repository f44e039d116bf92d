/* TOML: what is taken is a tree that can be printed. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup(data, size ? size : 1);
	auto_json cJSON *root = NULL;
	auto_free char *printed = NULL;

	if (toml_parse(text, size, "t", &root, NULL) == 0)
		printed = json_print(root, false);
	return 0;
}
