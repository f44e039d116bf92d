/*
 * What a unit test needs: plain functions that check and print TAP. A test program is a list of
 *functions and a main that runs them:
 *
 *	static void test_empty(void)
 *	{
 *		struct err e = { 0 };
 *
 *		is_int(ref_parse("", &r, &e), -EINVAL, "an empty name is refused");
 *		is_str(e.msg, "empty image name", "and says so");
 *	}
 *
 *	int main(void)
 *	{
 *		test_empty();
 *		return tap_done();
 *	}
 *
 * Each check is one TAP line; a failing one says where, what it got and what it wanted, and the
 *program goes on.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int tap_count, tap_failed;

/* What the checks below share: prints the line, and where it stands if it failed. */
static inline bool tap_result(bool good, const char *what, const char *file, int line)
{
	tap_count++;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_count, what ? what : "");
	if (!good) {
		tap_failed++;
		printf("# %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

static inline bool tap_is_int(int64_t got, int64_t want, const char *what, const char *file,
			      int line)
{
	bool good = tap_result(got == want, what, file, line);

	if (!good)
		printf("#      got: %" PRId64 "\n# expected: %" PRId64 "\n", got, want);
	return good;
}

static inline bool tap_is_str(const char *got, const char *want, const char *what, const char *file,
			      int line)
{
	bool good = tap_result(got && want ? !strcmp(got, want) : got == want, what, file, line);

	if (!good)
		printf("#      got: %s\n# expected: %s\n", got ? got : "(null)",
		       want ? want : "(null)");
	return good;
}

static inline bool tap_has_str(const char *got, const char *part, const char *what,
			       const char *file, int line)
{
	bool good = tap_result(got && strstr(got, part), what, file, line);

	if (!good)
		printf("#      got: %s\n# wanted in it: %s\n", got ? got : "(null)", part);
	return good;
}

static inline bool tap_is_mem(const void *got, size_t got_len, const void *want, size_t want_len,
			      const char *what, const char *file, int line)
{
	bool good = tap_result(got_len == want_len && (!want_len || !memcmp(got, want, want_len)),
			       what, file, line);

	if (!good)
		printf("#      got: %zu bytes\n# expected: %zu bytes\n", got_len, want_len);
	return good;
}

/* A condition; WHAT says in words what holds. */
#define ok(cond, what) tap_result((cond), (what), __FILE__, __LINE__)

/* Two integers of any type that fits int64_t; what was got first. */
#define is_int(got, want, what) tap_is_int((got), (want), (what), __FILE__, __LINE__)

/* Two texts; NULL equals NULL only. */
#define is_str(got, want, what) tap_is_str((got), (want), (what), __FILE__, __LINE__)

/* A text that holds another. */
#define has_str(got, part, what) tap_has_str((got), (part), (what), __FILE__, __LINE__)

/* Two runs of bytes. */
#define is_mem(got, got_len, want, want_len, what) \
	tap_is_mem((got), (got_len), (want), (want_len), (what), __FILE__, __LINE__)

/* Something that cannot be tested on this machine: printed, counted as skipped. */
static inline void tap_skip(const char *what, const char *why)
{
	tap_count++;
	printf("ok %d - %s # SKIP %s\n", tap_count, what, why);
	fflush(stdout);
}

/* For set-up that must work: ends the program with a message. */
static inline void tap_bail(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	exit(1);
}

/* The plan, and main()'s status. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed || !tap_count ? 1 : 0;
}

#endif
