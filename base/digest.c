/* Content digests on libcrypto: see digest.h. */
#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/dl.h"
#include "base/err.h"
#include "base/str.h"

static const struct algorithm {
	const char *prefix;
	size_t hex_len;
} algorithms[] = {
	[DIGEST_SHA256] = { "sha256:", 64 },
	[DIGEST_SHA512] = { "sha512:", 128 },
};

static struct {
	typeof(EVP_MD_CTX_new) *EVP_MD_CTX_new;
	typeof(EVP_MD_CTX_free) *EVP_MD_CTX_free;
	typeof(EVP_sha256) *EVP_sha256;
	typeof(EVP_sha512) *EVP_sha512;
	typeof(EVP_DigestInit_ex) *EVP_DigestInit_ex;
	typeof(EVP_DigestUpdate) *EVP_DigestUpdate;
	typeof(EVP_DigestFinal_ex) *EVP_DigestFinal_ex;
} crypto;

static struct err load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void crypto_load(void)
{
	static const char *const sonames[] = { "libcrypto.so.3", "libcrypto.so.1.1", NULL };
	static const struct dl_symbol symbols[] = {
		DL_SYMBOL(crypto, EVP_MD_CTX_new),     DL_SYMBOL(crypto, EVP_MD_CTX_free),
		DL_SYMBOL(crypto, EVP_sha256),         DL_SYMBOL(crypto, EVP_sha512),
		DL_SYMBOL(crypto, EVP_DigestInit_ex),  DL_SYMBOL(crypto, EVP_DigestUpdate),
		DL_SYMBOL(crypto, EVP_DigestFinal_ex),
	};

	(void)dl_load(sonames, "libssl3", symbols, ARRAY_SIZE(symbols), &load_error);
}

static const struct algorithm *find_algorithm(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		const char *hex = str_after(text, algorithms[i].prefix);

		if (hex && str_is_hex(hex, algorithms[i].hex_len))
			return &algorithms[i];
	}
	return NULL;
}

bool digest_ok(const char *text)
{
	return find_algorithm(text) != NULL;
}

int digest_check(const char *text, struct err *e)
{
	if (digest_ok(text))
		return 0;
	return err_set(
		e, EINVAL,
		"invalid digest '%.150s': expected sha256: and 64, or sha512: and 128 lower-case hexadecimal digits",
		text);
}

const char *digest_hex(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon ? colon + 1 : text;
}

enum digest_algorithm digest_algorithm(const char *text)
{
	return str_starts(text, "sha512:") ? DIGEST_SHA512 : DIGEST_SHA256;
}

int digest_begin(struct digest *d, enum digest_algorithm algorithm, struct err *e)
{
	EVP_MD_CTX *ctx;

	(void)pthread_once(&load_once, crypto_load);
	if (load_error.num)
		return err_copy(e, &load_error);
	ctx = crypto.EVP_MD_CTX_new();
	if (!ctx)
		mem_exhausted();
	if (!crypto.EVP_DigestInit_ex(
		    ctx, algorithm == DIGEST_SHA512 ? crypto.EVP_sha512() : crypto.EVP_sha256(),
		    NULL)) {
		crypto.EVP_MD_CTX_free(ctx);
		return err_set(e, ENOSYS, "libcrypto refuses %.6s", algorithms[algorithm].prefix);
	}
	*d = (struct digest){ .algorithm = algorithm, .ctx = ctx };
	return 0;
}

void digest_add(struct digest *d, const void *p, size_t len)
{
	if (len)
		(void)crypto.EVP_DigestUpdate(d->ctx, p, len);
}

void digest_end(struct digest *d, char text[DIGEST_TEXT_MAX])
{
	unsigned char raw[EVP_MAX_MD_SIZE] = { 0 };
	unsigned int len = 0;
	size_t at = strlen(algorithms[d->algorithm].prefix);

	(void)crypto.EVP_DigestFinal_ex(d->ctx, raw, &len);
	memcpy(text, algorithms[d->algorithm].prefix, at);
	str_hex(text + at, raw, algorithms[d->algorithm].hex_len / 2);
	digest_free(d);
}

void digest_free(struct digest *d)
{
	if (d->ctx)
		crypto.EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

int digest_of(const void *p, size_t len, char text[DIGEST_TEXT_MAX], struct err *e)
{
	struct digest d;
	int r = digest_begin(&d, DIGEST_SHA256, e);

	if (r < 0)
		return r;
	digest_add(&d, p, len);
	digest_end(&d, text);
	return 0;
}

int digest_of_fd(int fd, char text[DIGEST_TEXT_MAX], struct err *e)
{
	auto_free char *buf = xcalloc(1, 1 << 18);
	auto_digest struct digest d = { 0 };
	int r = digest_begin(&d, DIGEST_SHA256, e);

	while (r >= 0) {
		ssize_t n = read(fd, buf, 1 << 18);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		if (n == 0) {
			digest_end(&d, text);
			return 0;
		}
		digest_add(&d, buf, (size_t)n);
	}
	return r;
}
