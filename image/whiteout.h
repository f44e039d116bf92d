/*
 * How a layer says that something of the layers below is gone: in a tar by names (image-spec
 * layer.md, "Whiteouts"), on disk by overlayfs's marks (Documentation/filesystems/overlayfs.rst,
 * "whiteouts and opaque directories"), or by the tar's names where the file system has no such
 * marks.
 */
#ifndef IMAGE_WHITEOUT_H
#define IMAGE_WHITEOUT_H

#include <stdbool.h>
#include <sys/stat.h>

struct err;

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE_NAME ".wh..wh..opq"

enum whiteout_kind {
	WHITEOUT_NONE,   /* an ordinary name */
	WHITEOUT_FILE,   /* .wh.NAME hides NAME */
	WHITEOUT_OPAQUE, /* .wh..wh..opq hides all that lower layers have in this folder */
	WHITEOUT_AUFS,   /* any other .wh..wh. name: AUFS's own housekeeping, to be passed over */
	WHITEOUT_BAD,    /* of ".", ".." or "" */
};

/* What a name in a tar is; *ret_hides (borrowed from name) is set for WHITEOUT_FILE. */
enum whiteout_kind whiteout_parse(const char *name, const char **ret_hides);

/* overlayfs's whiteout: a character device 0:0. */
bool whiteout_is_device(const struct stat *st);

/* True for a folder with an opaque mark of any spelling, that as a file in it too. */
bool whiteout_is_opaque(int fd);

/*
 * Hides parent/name; nothing to do where name exists. mknod of 0:0 needs no privilege since Linux
 * 5.8; where it fails .wh.NAME is made and *dots set.
 */
int whiteout_make(int parent, const char *name, bool *dots, struct err *e);

/* Marks an open folder opaque: user.overlay.opaque=y, or .wh..wh..opq and *dots. */
int whiteout_make_opaque(int fd, bool *dots, struct err *e);

#endif
