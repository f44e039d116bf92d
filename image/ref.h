/*
 * Image names as people type them and as registries know them (distribution-spec "Pulling
 * manifests", docker's reference grammar).
 */
#ifndef IMAGE_REF_H
#define IMAGE_REF_H

#include <stdbool.h>

struct err;

/* "nginx:alpine" is domain "docker.io", path "library/nginx", tag "alpine". */
struct ref {
	char *domain; /* "docker.io", "host:5000" */
	char *path;   /* "library/nginx" */
	char *tag;    /* NULL where only a digest was given; "latest" where nothing was */
	char *digest; /* "sha256:…", or NULL */
};

/* Parses and normalises. -EINVAL: the message says which part is wrong and why. */
int ref_parse(const char *text, struct ref *ret, struct err *e);
void ref_clear(struct ref *r);
/* Full form, "docker.io/library/nginx:alpine[@sha256:…]"; the caller owns it. */
char *ref_full(const struct ref *r);
/* As docker shows it: "nginx:alpine", without what is default. The caller owns it. */
char *ref_familiar(const struct ref *r);
/* domain/path without tag, familiar form: the REPOSITORY column. */
char *ref_familiar_name(const struct ref *r);

/*
 * True where text names no registry ("nginx", "team/app:1"), so that registries.conf decides what
 * it means.
 */
bool ref_is_short(const char *text);
/* [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} */
bool ref_tag_ok(const char *tag);

#define auto_ref __attribute__((unused, cleanup(ref_clear)))

#endif
