/* The way to a new root where pivot_root is not possible (`--no-pivot`: "/" is an initramfs). */
#ifndef OCI_MOVE_ROOT_H
#define OCI_MOVE_ROOT_H

struct err;

/*
 * Moves the mount root_fd over "/" and makes it the root, after every proc and sysfs outside it is
 * gone or covered: a container could get behind a mount that is only on top, and there nothing is
 * masked.
 */
int move_root(int root_fd, struct err *e);

#endif
