/* Why a transfer failed, in our words. For http.c. */
#ifndef IMAGE_HTTP_ERROR_H
#define IMAGE_HTTP_ERROR_H

#include "image/curl.h"

struct http_transfer;
struct url;

/*
 * Records libcurl's code for a transfer that was at `at` in t->err, and whether it may go better
 * next time (.broken, .not_tls, .untrusted). why is libcurl's own text, os_errno that of connect
 * (0: none). Returns the negative errno.
 */
int http_error(struct http_transfer *t, const struct url *at, CURLcode code, const char *why,
	       int os_errno);

#endif
