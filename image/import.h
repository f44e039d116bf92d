/* A tar of a root file system becomes an image of one layer. */
#ifndef IMAGE_IMPORT_H
#define IMAGE_IMPORT_H

#include <cjson/cJSON.h>

struct err;
struct store;

struct import {
	const char *name;         /* full reference; NULL: nameless */
	const cJSON *config;      /* the "config" object of the image config */
	const char *message;      /* kept in the history; NULL: none */
	const char *architecture; /* "amd64" */
	const char *os;           /* "linux" */
	const char *variant;      /* NULL: none */
};

/*
 * Reads a tar (plain, gzip, zstd) from in_fd to its end and stores it. *ret_id is the image's id
 * ("sha256:…"), the caller's. -EBADMSG: no tar, or a broken one; nothing is stored then.
 */
int image_import(const struct store *s, int in_fd, const struct import *i, char **ret_id,
		 struct err *e);

#endif
