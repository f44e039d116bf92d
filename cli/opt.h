/*
 * Command line options as tables: a row an option says its names, its kind, the member of the
 * command's struct that it fills, and its help. The same rows parse, print --help and feed the
 * check of the man pages. Spellings and error texts are those of docker's pflag; OPT_GO_STYLE adds
 * runc's ("-bundle" for "--bundle").
 */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

struct err;

enum opt_kind {
	OPT_END_KIND,      /* ends a table */
	OPT_BOOL_KIND,     /* bool; --x, --x=false */
	OPT_TRI_KIND,      /* int: 0 or 1 where given; the default (-1) tells that it was not */
	OPT_STR_KIND,      /* const char *, borrowed from argv; the last one counts */
	OPT_LIST_KIND,     /* struct strv, one element an occurrence */
	OPT_INT_KIND,      /* int */
	OPT_U64_KIND,      /* uint64_t */
	OPT_BYTES_KIND,    /* uint64_t bytes, "512", "64k", "1.5g" */
	OPT_DURATION_KIND, /* int64_t nanoseconds, "10s", "1m30s", "10" */
	OPT_COUNT_KIND,    /* unsigned int, number of occurrences */
	OPT_CALL_KIND,     /* any member: set by .call */
};

/*
 * Sets *field from value (borrowed from argv). On failure only the reason is recorded ("not a
 * port"); the parser puts 'invalid argument "x" for "--publish": ' before it.
 */
typedef int opt_call(void *field, const char *value, struct err *e);

/* One option. Made by the macros below, which check the member's type. */
struct opt {
	const char *name; /* long name without dashes; NULL: none */
	char letter;      /* short name; 0: none */
	enum opt_kind kind;
	bool hidden; /* not in --help nor in man pages: another spelling, kept for compatibility */
	size_t offset;     /* of the member in the command's struct */
	const char *value; /* placeholder in help; NULL where no value is taken */
	const char *help;  /* one line, no full stop */
	opt_call *call;
};

/* offsetof, and a compile error where the member is not of this type. */
#define OPT_AT(type, member, want) \
	(offsetof(type, member) + 0 * sizeof(char[_Generic(((type *)NULL)->member, want : 1)]))

/* letter 0: no short name; name NULL: no long one. A further argument such as .hidden = true may
 * follow. */
#define OPT_BOOL(type, member, let, nam, hlp, ...)                                            \
	{                                                                                     \
		.kind = OPT_BOOL_KIND, .offset = OPT_AT(type, member, bool), .letter = (let), \
		.name = (nam), .help = (hlp), ##__VA_ARGS__                                   \
	}
#define OPT_TRI(type, member, let, nam, hlp, ...)                                           \
	{                                                                                   \
		.kind = OPT_TRI_KIND, .offset = OPT_AT(type, member, int), .letter = (let), \
		.name = (nam), .help = (hlp), ##__VA_ARGS__                                 \
	}
#define OPT_COUNT(type, member, let, nam, hlp, ...)                                   \
	{                                                                             \
		.kind = OPT_COUNT_KIND, .offset = OPT_AT(type, member, unsigned int), \
		.letter = (let), .name = (nam), .help = (hlp), ##__VA_ARGS__          \
	}
#define OPT_VALUE_(knd, ctype, type, member, let, nam, val, hlp, ...)                  \
	{                                                                              \
		.kind = (knd), .offset = OPT_AT(type, member, ctype), .letter = (let), \
		.name = (nam), .value = (val), .help = (hlp), ##__VA_ARGS__            \
	}
#define OPT_STR(...) OPT_VALUE_(OPT_STR_KIND, const char *, __VA_ARGS__)
#define OPT_LIST(...) OPT_VALUE_(OPT_LIST_KIND, struct strv, __VA_ARGS__)
#define OPT_INT(...) OPT_VALUE_(OPT_INT_KIND, int, __VA_ARGS__)
#define OPT_U64(...) OPT_VALUE_(OPT_U64_KIND, uint64_t, __VA_ARGS__)
#define OPT_BYTES(...) OPT_VALUE_(OPT_BYTES_KIND, uint64_t, __VA_ARGS__)
#define OPT_DURATION(...) OPT_VALUE_(OPT_DURATION_KIND, int64_t, __VA_ARGS__)
#define OPT_CALL(fn, type, member, let, nam, val, hlp, ...)                                  \
	{                                                                                    \
		.kind = OPT_CALL_KIND, .call = (fn), .offset = offsetof(type, member),       \
		.letter = (let), .name = (nam), .value = (val), .help = (hlp), ##__VA_ARGS__ \
	}
#define OPT_END                      \
	{                            \
		.kind = OPT_END_KIND \
	}

enum opt_flags {
	OPT_STOP = 1, /* options end at the first argument that is none (run, exec); else they may
			 stand anywhere */
	OPT_GO_STYLE = 2, /* one dash is enough for a long name, and two are fine for a letter
			     (runc) */
};

/* What parsing found beside options. */
struct opt_rest {
	int argc;    /* arguments that are no options, */
	char **argv; /* in their order: the last argc elements of what was parsed */
	bool help; /* --help (or -h, where no row has it) was met: nothing after it was looked at */
};

/*
 * Parses argv[0..argc) (without the program's or command's name) by table into the struct at *into,
 * whose members hold their defaults; argv is reordered. -EINVAL: the message is pflag's ("unknown
 * flag: --foo").
 */
int opt_parse(const struct opt *table, unsigned int flags, int argc, char **argv, void *into,
	      struct opt_rest *ret, struct err *e);

/* Frees the lists in *into. */
void opt_clear(const struct opt *table, void *into);

/* The "  -d, --detach    help" lines of a table, sorted as it is, hidden ones left out; to f. */
void opt_print_help(const struct opt *table, FILE *f);

/* Go's strconv.ParseBool: 1, t, T, true, TRUE, True and their opposites. -EINVAL, no message. */
int opt_bool(const char *s, bool *ret);

/* "-d, --detach", "--rm" or "-v" as errors and help name a row, into buf. */
#define OPT_TITLE_MAX 80
const char *opt_title(const struct opt *o, char buf[OPT_TITLE_MAX]);

#endif
