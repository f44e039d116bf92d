/* linux.maskedPaths and linux.readonlyPaths. Inside oci/. */
#ifndef OCI_MASK_H
#define OCI_MASK_H

struct err;
struct rootfs;

/*
 * Puts both in force. Paths that do not exist are left out, as the specification has it. After the
 * mounts and devices.
 */
int mask_paths(struct rootfs *r, struct err *e);

#endif
