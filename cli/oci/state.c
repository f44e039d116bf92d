/* `pod oci state`, `list` and `ps`: what there is, as runc shows it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/oci/oci.h"
#include "cli/table.h"

static int run_state(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	auto_oci_call struct oci_call call = { 0 };
	auto_free char *text = NULL;
	struct oci_state state;
	int r = oci_call_init(c, &call, e);

	(void)into;
	(void)argc;
	if (r >= 0)
		r = oci_state_get(&call.oci, argv[0], &state, e);
	if (r < 0)
		return oci_failed(r, e);
	text = oci_state_json(&state);
	oci_state_clear(&state);
	(void)puts(text);
	return 0;
}

const struct cmd oci_cmd_state = {
	.name = "state",
	.usage = "CONTAINER",
	.summary = "Print the state of a container as JSON",
	.min_args = 1,
	.max_args = 1,
	.run = run_state,
};

/* -- list -- */

struct list_opts {
	const char *format;
	bool quiet;
};

static const struct opt list_options[] = {
	OPT_STR(struct list_opts, format, 'f', "format", "format", "table or json"),
	OPT_BOOL(struct list_opts, quiet, 'q', "quiet", "Print only ids"),
	OPT_END,
};

static const struct list_opts list_defaults = { .format = "table" };

static int check_format(const char *format, struct err *e)
{
	if (str_eq(format, "table") || str_eq(format, "json"))
		return 0;
	return err_set(e, EINVAL, "unknown format '%s': use table or json", format);
}

/* "key=value" list as an object. */
static void add_annotations(cJSON *j, const struct strv *list)
{
	cJSON *map = json_add_object(j, "annotations");

	for (size_t i = 0; i < list->len; i++) {
		auto_free char *key = xstrdup(list->v[i]);
		char *value = strchr(key, '=');

		if (value) {
			*value = '\0';
			json_add_str(map, key, value + 1);
		}
	}
}

static cJSON *list_item(const struct oci_state *s)
{
	cJSON *j = json_object();

	json_add_str(j, "ociVersion", s->oci_version);
	json_add_str(j, "id", s->id);
	json_add_i64(j, "pid", s->pid);
	json_add_str(j, "status", oci_status_name(s->status));
	json_add_str(j, "bundle", s->bundle);
	json_add_str(j, "rootfs", s->rootfs);
	json_add_str(j, "created", s->created);
	if (s->annotations.len > 0)
		add_annotations(j, &s->annotations);
	json_add_str(j, "owner", s->owner ? s->owner : "");
	return j;
}

/* A container that another call deletes meanwhile is simply not listed. */
static int collect(const struct oci *o, const struct list_opts *opts, cJSON *all, struct str *lines,
		   struct err *e)
{
	auto_strv struct strv ids = { 0 };
	int r = oci_list(o, &ids, e);

	if (r < 0)
		return r;
	if (!opts->quiet)
		str_add(lines, "ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER\n");
	for (size_t i = 0; i < ids.len; i++) {
		struct oci_state s;

		if (oci_state_get(o, ids.v[i], &s, NULL) < 0)
			continue;
		if (opts->quiet)
			str_addf(lines, "%s\n", s.id);
		else
			str_addf(lines, "%s\t%d\t%s\t%s\t%s\t%s\n", s.id, (int)s.pid,
				 oci_status_name(s.status), s.bundle, s.created ? s.created : "",
				 s.owner ? s.owner : "");
		json_push(all, list_item(&s));
		oci_state_clear(&s);
	}
	return 0;
}

static int run_list(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct list_opts *o = into;
	auto_oci_call struct oci_call call = { 0 };
	auto_json cJSON *all = json_array();
	auto_str struct str lines = { 0 };
	int r = oci_call_init(c, &call, e);

	(void)argc;
	(void)argv;
	if (r >= 0)
		r = check_format(o->format, e);
	if (r >= 0)
		r = collect(&call.oci, o, all, &lines, e);
	if (r < 0)
		return oci_failed(r, e);
	if (o->quiet) {
		(void)fputs(str_cstr(&lines), stdout);
	} else if (str_eq(o->format, "json")) {
		auto_free char *text = json_print(all, false);

		(void)puts(text);
	} else {
		table_print(str_cstr(&lines), stdout);
	}
	return 0;
}

const struct cmd oci_cmd_list = {
	.name = "list",
	.usage = "[OPTIONS]",
	.summary = "List the containers below the state root",
	.opts = list_options,
	.size = sizeof(struct list_opts),
	.defaults = &list_defaults,
	.run = run_list,
};

/* -- ps -- */

struct ps_opts {
	const char *format;
};

static const struct opt ps_options[] = {
	OPT_STR(struct ps_opts, format, 'f', "format", "format", "table or json"),
	OPT_END,
};

static const struct ps_opts ps_defaults = { .format = "table" };

static void print_json(const pid_t *pids, size_t n)
{
	(void)putchar('[');
	for (size_t i = 0; i < n; i++)
		(void)printf("%s%d", i ? "," : "", (int)pids[i]);
	(void)puts("]");
}

/* Position of the column that ps(1) calls PID, or -1. */
static int pid_column(const char *header)
{
	auto_free char *copy = xstrdup(header);
	char *rest = copy, *word;

	for (int n = 0; (word = strsep(&rest, " "));) {
		if (!*word)
			continue;
		if (str_eq(word, "PID"))
			return n;
		n++;
	}
	return -1;
}

static long column_number(const char *line, int column)
{
	auto_free char *copy = xstrdup(line);
	char *rest = copy, *word;
	int n = 0;

	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (n++ == column)
			return strtol(word, NULL, 10);
	}
	return -1;
}

static bool has_pid(const pid_t *pids, size_t n, long pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* ps(1) with the caller's options ("-ef" without), its lines of other processes left out. */
static int print_table(const pid_t *pids, size_t n, int argc, char **argv, struct err *e)
{
	auto_strv struct strv args = { 0 }, lines = { 0 };
	auto_str struct str out = { 0 };
	int column, r;

	strv_add(&args, "ps");
	for (int i = 0; i < argc; i++)
		strv_add(&args, argv[i]);
	if (argc == 0)
		strv_add(&args, "-ef");
	r = proc_run((const char *const *)args.v, &out, e);
	if (r < 0)
		return r;
	strv_split(&lines, str_cstr(&out), '\n');
	column = lines.len > 0 ? pid_column(lines.v[0]) : -1;
	if (column < 0)
		return err_set(e, EINVAL, "ps prints no column PID with these options");
	(void)puts(lines.v[0]);
	for (size_t i = 1; i < lines.len; i++)
		if (has_pid(pids, n, column_number(lines.v[i], column)))
			(void)puts(lines.v[i]);
	return 0;
}

static int run_ps(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct ps_opts *o = into;
	auto_oci_call struct oci_call call = { 0 };
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	int r = oci_call_init(c, &call, e);

	if (r >= 0)
		r = check_format(o->format, e);
	if (r >= 0)
		r = oci_processes(&call.oci, argv[0], &pids, &n, e);
	if (r >= 0 && str_eq(o->format, "json"))
		print_json(pids, n);
	else if (r >= 0)
		r = print_table(pids, n, argc - 1, argv + 1, e);
	return oci_failed(r, e);
}

const struct cmd oci_cmd_ps = {
	.name = "ps",
	.usage = "[OPTIONS] CONTAINER [PS OPTIONS]",
	.summary = "List the processes of a container",
	.flags = CMD_STOP,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = ps_options,
	.size = sizeof(struct ps_opts),
	.defaults = &ps_defaults,
	.run = run_ps,
};
