/* What stands before the compiled filter. Inside oci/. */
#ifndef OCI_SECCOMP_STUB_H
#define OCI_SECCOMP_STUB_H

#include "base/str.h"

struct spec_seccomp;

/*
 * Appends the instructions that answer ENOSYS for system calls that are newer than every one that s
 * names: its author cannot have meant to refuse them, and libc falls back on ENOSYS, not on EPERM.
 * Nothing where the default lets calls through or is ENOSYS already. As runc does.
 */
void seccomp_stub(const struct spec_seccomp *s, struct str *ret);

#endif
