/*
 * Manifests and indexes (image-spec manifest.md, image-index.md; docker's schema 2 and manifest
 * list) as structs: parsed from bytes of a registry or of the store, with every digest and size
 * checked before anything uses it.
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "image/store.h"

struct err;

/*
 * A manifest, an index or a config may have this many bytes (distribution-spec asks registries for
 * 4 MiB).
 */
#define MANIFEST_BYTES_MAX ((size_t)4 << 20)
/* Layers of one image (docker stops at 127; overlay at 500). */
#define MANIFEST_LAYERS_MAX 500

enum manifest_kind { MANIFEST_IMAGE, MANIFEST_INDEX };

/* One entry of an index. */
struct manifest_entry {
	struct descriptor desc;
	char *os; /* NULL: no platform is given */
	char *architecture;
	char *variant; /* may be NULL */
	char *name;    /* annotation org.opencontainers.image.ref.name, or NULL */
};

struct manifest {
	enum manifest_kind kind;
	char *media_type;          /* of the body, or what its shape says */
	struct descriptor config;  /* MANIFEST_IMAGE */
	struct descriptor *layers; /* bottom first */
	size_t nlayers;
	struct manifest_entry *entries; /* MANIFEST_INDEX */
	size_t nentries;
};

/*
 * Parses a body. media_type is what the header or descriptor said (NULL: unknown); a body that says
 * or is something else is -EBADMSG. Schema 1, unknown media types: -ENOTSUP. `what` names it in
 * errors.
 */
int manifest_parse(const char *text, size_t len, const char *media_type, const char *what,
		   struct manifest *ret, struct err *e);
void manifest_clear(struct manifest *m);

#define auto_manifest __attribute__((cleanup(manifest_clear)))

/*
 * Checks an image config against its manifest: rootfs.type "layers", as many diff ids as layers,
 * each a digest. Appends the diff ids.
 */
int manifest_check_config(const struct manifest *m, const cJSON *config, struct strv *ret_diff_ids,
			  struct err *e);

#endif
