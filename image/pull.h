/*
 * From a registry to the store: name → registries.conf → manifest for this platform → blobs in
 * parallel, streamed through hash, store and unpacking.
 */
#ifndef IMAGE_PULL_H
#define IMAGE_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct image;
struct store;
struct strv;

/* Who is told how far it is. All may be NULL. Called in the pulling thread. */
struct pull_progress {
	/* "Trying to pull docker.io/library/nginx:alpine..." */
	void (*status)(void *data, const char *text);
	/* Of one layer: bytes done of total, "Downloading", "Pull complete", … */
	void (*layer)(void *data, size_t index, size_t count, const char *digest, int64_t done,
		      int64_t total, const char *state);
	void *data;
};

/* How to pull. NULL everywhere and tls_verify -1 is as usual. */
struct pull {
	const char *platform;        /* "linux/arm64[/v8]"; NULL: this machine's */
	const char *authfile;        /* NULL: the usual places (auth.h) */
	const char *creds;           /* "user:password"; NULL: from the authfile */
	const char *cert_dir;        /* ca.crt, client certificates; NULL: certs.d (certs.h) */
	int tls_verify;              /* -1: as registries.conf says; 0 off; 1 on */
	const char *registries_conf; /* NULL: the usual places (regconf.h) */
	/* Hosts of token servers that may see credentials beside those that always may. */
	const struct strv *trusted_realms;
	int stall_timeout_s; /* without a byte; 0: $POD_STALL_TIMEOUT, else 30 */
	const struct pull_progress *progress;
};

/*
 * Pulls name; *ret (may be NULL) is the caller's. Nothing of a failed pull is left, unless another
 * process holds the store: then the next removal sweeps it. Errors say what, where and why;
 * -EACCES: credentials, -ENOENT: no such tag, -EINTR: SIGINT, SIGTERM or SIGHUP came (the exit
 * status is set). The three signals and SIGPIPE are handled here meanwhile, unless they are
 * ignored.
 */
int image_pull(const struct store *s, const char *name, const struct pull *p, struct image **ret,
	       struct err *e);

/*
 * The full names that a name typed may mean by registries.conf (aliases, search registries), best
 * first, appended to ret: for looking whether the store has the image already.
 */
int image_pull_names(const char *name, const char *registries_conf, struct strv *ret,
		     struct err *e);

#endif
