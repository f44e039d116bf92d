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
	C_(LIST, add_hosts, 0, "add-host", "list", "Add a custom host-to-IP mapping (host:ip)"), \
	C_(LIST, annotations, 0, "annotation", "map", "Add an annotation to the container (OCI config.json)"), \
	C_(LIST, attach, 'a', "attach", "list", "Attach to STDIN, STDOUT or STDERR"), \
	C_(LIST, cap_add, 0, "cap-add", "list", "Add Linux capabilities"), \
	C_(LIST, cap_drop, 0, "cap-drop", "list", "Drop Linux capabilities"), \
	C_(STR, cgroup_parent, 0, "cgroup-parent", "string", "Parent cgroup for the container"), \
	C_(STR, cgroupns, 0, "cgroupns", "string", "Cgroup namespace to use (host|private)"), \
	C_(STR, cidfile, 0, "cidfile", "string", "Write the container ID to the file"), \
	C_(INT, cpu_period, 0, "cpu-period", "int", "CPU CFS period in microseconds"), \
	C_(INT, cpu_quota, 0, "cpu-quota", "int", "CPU CFS quota in microseconds"), \
	C_(INT, cpu_shares, 'c', "cpu-shares", "int", "CPU shares (relative weight)"), \
	C_(STR, cpus, 0, "cpus", "decimal", "Number of CPUs"), \
	C_(STR, cpuset_cpus, 0, "cpuset-cpus", "string", "CPUs in which to allow execution (0-3, 0,1)"), \
	C_(STR, cpuset_mems, 0, "cpuset-mems", "string", "MEMs in which to allow execution (0-3, 0,1)")

#define CREATE_ROWS_TO_SIG_PROXY \
	C_(LIST, devices, 0, "device", "list", "Add a host device to the container"), \
	C_(LIST, dns, 0, "dns", "list", "Set custom DNS servers"), \
	C_(LIST, dns_option, 0, "dns-option", "list", "Set DNS options"), \
	C_(LIST, dns_search, 0, "dns-search", "list", "Set custom DNS search domains"), \
	C_(STR, domainname, 0, "domainname", "string", "Container NIS domain name"), \
	C_(STR, entrypoint, 0, "entrypoint", "string", "Overwrite the default ENTRYPOINT of the image"), \
	C_(LIST, env, 'e', "env", "list", "Set environment variables"), \
	C_(LIST, env_files, 0, "env-file", "list", "Read in a file of environment variables"), \
	C_(LIST, expose, 0, "expose", "list", "Expose a port or a range of ports"), \
	C_(LIST, group_add, 0, "group-add", "list", "Add additional groups to join"), \
	C_(STR, hostname, 'h', "hostname", "string", "Container host name"), \
	C_(BOOL, init, 0, "init", "Run an init inside the container that forwards signals and reaps processes"), \
	C_(BOOL, interactive, 'i', "interactive", "Keep STDIN open even if not attached"), \
	C_(STR, ipc, 0, "ipc", "string", "IPC mode to use (host|private)"), \
	C_(LIST, labels, 'l', "label", "list", "Set meta data on a container"), \
	C_(LIST, label_files, 0, "label-file", "list", "Read in a line delimited file of labels"), \
	C_(STR, log_driver, 0, "log-driver", "string", "Logging driver for the container (json-file|none)"), \
	C_(LIST, log_opts, 0, "log-opt", "list", "Log driver options"), \
	C_(STR, memory, 'm', "memory", "bytes", "Memory limit"), \
	C_(STR, memory_reservation, 0, "memory-reservation", "bytes", "Memory soft limit"), \
	C_(STR, memory_swap, 0, "memory-swap", "bytes", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap"), \
	C_(LIST, mounts, 0, "mount", "mount", "Attach a filesystem mount to the container"), \
	C_(STR, name, 0, "name", "string", "Assign a name to the container"), \
	C_(STR, network, 0, "network", "network", "Connect a container to a network (slirp4netns|none|host)"), \
	C_(STR, network, 0, "net", "network", "Connect a container to a network", .hidden = true), \
	C_(BOOL, no_healthcheck, 0, "no-healthcheck", "Disable any container-specified HEALTHCHECK"), \
	C_(STR, oom_score_adj, 0, "oom-score-adj", "int", "Tune host's OOM preferences (-1000 to 1000)"), \
	C_(STR, pid, 0, "pid", "string", "PID namespace to use (host|private)"), \
	C_(STR, pidfile, 0, "pidfile", "string", "Write the process id of the container to the file"), \
	C_(STR, pids_limit, 0, "pids-limit", "int", "Tune container pids limit (set -1 for unlimited)"), \
	C_(STR, platform, 0, "platform", "string", "Set platform if the image is multi-platform capable"), \
	C_(BOOL, privileged, 0, "privileged", "Give extended privileges to this container"), \
	C_(LIST, publish, 'p', "publish", "list", "Publish a container's port(s) to the host"), \
	C_(BOOL, publish_all, 'P', "publish-all", "Publish all exposed ports to random ports"), \
	C_(STR, pull, 0, "pull", "string", "Pull image before running (always|missing|never|newer)"), \
	C_(BOOL, quiet, 'q', "quiet", "Suppress the pull output"), \
	C_(BOOL, read_only, 0, "read-only", "Mount the container's root filesystem as read only"), \
	C_(STR, restart, 0, "restart", "string", "Restart policy to apply when a container exits"), \
	C_(BOOL, remove, 0, "rm", "Automatically remove the container when it exits"), \
	C_(LIST, security_opt, 0, "security-opt", "list", "Security options"), \
	C_(BYTES, shm_size, 0, "shm-size", "bytes", "Size of /dev/shm")

#define CREATE_ROWS_REST \
	C_(STR, stop_signal, 0, "stop-signal", "string", "Signal to stop the container"), \
	C_(INT, stop_timeout, 0, "stop-timeout", "int", "Timeout (in seconds) to stop a container"), \
	C_(LIST, sysctl, 0, "sysctl", "map", "Sysctl options"), \
	C_(LIST, tmpfs, 0, "tmpfs", "list", "Mount a tmpfs directory"), \
	C_(BOOL, tty, 't', "tty", "Allocate a pseudo-TTY"), \
	C_(STR, timezone, 0, "tz", "string", "Set timezone in the container (TZ)"), \
	C_(LIST, ulimits, 0, "ulimit", "ulimit", "Ulimit options"), \
	C_(STR, user, 'u', "user", "string", "Username or UID (format: <name|uid>[:<group|gid>])"), \
	C_(STR, userns, 0, "userns", "string", "User namespace to use (host|private)"), \
	C_(STR, uts, 0, "uts", "string", "UTS namespace to use (host|private)"), \
	C_(LIST, volumes, 'v', "volume", "list", "Bind mount a volume"), \
	C_(STR, workdir, 'w', "workdir", "string", "Working directory inside the container")

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
