/* `pod ps`: a row a container. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/filter.h"
#include "cli/format.h"
#include "cli/open.h"
#include "cli/units.h"
#include "engine/container.h"
#include "image/ref.h"

struct ps_options {
	bool all, latest, no_trunc, quiet, size;
	int last; /* -1: not given */
	struct strv filters;
	const char *format;
};

static const struct opt opts[] = {
	OPT_BOOL(struct ps_options, all, 'a', "all", "Those that do not run too"),
	OPT_LIST(struct ps_options, filters, 'f', "filter", "filter",
		 "Only those that match KEY=VALUE"),
	OPT_STR(struct ps_options, format, 0, "format", "string",
		"json, a template, or \"table\" and a template"),
	OPT_INT(struct ps_options, last, 'n', "last", "int", "The last so many that were made"),
	OPT_BOOL(struct ps_options, latest, 'l', "latest", "The last one that was made"),
	OPT_BOOL(struct ps_options, no_trunc, 0, "no-trunc", "Do not shorten ids and commands"),
	OPT_BOOL(struct ps_options, quiet, 'q', "quiet", "Only show ids"),
	OPT_BOOL(struct ps_options, size, 's', "size", "Show what each has written"),
	OPT_END,
};

static const struct ps_options defaults = { .last = -1 };

static const struct format_column columns[] = {
	{ "Command", "COMMAND" },
	{ "CreatedAt", "CREATED AT" },
	{ "ID", "CONTAINER ID" },
	{ "Image", "IMAGE" },
	{ "Labels", "LABELS" },
	{ "LocalVolumes", "LOCAL VOLUMES" },
	{ "Mounts", "MOUNTS" },
	{ "Names", "NAMES" },
	{ "Networks", "NETWORKS" },
	{ "Ports", "PORTS" },
	{ "RunningFor", "CREATED" },
	{ "Size", "SIZE" },
	{ "State", "STATE" },
	{ "Status", "STATUS" },
	{ NULL, NULL },
};

static const char *const filter_keys[] = {
	"id",     "name",   "label", "status",  "ancestor", "exited", "health",
	"volume", "before", "since", "network", "publish",  "expose", NULL,
};

/* -- filters -- */

static bool match_id(const char *value, const void *data)
{
	const struct container *c = data;

	return str_starts(c->id, value);
}

static bool match_name(const char *value, const void *data)
{
	const struct container *c = data;

	return strstr(c->record->name, value[0] == '/' ? value + 1 : value);
}

static bool match_status(const char *value, const void *data)
{
	const struct container *c = data;

	return str_eq(container_status_name(c->status), value);
}

static bool match_health(const char *value, const void *data)
{
	const struct container *c = data;

	return str_eq(c->health[0] ? c->health : "none", value);
}

static bool match_exited(const char *value, const void *data)
{
	const struct container *c = data;
	int64_t code;

	return c->status == CONTAINER_EXITED && str_to_i64(value, &code) == 0 &&
	       code == c->exit.code;
}

/* By id, or by name, where "nginx" is every nginx. */
static bool match_ancestor(const char *value, const void *data)
{
	const struct container *c = data;
	auto_ref struct ref want = { 0 }, have = { 0 };
	const char *id = str_after(value, "sha256:") ? value + 7 : value;

	if (strlen(id) >= 4 && str_starts(c->record->image_id, id))
		return true;
	if (ref_parse(value, &want, NULL) < 0 || ref_parse(c->record->image, &have, NULL) < 0)
		return false;
	return str_eq(want.domain, have.domain) && str_eq(want.path, have.path) &&
	       (!strchr(value, ':') || str_eq(want.tag, have.tag));
}

static bool match_volume(const char *value, const void *data)
{
	const struct container *c = data;

	for (size_t i = 0; i < c->record->n_mounts; i++)
		if (str_eq(c->record->mounts[i].source, value) ||
		    str_eq(c->record->mounts[i].destination, value))
			return true;
	return false;
}

static bool match_network(const char *value, const void *data)
{
	const struct container *c = data;

	return str_eq(c->record->network, value);
}

/* "80", "80/tcp". */
static bool is_port(const char *value, uint32_t port, const char *protocol)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%u/%s", port, protocol);
	return str_eq(text, value) || (!strchr(value, '/') && strtoul(value, NULL, 10) == port);
}

static bool match_publish(const char *value, const void *data)
{
	const struct container *c = data;

	for (size_t i = 0; i < c->record->n_ports; i++)
		if (is_port(value, c->record->ports[i].container_port,
			    c->record->ports[i].protocol))
			return true;
	return false;
}

static bool match_expose(const char *value, const void *data)
{
	const struct container *c = data;

	for (size_t i = 0; i < c->record->expose.len; i++) {
		const char *e = c->record->expose.v[i];

		if (str_eq(e, value) ||
		    (!strchr(value, '/') && strtoul(e, NULL, 10) == strtoul(value, NULL, 10)))
			return true;
	}
	return false;
}

struct matcher {
	const char *key;
	bool (*match)(const char *value, const void *data);
};

static const struct matcher matchers[] = {
	{ "id", match_id },         { "name", match_name },         { "status", match_status },
	{ "exited", match_exited }, { "ancestor", match_ancestor }, { "health", match_health },
	{ "volume", match_volume }, { "network", match_network },   { "publish", match_publish },
	{ "expose", match_expose },
};

/* before= and since=: ages to compare with. */
struct bounds {
	int64_t before_ns, since_ns;
};

static int find_bounds(struct engine *g, const struct strv *filters, struct bounds *ret,
		       struct err *e)
{
	static const char *const keys[] = { "before", "since" };
	int64_t *members[] = { &ret->before_ns, &ret->since_ns };

	*ret = (struct bounds){ INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value;
		size_t at = 0;

		while ((value = filter_next(filters, keys[i], &at))) {
			auto_container struct container *c = NULL;

			if (container_find(g, value, &c, e) < 0)
				return err_status(e, 1);
			*members[i] = c->record->created_ns;
		}
	}
	return 0;
}

static bool is_wanted(const struct ps_options *o, const struct bounds *b, const struct container *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(matchers); i++)
		if (!filter_any(&o->filters, matchers[i].key, matchers[i].match, c))
			return false;
	return c->record->created_ns < b->before_ns && c->record->created_ns > b->since_ns &&
	       filter_all(&o->filters, "label", filter_label, &c->record->labels);
}

/* A wrong status is an error, not an empty list. */
static int check_filters(const struct ps_options *o, struct err *e)
{
	enum container_status status;
	const char *value;
	size_t at = 0;

	if (filter_check(&o->filters, filter_keys, e) < 0)
		return -e->num;
	while ((value = filter_next(&o->filters, "status", &at)))
		if (container_status_parse(value, &status, e) < 0)
			return -e->num;
	return 0;
}

/* Filters that name a state look at all containers, as docker's do. */
static bool looks_at_all(const struct ps_options *o)
{
	size_t status = 0, exited = 0;

	return o->all || o->latest || o->last >= 0 || filter_next(&o->filters, "status", &status) ||
	       filter_next(&o->filters, "exited", &exited);
}

/* -- rows -- */

/* "\"sh -c 'exit…\"": quoted, 20 characters of it. */
static char *command_cell(const struct container *c, bool whole)
{
	auto_free char *line = record_command_line(c->record);
	size_t len = 0, chars = 0;

	while (line[len] && (whole || chars < 19)) {
		len++;
		while ((line[len] & 0xC0) == 0x80)
			len++;
		chars++;
	}
	if (!line[len])
		return xasprintf("\"%s\"", line);
	while ((line[len + 1] & 0xC0) == 0x80)
		len++;
	return line[len + 1] ? xasprintf("\"%.*s…\"", (int)len, line) : xasprintf("\"%s\"", line);
}

/* Names and paths of mounts, volumes shortened. */
static char *mounts_cell(const struct container *c, bool whole, size_t *ret_volumes)
{
	auto_strv struct strv cells = { 0 };

	*ret_volumes = 0;
	for (size_t i = 0; i < c->record->n_mounts; i++) {
		const struct record_mount *m = &c->record->mounts[i];

		*ret_volumes += str_eq(m->type, "volume");
		if (m->source && (whole || strlen(m->source) <= 15))
			strv_add(&cells, m->source);
		else if (m->source)
			strv_addf(&cells, "%.14s…", m->source);
	}
	return strv_join(&cells, ",");
}

static void add_row(cJSON *rows, const struct ps_options *o, const struct container *c)
{
	cJSON *row = json_object();
	auto_free char *command = command_cell(c, o->no_trunc), *ports = container_ports_text(c);
	auto_free char *labels = strv_join(&c->record->labels, ",");
	auto_free char *id = xstrndup(c->id, o->no_trunc ? 64 : 12);
	auto_free char *count = NULL, *mounts = NULL;
	char status[128], buf[UNITS_MAX];
	size_t volumes;

	mounts = mounts_cell(c, o->no_trunc, &volumes);
	count = xasprintf("%zu", volumes);
	json_add_str(row, "Command", command);
	json_add_str(row, "CreatedAt", units_time(c->record->created_ns, buf));
	json_add_str(row, "ID", id);
	json_add_str(row, "Image", c->record->image);
	json_add_str(row, "Labels", labels);
	json_add_str(row, "LocalVolumes", count);
	json_add_str(row, "Mounts", mounts);
	json_add_str(row, "Names", c->record->name);
	json_add_str(row, "Networks", c->record->network);
	json_add_str(row, "Ports", ports);
	json_add_str(row, "RunningFor", units_ago(c->record->created_ns, buf));
	json_add_str(row, "Size", o->size ? units_size(container_size(c), buf) : "0B");
	json_add_str(row, "State", container_status_name(c->status));
	json_add_str(row, "Status", container_status_text(c, status, sizeof(status)));
	json_push(rows, row);
}

static const char *default_format(const struct ps_options *o)
{
	if (o->size)
		return "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t"
		       "{{.Names}}\t{{.Size}}";
	return "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
}

/* `ps -q` with nothing else: straight out. */
static void print_ids(const struct ps_options *o, struct container *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)printf("%.*s\n", o->no_trunc ? 64 : 12, v[i]->id);
}

static int print_rows(const struct ps_options *o, struct container *const *v, size_t n,
		      struct err *e)
{
	auto_json cJSON *rows = json_array();

	if (o->quiet) {
		print_ids(o, v, n);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		add_row(rows, o, v[i]);
	return format_rows(o->format ? o->format : default_format(o), columns, rows, stdout, e);
}

static int run_ps(const struct cli *cli, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct ps_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;
	struct container **v = NULL;
	size_t n = 0, kept = 0, limit = o->latest ? 1 : o->last > 0 ? (size_t)o->last : SIZE_MAX;
	struct bounds bounds;
	int r;

	(void)argc;
	(void)argv;
	if (check_filters(o, e) < 0)
		return err_status(e, 1);
	if (open_engine(cli, &g, e) < 0 || find_bounds(&g, &o->filters, &bounds, e) < 0 ||
	    container_list(&g, !looks_at_all(o), &v, &n, e) < 0)
		return -e->num;
	for (size_t i = 0; i < n; i++) {
		if (kept < limit && is_wanted(o, &bounds, v[i])) {
			struct container *c = v[i];

			v[i] = v[kept];
			v[kept++] = c;
		}
	}
	r = print_rows(o, v, kept, e);
	container_list_free(v, n);
	return r;
}

const struct cmd cmd_ps = {
	.name = "ps",
	.aliases = { "ls", "list" },
	.usage = "[OPTIONS]",
	.summary = "List containers",
	.group = CMD_CONTAINERS,
	.opts = opts,
	.size = sizeof(struct ps_options),
	.defaults = &defaults,
	.run = run_ps,
};
