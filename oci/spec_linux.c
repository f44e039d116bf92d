/*
 * The "linux" object of config.json as tables (runtime-spec 1.3, config-linux.md), without
 * resources.
 */
#include "oci/spec.h"
#include "oci/spec_internal.h"

static const struct json_field time_offset_table[] = {
	J(struct spec_time_offset, json_load_i64, "secs", secs),
	J(struct spec_time_offset, json_load_u32, "nanosecs", nanosecs),
	J_END,
};

static const char *const device_types[] = { "c", "b", "u", "p", NULL };

static const struct json_field device_table[] = {
	J(struct spec_device, spec_load_word, "type", type, .required = true, .arg = device_types),
	J(struct spec_device, json_load_string, "path", path, .required = true),
	J(struct spec_device, json_load_i64, "major", major),
	J(struct spec_device, json_load_i64, "minor", minor),
	J(struct spec_device, json_load_u32, "fileMode", mode,
	  J_PRESENT(struct spec_device, has_mode)),
	J(struct spec_device, json_load_u32, "uid", uid, J_PRESENT(struct spec_device, has_uid)),
	J(struct spec_device, json_load_u32, "gid", gid, J_PRESENT(struct spec_device, has_gid)),
	J_END,
};

static const struct json_field syscall_arg_table[] = {
	J(struct spec_syscall_arg, json_load_u32, "index", index, .required = true),
	J(struct spec_syscall_arg, json_load_u64, "value", value, .required = true),
	J(struct spec_syscall_arg, json_load_u64, "valueTwo", value_two),
	J(struct spec_syscall_arg, json_load_string, "op", op, .required = true),
	J_END,
};

static const struct json_field syscall_table[] = {
	J(struct spec_syscall, json_load_strv, "names", names, .required = true),
	J(struct spec_syscall, json_load_string, "action", action, .required = true),
	J(struct spec_syscall, json_load_u32, "errnoRet", errno_ret,
	  J_PRESENT(struct spec_syscall, has_errno_ret)),
	J(struct spec_syscall, json_load_array, "args", args, .arg = syscall_arg_table,
	  .elem_size = sizeof(struct spec_syscall_arg),
	  .count = offsetof(struct spec_syscall, n_args)),
	J_END,
};

/*
 * Words of actions, operators and architectures are checked by seccomp_compile, which knows them.
 */
static const struct json_field seccomp_table[] = {
	J(struct spec_seccomp, json_load_string, "defaultAction", default_action, .required = true),
	J(struct spec_seccomp, json_load_u32, "defaultErrnoRet", default_errno_ret,
	  J_PRESENT(struct spec_seccomp, has_default_errno_ret)),
	J(struct spec_seccomp, json_load_strv, "architectures", architectures),
	J(struct spec_seccomp, json_load_strv, "flags", flags),
	J(struct spec_seccomp, json_load_string, "listenerPath", listener_path),
	J(struct spec_seccomp, json_load_string, "listenerMetadata", listener_metadata),
	J(struct spec_seccomp, json_load_array, "syscalls", syscalls, .arg = syscall_table,
	  .elem_size = sizeof(struct spec_syscall),
	  .count = offsetof(struct spec_seccomp, n_syscalls)),
	J_END,
};

static const struct spec_pattern mem_bw_schema = { "MB:", NULL, "of the form MB:…" };

static const struct json_field rdt_table[] = {
	J(struct spec_linux, json_load_string, "closID", rdt_clos_id),
	J(struct spec_linux, json_load_strv, "schemata", rdt_schemata),
	J(struct spec_linux, json_load_string, "l3CacheSchema", rdt_l3_schema),
	J(struct spec_linux, spec_load_chars, "memBwSchema", rdt_mb_schema, .arg = &mem_bw_schema),
	J(struct spec_linux, json_load_bool, "enableMonitoring", rdt_enable_monitoring),
	J_END,
};

static const char *const mempolicy_modes[] = { "MPOL_DEFAULT",    "MPOL_BIND",
					       "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
					       "MPOL_PREFERRED",  "MPOL_PREFERRED_MANY",
					       "MPOL_LOCAL",      NULL };

static const char *const mempolicy_flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES",
					       "MPOL_F_STATIC_NODES", NULL };

static const struct json_field mempolicy_table[] = {
	J(struct spec_linux, spec_load_word, "mode", memory_policy_mode, .arg = mempolicy_modes),
	J(struct spec_linux, json_load_string, "nodes", memory_policy_nodes),
	J(struct spec_linux, spec_load_words, "flags", memory_policy_flags, .arg = mempolicy_flags),
	J_END,
};

static const char *const personality_domains[] = { "LINUX", "LINUX32", NULL };

static const struct json_field personality_table[] = {
	J(struct spec_linux, spec_load_word, "domain", personality_domain,
	  .arg = personality_domains),
	J_END,
};

static const struct json_field net_device_table[] = {
	J(struct spec_net_device, json_load_string, "name", name),
	J_END,
};

static const char *const propagations[] = { "private",    "shared",      "slave",
					    "unbindable", "rprivate",    "rshared",
					    "rslave",     "runbindable", NULL };

#define J_FLAT(name, table, ...)                                                      \
	{                                                                             \
		.key = (name), .load = json_load_object, .offset = 0, .arg = (table), \
		##__VA_ARGS__                                                         \
	}
#define J_ARRAY(loader, name, member, n_member, table)             \
	J(struct spec_linux, loader, name, member, .arg = (table), \
	  .elem_size = sizeof(*((struct spec_linux *)0)->member),  \
	  .count = offsetof(struct spec_linux, n_member))

const struct json_field spec_linux_table[] = {
	J(struct spec_linux, spec_load_namespaces, "namespaces", ns),
	J_ARRAY(json_load_array, "uidMappings", uid_mappings, n_uid_mappings, spec_idmap_table),
	J_ARRAY(json_load_array, "gidMappings", gid_mappings, n_gid_mappings, spec_idmap_table),
	J_ARRAY(spec_load_keyed, "timeOffsets", time_offsets, n_time_offsets, time_offset_table),
	J_ARRAY(json_load_array, "devices", devices, n_devices, device_table),
	J(struct spec_linux, json_load_string, "cgroupsPath", cgroups_path),
	J(struct spec_linux, json_load_object, "resources", resources, .arg = spec_resources_table,
	  J_PRESENT(struct spec_linux, resources.present)),
	J(struct spec_linux, json_load_map, "sysctl", sysctl),
	J(struct spec_linux, json_load_object, "seccomp", seccomp, .arg = seccomp_table,
	  J_PRESENT(struct spec_linux, seccomp.present)),
	J(struct spec_linux, spec_load_word, "rootfsPropagation", rootfs_propagation,
	  .arg = propagations),
	J(struct spec_linux, json_load_strv, "maskedPaths", masked_paths),
	J(struct spec_linux, json_load_strv, "readonlyPaths", readonly_paths),
	J(struct spec_linux, json_load_string, "mountLabel", mount_label),
	J_FLAT("intelRdt", rdt_table, J_PRESENT(struct spec_linux, has_intel_rdt)),
	J_FLAT("personality", personality_table, J_PRESENT(struct spec_linux, has_personality)),
	J_FLAT("memoryPolicy", mempolicy_table),
	J_ARRAY(spec_load_keyed, "netDevices", net_devices, n_net_devices, net_device_table),
	J_END,
};
