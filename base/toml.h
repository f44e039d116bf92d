/*
 * TOML 1.0 as configuration files use it, read into a cJSON tree: tables are objects, arrays are
 * arrays. Debian has no C library for it that a program could load. Not taken: dates and times (an
 * error that says so).
 */
#ifndef BASE_TOML_H
#define BASE_TOML_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct err;

/*
 * Parses text[len]; `what` names the source in errors ("registries.conf"). The caller owns *ret, an
 * object. -EBADMSG: "WHAT:12: …" says the line; keys given twice, tables opened twice and anything
 * after a value are errors.
 */
int toml_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *e);

/* file_read + toml_parse, at most limit bytes. A caller may match -ENOENT. */
int toml_read_file(int dirfd, const char *path, size_t limit, cJSON **ret, struct err *e);

#endif
