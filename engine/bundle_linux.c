/*
 * config.json "linux": namespaces, limits, masks, seccomp, sysctls. docker's defaults. See
 * bundle.h.
 */
#include <errno.h>

#include "base/err.h"
#include "engine/bundle_parts.h"
#include "engine/seccomp_profile.h"
#include "oci/cgroup.h"

static const char *const masked_paths[] = {
	"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
	"/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap",
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static void add_namespace(cJSON *array, const char *type)
{
	cJSON *ns = json_object();

	json_add_str(ns, "type", type);
	json_push(array, ns);
}

static bool own_cgroupns(const struct record *r)
{
	if (r->cgroupns_mode[0])
		return str_eq(r->cgroupns_mode, "private");
	return !r->privileged && cgroup_mode() == CGROUP_V2;
}

static void linux_namespaces(const struct bundle *b, cJSON *linux_part)
{
	cJSON *array = json_add_array(linux_part, "namespaces");
	const struct record *r = b->record;

	add_namespace(array, "mount");
	if (!bundle_shares(r->pid_mode))
		add_namespace(array, "pid");
	if (bundle_own_network(r))
		add_namespace(array, "network");
	if (!bundle_shares(r->ipc_mode))
		add_namespace(array, "ipc");
	if (!bundle_shares(r->uts_mode))
		add_namespace(array, "uts");
	if (own_cgroupns(r))
		add_namespace(array, "cgroup");
	if (b->new_userns)
		add_namespace(array, "user");
}

static void add_map(cJSON *linux_part, const char *key, const struct idmap *map, size_t n)
{
	cJSON *array = json_add_array(linux_part, key);

	for (size_t i = 0; i < n; i++) {
		cJSON *entry = json_object();

		json_add_u64(entry, "containerID", map[i].inside);
		json_add_u64(entry, "hostID", map[i].outside);
		json_add_u64(entry, "size", map[i].count);
		json_push(array, entry);
	}
}

/* Is the path itself, or a folder above it, in the list? */
static bool is_listed(const struct strv *list, const char *path)
{
	for (size_t i = 0; i < list->len; i++) {
		const char *rest = str_after(path, list->v[i]);

		if (str_eq(list->v[i], "ALL") || (rest && (!*rest || *rest == '/')))
			return true;
	}
	return false;
}

static void linux_paths(const struct record *r, cJSON *linux_part)
{
	cJSON *masked = json_add_array(linux_part, "maskedPaths");
	cJSON *readonly = json_add_array(linux_part, "readonlyPaths");

	for (size_t i = 0; !r->privileged && i < ARRAY_SIZE(masked_paths); i++)
		if (!is_listed(&r->unmask, masked_paths[i]))
			json_push_str(masked, masked_paths[i]);
	for (size_t i = 0; !r->privileged && i < ARRAY_SIZE(readonly_paths); i++)
		if (!is_listed(&r->unmask, readonly_paths[i]))
			json_push_str(readonly, readonly_paths[i]);
	for (size_t i = 0; i < r->mask.len; i++)
		json_push_str(masked, r->mask.v[i]);
}

/*
 * ping and ports below 1024 for everybody inside, in a network of the container's own: as docker
 * has it.
 */
static void linux_sysctl(const struct bundle *b, cJSON *linux_part)
{
	cJSON *sysctl = json_add_object(linux_part, "sysctl");
	const struct record *r = b->record;

	if (bundle_own_network(r)) {
		json_add_str(sysctl, "net.ipv4.ip_unprivileged_port_start", "0");
		json_add_str(sysctl, "net.ipv4.ping_group_range",
			     b->userns->kind == USERNS_SINGLE ? "0 0" : "0 65535");
	}
	for (size_t i = 0; i < r->sysctl.len; i++) {
		const char *equals = strchr(r->sysctl.v[i], '=');
		auto_free char *key = xstrndup(r->sysctl.v[i], (size_t)(equals - r->sysctl.v[i]));

		cJSON_DeleteItemFromObjectCaseSensitive(sysctl, key);
		json_add_str(sysctl, key, equals + 1);
	}
}

static void linux_memory(const struct record *r, cJSON *resources)
{
	cJSON *memory;

	if (!r->memory && !r->memory_reservation && !r->memory_swap)
		return;
	memory = json_add_object(resources, "memory");
	if (r->memory)
		json_add_i64(memory, "limit", r->memory);
	if (r->memory_reservation)
		json_add_i64(memory, "reservation", r->memory_reservation);
	if (r->memory_swap)
		json_add_i64(memory, "swap", r->memory_swap);
}

static void linux_cpu(const struct record *r, cJSON *resources)
{
	cJSON *cpu;

	if (!r->cpu_shares && !r->cpu_quota && !r->cpu_period && !r->cpuset_cpus[0] &&
	    !r->cpuset_mems[0])
		return;
	cpu = json_add_object(resources, "cpu");
	if (r->cpu_shares)
		json_add_i64(cpu, "shares", r->cpu_shares);
	if (r->cpu_quota)
		json_add_i64(cpu, "quota", r->cpu_quota);
	if (r->cpu_period)
		json_add_i64(cpu, "period", r->cpu_period);
	if (r->cpuset_cpus[0])
		json_add_str(cpu, "cpus", r->cpuset_cpus);
	if (r->cpuset_mems[0])
		json_add_str(cpu, "mems", r->cpuset_mems);
}

static void linux_resources(const struct record *r, cJSON *linux_part)
{
	cJSON *resources = json_add_object(linux_part, "resources");

	linux_memory(r, resources);
	linux_cpu(r, resources);
	if (r->pids_limit)
		json_add_i64(json_add_object(resources, "pids"), "limit", r->pids_limit);
}

static int linux_seccomp(const struct record *r, cJSON *linux_part, struct err *e)
{
	cJSON *profile = NULL;
	uint64_t caps;
	int result;

	if (str_eq(r->seccomp, "unconfined") || (r->privileged && !r->seccomp[0]))
		return 0;
	result = bundle_caps(r, &caps, e);
	if (result < 0)
		return result;
	if (r->seccomp[0])
		result = seccomp_profile_parse(r->seccomp, strlen(r->seccomp), "seccomp profile",
					       caps, &profile, e);
	else
		profile = seccomp_profile_default(caps);
	if (result == 0)
		json_add(linux_part, "seccomp", profile);
	return result;
}

int bundle_linux(const struct bundle *b, cJSON *linux_part, struct err *e)
{
	const struct record *r = b->record;

	linux_namespaces(b, linux_part);
	if (b->new_userns) {
		add_map(linux_part, "uidMappings", b->userns->uid, b->userns->nuid);
		add_map(linux_part, "gidMappings", b->userns->gid, b->userns->ngid);
	}
	linux_resources(r, linux_part);
	if (r->cgroup_parent[0]) {
		auto_free char *path = xasprintf("%s%s/%s", r->cgroup_parent[0] == '/' ? "" : "/",
						 r->cgroup_parent, r->id);

		json_add_str(linux_part, "cgroupsPath", path);
	}
	linux_sysctl(b, linux_part);
	linux_paths(r, linux_part);
	return linux_seccomp(r, linux_part, e);
}
