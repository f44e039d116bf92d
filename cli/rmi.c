/* `pod rmi`: takes names away, and what nothing refers to any more with the last of them. */
#include <errno.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/open.h"

struct rmi_options {
	bool force, no_prune;
};

static const struct opt opts[] = {
	OPT_BOOL(struct rmi_options, force, 'f', "force",
		 "Also images of stopped containers, and all names of an id"),
	OPT_BOOL(struct rmi_options, no_prune, 0, "no-prune", "", .hidden = true),
	OPT_END,
};

/* Is name one of several of its image? Then it goes without a look at containers. */
static bool is_one_of_several(const struct image *img, const char *name)
{
	return img->names.len > 1 && !str_starts(img->id, name) && !str_starts(name, "sha256:");
}

/* docker's refusal while a container needs the image. */
static int check_users(struct engine *g, const char *name, bool force, struct err *e)
{
	auto_image struct image *img = NULL;
	auto_free char *user = NULL;
	int r = image_find(&g->store, name, &img, e);

	if (r < 0 || is_one_of_several(img, name))
		return r;
	user = engine_image_user(g, img->id, force);
	if (!user)
		return 0;
	return err_set(e, EBUSY,
		       "image '%s' is in use by %scontainer %s; remove the container first%s", name,
		       force ? "the running " : "", user, force ? "" : ", or use --force");
}

static int remove_one(struct engine *g, const char *name, bool force, struct err *e)
{
	auto_strv struct strv untagged = { 0 }, deleted = { 0 };
	int r = check_users(g, name, force, e);

	if (r == 0)
		r = image_remove(&g->store, name, force, &untagged, &deleted, e);
	for (size_t i = 0; i < untagged.len; i++)
		(void)printf("Untagged: %s\n", untagged.v[i]);
	for (size_t i = 0; i < deleted.len; i++)
		(void)printf("Deleted: %s\n", deleted.v[i]);
	return r;
}

static int run_rmi(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct rmi_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;
	int status = 0;

	if (open_store(c, &g, e) < 0)
		return -e->num;
	for (int i = 0; i < argc; i++) {
		int r;

		*e = (struct err){ 0 };
		r = remove_one(&g, argv[i], o->force, e);
		if (r < 0)
			cmd_report(c, e);
		if (r < 0 && !(r == -ENOENT && o->force))
			status = 1;
	}
	return status;
}

const struct cmd cmd_rmi = {
	.name = "rmi",
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Remove images",
	.group = CMD_IMAGES,
	.failed = 1,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct rmi_options),
	.run = run_rmi,
};
