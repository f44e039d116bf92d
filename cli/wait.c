/* `pod wait`: prints the exit code of each container when it has ended. */
#include <stdio.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/open.h"
#include "engine/attach.h"
#include "engine/container.h"

static int wait_one(struct container *c, const char *name, const void *options, struct err *e)
{
	int code = attach_wait(c, e);

	(void)name;
	(void)options;
	if (code < 0)
		return code;
	(void)printf("%d\n", code);
	return 0;
}

static int run_wait(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	auto_engine struct engine g = ENGINE_CLOSED;

	(void)opts_of;
	if (open_engine(c, &g, e) < 0)
		return -e->num;
	return each_container(c, &g, argc, argv, false, wait_one, NULL);
}

const struct cmd cmd_wait = {
	.name = "wait",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Wait for the end of containers and print their exit statuses",
	.group = CMD_CONTAINERS,
	.min_args = 1,
	.max_args = CMD_ANY,
	.run = run_wait,
};
