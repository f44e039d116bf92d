/* `pod tag`: one more name for an image. */
#include <errno.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "image/ref.h"

static int run_tag(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	auto_engine struct engine g = ENGINE_CLOSED;
	auto_image struct image *img = NULL;
	auto_ref struct ref ref = { 0 };
	auto_free char *full = NULL;
	auto_fd int hold = -1;

	(void)opts_of;
	(void)argc;
	if (ref_parse(argv[1], &ref, e) < 0)
		return -e->num;
	if (ref.digest)
		return cmd_usage_error(c, e, "'%s' is no name to give: it has a digest", argv[1]);
	if (open_store(c, &g, e) < 0)
		return -e->num;
	hold = store_hold(&g.store, e);
	if (hold < 0)
		return hold;
	if (image_find(&g.store, argv[0], &img, e) < 0)
		return -e->num;
	full = ref_full(&ref);
	return image_set_name(&g.store, full, &img->manifest, img->index_digest, e);
}

const struct cmd cmd_tag = {
	.name = "tag",
	.usage = "IMAGE NAME[:TAG]",
	.summary = "Give an image one more name",
	.group = CMD_IMAGES,
	.failed = 1,
	.min_args = 2,
	.max_args = 2,
	.run = run_tag,
};
