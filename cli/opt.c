/*
 * The option parser: walks argv once, looks names up in the table, converts values by kind. Runs in
 * the command line process before anything else; allocates only for lists.
 */
#include "cli/opt.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"

/* One parse under way. */
struct parse {
	const struct opt *table;
	unsigned int flags;
	int argc;
	char **argv;
	int at; /* the next element to look at */
	void *into;
	struct opt_rest *rest;
};

const char *opt_title(const struct opt *o, char buf[OPT_TITLE_MAX])
{
	if (o->letter && o->name)
		(void)snprintf(buf, OPT_TITLE_MAX, "-%c, --%s", o->letter, o->name);
	else if (o->name)
		(void)snprintf(buf, OPT_TITLE_MAX, "--%s", o->name);
	else
		(void)snprintf(buf, OPT_TITLE_MAX, "-%c", o->letter);
	return buf;
}

static bool takes_value(const struct opt *o)
{
	return o->kind != OPT_BOOL_KIND && o->kind != OPT_TRI_KIND && o->kind != OPT_COUNT_KIND;
}

static const struct opt *find_name(const struct opt *table, const char *name, size_t len)
{
	for (const struct opt *o = table; o->kind != OPT_END_KIND; o++)
		if (o->name && strncmp(o->name, name, len) == 0 && !o->name[len])
			return o;
	return NULL;
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
	for (const struct opt *o = table; o->kind != OPT_END_KIND; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

int opt_bool(const char *s, bool *ret)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_eq(s, yes[i]) || str_eq(s, no[i])) {
			*ret = str_eq(s, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

static int set_bool(const struct opt *o, void *field, const char *value, struct err *e)
{
	bool on = true;

	if (value && opt_bool(value, &on) < 0)
		return err_set(e, EINVAL, "neither true nor false");
	if (o->kind == OPT_BOOL_KIND)
		*(bool *)field = on;
	else
		*(int *)field = on;
	return 0;
}

static int set_number(const struct opt *o, void *field, const char *value, struct err *e)
{
	const char *want;
	int r;

	switch (o->kind) {
	case OPT_INT_KIND:
		want = "a number";
		r = str_to_int(value, field);
		break;
	case OPT_U64_KIND:
		want = "a number that is not negative";
		r = str_to_u64(value, field);
		break;
	case OPT_BYTES_KIND:
		want = "a size (as 512, 64k, 10m or 2g)";
		r = str_to_bytes(value, field);
		break;
	default:
		want = "a duration (as 10, 300ms or 1m30s)";
		r = clock_parse_duration(value, field);
		break;
	}
	if (r == -ERANGE)
		return err_set(e, ERANGE, "too large");
	if (r < 0)
		return err_set(e, EINVAL, "not %s", want);
	return 0;
}

/* value is NULL for a flag without "=value". */
static int set_field(const struct opt *o, void *field, const char *value, struct err *e)
{
	switch (o->kind) {
	case OPT_BOOL_KIND:
	case OPT_TRI_KIND:
		return set_bool(o, field, value, e);
	case OPT_COUNT_KIND:
		if (value)
			return err_set(e, EINVAL, "takes no value");
		++*(unsigned int *)field;
		return 0;
	case OPT_STR_KIND:
		*(const char **)field = value;
		return 0;
	case OPT_LIST_KIND:
		strv_add(field, value);
		return 0;
	case OPT_CALL_KIND:
		return o->call(field, value, e);
	default:
		return set_number(o, field, value, e);
	}
}

static int set_option(struct parse *p, const struct opt *o, const char *value, struct err *e)
{
	char title[OPT_TITLE_MAX];

	if (set_field(o, (char *)p->into + o->offset, value, e) < 0) {
		(void)err_prefix(e, "invalid argument \"%s\" for \"%s\"", value ? value : "",
				 opt_title(o, title));
		return -EINVAL;
	}
	return 0;
}

/* text is what follows the dashes: "name", "name=value". */
static int parse_long(struct parse *p, const char *text, struct err *e)
{
	size_t len = strcspn(text, "=");
	const char *value = text[len] ? text + len + 1 : NULL;
	const struct opt *o = find_name(p->table, text, len);

	if (!o && len == 1 && (p->flags & OPT_GO_STYLE))
		o = find_letter(p->table, text[0]);
	if (len == 0 || text[0] == '-')
		return err_set(e, EINVAL, "bad flag syntax: --%s", text);
	if (!o && len == 4 && str_starts(text, "help")) {
		p->rest->help = true;
		return 0;
	}
	if (!o)
		return err_set(e, EINVAL, "unknown flag: --%.*s", (int)len, text);
	if (!value && takes_value(o)) {
		if (p->at == p->argc)
			return err_set(e, EINVAL, "flag needs an argument: --%.*s", (int)len, text);
		value = p->argv[p->at++];
	}
	return set_option(p, o, value, e);
}

/* text is what follows the dash: letters, the last of which may take the rest (or the next element)
 * as its value. */
static int parse_letters(struct parse *p, const char *text, struct err *e)
{
	for (const char *c = text; *c; c++) {
		const struct opt *o = find_letter(p->table, *c);
		const char *value = NULL;
		int r;

		if (!o && *c == 'h') {
			p->rest->help = true;
			return 0;
		}
		if (!o)
			return err_set(e, EINVAL, "unknown shorthand flag: '%c' in -%s", *c, text);
		if (c[1] == '=')
			value = c + 2;
		else if (takes_value(o) && c[1])
			value = c + 1;
		else if (takes_value(o) && p->at < p->argc)
			value = p->argv[p->at++];
		else if (takes_value(o))
			return err_set(e, EINVAL, "flag needs an argument: '%c' in -%s", *c, text);
		r = set_option(p, o, value, e);
		if (r < 0 || value)
			return r;
	}
	return 0;
}

/* arg starts with '-' and is more than that. */
static int parse_option(struct parse *p, const char *arg, struct err *e)
{
	size_t len;

	if (arg[1] == '-')
		return parse_long(p, arg + 2, e);
	len = strcspn(arg + 1, "=");
	if ((p->flags & OPT_GO_STYLE) && len > 1 &&
	    (find_name(p->table, arg + 1, len) || (len == 4 && str_starts(arg, "-help"))))
		return parse_long(p, arg + 1, e);
	return parse_letters(p, arg + 1, e);
}

int opt_parse(const struct opt *table, unsigned int flags, int argc, char **argv, void *into,
	      struct opt_rest *ret, struct err *e)
{
	static const struct opt none[] = { OPT_END };
	struct parse p = { table ? table : none, flags, argc, argv, 0, into, ret };
	int kept = 0; /* arguments met so far, moved to the front of argv */

	*ret = (struct opt_rest){ 0 };
	while (p.at < argc && !ret->help) {
		char *arg = argv[p.at++];
		int r;

		if (str_eq(arg, "--"))
			break;
		if (arg[0] != '-' || !arg[1]) {
			argv[kept++] = arg;
			if (flags & OPT_STOP)
				break;
			continue;
		}
		r = parse_option(&p, arg, e);
		if (r < 0)
			return r;
	}
	/* what was kept joins what was not looked at, at the end of argv, where NULL follows it */
	ret->argc = kept + (argc - p.at);
	ret->argv = argv + argc - ret->argc;
	memmove(ret->argv, argv, (size_t)kept * sizeof(*argv));
	return 0;
}

void opt_clear(const struct opt *table, void *into)
{
	for (const struct opt *o = table; o && o->kind != OPT_END_KIND; o++)
		if (o->kind == OPT_LIST_KIND)
			strv_free((struct strv *)((char *)into + o->offset));
}

/* Columns of "-d, --detach" and its placeholder. */
static int title_width(const struct opt *o)
{
	size_t width = o->name ? 6 + strlen(o->name) : 2;

	return (int)(width + (o->value ? 1 + strlen(o->value) : 0));
}

void opt_print_help(const struct opt *table, FILE *f)
{
	int width = 0;

	for (const struct opt *o = table; o->kind != OPT_END_KIND; o++)
		if (!o->hidden && title_width(o) > width)
			width = title_width(o);
	for (const struct opt *o = table; o->kind != OPT_END_KIND; o++) {
		char title[OPT_TITLE_MAX];

		if (o->hidden)
			continue;
		(void)fprintf(f, "  %s%s%s%s%*s   %s\n", o->letter ? "" : "    ",
			      opt_title(o, title), o->value ? " " : "", o->value ? o->value : "",
			      width - title_width(o), "", o->help);
	}
}
