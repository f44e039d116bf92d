/* One line of a json-file log, read back. */
#ifndef ENGINE_LOG_ENTRY_H
#define ENGINE_LOG_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct log_entry {
	/* with its newline; may hold NULs. Kept for the next entry: str_free() at the end */
	struct str text;
	bool is_stderr;
	int64_t time_ns;
};

/*
 * Parses line[len] (without its newline) as docker writes it: members in any order, unknown string
 * members skipped. -EBADMSG without message.
 */
int log_entry_parse(const char *line, size_t len, struct log_entry *ret);

#endif
