/* Files with several names: which of them was met first. */
#ifndef IMAGE_LINKS_H
#define IMAGE_LINKS_H

#include <stddef.h>
#include <sys/stat.h>

struct link_slot {
	dev_t dev;
	ino_t ino; /* 0: free */
	char *path;
};

/* Zero-initialised is empty. */
struct links {
	struct link_slot *slots;
	size_t size, used;
};

/*
 * The path (borrowed) under which st's file was seen before, or NULL, and then path is noted. Files
 * with one name are not.
 */
const char *links_seen(struct links *l, const struct stat *st, const char *path);
void links_free(struct links *l);

#endif
