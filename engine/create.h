/*
 * From flags to a container on disk: record.json in a new folder, and its name claimed by an
 * exclusive create. Nothing runs yet. The flags that were given are in a record (empty members were
 * not given); the image fills the rest.
 */
#ifndef ENGINE_CREATE_H
#define ENGINE_CREATE_H

#include <stdbool.h>

struct container;
struct engine;
struct err;
struct image;
struct record;

/* Flags that decide how the image is merged and that the record does not keep. */
struct create_flags {
	bool has_entrypoint; /* --entrypoint was given: the image's words do not count */
	bool publish_all;    /* -P */
	bool no_healthcheck;
	const char *cidfile; /* NULL: none; must not exist */
	/* monitor_start() follows at once: a death in between leaves nothing of a --rm container */
	bool starting;
};

/*
 * Completes r from img and makes the container. r belongs to the container afterwards (also on
 * failure it is freed). -EEXIST: name conflict. The caller owns *ret.
 */
int create_container(struct engine *g, struct record *r, const struct create_flags *f,
		     const struct image *img, struct container **ret, struct err *e);

/* The first half: fills r from the image's config, and with defaults. No container is made. */
int create_merge(struct record *r, const struct create_flags *f, const struct image *img,
		 struct err *e);

/* A name like "brave_hopper"; try > 0 appends a digit as docker does. The caller owns it. */
char *create_random_name(unsigned int try);

#endif
