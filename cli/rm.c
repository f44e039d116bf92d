/* `pod rm`. */
#include <stdio.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/open.h"
#include "engine/container.h"

struct rm_options {
	bool force, volumes;
};

static const struct opt opts[] = {
	OPT_BOOL(struct rm_options, force, 'f', "force",
		 "Kill it first; one that does not exist is no error"),
	OPT_BOOL(struct rm_options, volumes, 'v', "volumes", "Its anonymous volumes too"),
	OPT_END,
};

static int rm_one(struct container *c, const char *name, const void *options, struct err *e)
{
	const struct rm_options *o = options;
	int r = container_remove(c, o->force, o->volumes, e);

	if (r < 0)
		return r;
	(void)printf("%s\n", name);
	return 0;
}

static int run_rm(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct rm_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;

	if (open_engine(c, &g, e) < 0)
		return -e->num;
	return each_container(c, &g, argc, argv, o->force, rm_one, o);
}

const struct cmd cmd_rm = {
	.name = "rm",
	.aliases = { "remove" },
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Remove containers",
	.group = CMD_CONTAINERS,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct rm_options),
	.run = run_rm,
};
