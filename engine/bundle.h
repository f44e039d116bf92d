/*
 * The OCI bundle of a container: config.json and the small files beside it, from a record. Plain
 * OCI: crun and runc take it too.
 */
#ifndef ENGINE_BUNDLE_H
#define ENGINE_BUNDLE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/userns.h"
#include "engine/passwd.h"
#include "engine/record.h"
#include "net/net.h"

struct engine;
struct err;
struct image;

/* What config.json depends on beside the record. */
struct bundle {
	const struct record *record;
	const struct passwd_user *user;
	const char *dir; /* absolute container folder: sources of resolv.conf, hosts, hostname;
			    NULL: not mounted (an exported bundle) */
	const struct strv
		*volume_paths; /* of the same length as record->mounts, "" where it is no volume */
	bool rootless;         /* in a user namespace */
	bool new_userns; /* config.json itself asks for one, with the caller's ids (an exported
			    bundle) */
	const struct userns *userns;
	uint32_t rows, cols;
};

/* The tree of config.json; the caller owns *ret. */
int bundle_config(const struct bundle *b, cJSON **ret, struct err *e);

/* The environment of a process of the container: the record's and what is added at start. Appended to ret. */
void bundle_env(const struct record *r, const struct passwd_user *user, struct strv *ret);

/*
 * `pod export --bundle`: dirfd/config.json for an image whose root file system stands in
 * dirfd/rootfs.
 */
int bundle_export(struct engine *g, const struct image *img, int dirfd, struct err *e);

#endif
