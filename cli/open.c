/* Global options and environment as engine_options. */
#include "cli/open.h"

int open_engine(const struct cli *c, struct engine *ret, struct err *e)
{
	struct engine_options o = {
		.root = c->root,
		.runroot = c->runroot,
		.storage_driver = c->storage_driver,
		.userns_single = c->userns_single,
	};

	return engine_open(&o, ret, e);
}

int open_store(const struct cli *c, struct engine *ret, struct err *e)
{
	int r = open_engine(c, ret, e);

	return r < 0 ? r : engine_store(ret, e);
}
