/*
 * JSON for people and for grep: an element a line, four blanks a level, as docker inspect has it.
 */
#ifndef CLI_PRETTY_H
#define CLI_PRETTY_H

#include <cjson/cJSON.h>

struct str;

/* Appends j to out, without a newline at the end. */
void pretty_print(struct str *out, const cJSON *j);

#endif
