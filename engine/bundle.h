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
	/* as long as record->mounts, "" where it is no volume; NULL: volumes are not mounted */
	const struct strv *volume_paths;
	bool rootless;   /* in a user namespace */
	bool new_userns; /* config.json itself asks for one, with the caller's ids (an exported
			    bundle) */
	const struct userns *userns;
	uint32_t rows, cols;
};

/* The tree of config.json; the caller owns *ret. */
int bundle_config(const struct bundle *b, cJSON **ret, struct err *e);

/*
 * The environment of a process of the container: the record's and what is added at start. Appended
 * to ret.
 */
void bundle_env(const struct record *r, const struct passwd_user *user, struct strv *ret);

/*
 * `pod export --bundle`: dirfd/config.json for an image, or a container's record, whose root file
 * system stands in dirfd/rootfs. Volumes are plain folders there, and nothing gives it a network
 * but the host's, if that was asked for: the record is changed to say so.
 */
int bundle_export_image(struct engine *g, const struct image *img, int dirfd, struct err *e);
int bundle_export_container(struct engine *g, struct record *r, int dirfd, struct err *e);

#endif
