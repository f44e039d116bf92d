/*
 * Platforms of images ("linux/arm64/v8"; image-spec image-index.md, "platform") and the choice
 * among an index's entries.
 */
#ifndef IMAGE_PLATFORM_H
#define IMAGE_PLATFORM_H

#include <stddef.h>

struct err;
struct manifest;
struct manifest_entry;

struct platform {
	char os[16];           /* "linux" */
	char architecture[24]; /* "amd64": Go's names */
	char variant[16];      /* "v7", or empty */
};

/* "linux/arm64", "linux/arm/v7", "arm64", also with uname's names of machines. -EINVAL. */
int platform_parse(const char *text, struct platform *ret, struct err *e);
/* This machine's. */
void platform_host(struct platform *ret);
/* "linux/arm/v7" into buf. */
#define PLATFORM_TEXT_MAX 64
const char *platform_text(const struct platform *p, char buf[PLATFORM_TEXT_MAX]);

/*
 * The entry of an index that runs on p: the same variant, else the next older one (arm: v7, v6, v5;
 * amd64: v3, v2, v1), as containerd chooses. Attestations and other non-images are passed over.
 * NULL: none; the platforms that there are then stand in the error (-ENOENT).
 */
int platform_choose(const struct platform *p, const struct manifest *index,
		    const struct manifest_entry **ret, struct err *e);

#endif
