/*
 * linux.resources as tables (runtime-spec 1.3, config-linux.md "Control groups"); also what
 * `update --resources` reads.
 */
#include "oci/spec.h"
#include "oci/spec_internal.h"

#define R struct spec_resources

static const struct json_field device_rule_table[] = {
	J(struct spec_device_rule, json_load_bool, "allow", allow, .required = true),
	J(struct spec_device_rule, json_load_string, "type", type),
	J(struct spec_device_rule, json_load_i64, "major", major,
	  J_PRESENT(struct spec_device_rule, has_major)),
	J(struct spec_device_rule, json_load_i64, "minor", minor,
	  J_PRESENT(struct spec_device_rule, has_minor)),
	J(struct spec_device_rule, json_load_string, "access", access),
	J_END,
};

static const struct json_field memory_table[] = {
	J(R, json_load_i64, "limit", memory_limit, J_PRESENT(R, has_memory_limit)),
	J(R, json_load_i64, "reservation", memory_reservation,
	  J_PRESENT(R, has_memory_reservation)),
	J(R, json_load_i64, "swap", memory_swap, J_PRESENT(R, has_memory_swap)),
	J(R, json_load_i64, "kernel", memory_kernel, J_PRESENT(R, has_memory_kernel)),
	J(R, json_load_i64, "kernelTCP", memory_kernel_tcp, J_PRESENT(R, has_memory_kernel_tcp)),
	J(R, json_load_u64, "swappiness", swappiness, J_PRESENT(R, has_swappiness)),
	J(R, json_load_bool, "disableOOMKiller", disable_oom_killer,
	  J_PRESENT(R, has_disable_oom_killer)),
	J(R, json_load_bool, "useHierarchy", memory_use_hierarchy),
	J(R, json_load_bool, "checkBeforeUpdate", memory_check_before_update),
	J_END,
};

static const struct json_field cpu_table[] = {
	J(R, json_load_u64, "shares", cpu_shares, J_PRESENT(R, has_cpu_shares)),
	J(R, json_load_i64, "quota", cpu_quota, J_PRESENT(R, has_cpu_quota)),
	J(R, json_load_u64, "burst", cpu_burst, J_PRESENT(R, has_cpu_burst)),
	J(R, json_load_u64, "period", cpu_period, J_PRESENT(R, has_cpu_period)),
	J(R, json_load_i64, "realtimeRuntime", cpu_rt_runtime, J_PRESENT(R, has_cpu_rt_runtime)),
	J(R, json_load_u64, "realtimePeriod", cpu_rt_period, J_PRESENT(R, has_cpu_rt_period)),
	J(R, json_load_i64, "idle", cpu_idle, J_PRESENT(R, has_cpu_idle)),
	J(R, json_load_string, "cpus", cpus),
	J(R, json_load_string, "mems", mems),
	J_END,
};

static const struct json_field pids_table[] = {
	J(R, json_load_i64, "limit", pids_limit, .required = true, J_PRESENT(R, has_pids_limit)),
	J_END,
};

static const struct json_field weight_device_table[] = {
	J(struct spec_weight_device, json_load_i64, "major", major, .required = true),
	J(struct spec_weight_device, json_load_i64, "minor", minor, .required = true),
	J(struct spec_weight_device, json_load_u16, "weight", weight),
	J(struct spec_weight_device, json_load_u16, "leafWeight", leaf_weight),
	J_END,
};

static const struct json_field throttle_table[] = {
	J(struct spec_throttle_device, json_load_i64, "major", major, .required = true),
	J(struct spec_throttle_device, json_load_i64, "minor", minor, .required = true),
	J(struct spec_throttle_device, json_load_u64, "rate", rate),
	J_END,
};

#define J_THROTTLE(name, member)                                     \
	J(R, json_load_array, name, member.v, .arg = throttle_table, \
	  .elem_size = sizeof(struct spec_throttle_device), .count = offsetof(R, member.n))

static const struct json_field blkio_table[] = {
	J(R, json_load_u16, "weight", blkio_weight),
	J(R, json_load_u16, "leafWeight", blkio_leaf_weight),
	J(R, json_load_array, "weightDevice", blkio_weight_devices, .arg = weight_device_table,
	  .elem_size = sizeof(struct spec_weight_device),
	  .count = offsetof(R, n_blkio_weight_devices)),
	J_THROTTLE("throttleReadBpsDevice", blkio_read_bps),
	J_THROTTLE("throttleWriteBpsDevice", blkio_write_bps),
	J_THROTTLE("throttleReadIOPSDevice", blkio_read_iops),
	J_THROTTLE("throttleWriteIOPSDevice", blkio_write_iops),
	J_END,
};

static const struct json_field hugepage_table[] = {
	J(struct spec_hugepage_limit, json_load_string, "pageSize", page_size, .required = true),
	J(struct spec_hugepage_limit, json_load_u64, "limit", limit, .required = true),
	J_END,
};

static const struct json_field net_priority_table[] = {
	J(struct spec_net_priority, json_load_string, "name", name, .required = true),
	J(struct spec_net_priority, json_load_u32, "priority", priority, .required = true),
	J_END,
};

static const struct json_field network_table[] = {
	J(R, json_load_u32, "classID", net_class_id, J_PRESENT(R, has_net_class_id)),
	J(R, json_load_array, "priorities", net_priorities, .arg = net_priority_table,
	  .elem_size = sizeof(struct spec_net_priority), .count = offsetof(R, n_net_priorities)),
	J_END,
};

static const struct json_field rdma_table[] = {
	J(struct spec_rdma, json_load_u32, "hcaHandles", handles,
	  J_PRESENT(struct spec_rdma, has_handles)),
	J(struct spec_rdma, json_load_u32, "hcaObjects", objects,
	  J_PRESENT(struct spec_rdma, has_objects)),
	J_END,
};

#define J_FLAT(name, table)                                                          \
	{                                                                            \
		.key = (name), .load = json_load_object, .offset = 0, .arg = (table) \
	}

const struct json_field spec_resources_table[] = {
	J(R, json_load_array, "devices", devices, .arg = device_rule_table,
	  .elem_size = sizeof(struct spec_device_rule), .count = offsetof(R, n_devices)),
	J_FLAT("memory", memory_table),
	J_FLAT("cpu", cpu_table),
	J_FLAT("pids", pids_table),
	J_FLAT("blockIO", blkio_table),
	J(R, json_load_array, "hugepageLimits", hugepage_limits, .arg = hugepage_table,
	  .elem_size = sizeof(struct spec_hugepage_limit), .count = offsetof(R, n_hugepage_limits)),
	J_FLAT("network", network_table),
	J(R, spec_load_keyed, "rdma", rdma, .arg = rdma_table,
	  .elem_size = sizeof(struct spec_rdma), .count = offsetof(R, n_rdma)),
	J(R, json_load_map, "unified", unified),
	J_END,
};
