/* --env-file: what comes out are NAME=VALUE entries, one a name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/envfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_strv struct strv env = { 0 };

	(void)clearenv();
	if (envfile_parse((const char *)data, size, "file", &env, NULL) < 0)
		return 0;
	for (size_t i = 0; i < env.len; i++) {
		const char *equals = strchr(env.v[i], '=');

		if (!equals || equals == env.v[i])
			abort();
		for (size_t j = 0; j < i; j++)
			if (strncmp(env.v[i], env.v[j], (size_t)(equals - env.v[i]) + 1) == 0)
				abort();
	}
	return 0;
}
