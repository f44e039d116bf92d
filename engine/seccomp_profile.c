/*
 * From a profile to linux.seccomp. Runs in the process that writes a container's config.json, once
 * a container, so the default profile costs no parsing: a table is walked.
 */
#include "engine/seccomp_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/seccomp_table.h"
#include "oci/caps.h"

#define PROFILE_MAX ((size_t)4 << 20)

/* This machine in docker's words, with the further architectures that its kernel runs. */
static const struct {
	const char *machine, *arch;
	const char *scmp[3];
} machines[] = {
	{ "x86_64", "amd64", { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" } },
	{ "aarch64", "arm64", { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL } },
	{ "i686", "x86", { "SCMP_ARCH_X86", NULL, NULL } },
	{ "armv7l", "arm", { "SCMP_ARCH_ARM", NULL, NULL } },
	{ "ppc64le", "ppc64le", { "SCMP_ARCH_PPC64LE", NULL, NULL } },
	{ "riscv64", "riscv64", { "SCMP_ARCH_RISCV64", NULL, NULL } },
	{ "s390x", "s390x", { "SCMP_ARCH_S390X", "SCMP_ARCH_S390", NULL } },
	{ "mips64", "mips64", { "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64N32" } },
	{ "loongarch64", "loong64", { "SCMP_ARCH_LOONGARCH64", NULL, NULL } },
};

/* What the conditions of a profile are compared with. */
struct here {
	const char *arch;          /* "amd64"; the kernel's own word where docker has none */
	size_t machine;            /* index in machines[], or its length */
	unsigned int major, minor; /* of the kernel */
	uint64_t caps;
	struct utsname u;
};

static void look(struct here *h, uint64_t caps)
{
	*h = (struct here){ .caps = caps };
	(void)uname(&h->u);
	h->arch = h->u.machine;
	for (h->machine = 0; h->machine < ARRAY_SIZE(machines); h->machine++)
		if (str_eq(machines[h->machine].machine, h->u.machine)) {
			h->arch = machines[h->machine].arch;
			break;
		}
	(void)sscanf(h->u.release, "%u.%u", &h->major, &h->minor);
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' '))
			return true;
	return false;
}

/* -- the default -- */

static cJSON *row_to_json(const struct seccomp_row *row)
{
	cJSON *rule = json_object();
	auto_strv struct strv names = { 0 };

	strv_split(&names, row->names, ' ');
	json_add_strv(rule, "names", &names);
	json_add_str(rule, "action", row->errno_ret ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
	if (row->errno_ret)
		json_add_u64(rule, "errnoRet", row->errno_ret);
	if (row->arg.op) {
		cJSON *arg = json_object();

		json_add_u64(arg, "index", row->arg.index);
		json_add_u64(arg, "value", row->arg.value);
		if (row->arg.value_two)
			json_add_u64(arg, "valueTwo", row->arg.value_two);
		json_add_str(arg, "op", row->arg.op);
		json_push(json_add_array(rule, "args"), arg);
	}
	return rule;
}

static bool row_applies(const struct seccomp_row *row, const struct here *h)
{
	if (row->with_caps && !(h->caps & row->with_caps))
		return false;
	if (h->caps & row->without_caps)
		return false;
	if (row->arches && !has_word(row->arches, h->arch))
		return false;
	return !row->not_arches || !has_word(row->not_arches, h->arch);
}

cJSON *seccomp_profile_default(uint64_t caps)
{
	cJSON *profile = json_object();
	cJSON *list;
	struct here h;

	look(&h, caps);
	json_add_str(profile, "defaultAction", "SCMP_ACT_ERRNO");
	json_add_u64(profile, "defaultErrnoRet", EPERM);
	list = json_add_array(profile, "architectures");
	for (size_t i = 0; h.machine < ARRAY_SIZE(machines) && i < 3 && machines[h.machine].scmp[i];
	     i++)
		json_push_str(list, machines[h.machine].scmp[i]);
	list = json_add_array(profile, "syscalls");
	for (size_t i = 0; i < seccomp_table_len; i++)
		if (row_applies(&seccomp_table[i], &h))
			json_push(list, row_to_json(&seccomp_table[i]));
	return profile;
}

/* -- a file -- */

static bool has_cap(const struct here *h, const cJSON *name)
{
	int cap = cJSON_IsString(name) ? caps_parse_name(name->valuestring) : -1;

	return cap >= 0 && cap < 64 && (h->caps >> cap) & 1;
}

static bool any_arch(const cJSON *list, const struct here *h)
{
	const cJSON *node;

	cJSON_ArrayForEach(node, list)
		if (cJSON_IsString(node) && str_eq(node->valuestring, h->arch))
			return true;
	return false;
}

/* "4.8": true where the kernel is that or newer. */
static bool kernel_is(const char *wanted, const struct here *h)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(wanted, "%u.%u", &major, &minor) < 1)
		return false;
	return h->major > major || (h->major == major && h->minor >= minor);
}

/* All of the capabilities, one of the architectures. */
static bool included(const cJSON *cond, const struct here *h)
{
	const cJSON *arches = json_get(cond, "arches");
	const char *kernel = json_str(cond, "minKernel", NULL);
	const cJSON *node;

	cJSON_ArrayForEach(node, json_get(cond, "caps"))
		if (!has_cap(h, node))
			return false;
	if (cJSON_GetArraySize(arches) > 0 && !any_arch(arches, h))
		return false;
	return !kernel || !*kernel || kernel_is(kernel, h);
}

/* One of anything. */
static bool excluded(const cJSON *cond, const struct here *h)
{
	const char *kernel = json_str(cond, "minKernel", NULL);
	const cJSON *node;

	cJSON_ArrayForEach(node, json_get(cond, "caps"))
		if (has_cap(h, node))
			return true;
	return any_arch(json_get(cond, "arches"), h) || (kernel && *kernel && kernel_is(kernel, h));
}

/* Members that linux.seccomp knows; "name" is docker's old form of "names". */
static void copy_rule(const cJSON *from, cJSON *list)
{
	static const char *const keys[] = { "names", "action", "errnoRet", "args" };
	cJSON *rule = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const cJSON *node = json_get(from, keys[i]);

		if (node && !cJSON_IsNull(node))
			json_add(rule, keys[i], cJSON_Duplicate(node, true));
	}
	if (!json_get(rule, "names") && json_str(from, "name", NULL))
		json_push_str(json_add_array(rule, "names"), json_str(from, "name", NULL));
	json_push(list, rule);
}

static void copy_arches(const cJSON *profile, const struct here *h, cJSON *out)
{
	const char *native = h->machine < ARRAY_SIZE(machines) ? machines[h->machine].scmp[0] : "";
	const cJSON *node, *sub;
	cJSON *list;

	if (json_get(profile, "architectures")) {
		json_add(out, "architectures",
			 cJSON_Duplicate(json_get(profile, "architectures"), true));
		return;
	}
	list = json_add_array(out, "architectures");
	cJSON_ArrayForEach(node, json_get(profile, "archMap")) {
		if (!str_eq(json_str(node, "architecture", ""), native))
			continue;
		json_push_str(list, native);
		cJSON_ArrayForEach(sub, json_get(node, "subArchitectures"))
			if (cJSON_IsString(sub))
				json_push_str(list, sub->valuestring);
	}
}

static int resolve(const cJSON *profile, const char *what, const struct here *h, cJSON **ret,
		   struct err *e)
{
	static const char *const keys[] = { "defaultAction", "defaultErrnoRet", "flags",
					    "listenerPath", "listenerMetadata" };
	const cJSON *rules = json_get(profile, "syscalls");
	auto_json cJSON *out = json_object();
	const cJSON *rule;
	cJSON *list;

	if (!cJSON_IsObject(profile) || !json_str(profile, "defaultAction", NULL))
		return err_set(e, EBADMSG, "%s: defaultAction: missing: not a seccomp profile",
			       what);
	if (rules && !cJSON_IsArray(rules) && !cJSON_IsNull(rules))
		return err_set(e, EBADMSG, "%s: syscalls: expected an array", what);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_get(profile, keys[i]))
			json_add(out, keys[i], cJSON_Duplicate(json_get(profile, keys[i]), true));
	copy_arches(profile, h, out);
	list = json_add_array(out, "syscalls");
	cJSON_ArrayForEach(rule, rules) {
		if (!cJSON_IsObject(rule))
			return err_set(e, EBADMSG, "%s: syscalls: expected an array of objects",
				       what);
		if (included(json_get(rule, "includes"), h) &&
		    !excluded(json_get(rule, "excludes"), h))
			copy_rule(rule, list);
	}
	*ret = take_ptr(&out);
	return 0;
}

int seccomp_profile_parse(const char *text, size_t len, const char *what, uint64_t caps,
			  cJSON **ret, struct err *e)
{
	auto_json cJSON *profile = NULL;
	struct here h;
	int r = json_parse(text, len, what, &profile, e);

	if (r < 0)
		return r;
	look(&h, caps);
	return resolve(profile, what, &h, ret, e);
}

int seccomp_profile_load(const char *path, uint64_t caps, cJSON **ret, struct err *e)
{
	auto_str struct str text = { 0 };
	int r = file_read(AT_FDCWD, path, PROFILE_MAX, &text, e);

	if (r < 0)
		return err_prefix(e, "seccomp profile");
	return seccomp_profile_parse(str_cstr(&text), text.len, path, caps, ret, e);
}
