/* `pod version`: reads nothing but what is compiled in and uname(2). */
#include "version.h"
#include "cli/commands.h"
#include "config.h"

const char *version_text(void)
{
	return POD_VERSION;
}

const char *version_commit(void)
{
	return POD_COMMIT;
}

static int run_version(const struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)c;
	(void)opts;
	(void)argc;
	(void)argv;
	(void)e;
	(void)printf("Version:  %s\nCommit:   %s\n", version_text(), version_commit());
	return 0;
}

const struct cmd cmd_version = {
	.name = "version",
	.usage = "[OPTIONS]",
	.summary = "Show the version",
	.group = CMD_OTHER,
	.run = run_version,
};
