/* A container as docker's API shows it, from its record and its state. */
#include "base/clock.h"
#include "base/json.h"
#include "cli/inspect.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/volume.h"

#define NEVER "0001-01-01T00:00:00Z"

static void add_time(cJSON *obj, const char *key, int64_t ns)
{
	char buf[CLOCK_TEXT_MAX];

	json_add_str(obj, key, ns ? clock_rfc3339(ns, buf) : NEVER);
}

/* A file of the container's folder, as an absolute path. */
static void add_path(cJSON *obj, const char *key, const struct engine *g, const struct container *c,
		     const char *name)
{
	auto_free char *path = xasprintf("%s/containers/%s/%s", g->root, c->id, name);

	json_add_str(obj, key, path);
}

static void add_state(cJSON *obj, const struct container *c)
{
	bool alive = c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED;
	cJSON *state = json_add_object(obj, "State"), *health;

	json_add_str(state, "Status", container_status_name(c->status));
	json_add_bool(state, "Running", alive);
	json_add_bool(state, "Paused", c->status == CONTAINER_PAUSED);
	json_add_bool(state, "Restarting", c->status == CONTAINER_RESTARTING);
	json_add_bool(state, "OOMKilled", !alive && c->exit.oom);
	json_add_bool(state, "Dead", c->status == CONTAINER_DEAD);
	json_add_i64(state, "Pid", alive ? c->run.init.pid : 0);
	json_add_i64(state, "ExitCode", alive ? 0 : c->exit.code);
	json_add_str(state, "Error", !alive && c->exit.error ? c->exit.error : "");
	add_time(state, "StartedAt", alive ? c->run.started_ns : c->exit.started_ns);
	add_time(state, "FinishedAt", c->exit.finished_ns);
	if (c->health && c->health[0]) {
		health = json_add_object(state, "Health");
		json_add_str(health, "Status", c->health);
	} else {
		json_add_null(state, "Health");
	}
}

/* -- HostConfig -- */

static void add_binds(cJSON *host, const struct record *r)
{
	auto_strv struct strv binds = { 0 };
	cJSON *tmpfs = NULL;

	for (size_t i = 0; i < r->n_mounts; i++) {
		const struct record_mount *m = &r->mounts[i];

		if (!str_eq(m->type, "tmpfs") && !m->anonymous)
			strv_addf(&binds, "%s:%s%s", m->source, m->destination,
				  m->read_only ? ":ro" : "");
	}
	inspect_add_list(host, "Binds", &binds);
	tmpfs = json_add_object(host, "Tmpfs");
	for (size_t i = 0; i < r->n_mounts; i++) {
		const struct record_mount *m = &r->mounts[i];
		auto_free char *words = strv_join(&m->options, ",");

		if (str_eq(m->type, "tmpfs"))
			json_add_str(tmpfs, m->destination, words);
	}
}

/* One more {HostIp, HostPort} of "80/tcp". any: how all addresses are called. */
static void add_port(cJSON *ports, const struct record_port *p, const char *any)
{
	auto_free char *key = xasprintf("%u/%s", p->container_port, p->protocol);
	auto_free char *host_port = p->host_port ? xasprintf("%u", p->host_port) : xstrdup("");
	cJSON *list = cJSON_GetObjectItemCaseSensitive(ports, key), *one = json_object();

	if (cJSON_IsNull(list)) {
		cJSON_DeleteItemFromObjectCaseSensitive(ports, key);
		list = NULL;
	}
	if (!list)
		list = json_add_array(ports, key);
	json_add_str(one, "HostIp", p->host_ip[0] ? p->host_ip : any);
	json_add_str(one, "HostPort", host_port);
	json_push(list, one);
}

static void add_restart(cJSON *host, const struct record *r)
{
	cJSON *part = json_add_object(host, "LogConfig");

	json_add_str(part, "Type", r->log_driver);
	inspect_add_map(part, "Config", &r->log_options);
	json_add_str(host, "NetworkMode", r->network);
	part = json_add_object(host, "PortBindings");
	for (size_t i = 0; i < r->n_ports; i++)
		add_port(part, &r->ports[i], "");
	part = json_add_object(host, "RestartPolicy");
	json_add_str(part, "Name", r->restart);
	json_add_i64(part, "MaximumRetryCount", r->restart_max);
	json_add_bool(host, "AutoRemove", r->auto_remove);
}

static void add_rights(cJSON *host, const struct record *r)
{
	auto_strv struct strv security = { 0 };

	if (r->no_new_privileges)
		strv_add(&security, "no-new-privileges");
	if (r->seccomp[0])
		strv_addf(&security, "seccomp=%s", r->seccomp);
	if (r->apparmor[0])
		strv_addf(&security, "apparmor=%s", r->apparmor);
	inspect_add_list(host, "CapAdd", &r->cap_add);
	inspect_add_list(host, "CapDrop", &r->cap_drop);
	json_add_str(host, "CgroupnsMode", r->cgroupns_mode[0] ? r->cgroupns_mode : "private");
	inspect_add_list(host, "Dns", &r->dns);
	inspect_add_list(host, "DnsOptions", &r->dns_option);
	inspect_add_list(host, "DnsSearch", &r->dns_search);
	inspect_add_list(host, "ExtraHosts", &r->add_hosts);
	inspect_add_list(host, "GroupAdd", &r->group_add);
	json_add_str(host, "IpcMode", r->ipc_mode[0] ? r->ipc_mode : "private");
	json_add_str(host, "Cgroup", "");
	json_add_null(host, "Links");
	json_add_i64(host, "OomScoreAdj", r->has_oom_score_adj ? r->oom_score_adj : 0);
	json_add_str(host, "PidMode", r->pid_mode);
	json_add_bool(host, "Privileged", r->privileged);
	json_add_bool(host, "PublishAllPorts", false);
	json_add_bool(host, "ReadonlyRootfs", r->read_only);
	inspect_add_list(host, "SecurityOpt", &security);
	json_add_str(host, "UTSMode", r->uts_mode);
	json_add_str(host, "UsernsMode", r->userns_mode);
	json_add_u64(host, "ShmSize", r->shm_size);
	inspect_add_map(host, "Sysctls", &r->sysctl);
	json_add_str(host, "Runtime", "pod");
}

static void add_ulimits(cJSON *host, const struct record *r)
{
	cJSON *list = json_add_array(host, "Ulimits");

	for (size_t i = 0; i < r->n_ulimits; i++) {
		cJSON *one = json_object();

		json_add_str(one, "Name", r->ulimits[i].name);
		json_add_i64(one, "Hard", r->ulimits[i].hard);
		json_add_i64(one, "Soft", r->ulimits[i].soft);
		json_push(list, one);
	}
}

static void add_devices(cJSON *host, const struct record *r)
{
	cJSON *list = json_add_array(host, "Devices");

	for (size_t i = 0; i < r->n_devices; i++) {
		cJSON *one = json_object();

		json_add_str(one, "PathOnHost", r->devices[i].host);
		json_add_str(one, "PathInContainer", r->devices[i].container);
		json_add_str(one, "CgroupPermissions", r->devices[i].access);
		json_push(list, one);
	}
}

static void add_limits(cJSON *host, const struct record *r)
{
	/* --cpus is a quota of a period of 100 ms here; docker shows it as billionths of a CPU */
	int64_t period = r->cpu_period ? r->cpu_period : 100000;

	json_add_i64(host, "CpuShares", r->cpu_shares);
	json_add_i64(host, "Memory", r->memory);
	json_add_i64(host, "NanoCpus", r->cpu_quota > 0 ? r->cpu_quota * 1000000000 / period : 0);
	json_add_str(host, "CgroupParent", r->cgroup_parent);
	json_add_i64(host, "CpuPeriod", r->cpu_period);
	json_add_i64(host, "CpuQuota", r->cpu_quota);
	json_add_str(host, "CpusetCpus", r->cpuset_cpus);
	json_add_str(host, "CpusetMems", r->cpuset_mems);
	add_devices(host, r);
	json_add_i64(host, "MemoryReservation", r->memory_reservation);
	json_add_i64(host, "MemorySwap", r->memory_swap);
	if (r->pids_limit)
		json_add_i64(host, "PidsLimit", r->pids_limit);
	else
		json_add_null(host, "PidsLimit");
	add_ulimits(host, r);
	json_add_bool(host, "Init", r->init);
}

static void add_host_config(cJSON *obj, const struct record *r)
{
	cJSON *host = json_add_object(obj, "HostConfig");

	add_binds(host, r);
	add_restart(host, r);
	add_rights(host, r);
	add_limits(host, r);
}

/* -- Mounts, Config, NetworkSettings -- */

static void add_mounts(cJSON *obj, struct engine *g, const struct record *r)
{
	cJSON *list = json_add_array(obj, "Mounts");

	for (size_t i = 0; i < r->n_mounts; i++) {
		const struct record_mount *m = &r->mounts[i];
		auto_free char *mode = strv_join(&m->options, ","), *path = NULL;
		bool is_volume = str_eq(m->type, "volume");
		cJSON *one;

		if (str_eq(m->type, "tmpfs"))
			continue;
		if (is_volume)
			(void)volume_path(g, m->source, &path, NULL);
		one = json_object();
		json_add_str(one, "Type", m->type);
		json_add_str(one, "Name", is_volume ? m->source : NULL);
		json_add_str(one, "Source", is_volume ? path ? path : "" : m->source);
		json_add_str(one, "Destination", m->destination);
		json_add_str(one, "Driver", is_volume ? "local" : NULL);
		json_add_str(one, "Mode", mode[0] || !m->read_only ? mode : "ro");
		json_add_bool(one, "RW", !m->read_only);
		json_add_str(one, "Propagation", is_volume ? "" : "rprivate");
		json_push(list, one);
	}
}

/* A list of words as the keys of an object of empty objects; null where there is none. */
static void add_set(cJSON *obj, const char *key, const struct strv *l)
{
	cJSON *set;

	if (!l->len) {
		json_add_null(obj, key);
		return;
	}
	set = json_add_object(obj, key);
	for (size_t i = 0; i < l->len; i++)
		(void)json_add_object(set, l->v[i]);
}

static void add_config(cJSON *obj, const struct record *r)
{
	cJSON *config = json_add_object(obj, "Config");
	auto_strv struct strv volumes = { 0 };

	for (size_t i = 0; i < r->n_mounts; i++)
		if (r->mounts[i].anonymous)
			strv_add(&volumes, r->mounts[i].destination);
	json_add_str(config, "Hostname", r->hostname);
	json_add_str(config, "Domainname", r->domainname);
	json_add_str(config, "User", r->user);
	json_add_bool(config, "AttachStdin", false);
	json_add_bool(config, "AttachStdout", false);
	json_add_bool(config, "AttachStderr", false);
	add_set(config, "ExposedPorts", &r->expose);
	json_add_bool(config, "Tty", r->tty);
	json_add_bool(config, "OpenStdin", r->open_stdin);
	json_add_bool(config, "StdinOnce", r->stdin_once);
	json_add_strv(config, "Env", &r->env);
	inspect_add_list(config, "Cmd", &r->command);
	json_add_str(config, "Image", r->image);
	add_set(config, "Volumes", &volumes);
	json_add_str(config, "WorkingDir", r->workdir);
	inspect_add_list(config, "Entrypoint", &r->entrypoint);
	json_add_null(config, "OnBuild");
	inspect_add_map(config, "Labels", &r->labels);
	json_add_str(config, "StopSignal", r->stop_signal);
	json_add_i64(config, "StopTimeout", r->stop_timeout);
}

static void add_endpoint(cJSON *networks, const struct record *r, bool up)
{
	struct net_config config = { .driver = NET_NONE };
	cJSON *one = json_add_object(networks, r->network);
	const char *address, *gateway;

	(void)net_driver_parse(r->network, &config.driver, &config.options, NULL);
	strv_copy(&config.options, &r->network_options);
	address = up ? net_address(&config) : NULL;
	gateway = up ? net_gateway(&config) : NULL;
	json_add_str(one, "Gateway", gateway ? gateway : "");
	json_add_str(one, "IPAddress", address ? address : "");
	json_add_i64(one, "IPPrefixLen", address ? 24 : 0);
	json_add_str(one, "MacAddress", "");
	strv_free(&config.options);
}

static void add_network(cJSON *obj, const struct container *c)
{
	const struct record *r = c->record;
	cJSON *net = json_add_object(obj, "NetworkSettings"), *ports, *networks, *one;

	ports = json_add_object(net, "Ports");
	for (size_t i = 0; c->status == CONTAINER_RUNNING && i < r->expose.len; i++)
		json_add_null(ports, r->expose.v[i]);
	for (size_t i = 0; i < c->run.n_ports; i++)
		add_port(ports, &c->run.ports[i], "0.0.0.0");
	networks = json_object();
	add_endpoint(networks, r, c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED);
	one = networks->child;
	inspect_add_copy(net, "Gateway", one, "Gateway");
	inspect_add_copy(net, "IPAddress", one, "IPAddress");
	inspect_add_copy(net, "IPPrefixLen", one, "IPPrefixLen");
	inspect_add_copy(net, "MacAddress", one, "MacAddress");
	json_add(net, "Networks", networks);
}

/* -- the whole -- */

/* Path and Args: the first word of entrypoint and command, and the others. */
static void add_command(cJSON *obj, const struct record *r)
{
	auto_strv struct strv args = { 0 };

	strv_copy(&args, &r->entrypoint);
	strv_copy(&args, &r->command);
	json_add_str(obj, "Path", args.len ? args.v[0] : "");
	if (args.len)
		strv_remove(&args, 0);
	json_add_strv(obj, "Args", &args);
}

static void add_sizes(cJSON *obj, struct engine *g, const struct container *c)
{
	auto_image struct image *img = NULL;
	int64_t own = container_size(c);

	json_add_i64(obj, "SizeRw", own);
	if (engine_store(g, NULL) == 0 &&
	    image_find(&g->store, c->record->image_id, &img, NULL) == 0)
		own += img->size;
	json_add_i64(obj, "SizeRootFs", own);
}

static void add_driver(cJSON *obj, struct engine *g, const struct container *c)
{
	const char *driver = c->run.driver ? c->run.driver : c->record->storage_driver;
	cJSON *graph = json_add_object(obj, "GraphDriver"), *data = json_add_object(graph, "Data");

	add_path(data, "MergedDir", g, c, "rootfs");
	add_path(data, "UpperDir", g, c, "upper");
	add_path(data, "WorkDir", g, c, "work");
	json_add_str(graph, "Name", driver);
}

cJSON *inspect_container(struct engine *g, const struct container *c, bool size)
{
	const struct record *r = c->record;
	auto_free char *image = xasprintf("sha256:%s", r->image_id),
		       *name = xasprintf("/%s", r->name);
	cJSON *obj = json_object();

	json_add_str(obj, "Id", c->id);
	add_time(obj, "Created", r->created_ns);
	add_command(obj, r);
	add_state(obj, c);
	json_add_str(obj, "Image", image);
	add_path(obj, "ResolvConfPath", g, c, "resolv.conf");
	add_path(obj, "HostnamePath", g, c, "hostname");
	add_path(obj, "HostsPath", g, c, "hosts");
	add_path(obj, "LogPath", g, c, "log");
	json_add_str(obj, "Name", name);
	json_add_i64(obj, "RestartCount", c->run.monitor.pid ? c->run.restarts : c->exit.restarts);
	json_add_str(obj, "Driver", c->run.driver ? c->run.driver : r->storage_driver);
	json_add_str(obj, "Platform", "linux");
	json_add_str(obj, "MountLabel", "");
	json_add_str(obj, "ProcessLabel", "");
	json_add_str(obj, "AppArmorProfile", r->apparmor);
	json_add_null(obj, "ExecIDs");
	add_host_config(obj, r);
	add_driver(obj, g, c);
	if (size)
		add_sizes(obj, g, c);
	add_mounts(obj, g, r);
	add_config(obj, r);
	add_network(obj, c);
	return obj;
}
