/*
 * Logs: a damaged file is parsed without harm, and whatever a container writes is read back byte by
 * byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json_log.h"
#include "engine/log_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_entry entry = { 0 };
	auto_str struct str line = { 0 };

	(void)log_entry_parse((const char *)data, size, &entry);
	json_log_entry(&line, size & 1 ? "stdout" : "stderr", (const char *)data, size, 1);
	if (memchr(line.data, '\n', line.len) != line.data + line.len - 1)
		abort();
	if (log_entry_parse(line.data, line.len - 1, &entry) < 0 || entry.text.len != size ||
	    (size && memcmp(entry.text.data, data, size) != 0) || entry.is_stderr == (size & 1))
		abort();
	str_free(&entry.text);
	return 0;
}
