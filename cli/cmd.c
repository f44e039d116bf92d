/*
 * The frame around every command: global options, finding the command, its options and arguments,
 * help, errors, the last flush. Runs in the command line process; nothing of pod is open yet when
 * it starts.
 */
#include "cli/cmd.h"

#include <errno.h>
#include <stdarg.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

int cmd_usage_error(const struct cli *c, struct err *e, const char *fmt, ...)
{
	auto_free char *text = NULL;
	const char *noun = c->cmd ? NULL : c->noun;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		mem_exhausted();
	va_end(ap);
	(void)err_set(e, EINVAL, "%s; see '%s%s%s%s%s --help'", text, c->face->name,
		      noun ? " " : "", noun ? noun : "", c->cmd ? " " : "",
		      c->cmd ? c->cmd->name : "");
	return err_status(e, c->face->failed ? c->face->failed : EXIT_POD);
}

static bool answers_to(const struct cmd *cmd, const char *name)
{
	if (str_eq(cmd->name, name))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(cmd->aliases) && cmd->aliases[i]; i++)
		if (str_eq(cmd->aliases[i], name))
			return true;
	return false;
}

static const struct cmd_noun *find_noun(const struct face *f, const char *name)
{
	for (const struct cmd_noun *n = f->nouns; n && n->name; n++)
		if (str_eq(n->name, name))
			return n;
	return NULL;
}

const struct cmd *face_find(const struct face *f, const char *noun, const char *name)
{
	if (noun) {
		const struct cmd_noun *n = find_noun(f, noun);

		for (const struct cmd_verb *v = n ? n->verbs : NULL; v && v->name; v++)
			if (str_eq(v->name, name))
				return v->cmd;
		return NULL;
	}
	for (const struct cmd *const *p = f->cmds; *p; p++)
		if (answers_to(*p, name))
			return *p;
	return NULL;
}

/* -- help -- */

static void print_other_names(const struct cli *c, const struct cmd *cmd, FILE *f)
{
	const char *sep = "\nOther names:\n  ";

	for (size_t i = 0; i < ARRAY_SIZE(cmd->aliases) && cmd->aliases[i]; i++, sep = ", ")
		(void)fprintf(f, "%s%s %s", sep, c->face->name, cmd->aliases[i]);
	for (const struct cmd_noun *n = c->face->nouns; n && n->name; n++) {
		for (const struct cmd_verb *v = n->verbs; v->name; v++) {
			if (v->cmd != cmd)
				continue;
			(void)fprintf(f, "%s%s %s %s", sep, c->face->name, n->name, v->name);
			sep = ", ";
		}
	}
	if (sep[0] == ',')
		(void)fputc('\n', f);
}

void cmd_print_help(const struct cli *c, const struct cmd *cmd, FILE *f)
{
	(void)fprintf(f, "Usage:  %s %s%s%s\n\n%s\n", c->face->name, cmd->name,
		      cmd->usage[0] ? " " : "", cmd->usage, cmd->summary);
	if (cmd->about)
		(void)fprintf(f, "\n%s\n", cmd->about);
	print_other_names(c, cmd, f);
	if (cmd->opts && cmd->opts->kind != OPT_END_KIND) {
		(void)fputs("\nOptions:\n", f);
		opt_print_help(cmd->opts, f);
	}
}

static void print_group(const struct face *face, enum cmd_group group, const char *title, FILE *f)
{
	bool first = true;

	for (const struct cmd *const *p = face->cmds; *p; p++) {
		if ((*p)->group != group || ((*p)->flags & CMD_HIDDEN))
			continue;
		if (first)
			(void)fprintf(f, "\n%s:\n", title);
		first = false;
		(void)fprintf(f, "  %-12s%s\n", (*p)->name, (*p)->summary);
	}
}

static void print_face_help(const struct face *face, FILE *f)
{
	(void)fprintf(f, "Usage:  %s [OPTIONS] COMMAND\n\n%s\n", face->name, face->summary);
	print_group(face, CMD_CONTAINERS, face->nouns ? "Containers" : "Commands", f);
	print_group(face, CMD_IMAGES, "Images", f);
	print_group(face, CMD_OTHER, "Other", f);
	if (face->nouns) {
		(void)fputs("\nBy noun:\n", f);
		for (const struct cmd_noun *n = face->nouns; n->name; n++)
			(void)fprintf(f, "  %-12s%s\n", n->name, n->summary);
	}
	(void)fputs("\nGlobal options:\n", f);
	opt_print_help(face->globals, f);
	(void)fprintf(f, "\nRun '%s COMMAND --help' for more about a command.\n", face->name);
}

static void print_noun_help(const struct face *face, const struct cmd_noun *noun, FILE *f)
{
	(void)fprintf(f, "Usage:  %s %s COMMAND\n\n%s\n\nCommands:\n", face->name, noun->name,
		      noun->summary);
	for (const struct cmd_verb *v = noun->verbs; v->name; v++)
		(void)fprintf(f, "  %-12s%s\n", v->name, v->cmd->summary);
	(void)fprintf(f, "\nRun '%s %s COMMAND --help' for more about a command.\n", face->name,
		      noun->name);
}

/* `pod help`, `pod help run`, `pod help image`, `pod help image ls`. */
static int show_help(struct cli *c, int argc, char **argv, struct err *e)
{
	const struct cmd_noun *noun = argc > 0 ? find_noun(c->face, argv[0]) : NULL;
	const struct cmd *cmd;

	if (argc == 0) {
		print_face_help(c->face, stdout);
		return 0;
	}
	if (noun && argc == 1) {
		print_noun_help(c->face, noun, stdout);
		return 0;
	}
	cmd = noun ? face_find(c->face, noun->name, argv[1]) : face_find(c->face, NULL, argv[0]);
	if (!cmd) {
		(void)err_set(e, ENOENT, "'%s' is not a %s command; see '%s --help'",
			      argv[argc - 1], c->face->name, c->face->name);
		return err_status(e, 1);
	}
	cmd_print_help(c, cmd, stdout);
	return 0;
}

/* -- running -- */

static int check_count(const struct cli *c, const struct cmd *cmd, int argc, struct err *e)
{
	const char *few = "at least ", *many = "at most ";
	int want = argc < cmd->min_args ? cmd->min_args : cmd->max_args;

	if (argc >= cmd->min_args && (cmd->max_args == CMD_ANY || argc <= cmd->max_args))
		return 0;
	if (cmd->min_args == cmd->max_args)
		few = many = "";
	if (want == 0)
		return cmd_usage_error(c, e, "'%s %s' accepts no arguments", c->face->name,
				       cmd->name);
	return cmd_usage_error(c, e, "'%s %s' requires %s%d argument%s", c->face->name, cmd->name,
			       argc < cmd->min_args ? few : many, want, want == 1 ? "" : "s");
}

/* Parse, check, call: with opts zeroed or defaulted, of cmd->size bytes. */
static int run_with(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct cmd *cmd = c->cmd;
	struct opt_rest rest = { 0 };
	unsigned int flags = c->face->opt_flags | (cmd->flags & CMD_STOP ? OPT_STOP : 0);

	if (opt_parse(cmd->opts, flags, argc, argv, opts, &rest, e) < 0)
		return cmd_usage_error(c, e, "%s", e->msg);
	if (rest.help) {
		cmd_print_help(c, cmd, stdout);
		return 0;
	}
	if (check_count(c, cmd, rest.argc, e) < 0)
		return -EINVAL;
	if (cmd->flags & CMD_KEEP_FDS)
		fd_cloexec_from(3);
	return cmd->run(c, opts, rest.argc, rest.argv, e);
}

static int run_cmd(struct cli *c, const struct cmd *cmd, int argc, char **argv, struct err *e)
{
	auto_free void *opts = xzalloc(cmd->size ? cmd->size : 1);
	int r;

	c->cmd = cmd;
	if (cmd->flags & CMD_RAW)
		return cmd->run(c, NULL, argc, argv, e);
	if (cmd->defaults)
		memcpy(opts, cmd->defaults, cmd->size);
	r = run_with(c, opts, argc, argv, e);
	opt_clear(cmd->opts, opts);
	return r;
}

/* What follows the global options: `run …`, `image ls …`, `help …`. */
static int dispatch(struct cli *c, int argc, char **argv, struct err *e)
{
	const struct cmd_noun *noun = find_noun(c->face, argv[0]);
	const struct cmd *cmd;

	if (str_eq(argv[0], "help"))
		return show_help(c, argc - 1, argv + 1, e);
	if (noun && (argc == 1 || str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))) {
		print_noun_help(c->face, noun, stdout);
		return 0;
	}
	if (noun) {
		c->noun = noun->name;
		argc--;
		argv++;
	}
	cmd = face_find(c->face, c->noun, argv[0]);
	if (!cmd) {
		(void)err_set(e, ENOENT, "'%s' is not a %s%s%s command; see '%s%s%s --help'",
			      argv[0], c->face->name, noun ? " " : "", noun ? noun->name : "",
			      c->face->name, noun ? " " : "", noun ? noun->name : "");
		return err_status(e, 1);
	}
	if (!(cmd->flags & CMD_KEEP_FDS))
		fd_close_from(3);
	return run_cmd(c, cmd, argc - 1, argv + 1, e);
}

static int run_face(struct cli *c, int argc, char **argv, struct err *e)
{
	const struct face *f = c->face;
	struct opt_rest rest = { 0 };
	int r;

	if (opt_parse(f->globals, f->opt_flags | OPT_STOP, argc - 1, argv + 1, c, &rest, e) < 0)
		return cmd_usage_error(c, e, "%s", e->msg);
	if (rest.help || (rest.argc == 0 && !c->version)) {
		print_face_help(f, stdout);
		return 0;
	}
	if (c->version)
		return f->version(c, e);
	r = f->prepare ? f->prepare(c, e) : 0;
	return r < 0 ? r : dispatch(c, rest.argc, rest.argv, e);
}

void cmd_report(const struct cli *c, const struct err *e)
{
	char text[2 * sizeof(e->msg)];

	if (c->face->report) {
		c->face->report(c, e);
		return;
	}
	err_clean(text, sizeof(text), e->msg);
	(void)fprintf(stderr, "%s: %s\n", c->face->name, text);
}

int face_run(const struct face *f, struct cli *c, int argc, char **argv)
{
	struct err e = { 0 };
	int r;

	c->face = f;
	r = run_face(c, argc, argv, &e);
	/* a reader that went away (head) is told by SIGPIPE; any other loss of output is an error
	 */
	if ((fflush(stdout) != 0 || ferror(stdout)) && r >= 0)
		r = err_sys(&e, "write to standard output");
	if (r >= 0)
		return r;
	cmd_report(c, &e);
	if (e.status)
		return e.status;
	if (c->cmd && c->cmd->failed)
		return c->cmd->failed;
	return f->failed ? f->failed : EXIT_POD;
}
