/* Manifests with their configs: the first line is the manifest, the rest the config. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup(data, size ? size : 1);
	const char *line = size ? memchr(text, '\n', size) : NULL;
	size_t len = line ? (size_t)(line - text) : size;
	auto_manifest struct manifest m = { 0 };
	auto_strv struct strv ids = { 0 };
	auto_json cJSON *config = NULL;

	if (manifest_parse(text, len, NULL, "m", &m, NULL) < 0)
		return 0;
	for (size_t i = 0; i < m.nlayers; i++)
		if (!digest_ok(m.layers[i].digest) || m.layers[i].size < 0)
			abort();
	if (!line || json_parse(line + 1, size - len - 1, "c", &config, NULL) < 0)
		return 0;
	if (manifest_check_config(&m, config, &ids, NULL) == 0 && ids.len != m.nlayers)
		abort();
	return 0;
}
