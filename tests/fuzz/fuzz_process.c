/* The parts of config.json that come alone: `exec --process` and `update --resources`. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spec_process p;
	struct spec_resources r;
	struct err e = { 0 };

	if (spec_process_parse((const char *)data, size, "process.json", &p, &e) >= 0) {
		if (!p.present || !p.cwd || p.cwd[0] != '/')
			abort();
		spec_process_clear(&p);
	}
	if (spec_resources_parse((const char *)data, size, "resources.json", &r, &e) >= 0)
		spec_resources_clear(&r);
	return 0;
}
