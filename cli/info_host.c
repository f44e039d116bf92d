/* What `pod info` says of the machine, and of the rungs that pod stands on there. */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/info.h"
#include "engine/engine.h"
#include "oci/cgroup.h"

/* PRETTY_NAME of os-release(5); the caller owns it. */
static char *system_name(void)
{
	auto_str struct str text = { 0 };
	auto_strv struct strv lines = { 0 };

	if (file_read(AT_FDCWD, "/etc/os-release", 65536, &text, NULL) < 0 &&
	    file_read(AT_FDCWD, "/usr/lib/os-release", 65536, &text, NULL) < 0)
		return xstrdup("Linux");
	strv_split(&lines, str_cstr(&text), '\n');
	for (size_t i = 0; i < lines.len; i++) {
		const char *value = str_after(lines.v[i], "PRETTY_NAME=");
		size_t len = value ? strlen(value) : 0;

		if (len >= 2 && value[0] == '"' && value[len - 1] == '"')
			return xstrndup(value + 1, len - 2);
		if (value)
			return xstrdup(value);
	}
	return xstrdup("Linux");
}

void info_add_host(cJSON *obj)
{
	auto_free char *name = system_name();
	struct utsname host = { 0 };
	struct sysinfo memory = { 0 };

	(void)uname(&host);
	(void)sysinfo(&memory);
	json_add_str(obj, "KernelVersion", host.release);
	json_add_str(obj, "OperatingSystem", name);
	json_add_str(obj, "OSType", "linux");
	json_add_str(obj, "Architecture", host.machine);
	json_add_i64(obj, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
	json_add_u64(obj, "MemTotal", (uint64_t)memory.totalram * memory.mem_unit);
	json_add_str(obj, "Name", host.nodename);
}

/* -- rungs -- */

static void add_rung(cJSON *list, const char *name, const char *rung, const char *why)
{
	cJSON *one = json_object();

	json_add_str(one, "Name", name);
	json_add_str(one, "Rung", rung);
	json_add_str(one, "Why", why ? why : "");
	json_push(list, one);
}

static void add_storage(cJSON *list, struct engine *g)
{
	enum rootfs_driver driver = g->driver;
	auto_free char *why = NULL;
	struct err e = { 0 };

	if (driver != ROOTFS_AUTO)
		add_rung(list, "storage driver", rootfs_driver_name(driver),
			 "forced by --storage-driver");
	else if (rootfs_probe(&g->store, &driver, &why, &e) < 0)
		add_rung(list, "storage driver", "none", e.msg);
	else
		add_rung(list, "storage driver", rootfs_driver_name(driver), why);
}

static void add_userns(cJSON *list, const struct engine *g)
{
	uint64_t ids = 0;
	auto_free char *ranges = NULL;

	for (size_t i = 0; i < g->userns.nuid; i++)
		ids += g->userns.uid[i].count;
	ranges = xasprintf("%llu user ids", (unsigned long long)ids);
	if (g->userns.kind == USERNS_NONE)
		add_rung(list, "user namespace", "none needed: root", NULL);
	else if (g->userns.kind == USERNS_RANGES)
		add_rung(list, "user namespace", ranges, NULL);
	else
		add_rung(list, "user namespace", "one id", g->userns.why);
}

/*
 * Our own cgroup of the v2 hierarchy as an absolute folder; NULL: there is none. The caller owns
 * it.
 */
static char *own_cgroup(const char *mount)
{
	auto_str struct str text = { 0 };
	auto_strv struct strv lines = { 0 };

	if (file_read(AT_FDCWD, "/proc/self/cgroup", 65536, &text, NULL) < 0)
		return NULL;
	strv_split(&lines, str_cstr(&text), '\n');
	for (size_t i = 0; i < lines.len; i++) {
		const char *path = str_after(lines.v[i], "0::");

		if (path)
			return xasprintf("%s%s", mount, path);
	}
	return NULL;
}

static void add_cgroup(cJSON *list)
{
	enum cgroup_mode mode = cgroup_mode();
	auto_free char *dir = mode == CGROUP_V2 ? own_cgroup("/sys/fs/cgroup") : NULL,
		       *controllers = NULL;
	auto_free char *path = dir ? xasprintf("%s/cgroup.controllers", dir) : NULL;
	auto_free char *rung = NULL;

	if (mode == CGROUP_NONE) {
		add_rung(list, "cgroup", "none",
			 "no cgroup file system is mounted: limits of memory, CPU and processes "
			 "are refused");
	} else if (geteuid() == 0) {
		add_rung(list, "cgroup", cgroup_mode_name(mode), NULL);
	} else if (mode != CGROUP_V2) {
		rung = xasprintf("none (%s)", cgroup_mode_name(mode));
		add_rung(list, "cgroup", rung,
			 "only cgroup v2 can be delegated to a user: limits of memory, CPU and "
			 "processes are refused");
	} else if (!dir || access(dir, W_OK) < 0) {
		add_rung(list, "cgroup", "none (v2)",
			 "this session's cgroup is not delegated: start the command by "
			 "'systemd-run --user --scope -p Delegate=yes'");
	} else {
		(void)file_read_line(AT_FDCWD, path, &controllers, NULL);
		rung = xasprintf("v2, delegated (%s)",
				 controllers ? controllers : "no controllers");
		add_rung(list, "cgroup", rung, NULL);
	}
}

/* True where a program is in PATH. */
static bool have_program(const char *name)
{
	const char *path = getenv("PATH");
	auto_strv struct strv folders = { 0 };

	strv_split(&folders, path && path[0] ? path : "/usr/bin:/bin", ':');
	for (size_t i = 0; i < folders.len; i++) {
		auto_free char *file = xasprintf("%s/%s", folders.v[i], name);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static void add_network(cJSON *list)
{
	if (!have_program("slirp4netns"))
		add_rung(list, "network", "none, host", "slirp4netns is not installed");
	else if (access("/dev/net/tun", R_OK | W_OK) < 0)
		add_rung(list, "network", "none, host",
			 "/dev/net/tun is not open to this user: as root, chmod 666 /dev/net/tun");
	else
		add_rung(list, "network", "slirp4netns", NULL);
}

static void add_seccomp(cJSON *list)
{
	if (access("/proc/sys/kernel/seccomp/actions_avail", R_OK) == 0)
		add_rung(list, "seccomp", "filter", NULL);
	else
		add_rung(list, "seccomp", "none", "the kernel was built without seccomp filters");
}

void info_add_rungs(cJSON *obj, struct engine *g)
{
	cJSON *list = json_add_array(obj, "Rungs");

	add_storage(list, g);
	add_userns(list, g);
	add_cgroup(list);
	add_network(list);
	add_seccomp(list);
}
