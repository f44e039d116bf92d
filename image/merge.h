/*
 * The union of layers read in place: a walk over several trees at once, names sorted, whiteouts and
 * opaque folders applied. What overlayfs would show, without a mount. Runs where files of
 * subordinate ids can be read: in the user namespace.
 */
#ifndef IMAGE_MERGE_H
#define IMAGE_MERGE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/str.h"

struct err;
struct store;

/* One file of the union, while it is visited. */
struct merge_item {
	const char *path; /* from the root, without a leading slash; "" is the root itself */
	const char *name; /* its last component; "." for the root */
	int dirfd;        /* of the layer's folder that name is in (readable) */
	size_t layer;     /* which tree, 0 is the lowest */
	struct stat st;   /* not followed */
};

/*
 * Calls visit for every file, a folder before what is in it, siblings in byte order of their names.
 * A negative value ends the walk and is returned.
 */
typedef int merge_visit(const struct merge_item *item, void *data, struct err *e);

/* How a tree says that something of the lower ones is gone. */
enum merge_marks {
	MERGE_PLAIN, /* not at all: every file is what it is */
	MERGE_LAYER, /* as overlayfs and fuse-overlayfs: devices 0:0, opaque folders */
	MERGE_DOTS,  /* also by .wh. names (layer_info.dot_whiteouts) */
};

/* Open folders, lowest first. */
struct merge_trees {
	int *fds;
	enum merge_marks *marks;
	size_t n;
	size_t root_from; /* whose owner, mode and time the root folder has */
};

int merge_walk(const struct merge_trees *t, merge_visit *visit, void *data, struct err *e);

/* The layers of an image; upper_dirfd (borrowed; -1: none) is a container's upper/ on top. */
int merge_open(const struct store *s, const struct strv *diff_ids, int upper_dirfd,
	       struct merge_trees *ret, struct err *e);
/* One folder as it is. */
int merge_open_plain(int dirfd, struct merge_trees *ret, struct err *e);
void merge_close(struct merge_trees *t);

#define auto_trees __attribute__((cleanup(merge_close)))

/*
 * Copies the union into the existing folder dst: owners, modes, times, xattrs, hard links, holes
 * kept; file data by reflink where the file system can.
 */
int merge_copy(const struct merge_trees *t, int dst, struct err *e);

#endif
