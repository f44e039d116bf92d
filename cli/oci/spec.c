/* `pod oci spec`: a config.json to begin with, runc's defaults, as scripts expect to edit them. */
#include <fcntl.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/oci/oci.h"

struct spec_opts {
	const char *bundle;
	bool rootless;
};

static const struct opt opts[] = {
	OPT_STR(struct spec_opts, bundle, 'b', "bundle", "dir",
		"Folder to write config.json to (the current one)"),
	OPT_BOOL(struct spec_opts, rootless, 0, "rootless",
		 "For a caller without privilege: a user namespace with one id"),
	OPT_END,
};

static const struct spec_opts defaults = { .bundle = "." };

#define CAPS "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"

/* The version is the oldest that has all that is used: older runtimes refuse newer ones. */
static const char text[] =
	"{\"ociVersion\":\"1.0.2\","
	"\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
	"\"TERM=xterm\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":" CAPS ",\"effective\":" CAPS ",\"permitted\":" CAPS "},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],"
	"\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"pod\",\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\","
	"\"gid=5\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\",\"options\":"
	"[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":"
	"[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
	"\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":"
	"\"uts\"},{\"type\":\"mount\"},"
	"{\"type\":\"cgroup\"}],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\","
	"\"/proc/latency_stats\","
	"\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\","
	"\"/proc/scsi\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
	"\"/proc/sysrq-trigger\"]}}";

/* Removes array elements whose member `key` has the value. */
static void drop_items(cJSON *array, const char *key, const char *value)
{
	for (int i = cJSON_GetArraySize(array) - 1; i >= 0; i--)
		if (str_eq(json_str(cJSON_GetArrayItem(array, i), key, NULL), value))
			cJSON_DeleteItemFromArray(array, i);
}

static void add_mapping(cJSON *l, const char *key, unsigned int outside)
{
	cJSON *map = json_object();

	json_add_i64(map, "containerID", 0);
	json_add_i64(map, "hostID", outside);
	json_add_i64(map, "size", 1);
	json_push(json_add_array(l, key), map);
}

/*
 * Ids other than the caller's do not exist in its user namespace; without a network namespace
 * sysfs cannot be mounted.
 */
static void fix_mount(cJSON *mount)
{
	cJSON *options = cJSON_GetObjectItemCaseSensitive(mount, "options");

	for (int i = cJSON_GetArraySize(options) - 1; i >= 0; i--) {
		const char *word = cJSON_GetStringValue(cJSON_GetArrayItem(options, i));

		if (word && (str_starts(word, "gid=") || str_starts(word, "uid=")))
			cJSON_DeleteItemFromArray(options, i);
	}
	if (str_eq(json_str(mount, "destination", NULL), "/sys")) {
		cJSON_ReplaceItemInObjectCaseSensitive(mount, "type", cJSON_CreateString("none"));
		cJSON_ReplaceItemInObjectCaseSensitive(mount, "source", cJSON_CreateString("/sys"));
		json_push_str(options, "rbind");
	}
}

static void make_rootless(cJSON *spec)
{
	cJSON *l = cJSON_GetObjectItemCaseSensitive(spec, "linux");
	cJSON *namespaces = cJSON_GetObjectItemCaseSensitive(l, "namespaces");
	cJSON *user = json_object();
	cJSON *mount;

	drop_items(namespaces, "type", "network");
	json_add_str(user, "type", "user");
	json_push(namespaces, user);
	add_mapping(l, "uidMappings", geteuid());
	add_mapping(l, "gidMappings", getegid());
	cJSON_DeleteItemFromObjectCaseSensitive(l, "resources");
	cJSON_ArrayForEach(mount, cJSON_GetObjectItemCaseSensitive(spec, "mounts"))
		fix_mount(mount);
}

static int run_spec(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct spec_opts *o = into;
	auto_fd int dir = dir_open(AT_FDCWD, o->bundle, e);
	auto_json cJSON *spec = NULL;
	auto_free char *printed = NULL;
	auto_str struct str line = { 0 };
	int r = dir < 0 ? dir : json_parse(text, strlen(text), "spec", &spec, e);

	(void)c;
	(void)argc;
	(void)argv;
	if (r < 0)
		return oci_failed(r, e);
	if (o->rootless)
		make_rootless(spec);
	printed = json_print(spec, true);
	str_addf(&line, "%s\n", printed);
	return oci_failed(file_create(dir, "config.json", line.data, line.len, 0666, e), e);
}

const struct cmd oci_cmd_spec = {
	.name = "spec",
	.usage = "[OPTIONS]",
	.summary = "Write a config.json to begin with",
	.opts = opts,
	.size = sizeof(struct spec_opts),
	.defaults = &defaults,
	.run = run_spec,
};
