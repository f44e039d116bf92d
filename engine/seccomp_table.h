/* The default seccomp profile as rows. Inside engine/. */
#ifndef ENGINE_SECCOMP_TABLE_H
#define ENGINE_SECCOMP_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* One comparison of an argument, as in linux.seccomp. */
struct seccomp_arg {
	unsigned int index;
	const char *op; /* "SCMP_CMP_EQ"; NULL: no comparison */
	uint64_t value, value_two;
};

/* System calls that are allowed together. */
struct seccomp_row {
	const char *names;     /* with blanks between */
	uint64_t with_caps;    /* only where one of these is held; 0: always */
	uint64_t without_caps; /* not where one of these is held */
	const char *arches; /* only on these, in docker's words with blanks between; NULL: on all */
	const char *not_arches; /* not on these */
	unsigned int errno_ret; /* 0: allowed, else refused with this */
	struct seccomp_arg arg;
};

extern const struct seccomp_row seccomp_table[];
extern const size_t seccomp_table_len;

#endif
