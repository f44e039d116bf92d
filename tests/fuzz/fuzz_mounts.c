/*
 * -v, --mount, --tmpfs, --device, --ulimit (the first byte chooses): what is accepted has an
 * absolute destination without "..".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const adders[])(struct record *, const char *, struct err *) = {
		mounts_add_volume, mounts_add_long,   mounts_add_tmpfs,
		mounts_add_device, mounts_add_ulimit,
	};
	auto_record struct record *r = record_new();
	auto_free char *text = size ? xstrndup((const char *)data + 1, size - 1) : NULL;

	if (!size || adders[data[0] % ARRAY_SIZE(adders)](r, text, NULL) < 0)
		return 0;
	for (size_t i = 0; i < r->n_mounts; i++) {
		const struct record_mount *m = &r->mounts[i];

		if (m->destination[0] != '/' || !m->destination[1] ||
		    strstr(m->destination, "/../"))
			abort();
		if (str_eq(m->type, "bind") && (!m->source || m->source[0] != '/'))
			abort();
	}
	return 0;
}
