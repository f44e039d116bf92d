/*
 * config.json as structs (runtime-spec 1.3: config.md, config-linux.md). Loaded by oci/spec*.c
 * through field tables; checked in oci/spec_check.c. Absent strings are NULL, absent numbers are
 * told apart by a has_… flag where 0 means something.
 */
#ifndef OCI_SPEC_H
#define OCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "base/userns.h"

struct err;

struct spec_user {
	uint32_t uid;
	uint32_t gid;
	uint32_t umask;
	bool has_umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

struct spec_rlimit {
	char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft;
	uint64_t hard;
};

struct spec_caps {
	bool present;
	struct strv bounding, effective, inheritable, permitted, ambient; /* "CAP_CHOWN" */
};

struct spec_scheduler {
	bool present;
	char *policy;
	int32_t nice;
	int32_t priority;
	struct strv flags;
	uint64_t runtime, deadline, period;
};

struct spec_process {
	bool present;
	bool terminal;
	bool has_console_size;
	uint32_t console_height, console_width;
	struct spec_user user;
	struct strv args;
	struct strv env;
	char *cwd;
	struct spec_caps caps;
	struct spec_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	char *selinux_label;
	bool has_oom_score_adj;
	int32_t oom_score_adj;
	struct spec_scheduler scheduler;
	char *io_priority_class; /* NULL: none */
	int32_t io_priority;
	char *exec_cpu_affinity_initial, *exec_cpu_affinity_final;
};

struct spec_mount {
	char *destination;
	char *type;
	char *source;
	struct strv options;
	struct idmap *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
};

struct spec_hook {
	char *path;
	struct strv args;
	struct strv env;
	bool has_env;
	bool has_timeout;
	int32_t timeout; /* seconds */
};

struct spec_hook_list {
	struct spec_hook *v;
	size_t n;
};

/* In the order of the lifecycle. */
enum spec_hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KINDS,
};

enum spec_ns_kind {
	NS_USER,
	NS_PID,
	NS_NET,
	NS_MOUNT,
	NS_IPC,
	NS_UTS,
	NS_CGROUP,
	NS_TIME,
	NS_KINDS
};

struct spec_ns {
	bool present;
	char *path; /* NULL: a new one */
};

struct spec_time_offset {
	char *clock; /* "monotonic", "boottime" */
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_device {
	char *path;
	char *type; /* "c", "b", "u", "p" */
	int64_t major, minor;
	bool has_mode;
	uint32_t mode;
	uint32_t uid, gid;
	bool has_uid, has_gid;
};

struct spec_device_rule {
	bool allow;
	char *type; /* NULL or "a": all */
	bool has_major, has_minor;
	int64_t major, minor;
	char *access; /* subset of "rwm"; NULL: all */
};

struct spec_weight_device {
	int64_t major, minor;
	uint16_t weight, leaf_weight;
};

struct spec_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

struct spec_throttle_list {
	struct spec_throttle_device *v;
	size_t n;
};

struct spec_hugepage_limit {
	char *page_size;
	uint64_t limit;
};

struct spec_net_priority {
	char *name;
	uint32_t priority;
};

struct spec_rdma {
	char *device;
	bool has_handles, has_objects;
	uint32_t handles, objects;
};

/* linux.resources; value 0 of shares, weight, quota … counts as unset, as in runc. */
struct spec_resources {
	bool present;
	struct spec_device_rule *devices;
	size_t n_devices;
	bool has_memory_limit, has_memory_reservation, has_memory_swap, has_memory_kernel,
		has_memory_kernel_tcp;
	int64_t memory_limit, memory_reservation, memory_swap, memory_kernel, memory_kernel_tcp;
	bool has_swappiness;
	uint64_t swappiness;
	bool disable_oom_killer, has_disable_oom_killer, memory_use_hierarchy,
		memory_check_before_update;
	bool has_cpu_shares, has_cpu_quota, has_cpu_burst, has_cpu_period, has_cpu_rt_runtime,
		has_cpu_rt_period, has_cpu_idle;
	uint64_t cpu_shares, cpu_burst, cpu_period, cpu_rt_period;
	int64_t cpu_quota, cpu_rt_runtime, cpu_idle;
	char *cpus, *mems;
	bool has_pids_limit;
	int64_t pids_limit;
	uint16_t blkio_weight, blkio_leaf_weight;
	struct spec_weight_device *blkio_weight_devices;
	size_t n_blkio_weight_devices;
	struct spec_throttle_list blkio_read_bps, blkio_write_bps, blkio_read_iops,
		blkio_write_iops;
	struct spec_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	bool has_net_class_id;
	uint32_t net_class_id;
	struct spec_net_priority *net_priorities;
	size_t n_net_priorities;
	struct spec_rdma *rdma;
	size_t n_rdma;
	struct strv unified; /* "memory.high=100" */
};

struct spec_syscall_arg {
	uint32_t index;
	uint64_t value, value_two;
	char *op; /* "SCMP_CMP_EQ" */
};

struct spec_syscall {
	struct strv names;
	char *action;
	bool has_errno_ret;
	uint32_t errno_ret;
	struct spec_syscall_arg *args;
	size_t n_args;
};

struct spec_seccomp {
	bool present;
	char *default_action;
	bool has_default_errno_ret;
	uint32_t default_errno_ret;
	struct strv architectures, flags;
	char *listener_path, *listener_metadata;
	struct spec_syscall *syscalls;
	size_t n_syscalls;
	char *key; /* canonical text of the whole object: what the filter cache compares */
};

struct spec_net_device {
	char *host_name; /* key */
	char *name;      /* name inside; NULL: the same */
};

struct spec_linux {
	struct spec_ns ns[NS_KINDS];
	struct idmap *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
	struct spec_time_offset *time_offsets;
	size_t n_time_offsets;
	struct spec_device *devices;
	size_t n_devices;
	char *cgroups_path;
	struct spec_resources resources;
	struct strv sysctl; /* "net.ipv4.ip_forward=1" */
	struct spec_seccomp seccomp;
	char *rootfs_propagation;
	struct strv masked_paths, readonly_paths;
	char *mount_label;
	bool has_intel_rdt;
	char *rdt_clos_id, *rdt_l3_schema, *rdt_mb_schema;
	struct strv rdt_schemata;
	bool rdt_enable_monitoring;
	bool has_personality;
	char *personality_domain;
	char *memory_policy_mode, *memory_policy_nodes; /* mode NULL: none */
	struct strv memory_policy_flags;
	struct spec_net_device *net_devices;
	size_t n_net_devices;
};

/* A whole config.json. */
struct spec {
	char *oci_version;
	char *root_path;
	bool has_root;
	bool root_readonly;
	char *hostname;
	char *domainname;
	struct spec_process process;
	struct spec_mount *mounts;
	size_t n_mounts;
	struct spec_hook_list hooks[HOOK_KINDS];
	struct strv annotations; /* "key=value" */
	struct spec_linux linux;
};

/* Limits on what is read. */
#define SPEC_SIZE_MAX ((size_t)16 << 20)

/*
 * Loads and checks bundle/config.json (file `name` under dirfd). -ENOENT, -EBADMSG with the
 * field's name. The caller owns *ret: spec_free().
 */
int spec_read(int dirfd, const char *name, struct spec **ret, struct err *e);
/*
 * The same from a text; `what` names it in messages. For fuzzing and for callers that hold the
 * text.
 */
int spec_parse(const char *text, size_t len, const char *what, struct spec **ret, struct err *e);
void spec_free(struct spec *s);
/*
 * What a container that is made here needs beyond a valid file: a root, namespaces for what is
 * namespaced. -EBADMSG.
 */
int spec_check_create(const struct spec *s, const char *what, struct err *e);
/* "network" for NS_NET. */
const char *spec_ns_name(enum spec_ns_kind kind);

/* A process object alone (pod oci exec --process), same rules as config.json's "process". */
int spec_process_parse(const char *text, size_t len, const char *what, struct spec_process *ret,
		       struct err *e);
void spec_process_clear(struct spec_process *p);

/* A LinuxResources object alone (pod oci update --resources). */
int spec_resources_parse(const char *text, size_t len, const char *what, struct spec_resources *ret,
			 struct err *e);
void spec_resources_clear(struct spec_resources *r);

static inline void cleanup_spec(struct spec **s)
{
	spec_free(*s);
}

#define auto_spec __attribute__((unused, cleanup(cleanup_spec)))

#endif
