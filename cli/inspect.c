/* `pod inspect`: containers and images as JSON. */
#include "cli/inspect.h"

#include <errno.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/open.h"
#include "cli/pretty.h"
#include "engine/container.h"

struct inspect_options {
	const char *format, *type;
	bool size;
};

static const struct opt opts[] = {
	OPT_STR(struct inspect_options, format, 'f', "format", "string", "json, or a template"),
	OPT_BOOL(struct inspect_options, size, 's', "size", "Show the sizes of containers' files"),
	OPT_STR(struct inspect_options, type, 0, "type", "string",
		"container or image; else the first that has the name"),
	OPT_END,
};

void inspect_add_list(cJSON *obj, const char *key, const struct strv *l)
{
	if (l->len)
		json_add_strv(obj, key, l);
	else
		json_add_null(obj, key);
}

void inspect_add_map(cJSON *obj, const char *key, const struct strv *l)
{
	cJSON *map = json_add_object(obj, key);

	for (size_t i = 0; i < l->len; i++) {
		size_t len = strcspn(l->v[i], "=");
		auto_free char *name = xstrndup(l->v[i], len);

		json_add_str(map, name, l->v[i][len] ? l->v[i] + len + 1 : "");
	}
}

void inspect_add_copy(cJSON *obj, const char *key, const cJSON *from, const char *from_key)
{
	const cJSON *member = json_get(from, from_key);
	cJSON *copy = member ? cJSON_Duplicate(member, true) : cJSON_CreateNull();

	if (!copy)
		mem_exhausted();
	json_add(obj, key, copy);
}

/* What one run of the command looks at. */
struct inspection {
	const struct inspect_options *o;
	struct engine *g;
	bool containers, images;
};

/* The first of a container and an image that answers to name; *ret is the caller's. */
static int find(const struct inspection *in, const char *name, cJSON **ret, struct err *e)
{
	auto_container struct container *c = NULL;
	auto_image struct image *img = NULL;
	int r = -ENOENT;

	if (in->containers)
		r = container_find(in->g, name, &c, e);
	if (r == 0) {
		*ret = inspect_container(in->g, c, in->o->size);
		return 0;
	}
	if (r != -ENOENT || !in->images)
		return r;
	r = engine_store(in->g, e);
	if (r == 0)
		r = image_find(&in->g->store, name, &img, e);
	if (r == 0)
		*ret = inspect_image(in->g, img);
	else if (r == -ENOENT && in->containers)
		r = err_set(e, ENOENT, "no such object: %s", name);
	return r;
}

static int read_type(const struct cli *c, const struct inspect_options *o, struct inspection *in,
		     struct err *e)
{
	const char *type = o->type ? o->type : c->noun;

	in->containers = !type || str_eq(type, "container");
	in->images = !type || str_eq(type, "image");
	if (!in->containers && !in->images)
		return cmd_usage_error(
			c, e, "invalid argument \"%s\" for \"--type\": neither container nor image",
			type);
	return 0;
}

static int run_inspect(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	auto_engine struct engine g = ENGINE_CLOSED;
	struct inspection in = { .o = opts_of, .g = &g };
	auto_json cJSON *all = json_array();
	auto_str struct str text = { 0 };
	int status = 0;

	if (read_type(c, in.o, &in, e) < 0 || open_engine(c, &g, e) < 0)
		return -e->num;
	for (int i = 0; i < argc; i++) {
		cJSON *one = NULL;

		*e = (struct err){ 0 };
		if (find(&in, argv[i], &one, e) < 0) {
			cmd_report(c, e);
			status = 1;
			continue;
		}
		json_push(all, one);
		if (in.o->format && format_value(in.o->format, one, stdout, e) < 0)
			return -e->num;
	}
	if (!in.o->format) {
		pretty_print(&text, all);
		(void)printf("%s\n", str_cstr(&text));
	}
	return status;
}

const struct cmd cmd_inspect = {
	.name = "inspect",
	.usage = "[OPTIONS] NAME|ID [NAME|ID...]",
	.summary = "Show everything about containers and images",
	.group = CMD_OTHER,
	.failed = 1,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct inspect_options),
	.run = run_inspect,
};
