/* --env-file, --label-file, -e: docker's rules. */
#ifndef ENGINE_ENVFILE_H
#define ENGINE_ENVFILE_H

#include <stddef.h>

#include "base/str.h"

struct err;

/*
 * One -e argument: NAME=VALUE as it is; NAME takes the value of the caller's environment (and is
 * left out where there is none); "NAME*" takes all that begin so. Later entries win.
 */
int envfile_put(struct strv *env, const char *arg, struct err *e);

/* A file of such lines; '#' begins a comment line, blanks before a name are dropped, a name with
 * blanks is an error. what is its name. */
int envfile_parse(const char *text, size_t len, const char *what, struct strv *env, struct err *e);
int envfile_read(const char *path, struct strv *env, struct err *e);

#endif
