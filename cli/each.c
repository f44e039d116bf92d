/* One call for each of several containers: see each.h. */
#include "cli/each.h"

#include <errno.h>

#include "base/err.h"
#include "engine/container.h"

int each_container(const struct cli *c, struct engine *g, int argc, char **argv, bool missing_ok,
		   each_call *fn, const void *options)
{
	int status = 0;

	for (int i = 0; i < argc; i++) {
		auto_container struct container *container = NULL;
		struct err e = { 0 };
		int r = container_find(g, argv[i], &container, &e);

		if (r == -ENOENT && missing_ok) {
			cmd_report(c, &e);
			continue;
		}
		if (r == 0)
			r = fn(container, argv[i], options, &e);
		if (r >= 0)
			continue;
		cmd_report(c, &e);
		status = e.status && i == argc - 1 && argc == 1 ? e.status : 1;
	}
	return status;
}
