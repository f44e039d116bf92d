/* From global options to an engine: what every command that needs one begins with. */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include "cli/cmd.h"
#include "engine/engine.h"

/*
 *	auto_engine struct engine g = ENGINE_CLOSED;
 *
 *	if (open_engine(c, &g, e) < 0)
 *		return -e->num;
 */
#define ENGINE_CLOSED                                                            \
	{                                                                        \
		.root_fd = -1, .containers_fd = -1, .names_fd = -1, .run_fd = -1 \
	}
#define auto_engine __attribute__((cleanup(engine_close)))

/*
 * The engine of --root, --runroot, --storage-driver. The store and the user namespace are opened
 * by those who need them.
 */
int open_engine(const struct cli *c, struct engine *ret, struct err *e);

/* The same with its image store. */
int open_store(const struct cli *c, struct engine *ret, struct err *e);

#endif
