/*
 * What a registry says when it wants to know who asks: WWW-Authenticate (RFC 9110, 11.6.1), the
 * token that its token server hands out (distribution, "Token Authentication Specification"), and
 * which token servers may see credentials.
 */
#ifndef IMAGE_CHALLENGE_H
#define IMAGE_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct url;

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char *realm; /* NULL where absent, as the others */
	char *service;
	char *scope;
	char *error; /* "insufficient_scope", "invalid_token" */
};

void challenge_clear(struct challenge *c);
#define auto_challenge __attribute__((unused, cleanup(challenge_clear)))

/*
 * The challenge to answer out of all headers' (a header may hold several): Bearer before Basic;
 * scheme CHALLENGE_NONE where there is neither. -EBADMSG: not to be understood.
 */
int challenge_parse(const struct strv *headers, struct challenge *ret, struct err *e);

/* A token server's answer may have this many bytes. */
#define TOKEN_BYTES_MAX ((size_t)64 << 10)

struct token {
	char *text;
	int64_t expires_in; /* seconds; 60 where not said */
};

/*
 * Parses the answer's JSON ("token" or "access_token"). The text is checked to fit into a header.
 * The caller frees ret->text.
 */
int token_parse(const char *text, size_t len, struct token *ret, struct err *e);

/*
 * Whether credentials stored for the registry may go to the token server: the same host (any port
 * on loopback), a domain above or below it (whoever owns a domain owns what is below it),
 * docker.io's, or one of trusted ("host", may be NULL); never from https to http.
 */
bool challenge_realm_trusted(const struct url *registry, const struct url *realm,
			     const struct strv *trusted);

#endif
