/*
 * registries.conf (containers-registries.conf(5), version 2): where an image of a given name is
 * really fetched from, and what short names mean. The same files that podman, buildah and skopeo
 * read, with their drop-in folders.
 */
#ifndef IMAGE_REGCONF_H
#define IMAGE_REGCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct err;
struct ref;

/* A place that serves a repository. */
struct regconf_place {
	/* "host:port[/path]"; empty in a [[registry]] with a wildcard prefix: as named */
	char *location;
	bool insecure;                    /* certificates are not checked, http is allowed */
	bool by_digest_only, by_tag_only; /* of a mirror: pull-from-mirror */
};

/* One [[registry]] with its [[registry.mirror]]s. */
struct regconf_registry {
	char *prefix; /* "docker.io", "host/path", "*.example.com" */
	struct regconf_place place;
	bool blocked;
	bool mirror_by_digest_only;
	struct regconf_place *mirrors;
	size_t nmirrors;
};

/* Zero-initialised is empty: every image from where its name says. */
struct regconf {
	struct regconf_registry *registries;
	size_t nregistries;
	struct strv search;  /* unqualified-search-registries */
	struct strv aliases; /* "name=host/repository" */
	struct strv helpers; /* credential-helpers */
};

void regconf_clear(struct regconf *c);
#define auto_regconf __attribute__((cleanup(regconf_clear)))

/*
 * Reads path; NULL: $CONTAINERS_REGISTRIES_CONF, ~/.config/containers/registries.conf or
 * /etc/containers/registries.conf, the first that exists, and then the *.conf in
 * /etc/containers/registries.conf.d and ~/.config/containers/registries.conf.d, where later files
 * win. No file is fine, but one that was named must exist. -EBADMSG: FILE, and what is wrong in it.
 */
int regconf_load(const char *path, struct regconf *ret, struct err *e);

/* Adds one file's text; for tests and fuzzing. */
int regconf_add_text(struct regconf *c, const char *text, size_t len, const char *what,
		     struct err *e);

/* Where to ask for one image: the registry's name and the repository there. */
struct regconf_source {
	char *domain;
	char *path;
	bool insecure;
	bool mirror;
};

void regconf_sources_free(struct regconf_source *list, size_t n);

/*
 * The sources of r, best first: its mirrors, then the place itself. -EPERM: blocked; -EINVAL:
 * rewriting gives no valid name. The caller owns *ret (regconf_sources_free).
 */
int regconf_sources(const struct regconf *c, const struct ref *r, struct regconf_source **ret,
		    size_t *ret_n, struct err *e);

/*
 * The full names that text may mean, best first, appended: a qualified name is itself; a short one
 * is its alias, else one for each search registry, else docker.io's.
 */
int regconf_names(const struct regconf *c, const char *text, struct strv *ret, struct err *e);

#endif
