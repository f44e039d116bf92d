/* User namespaces that exist only to describe the id mapping of a mount. */
#ifndef OCI_IDMAP_H
#define OCI_IDMAP_H

struct err;
struct spec_mount;

/*
 * Returns a fd of a user namespace with the mount's uidMappings and gidMappings; without any, of
 * the one that the caller is in. The caller has CAP_SETUID and CAP_SETGID over the outside ids.
 */
int idmap_userns(const struct spec_mount *m, struct err *e);

#endif
