/*
 * `pod __options`: every command and option, a line each, tab-separated, for the check of the
 * manual and for shell completion. Hidden from help; its form is no promise to users.
 *
 *	command  FACE  NAME  ALIASES,…  USAGE  SUMMARY
 *	verb     FACE  NOUN  VERB       NAME
 *	option   FACE  NAME  -L         --LONG  VALUE  HELP        NAME is empty for
 *	                                                           the face's global options
 */
#include "cli/commands.h"

#include "base/mem.h"

static void dump_options(const struct face *f, const char *cmd, const struct opt *o)
{
	for (; o && o->kind != OPT_END_KIND; o++) {
		char letter[3] = { o->letter ? '-' : 0, o->letter, 0 };

		if (!o->hidden)
			(void)printf("option\t%s\t%s\t%s\t%s%s\t%s\t%s\n", f->name, cmd, letter,
				     o->name ? "--" : "", o->name ? o->name : "",
				     o->value ? o->value : "", o->help);
	}
}

static void dump_cmd(const struct face *f, const struct cmd *cmd)
{
	(void)printf("command\t%s\t%s\t", f->name, cmd->name);
	for (size_t i = 0; i < ARRAY_SIZE(cmd->aliases) && cmd->aliases[i]; i++)
		(void)printf("%s%s", i ? "," : "", cmd->aliases[i]);
	(void)printf("\t%s\t%s\n", cmd->usage, cmd->summary);
	dump_options(f, cmd->name, cmd->opts);
}

static void dump_face(const struct face *f)
{
	dump_options(f, "", f->globals);
	for (const struct cmd *const *p = f->cmds; *p; p++)
		if (!((*p)->flags & CMD_HIDDEN))
			dump_cmd(f, *p);
	for (const struct cmd_noun *n = f->nouns; n && n->name; n++)
		for (const struct cmd_verb *v = n->verbs; v->name; v++)
			(void)printf("verb\t%s\t%s\t%s\t%s\n", f->name, n->name, v->name,
				     v->cmd->name);
}

static int run_dump(const struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)c;
	(void)opts;
	(void)argc;
	(void)argv;
	(void)e;
	dump_face(&pod_face);
	dump_face(&oci_face);
	return 0;
}

const struct cmd cmd_dump = {
	.name = "__options",
	.usage = "",
	.summary = "Print the tables of commands and options",
	.flags = CMD_HIDDEN,
	.run = run_dump,
};
