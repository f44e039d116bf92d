/*
 * One repository of one registry, by distribution-spec 1.1: which scheme, who asks, tokens, when to
 * ask again. Requests for manifests run to their end; those for blobs are started here and driven
 * by the caller, so that many run side by side.
 */
#ifndef IMAGE_REGISTRY_H
#define IMAGE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "image/auth.h"

struct err;
struct http;
struct http_response;
struct http_transfer;

struct registry_options {
	struct auth_options auth;
	const char *cert_dir; /* NULL: certs.d */
	int tls_verify;       /* -1: as insecure says */
	const struct strv
		*trusted_realms; /* hosts of token servers that may see credentials; may be NULL */
	int stall_timeout_s;     /* 0: 30 */
};

struct registry;

/*
 * domain and path as in a name ("docker.io", "library/nginx"). insecure: certificates are not
 * checked, http is allowed; on loopback http is allowed anyway. Nothing is sent yet. h and o must
 * outlive it.
 */
int registry_open(struct http *h, const struct registry_options *o, const char *domain,
		  const char *path, bool insecure, struct registry **ret, struct err *e);
void registry_close(struct registry *r);

static inline void cleanup_registry(struct registry **r)
{
	registry_close(*r);
}

#define auto_registry_client __attribute__((unused, cleanup(cleanup_registry)))

/*
 * A manifest or index as it came, its digest computed and, where it was asked for by digest,
 * checked.
 */
struct registry_manifest {
	struct str body;
	char *media_type; /* of the header; NULL where it said none */
	char digest[136];
};

void registry_manifest_clear(struct registry_manifest *m);
#define auto_registry_manifest __attribute__((unused, cleanup(registry_manifest_clear)))

/*
 * Fetches a manifest by tag or digest. -ENOENT: there is none of this name; -EACCES: credentials;
 * -EBADMSG: other bytes than asked for.
 */
int registry_get_manifest(struct registry *r, const char *reference, struct registry_manifest *ret,
			  struct err *e);

/* Fetches a small blob (a config) whole, its size and digest checked. */
int registry_get_blob(struct registry *r, const char *digest, int64_t size, struct str *ret,
		      struct err *e);

/*
 * What was tried of one request. Zero-initialised at first; .attempts may be set to 0 where there
 * was progress.
 */
struct registry_try {
	int attempts;
	bool authorized; /* new credentials were asked for */
};

/*
 * Starts fetching a blob from byte `from` on; sink as in http.h. The answer may ignore `from`
 * (status 200): the caller skips.
 */
int registry_begin_blob(struct registry *r, const char *digest, int64_t from,
			int (*sink)(void *, const void *, size_t, struct err *), void *data,
			struct http_transfer **ret, struct err *e);

enum { REGISTRY_OK, REGISTRY_AGAIN };
/*
 * Judges a done transfer: REGISTRY_OK; REGISTRY_AGAIN: to be started again after *ret_wait_ms; or
 * the error, in the user's words. what names the thing ("blob sha256:…"). May itself talk to a
 * token server.
 */
int registry_judge(struct registry *r, const struct http_transfer *t, struct registry_try *tried,
		   const char *what, int *ret_wait_ms, struct err *e);

#endif
