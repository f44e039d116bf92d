/*
 * The error convention of the whole tree. A function that can fail returns int: 0 or more, or a
 * negative errno, and takes a `struct err *e` last. Who first sees the failure records the message;
 * callers pass the value on, and may prefix a change of noun. `e` may be NULL where the failure is
 * ignored on purpose.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>
#include <stddef.h>

/* Exit statuses that docker users know. */
enum exit_status {
	EXIT_POD = 125,       /* pod itself failed */
	EXIT_NOT_EXEC = 126,  /* the command exists but cannot be executed */
	EXIT_NOT_FOUND = 127, /* the command does not exist */
	EXIT_SIGNALLED = 128, /* plus the signal's number */
};

/* One failure: a plain value that travels through a socket as it is. */
struct err {
	int num;        /* errno, positive; 0 means no error */
	int status;     /* exit status for the process; 0 means "the command's usual one" */
	char msg[1000]; /* one line, UTF-8, no full stop */
};

/* Records "FORMAT" and returns -num. num is a positive errno. */
int err_set(struct err *e, int num, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Records "FORMAT: strerror(errno)" and returns -errno. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Records "FORMAT: strerror(num)" and returns -num; for calls that return their errno. */
int err_num(struct err *e, int num, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "FORMAT: " before the recorded message, and returns -e->num (or -EIO where e is NULL). */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the exit status that goes with the error and returns -e->num. */
int err_status(struct err *e, int status);

/* Copies a recorded error and returns its -num. */
int err_copy(struct err *e, const struct err *from);

/* Tells compilers and analysers what holds of each of these: their value is negative. */
static inline int err_negative(int r)
{
	return r < 0 ? r : -EIO;
}

#define err_set(...) err_negative((err_set)(__VA_ARGS__))
#define err_sys(...) err_negative((err_sys)(__VA_ARGS__))
#define err_num(...) err_negative((err_num)(__VA_ARGS__))
#define err_prefix(...) err_negative((err_prefix)(__VA_ARGS__))
#define err_status(...) err_negative((err_status)(__VA_ARGS__))
#define err_copy(...) err_negative((err_copy)(__VA_ARGS__))

/*
 * Copies text to dst (size bytes, always terminated), with control bytes and broken UTF-8 made
 * visible as "\xNN".
 */
void err_clean(char *dst, size_t size, const char *text);

#endif
