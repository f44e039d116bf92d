/*
 * Which devices a container may use. v1: devices.deny and devices.allow, the rules in their order.
 * v2: a program of type BPF_PROG_TYPE_CGROUP_DEVICE that goes through the rules from the last to
 * the first. Both end with the default devices, which every container has. Runs in the parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "oci/cgroup_priv.h"
#include "oci/spec.h"

/* One rule with its blanks filled in. */
struct rule {
	bool allow;
	char type;            /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: every */
	const char *access;   /* subset of "rwm" */
};

/*
 * What every container may: make any node, and use the default devices, terminals and /dev/net/tun
 * as runc's list has it.
 */
static const struct rule defaults[] = {
	{ true, 'c', -1, -1, "m" }, { true, 'b', -1, -1, "m" },    { true, 'c', 1, 3, "rwm" },
	{ true, 'c', 1, 5, "rwm" }, { true, 'c', 1, 7, "rwm" },    { true, 'c', 1, 8, "rwm" },
	{ true, 'c', 1, 9, "rwm" }, { true, 'c', 5, 0, "rwm" },    { true, 'c', 5, 1, "rwm" },
	{ true, 'c', 5, 2, "rwm" }, { true, 'c', 136, -1, "rwm" },
};

static struct rule rule_from_spec(const struct spec_device_rule *s)
{
	return (struct rule){
		.allow = s->allow,
		.type = s->type && *s->type ? *s->type : 'a',
		.major = s->has_major ? s->major : -1,
		.minor = s->has_minor ? s->minor : -1,
		.access = s->access && *s->access ? s->access : "rwm",
	};
}

/* The defaults come after the config's own rules, which mostly begin by denying everything. */
static struct rule rule_at(const struct spec_resources *r, size_t i)
{
	return i < r->n_devices ? rule_from_spec(&r->devices[i]) : defaults[i - r->n_devices];
}

static size_t rule_count(const struct spec_resources *r)
{
	return r->n_devices + ARRAY_SIZE(defaults);
}

/* -- v1 -- */

static void number(char buf[24], int64_t v)
{
	if (v < 0)
		(void)snprintf(buf, 24, "*");
	else
		(void)snprintf(buf, 24, "%" PRId64, v);
}

/* "a" takes no numbers: it is all or nothing. */
static int write_rule_v1(const struct cgroup_dir *d, const struct rule *rule, struct err *e)
{
	const char *file = rule->allow ? "devices.allow" : "devices.deny";
	char major[24], minor[24];
	auto_free char *text = NULL;

	number(major, rule->major);
	number(minor, rule->minor);
	if (rule->type == 'a')
		text = xstrdup("a");
	else
		text = xasprintf("%c %s:%s %s", rule->type, major, minor, rule->access);
	return file_put(d->fd, file, text, e);
}

int cgroup_devices_v1(const struct cgroup_dir *d, const struct spec_resources *r, struct err *e)
{
	int ret = 0;

	if (!r->n_devices || faccessat(d->fd, "devices.allow", F_OK, 0) < 0)
		return 0;
	for (size_t i = 0; ret >= 0 && i < rule_count(r); i++) {
		struct rule rule = rule_at(r, i);

		ret = write_rule_v1(d, &rule, e);
	}
	/*
	 * in a user namespace the kernel does not let it be changed, and what the outer container
	 * may not, this one may not either
	 */
	if (ret == -EPERM) {
		log_debug("device rules are not ours to set, continuing with the outer ones");
		return 0;
	}
	return ret < 0 ? err_prefix(e, "linux.resources.devices") : 0;
}

/* -- v2: the program -- */

/* How our programs are known from those of others, such as systemd, on the same cgroup. */
#define PROGRAM_NAME "pod_devices"

struct program {
	struct bpf_insn *v;
	size_t n, cap;
};

static void emit(struct program *p, struct bpf_insn insn)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->v = xreallocarray(p->v, p->cap, sizeof *p->v);
	}
	p->v[p->n++] = insn;
}

/* Registers: 1 context, 2 type, 3 access, 4 major, 5 minor. */
static void load(struct program *p, uint8_t reg, size_t offset)
{
	emit(p, (struct bpf_insn){ .code = BPF_LDX | BPF_W | BPF_MEM,
				   .dst_reg = reg,
				   .src_reg = 1,
				   .off = (int16_t)offset });
}

static void leave(struct program *p, bool allow)
{
	emit(p,
	     (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = allow });
	emit(p, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

/* A jump over the rest of the rule: its distance is filled in when the rule's end is known. */
static void skip_if_not(struct program *p, uint8_t reg, int32_t value)
{
	emit(p, (struct bpf_insn){
			.code = BPF_JMP32 | BPF_JNE | BPF_K, .dst_reg = reg, .imm = value });
}

static uint32_t access_bits(const char *access)
{
	uint32_t bits = 0;

	for (; *access; access++)
		bits |= *access == 'r'   ? BPF_DEVCG_ACC_READ
			: *access == 'w' ? BPF_DEVCG_ACC_WRITE
			: *access == 'm' ? BPF_DEVCG_ACC_MKNOD
					 : 0;
	return bits;
}

/*
 * An allowing rule matches when all that is wanted is in it; a denying one when anything that is
 * wanted is in it. Returns false for rules that match everything: what comes before them never
 * counts.
 */
static bool emit_rule(struct program *p, const struct rule *rule)
{
	const uint32_t all = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;
	uint32_t bits = access_bits(rule->access);
	size_t first = p->n;

	if (rule->type != 'a')
		skip_if_not(p, 2, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (bits != all && rule->allow) {
		emit(p, (struct bpf_insn){
				.code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 3 });
		emit(p, (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K,
					   .dst_reg = 1,
					   .imm = (int32_t)bits });
		emit(p, (struct bpf_insn){
				.code = BPF_JMP32 | BPF_JNE | BPF_X, .dst_reg = 1, .src_reg = 3 });
	} else if (bits != all) {
		emit(p, (struct bpf_insn){
				.code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 3 });
		emit(p, (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K,
					   .dst_reg = 1,
					   .imm = (int32_t)bits });
		emit(p, (struct bpf_insn){
				.code = BPF_JMP32 | BPF_JEQ | BPF_K, .dst_reg = 1, .imm = 0 });
	}
	if (rule->major >= 0)
		skip_if_not(p, 4, (int32_t)rule->major);
	if (rule->minor >= 0)
		skip_if_not(p, 5, (int32_t)rule->minor);
	leave(p, rule->allow);
	for (size_t i = first; i < p->n; i++)
		if (BPF_CLASS(p->v[i].code) == BPF_JMP32)
			p->v[i].off = (int16_t)(p->n - i - 1);
	return p->n - first > 2;
}

static void build(const struct spec_resources *r, struct program *p)
{
	bool more = true;

	load(p, 2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(p, (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = 3, .src_reg = 2 });
	emit(p,
	     (struct bpf_insn){ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = 2, .imm = 0xffff });
	emit(p, (struct bpf_insn){ .code = BPF_ALU | BPF_RSH | BPF_K, .dst_reg = 3, .imm = 16 });
	load(p, 4, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(p, 5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = rule_count(r); more && i-- > 0;) {
		struct rule rule = rule_at(r, i);

		more = emit_rule(p, &rule);
	}
	if (more)
		leave(p, false);
}

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

/* Ids of the programs that are attached there. */
static size_t query(int cgroup, uint32_t *ids, size_t max)
{
	union bpf_attr a = { 0 };

	a.query.target_fd = (uint32_t)cgroup;
	a.query.attach_type = BPF_CGROUP_DEVICE;
	a.query.prog_ids = (uint64_t)(uintptr_t)ids;
	a.query.prog_cnt = (uint32_t)max;
	return sys_bpf(BPF_PROG_QUERY, &a) < 0 ? 0 : a.query.prog_cnt;
}

static bool is_ours(int prog)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr a = { 0 };

	a.info.bpf_fd = (uint32_t)prog;
	a.info.info_len = sizeof info;
	a.info.info = (uint64_t)(uintptr_t)&info;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &a) == 0 && str_eq(info.name, PROGRAM_NAME);
}

/* A program of ours that an earlier call left is taken away when the new one is in force. */
static void detach(int cgroup, uint32_t id)
{
	union bpf_attr a = { 0 };
	auto_fd int prog = -1;

	a.prog_id = id;
	prog = sys_bpf(BPF_PROG_GET_FD_BY_ID, &a);
	if (prog < 0 || !is_ours(prog))
		return;
	a = (union bpf_attr){ 0 };
	a.target_fd = (uint32_t)cgroup;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = BPF_CGROUP_DEVICE;
	(void)sys_bpf(BPF_PROG_DETACH, &a);
}

static int attach(int cgroup, const struct program *p)
{
	auto_fd int prog = -1;
	union bpf_attr a = { 0 };

	a.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	a.insns = (uint64_t)(uintptr_t)p->v;
	a.insn_cnt = (uint32_t)p->n;
	memcpy(a.prog_name, PROGRAM_NAME, sizeof PROGRAM_NAME);
	a.license = (uint64_t)(uintptr_t) "Apache-2.0";
	prog = sys_bpf(BPF_PROG_LOAD, &a);
	if (prog < 0)
		return -errno;
	(void)fcntl(prog, F_SETFD, FD_CLOEXEC);
	a = (union bpf_attr){ 0 };
	a.target_fd = (uint32_t)cgroup;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = BPF_CGROUP_DEVICE;
	a.attach_flags = BPF_F_ALLOW_MULTI;
	return sys_bpf(BPF_PROG_ATTACH, &a) < 0 ? -errno : 0;
}

int cgroup_devices_v2(const struct cgroup_dir *d, const struct spec_resources *r, struct err *e)
{
	struct program p = { 0 };
	auto_fd int cgroup = -1;
	uint32_t old[64];
	size_t n;
	int ret;

	if (!r->n_devices)
		return 0;
	cgroup = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return err_sys(e, "open cgroup '%s'", d->path);
	build(r, &p);
	n = query(cgroup, old, ARRAY_SIZE(old));
	ret = attach(cgroup, &p);
	free(p.v);
	/*
	 * rootless: without CAP_BPF and CAP_NET_ADMIN no program; an unprivileged container cannot
	 * make devices anyway
	 */
	if (ret == -EPERM || ret == -EACCES || ret == -ENOSYS) {
		log_debug("device rules need a privileged caller, continuing without them");
		return 0;
	}
	if (ret < 0)
		return err_num(e, -ret,
			       "linux.resources.devices: attach the program to cgroup '%s'",
			       d->path);
	for (size_t i = 0; i < n; i++)
		detach(cgroup, old[i]);
	return 0;
}
