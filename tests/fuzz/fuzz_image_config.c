/*
 * Image configs against manifests of some layers: what is accepted has a good diff id for each
 * layer.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The first byte is the number of layers, as a digit. */
	const struct manifest m = { .nlayers = size ? (size_t)(data[0] % 16) : 0 };
	auto_strv struct strv ids = { 0 };
	auto_json cJSON *config = NULL;
	int64_t created = 0;

	if (!size || json_parse((const char *)data + 1, size - 1, "fuzz", &config, NULL) < 0)
		return 0;
	(void)clock_parse_rfc3339(json_str(config, "created", ""), &created);
	if (manifest_check_config(&m, config, &ids, NULL) < 0) {
		if (ids.len)
			abort();
		return 0;
	}
	if (ids.len != m.nlayers)
		abort();
	for (size_t i = 0; i < ids.len; i++)
		if (!digest_ok(ids.v[i]))
			abort();
	return 0;
}
