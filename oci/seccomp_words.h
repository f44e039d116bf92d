/*
 * The words of linux.seccomp and their numbers. Inside oci/; oci/seccomp.h has the lists of names.
 */
#ifndef OCI_SECCOMP_WORDS_H
#define OCI_SECCOMP_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/seccomp.h"

enum seccomp_word_kind { SECCOMP_ACTION, SECCOMP_OPERATOR, SECCOMP_ARCH, SECCOMP_FLAG };

/* -EINVAL without message: no such word. */
int seccomp_word(enum seccomp_word_kind kind, const char *name, uint32_t *ret);

/*
 * An action with its errnoRet, EPERM where the config has none. -EINVAL: unknown; -EDOM: the action
 * takes no errnoRet.
 */
int seccomp_action(const char *name, bool has_errno, uint32_t errno_ret, uint32_t *ret);

#endif
