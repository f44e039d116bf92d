/*
 * Compiled seccomp filters on disk. A file is found by a 64-bit hash of its key and used only when
 * the whole key in it is the same, so that neither a collision nor a forged name gives a container
 * another one's filter.
 */
#ifndef OCI_SECCOMP_CACHE_H
#define OCI_SECCOMP_CACHE_H

#include "base/str.h"
#include "oci/seccomp.h"

/* 1: *ret is filled, the caller owns ret->bpf. 0: there is none that can be trusted. */
int seccomp_cache_load(const char *dir, const struct str *key, struct seccomp_filter *ret);

/* Best effort: what cannot be written is a debug line. The folder is made 0700. */
void seccomp_cache_store(const char *dir, const struct str *key, const struct seccomp_filter *f);

#endif
