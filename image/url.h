/* URLs of registries, taken apart once, so that "same host" has one meaning. */
#ifndef IMAGE_URL_H
#define IMAGE_URL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct err;

struct url {
	char *text; /* normalised, absolute, without fragment and user:password */
	char *host; /* lower case; IPv6 in brackets */
	char *port; /* decimal, the scheme's own where none is written */
	bool https; /* else http */
};

/*
 * Parses text, relative to base where that is not NULL (a Location). Only http and https, no
 * user:password. -EINVAL with a message that quotes host and path only: a query may be a secret.
 * libcurl must be loaded.
 */
int url_parse(const char *text, const struct url *base, struct url *ret, struct err *e);
void url_clear(struct url *u);
#define auto_url __attribute__((cleanup(url_clear)))

/* Same scheme, host and port: where credentials of one are good for the other. */
bool url_same_origin(const struct url *a, const struct url *b);

/* "localhost", 127.0.0.0/8, [::1]; host as in struct url, or "host:port". */
bool url_host_is_loopback(const char *host);

/* False for loopback, link-local, private, multicast and unspecified addresses. */
bool url_address_is_public(const struct sockaddr *address);
/* The same for an address as text; false where it is none. */
bool url_ip_is_public(const char *ip);

#endif
