/* See base64.h. */
#include "image/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *p, size_t len, struct str *ret)
{
	const uint8_t *in = p;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		str_add_char(ret, alphabet[v >> 18]);
		str_add_char(ret, alphabet[v >> 12 & 63]);
		str_add_char(ret, i + 1 < len ? alphabet[v >> 6 & 63] : '=');
		str_add_char(ret, i + 2 < len ? alphabet[v & 63] : '=');
	}
}

int base64_decode(const char *text, struct str *ret)
{
	size_t len = strlen(text);
	uint32_t v = 0;
	int bits = 0;

	while (len && text[len - 1] == '=')
		len--;
	if (len % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		const char *found = strchr(alphabet, text[i]);

		if (!text[i] || !found)
			return -EINVAL;
		v = v << 6 | (uint32_t)(found - alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			str_add_char(ret, (char)(v >> bits & 0xff));
		}
	}
	return 0;
}
