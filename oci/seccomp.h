/*
 * linux.seccomp: compiled by libseccomp in the parent (or taken from the cache, compared by the
 * whole source text, architecture and library version) and installed by launch as the last step
 * before execve.
 */
#ifndef OCI_SECCOMP_H
#define OCI_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct spec_seccomp;

/* A compiled program: sock_filter array as bytes, with what seccomp(2) wants beside it. */
struct seccomp_filter {
	void *bpf;       /* NULL: no filter */
	size_t len;      /* bytes */
	uint32_t flags;  /* SECCOMP_FILTER_FLAG_… */
	uint32_t notify; /* 1: a listener fd comes out of the install */
};

/*
 * Compiles s. cache_dir (may be NULL) is a private folder for compiled filters, made 0700 when
 * missing; a cache that cannot be used is no error. Unknown system call names are skipped; unknown
 * actions, operators and architectures are errors that name them.
 */
int seccomp_compile(const struct spec_seccomp *s, const char *cache_dir, struct seccomp_filter *ret,
		    struct err *e);
void seccomp_filter_clear(struct seccomp_filter *f);

/*
 * Installs in this thread. The caller has set no_new_privs or holds CAP_SYS_ADMIN. *ret_listener is
 * -1 or the fd.
 */
int seccomp_install(const struct seccomp_filter *f, int *ret_listener, struct err *e);

/* For `features`: NULL-terminated tables of the words this build knows. */
const char *const *seccomp_action_names(void);
const char *const *seccomp_operator_names(void);
const char *const *seccomp_arch_names(void);
const char *const *seccomp_flag_names(void);

#endif
