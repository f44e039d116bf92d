/* `pod create`: a container that does not run yet. */
#include <stdio.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/create_options.h"
#include "cli/open.h"
#include "engine/container.h"

/* clang-format off */
static const struct opt opts[] = {
	CREATE_ROWS_TO_DETACH,
	CREATE_ROWS_TO_SIG_PROXY,
	CREATE_ROWS_REST,
	OPT_END,
};
/* clang-format on */

static int run_create(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct create_options *o = opts_of;
	auto_container struct container *container = NULL;
	auto_engine struct engine g = ENGINE_CLOSED;

	if (open_engine(c, &g, e) < 0 ||
	    create_options_container(&g, o, argc, argv, false, &container, e) < 0)
		return -e->num;
	(void)printf("%s\n", container->id);
	return 0;
}

const struct cmd cmd_create = {
	.name = "create",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.summary = "Create a container without starting it",
	.group = CMD_CONTAINERS,
	.flags = CMD_STOP,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct create_options),
	.defaults = &create_options_defaults,
	.run = run_create,
};
