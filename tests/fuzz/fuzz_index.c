/* Indexes and the choice of a platform. */
#include <stdint.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/manifest.h"
#include "image/platform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const platforms[] = { "linux/amd64", "linux/arm/v7", "linux/arm64",
						 "linux/amd64/v3" };
	auto_free char *text = xmemdup(data, size ? size : 1);
	auto_manifest struct manifest m = { 0 };

	if (manifest_parse(text, size, "application/vnd.oci.image.index.v1+json", "i", &m, NULL) <
	    0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(platforms); i++) {
		const struct manifest_entry *entry = NULL;
		struct platform p;

		if (platform_parse(platforms[i], &p, NULL) < 0)
			abort();
		if (platform_choose(&p, &m, &entry, NULL) == 0 && !digest_ok(entry->desc.digest))
			abort();
	}
	return 0;
}
