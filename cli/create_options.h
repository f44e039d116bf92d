/* The flags that `run` and `create` share, and how they become a record. */
#ifndef CLI_CREATE_OPTIONS_H
#define CLI_CREATE_OPTIONS_H

#include "cli/cmd.h"
#include "engine/create.h"

struct container;
struct engine;
struct record;

struct create_options {
	/* run only */
	bool detach;
	int sig_proxy; /* -1: not given */
	const char *detach_keys;
	/* the process */
	struct strv attach, env, env_files, group_add, ulimits;
	const char *entrypoint, *user, *workdir, *stop_signal, *timezone;
	bool interactive, tty, init;
	int stop_timeout; /* -1: not given */
	/* what it is called */
	const char *name, *hostname, *domainname, *cidfile, *pidfile;
	struct strv labels, label_files, annotations;
	/* image */
	const char *platform, *pull;
	bool quiet;
	/* network */
	const char *network;
	struct strv publish, expose, dns, dns_search, dns_option, add_hosts;
	bool publish_all;
	/* files */
	struct strv volumes, mounts, tmpfs, devices;
	bool read_only;
	uint64_t shm_size;
	/* rights */
	bool privileged;
	struct strv cap_add, cap_drop, security_opt, sysctl;
	const char *pid, *ipc, *uts, *userns, *cgroupns, *cgroup_parent;
	/* limits */
	const char *memory, *memory_reservation, *memory_swap, *cpus, *cpuset_cpus, *cpuset_mems;
	const char *oom_score_adj, *pids_limit;
	int cpu_shares, cpu_period, cpu_quota;
	/* the engine's part */
	const char *log_driver, *restart;
	struct strv log_opts;
	bool remove, no_healthcheck;
};

extern const struct create_options create_options_defaults;

#define C_(kind, ...) OPT_##kind(struct create_options, __VA_ARGS__)

/* The rows, sorted; `run` has more of them between the pieces. */
/* clang-format off */
#define CREATE_ROWS_TO_DETACH \
	C_(LIST, add_hosts, 0, "add-host", "list", "Line for /etc/hosts, NAME:IP (host-gateway: the host)"), \
	C_(LIST, annotations, 0, "annotation", "map", "Annotation in config.json, KEY=VALUE"), \
	C_(LIST, attach, 'a', "attach", "list", "Attach only stdin, stdout or stderr"), \
	C_(LIST, cap_add, 0, "cap-add", "list", "Capability to add, or ALL"), \
	C_(LIST, cap_drop, 0, "cap-drop", "list", "Capability to take away, or ALL"), \
	C_(STR, cgroup_parent, 0, "cgroup-parent", "string", "Cgroup to make the container's below"), \
	C_(STR, cgroupns, 0, "cgroupns", "string", "Cgroup namespace: private or host"), \
	C_(STR, cidfile, 0, "cidfile", "string", "Write the container's id to a new file"), \
	C_(INT, cpu_period, 0, "cpu-period", "int", "Period of --cpu-quota in microseconds"), \
	C_(INT, cpu_quota, 0, "cpu-quota", "int", "Processor time for each period in microseconds"), \
	C_(INT, cpu_shares, 'c', "cpu-shares", "int", "Weight among those that compete for the processor"), \
	C_(STR, cpus, 0, "cpus", "decimal", "How many processors it may keep busy, as 1.5"), \
	C_(STR, cpuset_cpus, 0, "cpuset-cpus", "string", "Processors it may use, as 0-3,7"), \
	C_(STR, cpuset_mems, 0, "cpuset-mems", "string", "Memory nodes it may use")

#define CREATE_ROWS_TO_SIG_PROXY \
	C_(LIST, devices, 0, "device", "list", "Device of the host, HOST[:CONTAINER[:rwm]]"), \
	C_(LIST, dns, 0, "dns", "list", "Name server in resolv.conf"), \
	C_(LIST, dns_option, 0, "dns-option", "list", "Option in resolv.conf"), \
	C_(LIST, dns_search, 0, "dns-search", "list", "Search domain in resolv.conf"), \
	C_(STR, domainname, 0, "domainname", "string", "NIS domain name"), \
	C_(STR, entrypoint, 0, "entrypoint", "string", "Program to run instead of the image's entry point"), \
	C_(LIST, env, 'e', "env", "list", "Variable, NAME=VALUE; NAME takes the caller's"), \
	C_(LIST, env_files, 0, "env-file", "list", "File of variables, one a line"), \
	C_(LIST, expose, 0, "expose", "list", "Port to note, and to publish with -P"), \
	C_(LIST, group_add, 0, "group-add", "list", "Further group of the process"), \
	C_(STR, hostname, 'h', "hostname", "string", "Host name (the short id)"), \
	C_(BOOL, init, 0, "init", "Run a small init that passes signals on and reaps orphans"), \
	C_(BOOL, interactive, 'i', "interactive", "Keep standard input open"), \
	C_(STR, ipc, 0, "ipc", "string", "IPC namespace: private or host"), \
	C_(LIST, labels, 'l', "label", "list", "Label, KEY=VALUE"), \
	C_(LIST, label_files, 0, "label-file", "list", "File of labels, one a line"), \
	C_(STR, log_driver, 0, "log-driver", "string", "Where output is kept: json-file or none"), \
	C_(LIST, log_opts, 0, "log-opt", "list", "Option of the log, accepted as docker's"), \
	C_(STR, memory, 'm', "memory", "bytes", "Limit of memory, as 512m"), \
	C_(STR, memory_reservation, 0, "memory-reservation", "bytes", "Memory to keep for it when that gets tight"), \
	C_(STR, memory_swap, 0, "memory-swap", "bytes", "Limit of memory and swap together (-1: none)"), \
	C_(LIST, mounts, 0, "mount", "mount", "Mount, type=bind|volume|tmpfs,source=…,destination=…"), \
	C_(STR, name, 0, "name", "string", "Name of the container"), \
	C_(STR, network, 0, "network", "network", "Network: slirp4netns, none or host"), \
	C_(STR, network, 0, "net", "network", "", .hidden = true), \
	C_(BOOL, no_healthcheck, 0, "no-healthcheck", "Accepted: health checks are not run"), \
	C_(STR, oom_score_adj, 0, "oom-score-adj", "int", "How readily the kernel ends it, -1000 to 1000"), \
	C_(STR, pid, 0, "pid", "string", "Process namespace: private or host"), \
	C_(STR, pidfile, 0, "pidfile", "string", "Write the host's pid of its first process to a file"), \
	C_(STR, pids_limit, 0, "pids-limit", "int", "How many processes it may have (-1: no limit)"), \
	C_(STR, platform, 0, "platform", "string", "Platform of the image, OS/ARCH[/VARIANT]"), \
	C_(BOOL, privileged, 0, "privileged", "Every right and device that the caller has"), \
	C_(LIST, publish, 'p', "publish", "list", "Port to publish, [IP:][HOST:]PORT[/udp]"), \
	C_(BOOL, publish_all, 'P', "publish-all", "Publish every exposed port on a free one"), \
	C_(STR, pull, 0, "pull", "string", "When to fetch the image: missing, always, newer or never"), \
	C_(BOOL, quiet, 'q', "quiet", "Do not show how a pull goes on"), \
	C_(BOOL, read_only, 0, "read-only", "Root file system read-only"), \
	C_(STR, restart, 0, "restart", "string", "When to start it again: no, on-failure[:N], always or unless-stopped"), \
	C_(BOOL, remove, 0, "rm", "Remove it when it has ended"), \
	C_(LIST, security_opt, 0, "security-opt", "list", "no-new-privileges, seccomp=…, apparmor=…, mask=…, unmask=…"), \
	C_(BYTES, shm_size, 0, "shm-size", "bytes", "Size of /dev/shm (64m)")

#define CREATE_ROWS_REST \
	C_(STR, stop_signal, 0, "stop-signal", "string", "Signal that asks it to end"), \
	C_(INT, stop_timeout, 0, "stop-timeout", "int", "Seconds that stop waits before it kills (10)"), \
	C_(LIST, sysctl, 0, "sysctl", "map", "Kernel parameter of its namespaces, NAME=VALUE"), \
	C_(LIST, tmpfs, 0, "tmpfs", "list", "File system in memory, PATH[:OPTIONS]"), \
	C_(BOOL, tty, 't', "tty", "Give it a terminal"), \
	C_(STR, timezone, 0, "tz", "string", "Time zone, as Europe/Berlin"), \
	C_(LIST, ulimits, 0, "ulimit", "ulimit", "Limit of resources, NAME=SOFT[:HARD]"), \
	C_(STR, user, 'u', "user", "string", "User and group, NAME|UID[:GROUP|GID]"), \
	C_(STR, userns, 0, "userns", "string", "Accepted: it always has a user namespace of its own"), \
	C_(STR, uts, 0, "uts", "string", "Namespace of the host name: private or host"), \
	C_(LIST, volumes, 'v', "volume", "list", "Folder of the host or volume, [SOURCE:]PATH[:OPTIONS]"), \
	C_(STR, workdir, 'w', "workdir", "string", "Folder that the process starts in")

/* clang-format on */

/*
 * Makes a record of the flags and of IMAGE [COMMAND...]. Errors name the flag. The caller owns
 * *ret.
 */
int create_options_record(const struct create_options *o, int argc, char **argv,
			  struct record **ret, struct create_flags *ret_flags, struct err *e);

/*
 * The whole of `create`: image (pulled where it is missing and --pull allows), record, container.
 * starting: it is started at once. The caller owns *ret.
 */
int create_options_container(struct engine *g, const struct create_options *o, int argc,
			     char **argv, bool starting, struct container **ret, struct err *e);

/* The streams that -a, -d and -i ask for (enum attach_streams). */
int create_options_streams(const struct create_options *o, uint32_t *ret, struct err *e);

#endif
