/*
 * Option words of mounts and destinations: lines of the input are options, the first one is a path.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/mount.h"
#include "oci/mount_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	auto_strv struct strv words = { 0 };
	struct mount_options o;
	struct err e = { 0 };

	strv_split(&words, text, '\n');
	if (words.len) {
		auto_free char *clean = mount_clean_path(words.v[0]);
		auto_free char *again = mount_clean_path(clean);

		if (clean[0] != '/' || !str_eq(clean, again) || strstr(clean, "/../") ||
		    str_ends(clean, "/.."))
			abort();
	}
	if (mount_options_parse(&words, &o, &e) < 0)
		return 0;
	free(mount_options_data(&o));
	(void)mount_options_get(&o, "mode");
	(void)mount_attr_to_ms(o.attr.set);
	mount_options_clear(&o);
	return 0;
}
