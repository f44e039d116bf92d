/* The content of a folder copied into the tmpfs that covers it (mount option tmpcopyup). */
#ifndef OCI_COPY_UP_H
#define OCI_COPY_UP_H

struct err;

/*
 * Copies what is in the folder from (a fd, O_PATH is enough; mounts on it are not seen) into the
 * folder to: folders, files, symlinks, devices where allowed, FIFOs; owners, modes and times as far
 * as the caller may. Sockets are left out. -ELOOP: deeper than 100 folders.
 */
int copy_up(int from, int to, struct err *e);

#endif
