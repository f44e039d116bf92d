/*
 * Memory that cannot fail, and owning locals that clean up after themselves. Out of memory ends the
 * program with exit status 125: nobody can do anything sensible about it one call later.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * As calloc/realloc/strdup/…, never NULL. Sizes of arrays are checked for overflow. The caller owns
 * the result.
 */
void *xzalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
void *xmemdup(const void *p, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says "out of memory" and ends the program with status 125; for NULLs of libraries. */
_Noreturn void mem_exhausted(void);

/* Moves ownership out of an auto_ variable. */
#define take_ptr(p)                           \
	({                                    \
		__auto_type take_tmp_ = *(p); \
		*(p) = NULL;                  \
		take_tmp_;                    \
	})

static inline int take_fd(int *fd)
{
	int out = *fd;

	*fd = -1;
	return out;
}

/* Closes *fd if it is open and sets it to -1; errno is kept; close is never retried. */
void close_fd(int *fd);

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_file(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void cleanup_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define auto_free __attribute__((unused, cleanup(cleanup_free)))
#define auto_fd __attribute__((unused, cleanup(close_fd)))
#define auto_file __attribute__((unused, cleanup(cleanup_file)))
#define auto_dir __attribute__((unused, cleanup(cleanup_dir)))

/* Replaces an owned pointer: frees the old value, which the new one may have been made of. */
#define replace_ptr(p, value)                       \
	({                                          \
		__auto_type replace_tmp_ = (value); \
		free(*(p));                         \
		*(p) = replace_tmp_;                \
	})

#endif
