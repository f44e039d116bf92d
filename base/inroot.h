/*
 * A file system seen from inside a root that is not trusted: every path is walked with
 * openat2(RESOLVE_IN_ROOT) from the root's fd (Linux 5.6), so that "..", absolute and relative
 * symlinks end inside. Magic links are refused. Use these, and nothing else, for paths that an
 * image, an archive or a container can influence.
 */
#ifndef BASE_INROOT_H
#define BASE_INROOT_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

/*
 * Opens path inside root; flags as open(2), O_CLOEXEC added. A caller may match -ENOENT, -ENOTDIR,
 * -ELOOP, -EEXIST.
 */
int inroot_open(int root, const char *path, int flags, mode_t mode, struct err *e);

/* As inroot_open without a message, for probing. */
int inroot_try_open(int root, const char *path, int flags, mode_t mode);

/*
 * Opens the parent of path inside root (O_PATH) and gives the last component (borrowed from path,
 * "." for the root). "..", as last component is -EINVAL.
 */
int inroot_open_parent(int root, const char *path, const char **ret_name, struct err *e);

/*
 * mkdir -p inside root; returns an O_PATH fd of the directory. Existing symlinks on the way are
 * followed inside root; dangling ones are created through (as docker does).
 */
int inroot_make_dirs(int root, const char *path, mode_t mode, struct err *e);

/*
 * Makes sure a regular file (with its parents) exists at path; returns an O_PATH fd of what is
 * there.
 */
int inroot_make_file(int root, const char *path, mode_t mode, struct err *e);

/*
 * Reads a regular file inside root, at most limit bytes, never blocking on FIFOs or devices
 * (-EINVAL).
 */
struct str;
int inroot_read(int root, const char *path, size_t limit, struct str *ret, struct err *e);

#endif
