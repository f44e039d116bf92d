/* `pod images`: a row a name of each image in the store. */
#include <errno.h>
#include <fnmatch.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/filter.h"
#include "cli/format.h"
#include "cli/open.h"
#include "cli/units.h"
#include "image/ref.h"

struct images_options {
	bool all, quiet, no_trunc, digests;
	struct strv filters;
	const char *format;
};

static const struct opt opts[] = {
	OPT_BOOL(struct images_options, all, 'a', "all",
		 "Show all images (there are no intermediate ones to hide)"),
	OPT_BOOL(struct images_options, digests, 0, "digests", "Show digests"),
	OPT_LIST(struct images_options, filters, 'f', "filter", "filter",
		 "Only those that match: reference=, dangling=, label=, before=, since="),
	OPT_STR(struct images_options, format, 0, "format", "string",
		"json, a template, or \"table\" and a template"),
	OPT_BOOL(struct images_options, no_trunc, 0, "no-trunc", "Show whole ids"),
	OPT_BOOL(struct images_options, quiet, 'q', "quiet", "Only show ids"),
	OPT_END,
};

static const struct format_column columns[] = {
	{ "Containers", "CONTAINERS" },
	{ "CreatedAt", "CREATED AT" },
	{ "CreatedSince", "CREATED" },
	{ "Digest", "DIGEST" },
	{ "ID", "IMAGE ID" },
	{ "Repository", "REPOSITORY" },
	{ "SharedSize", "SHARED SIZE" },
	{ "Size", "SIZE" },
	{ "Tag", "TAG" },
	{ "UniqueSize", "UNIQUE SIZE" },
	{ "VirtualSize", "SIZE" },
	{ NULL, NULL },
};

static const char *const filter_keys[] = {
	"reference", "dangling", "label", "before", "since", NULL
};

/* What the filters say, looked up once. */
struct wanted {
	const struct strv *filters;
	const char *pattern; /* the argument, or NULL */
	bool has_dangling, dangling;
	int64_t before_ns, since_ns; /* INT64_MAX, INT64_MIN: open */
};

/* One name of an image, familiar form. */
struct name {
	char *name; /* "nginx" */
	char *tag;  /* NULL: none */
	char *text; /* "nginx:alpine" */
};

static void name_clear(struct name *n)
{
	free(n->name);
	free(n->tag);
	free(n->text);
}

static void name_read(const char *full, struct name *ret)
{
	auto_ref struct ref ref = { 0 };

	*ret = (struct name){ 0 };
	if (!full || ref_parse(full, &ref, NULL) < 0)
		return;
	ret->name = ref_familiar_name(&ref);
	ret->text = ref_familiar(&ref);
	ret->tag = ref.tag ? xstrdup(ref.tag) : NULL;
}

/* docker's reference.FamiliarMatch: shell patterns on "nginx:alpine" or on "nginx". */
static bool match_reference(const char *pattern, const void *data)
{
	const struct name *n = data;

	return n->text && (fnmatch(pattern, n->text, FNM_PATHNAME) == 0 ||
			   fnmatch(pattern, n->name, FNM_PATHNAME) == 0);
}

static int bound(const struct engine *g, const struct strv *filters, const char *key,
		 int64_t *ret_ns, struct err *e)
{
	size_t at = 0;
	const char *value;

	while ((value = filter_next(filters, key, &at))) {
		auto_image struct image *img = NULL;

		if (image_find(&g->store, value, &img, e) < 0)
			return -e->num;
		*ret_ns = img->created_ns;
	}
	return 0;
}

static int wanted_read(const struct engine *g, const struct images_options *o, const char *pattern,
		       struct wanted *w, struct err *e)
{
	size_t at = 0;
	const char *value;

	*w = (struct wanted){ .filters = &o->filters,
			      .pattern = pattern,
			      .before_ns = INT64_MAX,
			      .since_ns = INT64_MIN };
	while ((value = filter_next(&o->filters, "dangling", &at))) {
		w->has_dangling = true;
		if (filter_bool("dangling", value, &w->dangling, e) < 0)
			return -EINVAL;
	}
	if (bound(g, &o->filters, "before", &w->before_ns, e) < 0)
		return -e->num;
	return bound(g, &o->filters, "since", &w->since_ns, e);
}

static bool image_wanted(const struct wanted *w, const struct image *img)
{
	auto_strv struct strv labels = { 0 };
	const cJSON *label;

	if (w->has_dangling && w->dangling != (img->names.len == 0))
		return false;
	if (img->created_ns >= w->before_ns || img->created_ns <= w->since_ns)
		return false;
	cJSON_ArrayForEach(label, json_path(img->config, "config.Labels"))
		strv_addf(&labels, "%s=%s", label->string,
			  cJSON_IsString(label) ? label->valuestring : "");
	return filter_all(w->filters, "label", filter_label, &labels);
}

static void add_row(cJSON *rows, const struct images_options *o, const struct image *img,
		    const struct name *n)
{
	cJSON *row = json_object();
	auto_free char *id = o->no_trunc ? xasprintf("sha256:%s", img->id) : xstrndup(img->id, 12);
	char buf[UNITS_MAX];

	json_add_str(row, "Containers", "N/A");
	json_add_str(row, "CreatedAt", units_time(img->created_ns, buf));
	json_add_str(row, "CreatedSince", units_ago(img->created_ns, buf));
	json_add_str(row, "Digest",
		     n->name ? img->index_digest ? img->index_digest : img->manifest.digest
			     : "<none>");
	json_add_str(row, "ID", id);
	json_add_str(row, "Repository", n->name ? n->name : "<none>");
	json_add_str(row, "SharedSize", "N/A");
	json_add_str(row, "Size", units_size(img->size, buf));
	json_add_str(row, "Tag", n->tag ? n->tag : "<none>");
	json_add_str(row, "UniqueSize", "N/A");
	json_add_str(row, "VirtualSize", buf);
	json_push(rows, row);
}

/* A row a name that is wanted; one for an image without a name. */
static void add_image(cJSON *rows, const struct images_options *o, const struct wanted *w,
		      const struct image *img)
{
	for (size_t i = 0; i < img->names.len || i == 0; i++) {
		struct name n;

		name_read(i < img->names.len ? img->names.v[i] : NULL, &n);
		if ((!w->pattern || match_reference(w->pattern, &n)) &&
		    filter_any(w->filters, "reference", match_reference, &n))
			add_row(rows, o, img, &n);
		name_clear(&n);
	}
}

static const char *default_format(const struct images_options *o)
{
	if (o->quiet)
		return "{{.ID}}";
	if (o->digests)
		return "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}"
		       "\t{{.Size}}";
	return "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
}

static int run_images(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct images_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;
	auto_json cJSON *rows = json_array();
	struct image **images = NULL;
	struct wanted w;
	size_t n = 0;

	if (filter_check(&o->filters, filter_keys, e) < 0)
		return -EINVAL;
	if (open_store(c, &g, e) < 0 || wanted_read(&g, o, argc ? argv[0] : NULL, &w, e) < 0 ||
	    image_list(&g.store, &images, &n, e) < 0)
		return -e->num;
	for (size_t i = 0; i < n; i++) {
		if (image_wanted(&w, images[i]))
			add_image(rows, o, &w, images[i]);
		image_free(images[i]);
	}
	free(images);
	return format_rows(o->format && !o->quiet ? o->format : default_format(o), columns, rows,
			   stdout, e);
}

const struct cmd cmd_images = {
	.name = "images",
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]",
	.summary = "List images",
	.group = CMD_IMAGES,
	.failed = 1,
	.max_args = 1,
	.opts = opts,
	.size = sizeof(struct images_options),
	.run = run_images,
};
