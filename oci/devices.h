/*
 * /dev: the default devices, the links, linux.devices, the console. Inside oci/; rootfs.h has what
 * callers use.
 */
#ifndef OCI_DEVICES_H
#define OCI_DEVICES_H

#include <stdbool.h>
#include <sys/stat.h>

/* Character device 1:3. */
bool device_is_null(const struct stat *st);

#endif
