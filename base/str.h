/*
 * Growing strings (struct str), lists of strings (struct strv), and the few predicates on C strings
 * that libc lacks.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

struct err;

/*
 * A string that grows. Zero-initialised is empty and valid; .data is NULL then (str_cstr() gives ""
 * instead). Always terminated by a NUL that .len does not count; may hold NULs.
 */
struct str {
	char *data;
	size_t len;
	size_t cap;
};

void str_add(struct str *s, const char *text);
void str_add_mem(struct str *s, const void *p, size_t len);
void str_add_char(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_reserve(struct str *s, size_t more); /* room for `more` bytes and the NUL */
void str_cut(struct str *s, size_t len);      /* shortens to len */
void str_free(struct str *s);
const char *str_cstr(const struct str *s); /* never NULL; borrowed */
/* never NULL; the caller owns it, s is empty again */
char *str_take(struct str *s);

#define auto_str __attribute__((unused, cleanup(str_free)))

/*
 * A NULL-terminated list of owned strings. Zero-initialised is empty; .v is NULL then, so use .len
 * for loops.
 */
struct strv {
	char **v;
	size_t len;
	size_t cap;
};

void strv_add(struct strv *l, const char *s); /* copies */
void strv_add_take(struct strv *l, char *s);  /* takes ownership */
void strv_addf(struct strv *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strv_insert(struct strv *l, size_t at, const char *s);
void strv_remove(struct strv *l, size_t at);
void strv_copy(struct strv *dst, const struct strv *src); /* appends copies of all of src */
bool strv_has(const struct strv *l, const char *s);
void strv_sort(struct strv *l);
void strv_free(struct strv *l);
char *strv_join(const struct strv *l, const char *sep); /* the caller owns it */
/* appends the pieces, empty ones too; "" adds nothing */
void strv_split(struct strv *l, const char *text, char sep);

#define auto_strv __attribute__((unused, cleanup(strv_free)))

/* In a list of NAME=VALUE: the value of name (borrowed), or NULL. */
const char *strv_env_get(const struct strv *l, const char *name);
/* Sets NAME=VALUE, replacing an earlier one in place. */
void strv_env_set(struct strv *l, const char *name, const char *value);
/* The same from one "NAME=VALUE" text. */
void strv_env_put(struct strv *l, const char *entry);

static inline bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix);

/* The rest after prefix, or NULL. */
static inline const char *str_after(const char *s, const char *prefix)
{
	return str_starts(s, prefix) ? s + strlen(prefix) : NULL;
}

/*
 * Whole-string numbers, decimal, no blanks, no sign but '-' for the signed one. -EINVAL or -ERANGE;
 * no message.
 */
int str_to_u64(const char *s, uint64_t *ret);
int str_to_i64(const char *s, int64_t *ret);
int str_to_u32(const char *s, uint32_t *ret);
int str_to_int(const char *s, int *ret);
int str_to_mode(const char *s, unsigned int *ret); /* octal, at most 07777 */

/*
 * "512", "64k", "10m", "2g", "1.5GiB", "100MB": bytes (k = 1024). -EINVAL or -ERANGE; no message.
 */
int str_to_bytes(const char *s, uint64_t *ret);

/* Lower-case hexadecimal of len bytes into out (2 * len + 1 bytes). */
void str_hex(char *out, const void *bytes, size_t len);

/* True for exactly len lower-case hexadecimal digits. */
bool str_is_hex(const char *s, size_t len);

#endif
