/*
 * config.json as tables (runtime-spec 1.3, config.md): the top level, process, mounts and hooks.
 * A row a key; keys without a row are other platforms' or unknown and are ignored, as config.md
 * (Extensibility) demands.
 */
#include "oci/spec.h"
#include "oci/spec_internal.h"

const struct json_field spec_idmap_table[] = {
	J(struct idmap, json_load_u32, "containerID", inside, .required = true),
	J(struct idmap, json_load_u32, "hostID", outside, .required = true),
	J(struct idmap, json_load_u32, "size", count, .required = true),
	J_END,
};

/* -- process -- */

static const struct json_field console_size_table[] = {
	J(struct spec_process, json_load_u32, "height", console_height, .required = true),
	J(struct spec_process, json_load_u32, "width", console_width, .required = true),
	J_END,
};

static const struct json_field user_table[] = {
	J(struct spec_user, json_load_u32, "uid", uid),
	J(struct spec_user, json_load_u32, "gid", gid),
	J(struct spec_user, json_load_u32, "umask", umask, J_PRESENT(struct spec_user, has_umask)),
	J(struct spec_user, spec_load_u32s, "additionalGids", additional_gids,
	  .count = offsetof(struct spec_user, n_additional_gids)),
	J_END,
};

static const struct json_field caps_table[] = {
	J(struct spec_caps, json_load_strv, "bounding", bounding),
	J(struct spec_caps, json_load_strv, "effective", effective),
	J(struct spec_caps, json_load_strv, "inheritable", inheritable),
	J(struct spec_caps, json_load_strv, "permitted", permitted),
	J(struct spec_caps, json_load_strv, "ambient", ambient),
	J_END,
};

static const struct spec_pattern rlimit_type = { "RLIMIT_", "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
						 "RLIMIT_ and a name" };

static const struct json_field rlimit_table[] = {
	J(struct spec_rlimit, spec_load_chars, "type", type, .required = true, .arg = &rlimit_type),
	J(struct spec_rlimit, json_load_u64, "soft", soft, .required = true),
	J(struct spec_rlimit, json_load_u64, "hard", hard, .required = true),
	J_END,
};

static const char *const sched_policies[] = { "SCHED_OTHER",    "SCHED_FIFO", "SCHED_RR",
					      "SCHED_BATCH",    "SCHED_ISO",  "SCHED_IDLE",
					      "SCHED_DEADLINE", NULL };

static const char *const sched_flags[] = { "SCHED_FLAG_RESET_ON_FORK",  "SCHED_FLAG_RECLAIM",
					   "SCHED_FLAG_DL_OVERRUN",     "SCHED_FLAG_KEEP_POLICY",
					   "SCHED_FLAG_KEEP_PARAMS",    "SCHED_FLAG_UTIL_CLAMP_MIN",
					   "SCHED_FLAG_UTIL_CLAMP_MAX", NULL };

static const struct json_field scheduler_table[] = {
	J(struct spec_scheduler, spec_load_word, "policy", policy, .required = true,
	  .arg = sched_policies),
	J(struct spec_scheduler, json_load_int, "nice", nice),
	J(struct spec_scheduler, json_load_int, "priority", priority),
	J(struct spec_scheduler, spec_load_words, "flags", flags, .arg = sched_flags),
	J(struct spec_scheduler, json_load_u64, "runtime", runtime),
	J(struct spec_scheduler, json_load_u64, "deadline", deadline),
	J(struct spec_scheduler, json_load_u64, "period", period),
	J_END,
};

static const char *const io_classes[] = { "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE",
					  NULL };

static const struct json_field io_priority_table[] = {
	J(struct spec_process, spec_load_word, "class", io_priority_class, .required = true,
	  .arg = io_classes),
	J(struct spec_process, json_load_int, "priority", io_priority),
	J_END,
};

static const struct spec_pattern cpu_list = { "", "0123456789, -", "a list of CPUs" };

static const struct json_field affinity_table[] = {
	J(struct spec_process, spec_load_chars, "initial", exec_cpu_affinity_initial,
	  .arg = &cpu_list),
	J(struct spec_process, spec_load_chars, "final", exec_cpu_affinity_final, .arg = &cpu_list),
	J_END,
};

/* An object whose members live in the struct that holds it. */
#define J_FLAT(name, table, ...)                                                      \
	{                                                                             \
		.key = (name), .load = json_load_object, .offset = 0, .arg = (table), \
		##__VA_ARGS__                                                         \
	}

const struct json_field spec_process_table[] = {
	J(struct spec_process, json_load_bool, "terminal", terminal),
	J_FLAT("consoleSize", console_size_table, J_PRESENT(struct spec_process, has_console_size)),
	J(struct spec_process, json_load_object, "user", user, .arg = user_table),
	J(struct spec_process, json_load_strv, "args", args),
	J(struct spec_process, json_load_strv, "env", env),
	J(struct spec_process, json_load_string, "cwd", cwd, .required = true),
	J(struct spec_process, json_load_object, "capabilities", caps, .arg = caps_table,
	  J_PRESENT(struct spec_process, caps.present)),
	J(struct spec_process, json_load_array, "rlimits", rlimits, .arg = rlimit_table,
	  .elem_size = sizeof(struct spec_rlimit),
	  .count = offsetof(struct spec_process, n_rlimits)),
	J(struct spec_process, json_load_bool, "noNewPrivileges", no_new_privileges),
	J(struct spec_process, json_load_string, "apparmorProfile", apparmor_profile),
	J(struct spec_process, json_load_string, "selinuxLabel", selinux_label),
	J(struct spec_process, json_load_int, "oomScoreAdj", oom_score_adj,
	  J_PRESENT(struct spec_process, has_oom_score_adj)),
	J(struct spec_process, json_load_object, "scheduler", scheduler, .arg = scheduler_table,
	  J_PRESENT(struct spec_process, scheduler.present)),
	J_FLAT("ioPriority", io_priority_table),
	J_FLAT("execCPUAffinity", affinity_table),
	J_END,
};

/* -- mounts, hooks, root -- */

static const struct json_field mount_table[] = {
	J(struct spec_mount, json_load_string, "destination", destination, .required = true),
	J(struct spec_mount, json_load_string, "type", type),
	J(struct spec_mount, json_load_string, "source", source),
	J(struct spec_mount, json_load_strv, "options", options),
	J(struct spec_mount, json_load_array, "uidMappings", uid_mappings, .arg = spec_idmap_table,
	  .elem_size = sizeof(struct idmap), .count = offsetof(struct spec_mount, n_uid_mappings)),
	J(struct spec_mount, json_load_array, "gidMappings", gid_mappings, .arg = spec_idmap_table,
	  .elem_size = sizeof(struct idmap), .count = offsetof(struct spec_mount, n_gid_mappings)),
	J_END,
};

static const struct json_field hook_table[] = {
	J(struct spec_hook, json_load_string, "path", path, .required = true),
	J(struct spec_hook, json_load_strv, "args", args),
	J(struct spec_hook, json_load_strv, "env", env, J_PRESENT(struct spec_hook, has_env)),
	J(struct spec_hook, json_load_int, "timeout", timeout,
	  J_PRESENT(struct spec_hook, has_timeout)),
	J_END,
};

#define J_HOOKS(name, kind)                                                     \
	J(struct spec, json_load_array, name, hooks[kind].v, .arg = hook_table, \
	  .elem_size = sizeof(struct spec_hook), .count = offsetof(struct spec, hooks[kind].n))

const struct json_field spec_hooks_table[] = {
	J_HOOKS("prestart", HOOK_PRESTART),
	J_HOOKS("createRuntime", HOOK_CREATE_RUNTIME),
	J_HOOKS("createContainer", HOOK_CREATE_CONTAINER),
	J_HOOKS("startContainer", HOOK_START_CONTAINER),
	J_HOOKS("poststart", HOOK_POSTSTART),
	J_HOOKS("poststop", HOOK_POSTSTOP),
	J_END,
};

static const struct json_field root_table[] = {
	J(struct spec, json_load_string, "path", root_path, .required = true),
	J(struct spec, json_load_bool, "readonly", root_readonly),
	J_END,
};

/*
 * -- another platform's, read only so far that its schema is kept: config.json may be meant for
 * several --
 */

static const char *const sharing_words[] = { "disable", "new", "inherit", NULL };
static const char *const sharing_words_always[] = { "new", "inherit", NULL };

#define J_WORD(name, words)                                            \
	{                                                              \
		.key = (name), .load = spec_check_word, .arg = (words) \
	}

static const struct json_field jail_table[] = {
	J_WORD("host", sharing_words_always), J_WORD("vnet", sharing_words_always),
	J_WORD("ip4", sharing_words),         J_WORD("ip6", sharing_words),
	J_WORD("sysvmsg", sharing_words),     J_WORD("sysvsem", sharing_words),
	J_WORD("sysvshm", sharing_words),     J_END,
};

static const struct json_field freebsd_table[] = {
	J_FLAT("jail", jail_table),
	J_END,
};

const struct json_field spec_config_table[] = {
	J(struct spec, json_load_string, "ociVersion", oci_version, .required = true),
	J_FLAT("root", root_table, J_PRESENT(struct spec, has_root)),
	J(struct spec, json_load_object, "process", process, .arg = spec_process_table,
	  J_PRESENT(struct spec, process.present)),
	J(struct spec, json_load_string, "hostname", hostname),
	J(struct spec, json_load_string, "domainname", domainname),
	J(struct spec, json_load_array, "mounts", mounts, .arg = mount_table,
	  .elem_size = sizeof(struct spec_mount), .count = offsetof(struct spec, n_mounts)),
	J_FLAT("hooks", spec_hooks_table),
	J(struct spec, json_load_map, "annotations", annotations),
	J(struct spec, json_load_object, "linux", linux, .arg = spec_linux_table),
	J_FLAT("freebsd", freebsd_table),
	J_END,
};
