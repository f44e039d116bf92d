/*
 * Credentials for registries, from where podman, skopeo and docker keep them: auth.json, docker's
 * config.json, credential helpers.
 */
#ifndef IMAGE_AUTH_H
#define IMAGE_AUTH_H

#include <stddef.h>

#include "base/str.h"

struct err;

/* What is known for one registry; all NULL: nothing. */
struct auth {
	char *user;
	char *password;
	char *identity_token; /* an OAuth2 refresh token in place of both */
	char *source;         /* file or helper, for messages */
};

void auth_clear(struct auth *a);
#define auto_auth __attribute__((unused, cleanup(auth_clear)))

/* Where to look. */
struct auth_options {
	const char *creds;          /* "user:password"; NULL: look below */
	const char *authfile;       /* NULL: $REGISTRY_AUTH_FILE, else the usual places */
	const struct strv *helpers; /* registries.conf's credential-helpers; may be NULL */
};

/*
 * Finds credentials for domain ("docker.io", "host:5000") and the repository path there: --creds,
 * then in auth.json by the longest key that covers the repository, containers-auth.json(5). Nothing
 * found is no error. A named file must exist and every file must parse.
 */
int auth_find(const struct auth_options *o, const char *domain, const char *path, struct auth *ret,
	      struct err *e);

/* Looks into one file's text; 1: found. For auth_find and tests. */
int auth_find_in(const char *text, size_t len, const char *what, const char *domain,
		 const char *path, struct auth *ret, struct err *e);

/* "Basic …" of user and password; the caller owns it. */
char *auth_basic(const char *user, const char *password);

#endif
