/* `pod history`: how an image came to be, newest step first, as its config tells. */
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/open.h"
#include "cli/units.h"
#include "image/layer.h"

struct history_options {
	bool human, no_trunc, quiet;
	const char *format;
};

static const struct history_options defaults = { .human = true };

static const struct opt opts[] = {
	OPT_STR(struct history_options, format, 0, "format", "string",
		"json, a template, or \"table\" and a template"),
	OPT_BOOL(struct history_options, human, 'H', "human",
		 "Sizes and ages as people say them (true)"),
	OPT_BOOL(struct history_options, no_trunc, 0, "no-trunc", "Show whole texts"),
	OPT_BOOL(struct history_options, quiet, 'q', "quiet", "Only show ids"),
	OPT_END,
};

static const struct format_column columns[] = {
	{ "Comment", "COMMENT" },
	{ "CreatedAt", "CREATED AT" },
	{ "CreatedBy", "CREATED BY" },
	{ "CreatedSince", "CREATED" },
	{ "ID", "IMAGE" },
	{ "Size", "SIZE" },
	{ NULL, NULL },
};

/* At most max characters, the last of them "…". The caller owns it. */
static char *shortened(const char *text, size_t max)
{
	size_t n = 0, cut = 0;

	for (size_t i = 0; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) == 0x80)
			continue;
		if (n++ == max - 1)
			cut = i;
	}
	return n > max ? xasprintf("%.*s…", (int)cut, text) : xstrdup(text);
}

/*
 * One step. layer: the diff id that it made, or NULL; id: the image's where it is the newest
 * step.
 */
static cJSON *make_row(const struct engine *g, const struct history_options *o, const cJSON *step,
		       const char *layer, const char *id)
{
	struct layer_info info = { 0 };
	auto_free char *by = o->no_trunc ? xstrdup(json_str(step, "created_by", ""))
					 : shortened(json_str(step, "created_by", ""), 45);
	const char *created = json_str(step, "created", "");
	int64_t ns = 0;
	char buf[UNITS_MAX];
	cJSON *row = json_object();

	(void)clock_parse_rfc3339(created, &ns);
	if (layer)
		(void)layer_info(&g->store, layer, &info, NULL);
	json_add_str(row, "Comment", json_str(step, "comment", ""));
	json_add_str(row, "CreatedAt", created);
	json_add_str(row, "CreatedBy", by);
	json_add_str(row, "CreatedSince", o->human ? units_ago(ns, buf) : created);
	json_add_str(row, "ID", id ? id : "<missing>");
	if (o->human)
		json_add_str(row, "Size", units_size(info.disk_bytes, buf));
	else
		json_add_i64(row, "Size", info.disk_bytes);
	return row;
}

static void add_rows(cJSON *rows, const struct engine *g, const struct history_options *o,
		     const struct image *img)
{
	const cJSON *history = json_get(img->config, "history");
	auto_free char *id = o->no_trunc ? xasprintf("sha256:%s", img->id) : xstrndup(img->id, 12);
	int n = cJSON_GetArraySize(history);
	size_t layer = img->diff_ids.len;

	for (int i = n - 1; i >= 0; i--) {
		const cJSON *step = cJSON_GetArrayItem(history, i);
		bool empty = json_bool(step, "empty_layer", false);
		const char *diff_id = !empty && layer > 0 ? img->diff_ids.v[--layer] : NULL;

		json_push(rows, make_row(g, o, step, diff_id, i == n - 1 ? id : NULL));
	}
}

static int run_history(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct history_options *o = opts_of;
	const char *usual = o->quiet ? "{{.ID}}"
				     : "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}"
				       "\t{{.Comment}}";
	auto_engine struct engine g = ENGINE_CLOSED;
	auto_image struct image *img = NULL;
	auto_json cJSON *rows = json_array();

	(void)argc;
	if (open_store(c, &g, e) < 0)
		return -e->num;
	if (image_find(&g.store, argv[0], &img, e) < 0)
		return -e->num;
	add_rows(rows, &g, o, img);
	return format_rows(o->format && !o->quiet ? o->format : usual, columns, rows, stdout, e);
}

const struct cmd cmd_history = {
	.name = "history",
	.usage = "[OPTIONS] IMAGE",
	.summary = "Show how an image was made",
	.group = CMD_IMAGES,
	.failed = 1,
	.min_args = 1,
	.max_args = 1,
	.opts = opts,
	.size = sizeof(struct history_options),
	.defaults = &defaults,
	.run = run_history,
};
