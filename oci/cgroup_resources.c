/*
 * linux.resources as tables: a row a field, saying which file of which controller takes it and who
 * writes its text. One table for v2, one for v1 (config-linux.md, "Control groups"). Runs in the
 * parent. A controller that is missing is an error only for limits that somebody counts on.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "oci/cgroup_priv.h"
#include "oci/cgroup_weight.h"
#include "oci/spec.h"

/*
 * Appends what is to be written, a text a write(2): nothing where the field is unset. In rows whose
 * file depends on the value the text is "file=text".
 */
typedef void formatter(const struct spec_resources *r, struct strv *ret);

struct row {
	const char *field;      /* of the specification, for messages */
	const char *controller; /* v2: word of cgroup.subtree_control */
	const char *file;       /* NULL: each text begins with "file=" */
	const char *rung;       /* another file that takes the same where the first is missing */
	formatter *format;
	bool needed; /* somebody counts on it: its absence is an error */
};

/* -- formatters: numbers; -1 is "max" on v2 -- */

static void put_i64(struct strv *ret, int64_t v)
{
	strv_addf(ret, "%" PRId64, v);
}

static void put_u64(struct strv *ret, uint64_t v)
{
	strv_addf(ret, "%" PRIu64, v);
}

static void put_max(struct strv *ret, int64_t v)
{
	if (v < 0)
		strv_add(ret, "max");
	else
		put_i64(ret, v);
}

/* A field that is unset by its flag or, as in runc, by 0. */
#define UNLESS_ZERO(name, field, put)                                      \
	static void name(const struct spec_resources *r, struct strv *ret) \
	{                                                                  \
		if (r->has_##field && r->field)                            \
			put(ret, r->field);                                \
	}                                                                  \
	_Static_assert(1, "")
/* A field whose 0 means something. */
#define IF_SET(name, field, put)                                           \
	static void name(const struct spec_resources *r, struct strv *ret) \
	{                                                                  \
		if (r->has_##field)                                        \
			put(ret, r->field);                                \
	}                                                                  \
	_Static_assert(1, "")

UNLESS_ZERO(memory_max, memory_limit, put_max);
UNLESS_ZERO(memory_low, memory_reservation, put_max);
UNLESS_ZERO(memory_limit_v1, memory_limit, put_i64);
UNLESS_ZERO(memory_soft_v1, memory_reservation, put_i64);
UNLESS_ZERO(memory_swap_v1, memory_swap, put_i64);
UNLESS_ZERO(memory_kernel_v1, memory_kernel, put_i64);
UNLESS_ZERO(memory_tcp_v1, memory_kernel_tcp, put_i64);
IF_SET(memory_swappiness_v1, swappiness, put_u64);
UNLESS_ZERO(cpu_shares_v1, cpu_shares, put_u64);
UNLESS_ZERO(cpu_period_v1, cpu_period, put_u64);
UNLESS_ZERO(cpu_quota_v1, cpu_quota, put_i64);
IF_SET(cpu_burst, cpu_burst, put_u64);
UNLESS_ZERO(cpu_rt_period_v1, cpu_rt_period, put_u64);
UNLESS_ZERO(cpu_rt_runtime_v1, cpu_rt_runtime, put_i64);
IF_SET(cpu_idle, cpu_idle, put_i64);
UNLESS_ZERO(pids_max, pids_limit, put_max);

/* v1 counts memory and swap together, v2 swap alone. */
static void memory_swap_max(const struct spec_resources *r, struct strv *ret)
{
	if (!r->has_memory_swap || !r->memory_swap)
		return;
	if (r->memory_swap < 0)
		strv_add(ret, "max");
	else if (r->has_memory_limit && r->memory_limit > 0 && r->memory_swap >= r->memory_limit)
		put_i64(ret, r->memory_swap - r->memory_limit);
}

static void memory_hierarchy_v1(const struct spec_resources *r, struct strv *ret)
{
	if (r->memory_use_hierarchy)
		strv_add(ret, "1");
}

static void memory_oom_v1(const struct spec_resources *r, struct strv *ret)
{
	if (r->disable_oom_killer)
		strv_add(ret, "1");
}

static void cpu_weight(const struct spec_resources *r, struct strv *ret)
{
	if (r->has_cpu_shares && r->cpu_shares)
		put_u64(ret, cgroup_weight_from_shares(r->cpu_shares));
}

/* "QUOTA PERIOD"; a period alone keeps the quota at "max". */
static void cpu_max(const struct spec_resources *r, struct strv *ret)
{
	bool quota = r->has_cpu_quota && r->cpu_quota, period = r->has_cpu_period && r->cpu_period;
	auto_free char *text = NULL;

	if (!quota && !period)
		return;
	text = quota && r->cpu_quota > 0 ? xasprintf("%" PRId64, r->cpu_quota) : xstrdup("max");
	if (period)
		strv_addf(ret, "%s %" PRIu64, text, r->cpu_period);
	else
		strv_add(ret, text);
}

static void cpuset_cpus(const struct spec_resources *r, struct strv *ret)
{
	if (r->cpus && *r->cpus)
		strv_add(ret, r->cpus);
}

static void cpuset_mems(const struct spec_resources *r, struct strv *ret)
{
	if (r->mems && *r->mems)
		strv_add(ret, r->mems);
}

/* -- formatters: block devices -- */

static void blkio_weight(const struct spec_resources *r, struct strv *ret)
{
	if (r->blkio_weight)
		put_u64(ret, r->blkio_weight);
}

static void blkio_leaf_weight(const struct spec_resources *r, struct strv *ret)
{
	if (r->blkio_leaf_weight)
		put_u64(ret, r->blkio_leaf_weight);
}

/* 10…1000 of blkio to 1…10000 of io.weight. */
static void io_weight(const struct spec_resources *r, struct strv *ret)
{
	if (r->blkio_weight)
		strv_addf(ret, "default %" PRIu64, cgroup_weight_from_blkio(r->blkio_weight));
}

static void blkio_weight_device(const struct spec_resources *r, struct strv *ret)
{
	for (size_t i = 0; i < r->n_blkio_weight_devices; i++) {
		const struct spec_weight_device *d = &r->blkio_weight_devices[i];

		if (d->weight)
			strv_addf(ret, "%" PRId64 ":%" PRId64 " %u", d->major, d->minor, d->weight);
	}
}

static void blkio_leaf_weight_device(const struct spec_resources *r, struct strv *ret)
{
	for (size_t i = 0; i < r->n_blkio_weight_devices; i++) {
		const struct spec_weight_device *d = &r->blkio_weight_devices[i];

		if (d->leaf_weight)
			strv_addf(ret, "%" PRId64 ":%" PRId64 " %u", d->major, d->minor,
				  d->leaf_weight);
	}
}

/* key "": v1, the file says what the number is. 0 is "no limit" on v1 and "max" on v2. */
static void throttle(const struct spec_throttle_list *l, const char *key, struct strv *ret)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct spec_throttle_device *d = &l->v[i];

		if (*key && !d->rate)
			strv_addf(ret, "%" PRId64 ":%" PRId64 " %smax", d->major, d->minor, key);
		else
			strv_addf(ret, "%" PRId64 ":%" PRId64 " %s%" PRIu64, d->major, d->minor,
				  key, d->rate);
	}
}

#define THROTTLE(name, list, key)                                          \
	static void name(const struct spec_resources *r, struct strv *ret) \
	{                                                                  \
		throttle(&r->list, key, ret);                              \
	}                                                                  \
	_Static_assert(1, "")

THROTTLE(io_rbps, blkio_read_bps, "rbps=");
THROTTLE(io_wbps, blkio_write_bps, "wbps=");
THROTTLE(io_riops, blkio_read_iops, "riops=");
THROTTLE(io_wiops, blkio_write_iops, "wiops=");
THROTTLE(blkio_rbps, blkio_read_bps, "");
THROTTLE(blkio_wbps, blkio_write_bps, "");
THROTTLE(blkio_riops, blkio_read_iops, "");
THROTTLE(blkio_wiops, blkio_write_iops, "");

/* -- formatters: the rest -- */

static void huge_pages(const struct spec_resources *r, const char *suffix, struct strv *ret)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++)
		strv_addf(ret, "hugetlb.%s.%s=%" PRIu64, r->hugepage_limits[i].page_size, suffix,
			  r->hugepage_limits[i].limit);
}

static void hugetlb_v2(const struct spec_resources *r, struct strv *ret)
{
	huge_pages(r, "max", ret);
}

static void hugetlb_rsvd_v2(const struct spec_resources *r, struct strv *ret)
{
	huge_pages(r, "rsvd.max", ret);
}

static void hugetlb_v1(const struct spec_resources *r, struct strv *ret)
{
	huge_pages(r, "limit_in_bytes", ret);
}

static void hugetlb_rsvd_v1(const struct spec_resources *r, struct strv *ret)
{
	huge_pages(r, "rsvd.limit_in_bytes", ret);
}

static void rdma_max(const struct spec_resources *r, struct strv *ret)
{
	for (size_t i = 0; i < r->n_rdma; i++) {
		auto_str struct str s = { 0 };

		str_add(&s, r->rdma[i].device);
		if (r->rdma[i].has_handles)
			str_addf(&s, " hca_handle=%" PRIu32, r->rdma[i].handles);
		if (r->rdma[i].has_objects)
			str_addf(&s, " hca_object=%" PRIu32, r->rdma[i].objects);
		strv_add(ret, s.data);
	}
}

static void net_class(const struct spec_resources *r, struct strv *ret)
{
	if (r->has_net_class_id && r->net_class_id)
		put_u64(ret, r->net_class_id);
}

static void net_priority(const struct spec_resources *r, struct strv *ret)
{
	for (size_t i = 0; i < r->n_net_priorities; i++)
		strv_addf(ret, "%s %" PRIu32, r->net_priorities[i].name,
			  r->net_priorities[i].priority);
}

static void unified(const struct spec_resources *r, struct strv *ret)
{
	strv_copy(ret, &r->unified);
}

/* -- the tables, in the order of writing -- */

static const struct row v2_rows[] = {
	{ "memory.limit", "memory", "memory.max", NULL, memory_max, true },
	{ "memory.swap", "memory", "memory.swap.max", NULL, memory_swap_max, false },
	{ "memory.reservation", "memory", "memory.low", NULL, memory_low, false },
	{ "cpu.shares", "cpu", "cpu.weight", NULL, cpu_weight, false },
	{ "cpu.quota", "cpu", "cpu.max", NULL, cpu_max, true },
	{ "cpu.burst", "cpu", "cpu.max.burst", NULL, cpu_burst, false },
	{ "cpu.idle", "cpu", "cpu.idle", NULL, cpu_idle, false },
	{ "cpu.cpus", "cpuset", "cpuset.cpus", NULL, cpuset_cpus, true },
	{ "cpu.mems", "cpuset", "cpuset.mems", NULL, cpuset_mems, true },
	{ "pids.limit", "pids", "pids.max", NULL, pids_max, true },
	{ "blockIO.weight", "io", "io.bfq.weight", NULL, blkio_weight, false },
	{ "blockIO.weight", "io", "io.weight", NULL, io_weight, false },
	{ "blockIO.weightDevice", "io", "io.bfq.weight", NULL, blkio_weight_device, false },
	{ "blockIO.throttleReadBpsDevice", "io", "io.max", NULL, io_rbps, false },
	{ "blockIO.throttleWriteBpsDevice", "io", "io.max", NULL, io_wbps, false },
	{ "blockIO.throttleReadIOPSDevice", "io", "io.max", NULL, io_riops, false },
	{ "blockIO.throttleWriteIOPSDevice", "io", "io.max", NULL, io_wiops, false },
	{ "hugepageLimits", "hugetlb", NULL, NULL, hugetlb_v2, true },
	{ "hugepageLimits", "hugetlb", NULL, NULL, hugetlb_rsvd_v2, false },
	{ "rdma", "rdma", "rdma.max", NULL, rdma_max, true },
	{ "unified", NULL, NULL, NULL, unified, true },
};

/*
 * memory.limit before memory.swap: together they may not be less than memory alone; and a period
 * before its quota.
 */
static const struct row v1_rows[] = {
	{ "memory.useHierarchy", "memory", "memory.use_hierarchy", NULL, memory_hierarchy_v1,
	  false },
	{ "memory.limit", "memory", "memory.limit_in_bytes", NULL, memory_limit_v1, true },
	{ "memory.swap", "memory", "memory.memsw.limit_in_bytes", NULL, memory_swap_v1, false },
	{ "memory.reservation", "memory", "memory.soft_limit_in_bytes", NULL, memory_soft_v1,
	  false },
	{ "memory.kernel", "memory", "memory.kmem.limit_in_bytes", NULL, memory_kernel_v1, false },
	{ "memory.kernelTCP", "memory", "memory.kmem.tcp.limit_in_bytes", NULL, memory_tcp_v1,
	  false },
	{ "memory.swappiness", "memory", "memory.swappiness", NULL, memory_swappiness_v1, false },
	{ "memory.disableOOMKiller", "memory", "memory.oom_control", NULL, memory_oom_v1, false },
	{ "cpu.shares", "cpu", "cpu.shares", NULL, cpu_shares_v1, false },
	{ "cpu.period", "cpu", "cpu.cfs_period_us", NULL, cpu_period_v1, false },
	{ "cpu.quota", "cpu", "cpu.cfs_quota_us", NULL, cpu_quota_v1, true },
	{ "cpu.burst", "cpu", "cpu.cfs_burst_us", NULL, cpu_burst, false },
	{ "cpu.realtimePeriod", "cpu", "cpu.rt_period_us", NULL, cpu_rt_period_v1, false },
	{ "cpu.realtimeRuntime", "cpu", "cpu.rt_runtime_us", NULL, cpu_rt_runtime_v1, true },
	{ "cpu.idle", "cpu", "cpu.idle", NULL, cpu_idle, false },
	{ "cpu.cpus", "cpuset", "cpuset.cpus", NULL, cpuset_cpus, true },
	{ "cpu.mems", "cpuset", "cpuset.mems", NULL, cpuset_mems, true },
	{ "pids.limit", "pids", "pids.max", NULL, pids_max, true },
	{ "blockIO.weight", "blkio", "blkio.weight", "blkio.bfq.weight", blkio_weight, false },
	{ "blockIO.leafWeight", "blkio", "blkio.leaf_weight", NULL, blkio_leaf_weight, false },
	{ "blockIO.weightDevice", "blkio", "blkio.weight_device", "blkio.bfq.weight_device",
	  blkio_weight_device, false },
	{ "blockIO.weightDevice", "blkio", "blkio.leaf_weight_device", NULL,
	  blkio_leaf_weight_device, false },
	{ "blockIO.throttleReadBpsDevice", "blkio", "blkio.throttle.read_bps_device", NULL,
	  blkio_rbps, false },
	{ "blockIO.throttleWriteBpsDevice", "blkio", "blkio.throttle.write_bps_device", NULL,
	  blkio_wbps, false },
	{ "blockIO.throttleReadIOPSDevice", "blkio", "blkio.throttle.read_iops_device", NULL,
	  blkio_riops, false },
	{ "blockIO.throttleWriteIOPSDevice", "blkio", "blkio.throttle.write_iops_device", NULL,
	  blkio_wiops, false },
	{ "hugepageLimits", "hugetlb", NULL, NULL, hugetlb_v1, true },
	{ "hugepageLimits", "hugetlb", NULL, NULL, hugetlb_rsvd_v1, false },
	{ "rdma", "rdma", "rdma.max", NULL, rdma_max, true },
	{ "network.classID", "net_cls", "net_cls.classid", NULL, net_class, false },
	{ "network.priorities", "net_prio", "net_prio.ifpriomap", NULL, net_priority, false },
};

/* -- what is asked for -- */

const char *cgroup_resources_needed(const struct spec_resources *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(v2_rows); i++) {
		auto_strv struct strv texts = { 0 };

		if (!v2_rows[i].needed)
			continue;
		v2_rows[i].format(r, &texts);
		for (size_t k = 0; k < texts.len; k++)
			if (!str_eq(texts.v[k], "max") && !str_starts(texts.v[k], "max "))
				return v2_rows[i].field;
	}
	return NULL;
}

void cgroup_resources_controllers(const struct spec_resources *r, struct strv *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(v2_rows); i++) {
		auto_strv struct strv texts = { 0 };

		if (!v2_rows[i].controller || strv_has(ret, v2_rows[i].controller))
			continue;
		v2_rows[i].format(r, &texts);
		if (texts.len)
			strv_add(ret, v2_rows[i].controller);
	}
	for (size_t i = 0; i < r->unified.len;
	     i++) { /* "memory.high=1": the controller is the first part */
		auto_free char *name = xstrndup(r->unified.v[i], strcspn(r->unified.v[i], ".="));

		if (!str_eq(name, "cgroup") && !strv_has(ret, name))
			strv_add(ret, name);
	}
}

/* -- writing -- */

/* Which rows have been written somewhere: what is left in the end has no controller here. */
struct apply {
	const struct spec_resources *r;
	const struct row *rows;
	size_t n;
	bool v2; /* which table rows is */
	bool *done;
};

/*
 * The kernel's two limits bar each other's way when both grow or both shrink: memory.limit above
 * the old memory.swap is EINVAL.
 */
static int write_memory_v1(const struct cgroup_dir *d, const struct row *row, const char *text,
			   const struct spec_resources *r, struct err *e)
{
	auto_strv struct strv swap = { 0 };
	int ret = file_put(d->fd, row->file, text, e);

	if (ret >= 0 || !str_eq(row->field, "memory.limit"))
		return ret;
	memory_swap_v1(r, &swap);
	if (!swap.len || file_put(d->fd, "memory.memsw.limit_in_bytes", swap.v[0], NULL) < 0)
		return ret;
	return file_put(d->fd, row->file, text, e);
}

static int write_text(const struct cgroup_dir *d, const struct row *row, const char *text,
		      const struct apply *a, struct err *e)
{
	const char *eq = row->file ? NULL : strchr(text, '=');
	auto_free char *file = NULL;

	if (row->file) {
		if (row->rung && faccessat(d->fd, row->file, F_OK, 0) < 0)
			return file_put(d->fd, row->rung, text, e);
		return d->v2 ? file_put(d->fd, row->file, text, e)
			     : write_memory_v1(d, row, text, a->r, e);
	}
	file = xstrndup(text, eq ? (size_t)(eq - text) : strlen(text));
	if (strchr(file, '/') || str_starts(file, "."))
		return err_set(e, EINVAL, "'%s' is not the name of a cgroup file", file);
	return file_put(d->fd, file, eq ? eq + 1 : "", e);
}

/* One row into one folder, where that has the file. */
static int apply_row(const struct cgroup_dir *d, const struct apply *a, size_t i, struct err *e)
{
	const struct row *row = &a->rows[i];
	auto_strv struct strv texts = { 0 };

	row->format(a->r, &texts);
	for (size_t k = 0; k < texts.len; k++) {
		struct err this = { 0 };
		int r = write_text(d, row, texts.v[k], a, &this);

		if (r == -ENOENT || (!row->needed && r == -EOPNOTSUPP))
			continue; /* this folder has no such controller */
		if (r < 0) {
			(void)err_copy(e, &this);
			return err_prefix(e, "linux.resources.%s", row->field);
		}
		a->done[i] = true;
	}
	if (!texts.len)
		a->done[i] = true;
	return 0;
}

static int apply_dir(const struct cgroup_dir *d, void *data, struct err *e)
{
	const struct apply *a = data;
	int r = 0;

	for (size_t i = 0; r >= 0 && d->v2 == a->v2 && i < a->n; i++)
		r = apply_row(d, a, i, e);
	if (r >= 0 && d->v2 && a->v2)
		r = cgroup_devices_v2(d, a->r, e);
	else if (r >= 0 && !d->v2 && !a->v2)
		r = cgroup_devices_v1(d, a->r, e);
	return r;
}

/* The rows of field that found no file, where no other row of it did. */
static bool field_done(const struct apply *a, const char *field)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_eq(a->rows[i].field, field) && a->done[i])
			return true;
	return false;
}

static int check_left(const struct apply *a, const struct cgroup *c, struct err *e)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct row *row = &a->rows[i];
		auto_strv struct strv texts = { 0 };

		row->format(a->r, &texts);
		if (!texts.len || a->done[i] || field_done(a, row->field))
			continue;
		if (row->needed && !str_starts(texts.v[0], "max") && !str_eq(texts.v[0], "-1"))
			return err_set(
				e, ENOTSUP,
				"linux.resources.%s: cgroup '%s' has no controller '%s' (%s): enable it, or run "
				"without the limit",
				row->field, c->path,
				row->controller ? row->controller : "of that name",
				cgroup_mode_name(c->mode));
		log_debug("linux.resources.%s: no controller '%s' here, continuing without it",
			  row->field, row->controller);
	}
	return 0;
}

int cgroup_resources_apply(const struct cgroup *c, const struct spec_resources *r, struct err *e)
{
	bool done[ARRAY_SIZE(v1_rows) > ARRAY_SIZE(v2_rows) ? ARRAY_SIZE(v1_rows)
							    : ARRAY_SIZE(v2_rows)] = { 0 };
	struct apply v2 = {
		.r = r, .rows = v2_rows, .n = ARRAY_SIZE(v2_rows), .v2 = true, .done = done
	};
	struct apply v1 = {
		.r = r, .rows = v1_rows, .n = ARRAY_SIZE(v1_rows), .v2 = false, .done = done
	};
	int ret = 0;

	if (!r->present || !c->dirs.len)
		return 0;
	if (c->mode == CGROUP_V2) {
		ret = cgroup_each(c, apply_dir, &v2, e);
		return ret < 0 ? ret : check_left(&v2, c, e);
	}
	ret = cgroup_each(c, apply_dir, &v1, e);
	if (ret >= 0)
		ret = check_left(&v1, c, e);
	return ret;
}
