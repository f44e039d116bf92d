/*
 * The union of layers read in place: a walk over several trees at once, names sorted, whiteouts and opaque folders applied. What overlayfs would show,
 * without a mount. Runs where files of subordinate ids can be read: in the user namespace.
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
	int dirfd;	  /* of the layer's folder that name is in (readable) */
	size_t layer;	  /* which tree, 0 is the lowest */
	struct stat st;	  /* not followed */
};

/*
 * Calls visit for every file, a folder before what is in it, siblings in byte order of their names. A negative value ends the walk and is returned.
 */
typedef int merge_visit(const struct merge_item *item, void *data, struct err *e);

/* trees: open folders, lowest first; the root's own owner, mode and time are those of trees[root_from]. */
int merge_walk(const int *trees, size_t n, size_t root_from, merge_visit *visit, void *data,
	       struct err *e);

/* The layers of an image and what may lie on top, open for a walk. */
struct merge_trees {
	int *fds;
	size_t n;
	size_t root_from; /* the highest that says something of the root folder */
};

/* upper_dirfd (borrowed; -1: none) is the folder on top. */
int merge_open(const struct store *s, const struct strv *diff_ids, int upper_dirfd,
	       struct merge_trees *ret, struct err *e);
void merge_close(struct merge_trees *t);

#define auto_trees __attribute__((cleanup(merge_close)))

/*
 * Copies the union of the layers (bottom first) and, where upper_dirfd >= 0, a container's upper/ on top into the existing folder dst: owners, modes,
 * times, xattrs, hard links, holes kept; file data by reflink where the file system can.
 */
int merge_copy(const struct store *s, const struct strv *diff_ids, int upper_dirfd, int dst,
	       struct err *e);

#endif
