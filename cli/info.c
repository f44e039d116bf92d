/* `pod info`: what is there, where it is, and which rung each feature stands on. */
#include "cli/info.h"

#include "base/err.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/open.h"
#include "cli/units.h"
#include "engine/container.h"
#include "oci/cgroup.h"

struct info_options {
	const char *format;
};

static const struct opt opts[] = {
	OPT_STR(struct info_options, format, 'f', "format", "string", "json, or a template"),
	OPT_END,
};

static int add_containers(cJSON *obj, struct engine *g, struct err *e)
{
	struct container **v = NULL;
	size_t n = 0, running = 0, paused = 0;

	if (container_list(g, false, &v, &n, e) < 0)
		return -e->num;
	for (size_t i = 0; i < n; i++) {
		running += v[i]->status == CONTAINER_RUNNING;
		paused += v[i]->status == CONTAINER_PAUSED;
	}
	container_list_free(v, n);
	json_add_u64(obj, "Containers", n);
	json_add_u64(obj, "ContainersRunning", running);
	json_add_u64(obj, "ContainersPaused", paused);
	json_add_u64(obj, "ContainersStopped", n - running - paused);
	return 0;
}

static int add_images(cJSON *obj, struct engine *g, struct err *e)
{
	struct image **v = NULL;
	size_t n = 0;

	if (image_list(&g->store, &v, &n, e) < 0)
		return -e->num;
	for (size_t i = 0; i < n; i++)
		image_free(v[i]);
	free(v);
	json_add_u64(obj, "Images", n);
	return 0;
}

/* A rung by name, borrowed. */
static const char *rung(const cJSON *obj, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, json_get(obj, "Rungs"))
		if (str_eq(json_str(one, "Name", ""), name))
			return json_str(one, "Rung", "");
	return "";
}

static void add_facts(cJSON *obj, struct engine *g)
{
	cJSON *security, *rungs = json_object();
	bool filter;

	info_add_rungs(rungs, g);
	filter = str_eq(rung(rungs, "seccomp"), "filter");
	json_add_str(obj, "Driver", rung(rungs, "storage driver"));
	json_add_str(obj, "LoggingDriver", "json-file");
	json_add_str(obj, "CgroupDriver",
		     str_starts(rung(rungs, "cgroup"), "none") ? "none" : "cgroupfs");
	json_add_str(obj, "CgroupVersion", cgroup_mode() == CGROUP_V2 ? "2" : "1");
	info_add_host(obj);
	json_add_str(obj, "DockerRootDir", g->root);
	json_add_str(obj, "RunRoot", g->runroot);
	json_add_str(obj, "ServerVersion", version_text());
	json_add_str(obj, "DefaultRuntime", "pod");
	security = json_add_array(obj, "SecurityOptions");
	if (filter)
		json_push_str(security, "name=seccomp,profile=builtin");
	if (g->userns.kind != USERNS_NONE)
		json_push_str(security, "name=rootless");
	json_add(obj, "Rungs", cJSON_DetachItemFromObjectCaseSensitive(rungs, "Rungs"));
	cJSON_Delete(rungs);
}

static void print_line(const char *title, const char *value)
{
	(void)printf("%-16s%s\n", title, value);
}

static void print_text(const cJSON *obj)
{
	const cJSON *one;
	char buf[UNITS_MAX];

	print_line("Version:", json_str(obj, "ServerVersion", ""));
	(void)printf("%-16s%lld (%lld running, %lld paused, %lld stopped)\n",
		     "Containers:", (long long)json_i64(obj, "Containers", 0),
		     (long long)json_i64(obj, "ContainersRunning", 0),
		     (long long)json_i64(obj, "ContainersPaused", 0),
		     (long long)json_i64(obj, "ContainersStopped", 0));
	(void)printf("%-16s%lld\n", "Images:", (long long)json_i64(obj, "Images", 0));
	print_line("Data folder:", json_str(obj, "DockerRootDir", ""));
	print_line("Run folder:", json_str(obj, "RunRoot", ""));
	cJSON_ArrayForEach(one, json_get(obj, "Rungs")) {
		auto_free char *title = xasprintf("%s:", json_str(one, "Name", ""));
		const char *why = json_str(one, "Why", "");

		title[0] = (char)(title[0] - 'a' + 'A');
		print_line(title, json_str(one, "Rung", ""));
		if (why[0])
			(void)printf("%-16s(%s)\n", "", why);
	}
	print_line("Kernel:", json_str(obj, "KernelVersion", ""));
	print_line("System:", json_str(obj, "OperatingSystem", ""));
	print_line("Architecture:", json_str(obj, "Architecture", ""));
	(void)printf("%-16s%lld\n", "CPUs:", (long long)json_i64(obj, "NCPU", 0));
	print_line("Memory:", units_size(json_i64(obj, "MemTotal", 0), buf));
}

static int run_info(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct info_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;
	auto_json cJSON *obj = json_object();

	(void)argc;
	(void)argv;
	if (open_store(c, &g, e) < 0 || add_containers(obj, &g, e) < 0 ||
	    add_images(obj, &g, e) < 0)
		return -e->num;
	add_facts(obj, &g);
	if (o->format)
		return format_value(o->format, obj, stdout, e);
	print_text(obj);
	return 0;
}

const struct cmd cmd_info = {
	.name = "info",
	.usage = "[OPTIONS]",
	.summary = "Show what pod has, where, and how it does each thing here",
	.group = CMD_OTHER,
	.opts = opts,
	.size = sizeof(struct info_options),
	.run = run_info,
};
