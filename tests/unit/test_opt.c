/* The option parser: spellings, kinds, where options end, texts of errors, help. */
#include <stdarg.h>

#include "base/err.h"
#include "cli/opt.h"
#include "tests/unit/tap.h"

struct made {
	bool detach, rm, quiet;
	int tls, number;
	const char *name;
	struct strv env;
	uint64_t memory, count;
	int64_t timeout;
	unsigned int verbose;
	char upper[8];
};

static int set_upper(void *field, const char *value, struct err *e)
{
	char *to = field;

	if (strlen(value) > 7)
		return err_set(e, EINVAL, "longer than 7 letters");
	for (size_t i = 0; i <= strlen(value); i++)
		to[i] = (char)(value[i] >= 'a' && value[i] <= 'z' ? value[i] - 32 : value[i]);
	return 0;
}

static const struct opt table[] = {
	OPT_BOOL(struct made, detach, 'd', "detach", "Go on in the background"),
	OPT_BOOL(struct made, rm, 0, "rm", "Remove it at its end"),
	OPT_BOOL(struct made, quiet, 'q', NULL, "Say less"),
	OPT_TRI(struct made, tls, 0, "tls-verify", "Check certificates"),
	OPT_INT(struct made, number, 'n', "number", "int", "A number"),
	OPT_STR(struct made, name, 0, "name", "string", "Its name"),
	OPT_LIST(struct made, env, 'e', "env", "list", "Set a variable"),
	OPT_BYTES(struct made, memory, 'm', "memory", "bytes", "How much"),
	OPT_U64(struct made, count, 0, "count", "uint", "How many"),
	OPT_DURATION(struct made, timeout, 't', "timeout", "duration", "How long"),
	OPT_COUNT(struct made, verbose, 'v', "verbose", "Say more"),
	OPT_CALL(set_upper, struct made, upper, 0, "upper", "word", "In capitals"),
	OPT_STR(struct made, name, 0, "title", "string", "", .hidden = true),
	OPT_END,
};

#define ARGS 16

/* One parse: its words, and what came of it. */
static struct made got;
static struct opt_rest rest;
static struct err e;
static char *words[ARGS + 1];

static int parse(unsigned int flags, ...)
{
	va_list ap;
	int n = 0;

	opt_clear(table, &got);
	got = (struct made){ .tls = -1 };
	e = (struct err){ 0 };
	va_start(ap, flags);
	for (char *w; n < ARGS && (w = va_arg(ap, char *));)
		words[n++] = w;
	va_end(ap);
	words[n] = NULL;
	return opt_parse(table, flags, n, words, &got, &rest, &e);
}

/* The arguments left, in one text. */
static const char *left(void)
{
	static char buf[200];

	buf[0] = 0;
	for (int i = 0; i < rest.argc; i++)
		(void)snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), "%s%s", i ? " " : "",
			       rest.argv[i]);
	return rest.argv[rest.argc] ? "(no NULL at the end)" : buf;
}

static void test_spellings(void)
{
	is_int(parse(0, "--name=web", "-eA=1", "-e", "B=2", "--env", "C=3", "--env=D=4", "-de=E",
		     NULL),
	       0, "every spelling of a value");
	is_str(got.name, "web", "--name=web");
	is_int((int64_t)got.env.len, 5, "five -e");
	is_str(got.env.v[0], "A=1", "-eA=1");
	is_str(got.env.v[1], "B=2", "-e B=2");
	is_str(got.env.v[2], "C=3", "--env C=3");
	is_str(got.env.v[3], "D=4", "--env=D=4 keeps its second =");
	is_str(got.env.v[4], "E", "-de=E: a cluster, its last with a value");
	ok(got.detach, "and its first a flag");
	is_int(parse(0, "--name", "a", "--name", "-b", "--title=c", NULL), 0,
	       "a value may begin with a dash");
	is_str(got.name, "c", "the last of several counts, under its other name too");
	is_int(parse(0, "--name=", "-e", "", NULL), 0, "empty values");
	is_str(got.name, "", "--name= is the empty text");
	is_int((int64_t)got.env.len, 1, "-e '' is an element");
	is_int(parse(0, "-vvv", "--verbose", "-q", NULL), 0, "counts");
	is_int(got.verbose, 4, "-vvv --verbose");
	ok(got.quiet, "a letter without a long name");
}

static void test_bools(void)
{
	is_int(parse(0, "--rm", "--detach=false", "-q=0", NULL), 0, "flags with values");
	ok(got.rm && !got.detach && !got.quiet, "--rm on, --detach=false off, -q=0 off");
	is_int(parse(0, "--rm=true", "--rm=False", NULL), 0, "twice");
	ok(!got.rm, "the last counts");
	is_int(parse(0, "--rm", "true", NULL), 0, "a flag never takes the next word");
	is_str(left(), "true", "which stays an argument");
	is_int(parse(0, NULL), 0, "nothing at all");
	is_int(got.tls, -1, "a tri-state keeps its default");
	is_int(parse(0, "--tls-verify=false", NULL), 0, "a tri-state off");
	is_int(got.tls, 0, "is 0");
	is_int(parse(0, "--tls-verify", NULL), 0, "a tri-state on");
	is_int(got.tls, 1, "is 1");
	is_int(parse(0, "--rm=maybe", NULL), -EINVAL, "neither");
	is_str(e.msg, "invalid argument \"maybe\" for \"--rm\": neither true nor false", "says so");
}

static void test_numbers(void)
{
	is_int(parse(0, "-n", "-3", "-m2g", "--count=18446744073709551615", "-t", "1m30s", NULL), 0,
	       "numbers");
	is_int(got.number, -3, "an int may be negative");
	is_int((int64_t)got.memory, 2LL << 30, "2g");
	ok(got.count == UINT64_MAX, "64 bits");
	is_int(got.timeout, 90000000000, "1m30s in nanoseconds");
	is_int(parse(0, "--number", "7x", NULL), -EINVAL, "trailing letters");
	is_str(e.msg, "invalid argument \"7x\" for \"-n, --number\": not a number",
	       "named with both names");
	is_int(parse(0, "-n99999999999", NULL), -EINVAL, "too large for an int");
	is_str(e.msg, "invalid argument \"99999999999\" for \"-n, --number\": too large",
	       "says so");
	is_int(parse(0, "--count=-1", NULL), -EINVAL, "a count below zero");
	is_str(e.msg, "invalid argument \"-1\" for \"--count\": not a number that is not negative",
	       "says so");
	is_int(parse(0, "-m", "lots", NULL), -EINVAL, "no size");
	is_str(e.msg,
	       "invalid argument \"lots\" for \"-m, --memory\": not a size (as 512, 64k, 10m or "
	       "2g)",
	       "says so");
	is_int(parse(0, "-t", "soon", NULL), -EINVAL, "no duration");
	has_str(e.msg, "not a duration", "says so");
	is_int(parse(0, "--upper", "pod", NULL), 0, "a call");
	is_str(got.upper, "POD", "sets its member");
	is_int(parse(0, "--upper=abcdefgh", NULL), -EINVAL, "its error");
	is_str(e.msg, "invalid argument \"abcdefgh\" for \"--upper\": longer than 7 letters",
	       "is passed on");
	is_int(parse(0, "--verbose=2", NULL), -EINVAL, "a counter takes no value");
}

static void test_end(void)
{
	is_int(parse(0, "a", "--rm", "b", "-d", "c", NULL), 0, "options anywhere");
	is_str(left(), "a b c", "arguments keep their order");
	ok(got.rm && got.detach, "both were seen");
	is_int(parse(0, "a", "--", "--rm", "-x", NULL), 0, "-- ends options");
	is_str(left(), "a --rm -x", "it goes away, what follows stays");
	ok(!got.rm, "and is no option");
	is_int(parse(OPT_STOP, "-d", "image", "--rm", "-x", "--", "y", NULL), 0,
	       "the first argument ends options");
	is_str(left(), "image --rm -x -- y", "the rest is untouched");
	ok(got.detach && !got.rm, "only what stood before it");
	is_int(parse(OPT_STOP, "-d", "--", "--rm", NULL), 0,
	       "-- in front of an argument that looks like one");
	is_str(left(), "--rm", "is an argument");
	is_int(parse(0, "-", NULL), 0, "a lone dash");
	is_str(left(), "-", "is an argument");
	is_int(parse(0, "", NULL), 0, "an empty word");
	is_int(rest.argc, 1, "is an argument");
	is_int(opt_parse(NULL, 0, 0, words + ARGS, NULL, &rest, &e), 0, "no table and no words");
}

static void test_unknown(void)
{
	is_int(parse(0, "--foo", NULL), -EINVAL, "an unknown name");
	is_str(e.msg, "unknown flag: --foo", "says so");
	is_int(parse(0, "--foo=secret", NULL), -EINVAL, "with a value");
	is_str(e.msg, "unknown flag: --foo", "which is not repeated");
	is_int(parse(0, "--nam", "x", NULL), -EINVAL, "no unique beginnings");
	is_int(parse(0, "-dx", NULL), -EINVAL, "an unknown letter");
	is_str(e.msg, "unknown shorthand flag: 'x' in -dx", "says where");
	is_int(parse(0, "--name", NULL), -EINVAL, "a value is missing");
	is_str(e.msg, "flag needs an argument: --name", "says so");
	is_int(parse(0, "-de", NULL), -EINVAL, "behind a letter too");
	is_str(e.msg, "flag needs an argument: 'e' in -de", "says so");
	is_int(parse(0, "--=x", NULL), -EINVAL, "no name");
	is_str(e.msg, "bad flag syntax: --=x", "says so");
	is_int(parse(0, "---rm", NULL), -EINVAL, "three dashes");
	is_str(e.msg, "bad flag syntax: ---rm", "says so");
	is_int(parse(0, "-bundle", NULL), -EINVAL, "one dash is for letters");
	is_str(e.msg, "unknown shorthand flag: 'b' in -bundle", "without OPT_GO_STYLE");
}

static void test_go_style(void)
{
	is_int(parse(OPT_GO_STYLE, "-name", "web", "-rm=false", "--d", "-q", NULL), 0,
	       "runc's spellings");
	is_str(got.name, "web", "-name web");
	ok(!got.rm && got.detach && got.quiet, "-rm=false --d -q");
	is_int(parse(OPT_GO_STYLE, "-dq", NULL), 0, "letters together still work");
	ok(got.detach && got.quiet, "both");
	is_int(parse(OPT_GO_STYLE, "-help", NULL), 0, "-help");
	ok(rest.help, "is help");
	is_int(parse(OPT_GO_STYLE, "--x", NULL), -EINVAL, "an unknown letter behind two dashes");
	is_str(e.msg, "unknown flag: --x", "says so");
}

static void test_help(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	is_int(parse(0, "--help", "--foo", NULL), 0, "--help before an error");
	ok(rest.help, "wins");
	is_int(parse(0, "-h", NULL), 0, "-h");
	ok(rest.help, "is help where no row has it");
	is_int(parse(OPT_STOP, "image", "--help", NULL), 0, "--help behind the first argument");
	ok(!rest.help, "is the command's");
	if (!f)
		tap_bail("open_memstream");
	opt_print_help(table, f);
	(void)fclose(f);
	has_str(text, "  -d, --detach             Go on in the background\n",
		"a flag with both names");
	has_str(text, "      --rm                 Remove it at its end\n", "a long name alone");
	has_str(text, "  -q                       Say less\n", "a letter alone");
	has_str(text, "  -t, --timeout duration   How long\n", "the widest sets the column");
	ok(!strstr(text, "title"), "hidden ones are not shown");
	free(text);
}

int main(void)
{
	test_spellings();
	test_bools();
	test_numbers();
	test_end();
	test_unknown();
	test_go_style();
	test_help();
	opt_clear(table, &got);
	return tap_done();
}
