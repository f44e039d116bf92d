/*
 * Content digests ("sha256:<64 hex>", image-spec descriptor.md) on libcrypto, loaded on first use.
 * Texts from outside are checked here before they become part of a path or URL.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };

/* "sha512:" + 128 hex + NUL */
#define DIGEST_TEXT_MAX 136

/* A running hash. */
struct digest {
	enum digest_algorithm algorithm;
	void *ctx; /* EVP_MD_CTX */
};

/*
 * Accepts exactly sha256:<64 lower-case hex> and sha512:<128 …>. -EINVAL with a message that quotes
 * it.
 */
int digest_check(const char *text, struct err *e);
bool digest_ok(const char *text);
/* The hexadecimal part (borrowed). text has been checked. */
const char *digest_hex(const char *text);
/* Algorithm of a checked text. */
enum digest_algorithm digest_algorithm(const char *text);

int digest_begin(struct digest *d, enum digest_algorithm algorithm, struct err *e);
void digest_add(struct digest *d, const void *p, size_t len);
/* Writes "sha256:…" into text and frees the hash. */
void digest_end(struct digest *d, char text[DIGEST_TEXT_MAX]);
void digest_free(struct digest *d);

#define auto_digest __attribute__((unused, cleanup(digest_free)))

/* In one go. */
int digest_of(const void *p, size_t len, char text[DIGEST_TEXT_MAX], struct err *e);
int digest_of_fd(int fd, char text[DIGEST_TEXT_MAX], struct err *e);

#endif
