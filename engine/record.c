/*
 * record.json by one table for both ways: what json_load() reads into the struct, save() writes
 * back from it, chosen by the row's loader. See record.h.
 */
#include "engine/record.h"

#include <errno.h>

#include "base/err.h"
#include "base/fd.h"

#define R(loader, key, member, ...) J(struct record, loader, key, member, ##__VA_ARGS__)
#define M(loader, key, member) J(struct record_mount, loader, key, member)
#define P(loader, key, member) J(struct record_port, loader, key, member)

static const struct json_field mount_fields[] = {
	M(json_load_string, "type", type),
	M(json_load_string, "source", source),
	M(json_load_string, "destination", destination),
	M(json_load_strv, "options", options),
	M(json_load_bool, "readOnly", read_only),
	M(json_load_bool, "anonymous", anonymous),
	M(json_load_bool, "noCopy", no_copy),
	M(json_load_bool, "createSource", create_source),
	M(json_load_string, "subpath", subpath),
	J_END,
};

const struct json_field record_port_fields[] = {
	P(json_load_string, "hostIp", host_ip),
	P(json_load_u32, "hostPort", host_port),
	P(json_load_u32, "containerPort", container_port),
	P(json_load_string, "protocol", protocol),
	J_END,
};

static const struct json_field ulimit_fields[] = {
	J(struct record_ulimit, json_load_string, "name", name),
	J(struct record_ulimit, json_load_i64, "soft", soft),
	J(struct record_ulimit, json_load_i64, "hard", hard),
	J_END,
};

static const struct json_field device_fields[] = {
	J(struct record_device, json_load_string, "host", host),
	J(struct record_device, json_load_string, "container", container),
	J(struct record_device, json_load_string, "access", access),
	J_END,
};

#define ARRAY(table, type, length) \
	.arg = (table), .elem_size = sizeof(type), .count = offsetof(struct record, length)

static const struct json_field fields[] = {
	R(json_load_string, "id", id, .required = true),
	R(json_load_string, "name", name, .required = true),
	R(json_load_i64, "created", created_ns),
	R(json_load_string, "image", image),
	R(json_load_string, "imageId", image_id),
	R(json_load_strv, "diffIds", diff_ids),
	R(json_load_string, "platform", platform),
	R(json_load_strv, "entrypoint", entrypoint),
	R(json_load_strv, "command", command),
	R(json_load_strv, "env", env),
	R(json_load_string, "workdir", workdir),
	R(json_load_string, "user", user),
	R(json_load_strv, "groupAdd", group_add),
	R(json_load_bool, "tty", tty),
	R(json_load_bool, "openStdin", open_stdin),
	R(json_load_bool, "stdinOnce", stdin_once),
	R(json_load_u32, "rows", rows),
	R(json_load_u32, "cols", cols),
	R(json_load_string, "stopSignal", stop_signal),
	R(json_load_i64, "stopTimeout", stop_timeout),
	R(json_load_bool, "init", init),
	R(json_load_string, "tz", tz),
	R(json_load_string, "hostname", hostname),
	R(json_load_string, "domainname", domainname),
	R(json_load_strv, "labels", labels),
	R(json_load_strv, "annotations", annotations),
	R(json_load_strv, "expose", expose),
	R(json_load_string, "network", network),
	R(json_load_strv, "networkOptions", network_options),
	R(json_load_array, "ports", ports, ARRAY(record_port_fields, struct record_port, n_ports)),
	R(json_load_strv, "dns", dns),
	R(json_load_strv, "dnsSearch", dns_search),
	R(json_load_strv, "dnsOption", dns_option),
	R(json_load_strv, "addHosts", add_hosts),
	R(json_load_array, "mounts", mounts, ARRAY(mount_fields, struct record_mount, n_mounts)),
	R(json_load_bool, "readOnly", read_only),
	R(json_load_u64, "shmSize", shm_size),
	R(json_load_array, "devices", devices,
	  ARRAY(device_fields, struct record_device, n_devices)),
	R(json_load_bool, "privileged", privileged),
	R(json_load_strv, "capAdd", cap_add),
	R(json_load_strv, "capDrop", cap_drop),
	R(json_load_bool, "noNewPrivileges", no_new_privileges),
	R(json_load_string, "seccomp", seccomp),
	R(json_load_string, "apparmor", apparmor),
	R(json_load_strv, "mask", mask),
	R(json_load_strv, "unmask", unmask),
	R(json_load_strv, "sysctl", sysctl),
	R(json_load_string, "pidMode", pid_mode),
	R(json_load_string, "ipcMode", ipc_mode),
	R(json_load_string, "utsMode", uts_mode),
	R(json_load_string, "cgroupnsMode", cgroupns_mode),
	R(json_load_string, "usernsMode", userns_mode),
	R(json_load_array, "ulimits", ulimits,
	  ARRAY(ulimit_fields, struct record_ulimit, n_ulimits)),
	R(json_load_i64, "memory", memory),
	R(json_load_i64, "memoryReservation", memory_reservation),
	R(json_load_i64, "memorySwap", memory_swap),
	R(json_load_i64, "cpuShares", cpu_shares),
	R(json_load_i64, "cpuPeriod", cpu_period),
	R(json_load_i64, "cpuQuota", cpu_quota),
	R(json_load_string, "cpusetCpus", cpuset_cpus),
	R(json_load_string, "cpusetMems", cpuset_mems),
	R(json_load_i64, "pidsLimit", pids_limit),
	R(json_load_i64, "oomScoreAdj", oom_score_adj, J_PRESENT(struct record, has_oom_score_adj)),
	R(json_load_string, "cgroupParent", cgroup_parent),
	R(json_load_string, "logDriver", log_driver),
	R(json_load_strv, "logOptions", log_options),
	R(json_load_string, "restart", restart),
	R(json_load_i64, "restartMax", restart_max),
	R(json_load_bool, "autoRemove", auto_remove),
	R(json_load_string, "pidFile", pid_file),
	R(json_load_string, "storageDriver", storage_driver),
	J_END,
};

/* -- writing -- */

#define AT(type, base, offset) \
	((const __typeof__(type) *)(const void *)((const char *)(base) + (offset)))

static cJSON *save(const struct json_field *table, const void *in);

static void save_array(cJSON *obj, const struct json_field *f, const void *in)
{
	const char *elements = *AT(char *, in, f->offset);
	size_t n = *AT(size_t, in, f->count);
	cJSON *array;

	if (!n)
		return;
	array = json_add_array(obj, f->key);
	for (size_t i = 0; i < n; i++)
		json_push(array, save(f->arg, elements + i * f->elem_size));
}

/* One member; what is empty is left out, as loading makes it empty again. */
static void save_field(cJSON *obj, const struct json_field *f, const void *in)
{
	if (f->has_present && !*AT(bool, in, f->present))
		return;
	if (f->load == json_load_string)
		json_add_str(obj, f->key, *AT(char *, in, f->offset));
	else if (f->load == json_load_bool && *AT(bool, in, f->offset))
		json_add_bool(obj, f->key, true);
	else if (f->load == json_load_i64 && (f->has_present || *AT(int64_t, in, f->offset)))
		json_add_i64(obj, f->key, *AT(int64_t, in, f->offset));
	else if (f->load == json_load_u64 && *AT(uint64_t, in, f->offset))
		json_add_u64(obj, f->key, *AT(uint64_t, in, f->offset));
	else if (f->load == json_load_u32 && *AT(uint32_t, in, f->offset))
		json_add_u64(obj, f->key, *AT(uint32_t, in, f->offset));
	else if (f->load == json_load_strv && AT(struct strv, in, f->offset)->len)
		json_add_strv(obj, f->key, AT(struct strv, in, f->offset));
	else if (f->load == json_load_array)
		save_array(obj, f, in);
}

static cJSON *save(const struct json_field *table, const void *in)
{
	cJSON *obj = json_object();

	for (const struct json_field *f = table; f->key; f++)
		save_field(obj, f, in);
	return obj;
}

/* -- freeing, by the same tables -- */

static void clear(const struct json_field *table, void *in);

static void clear_field(const struct json_field *f, void *in)
{
	char *at = (char *)in + f->offset;
	char *elements;
	size_t n;

	if (f->load == json_load_string) {
		free(*(char **)(void *)at);
	} else if (f->load == json_load_strv) {
		strv_free((struct strv *)(void *)at);
	} else if (f->load == json_load_array) {
		elements = *(char **)(void *)at;
		n = *(size_t *)(void *)((char *)in + f->count);
		for (size_t i = 0; i < n; i++)
			clear(f->arg, elements + i * f->elem_size);
		free(elements);
	}
}

static void clear(const struct json_field *table, void *in)
{
	for (const struct json_field *f = table; f->key; f++)
		clear_field(f, in);
}

void record_free(struct record *r)
{
	if (!r)
		return;
	clear(fields, r);
	free(r);
}

void record_ports_clear(struct record_port *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		clear(record_port_fields, &v[i]);
	free(v);
}

/* -- reading -- */

/* No string is NULL that a reader of the record would print. */
static void fill_absent(struct record *r)
{
	char **strings[] = { &r->image,
			     &r->image_id,
			     &r->platform,
			     &r->workdir,
			     &r->user,
			     &r->stop_signal,
			     &r->tz,
			     &r->hostname,
			     &r->domainname,
			     &r->network,
			     &r->seccomp,
			     &r->apparmor,
			     &r->pid_mode,
			     &r->ipc_mode,
			     &r->uts_mode,
			     &r->cgroupns_mode,
			     &r->userns_mode,
			     &r->cpuset_cpus,
			     &r->cpuset_mems,
			     &r->cgroup_parent,
			     &r->log_driver,
			     &r->restart,
			     &r->storage_driver };

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		if (!*strings[i])
			*strings[i] = xstrdup("");
}

struct record *record_new(void)
{
	struct record *r = xzalloc(sizeof(*r));

	r->stop_timeout = 10;
	r->shm_size = (uint64_t)64 << 20;
	r->log_driver = xstrdup("json-file");
	r->restart = xstrdup("no");
	fill_absent(r);
	return r;
}

static int load(const cJSON *json, struct record **ret, struct err *e)
{
	const struct json_at at = { .what = "record.json" };
	auto_record struct record *r = xzalloc(sizeof(*r));
	int result = json_load(json, fields, r, &at, e);

	if (result < 0)
		return result;
	if (!str_is_hex(r->id, 64))
		return err_set(e, EBADMSG, "record.json: id: not 64 hexadecimal digits");
	for (size_t i = 0; i < r->n_mounts; i++)
		if (!r->mounts[i].type || !r->mounts[i].destination)
			return err_set(e, EBADMSG,
				       "record.json: mounts[%zu]: no type or destination", i);
	fill_absent(r);
	*ret = take_ptr(&r);
	return 0;
}

int record_read(int dirfd, struct record **ret, struct err *e)
{
	auto_json cJSON *json = NULL;
	int r = json_read_file(dirfd, "record.json", RECORD_SIZE_MAX, &json, e);

	return r < 0 ? r : load(json, ret, e);
}

int record_parse(const char *text, size_t len, struct record **ret, struct err *e)
{
	auto_json cJSON *json = NULL;
	int r = json_parse(text, len, "record.json", &json, e);

	return r < 0 ? r : load(json, ret, e);
}

int record_write(int dirfd, const struct record *r, bool durable, struct err *e)
{
	auto_json cJSON *json = save(fields, r);
	auto_free char *text = json_print(json, false);

	return durable ? file_replace(dirfd, "record.json", text, strlen(text), 0600, e)
		       : file_replace_fast(dirfd, "record.json", text, strlen(text), 0600, e);
}

char *record_command_line(const struct record *r)
{
	auto_strv struct strv args = { 0 };

	strv_copy(&args, &r->entrypoint);
	strv_copy(&args, &r->command);
	return strv_join(&args, " ");
}
