/*
 * Control groups: paths, hierarchies as /proc tells of them, weights, which limits need one, and
 * the state on disk.
 */
#include "base/err.h"
#include "base/json.h"
#include "oci/cgroup.h"
#include "oci/cgroup_hierarchy.h"
#include "oci/cgroup_priv.h"
#include "oci/cgroup_weight.h"
#include "oci/spec.h"
#include "tests/unit/tap.h"

static void test_paths(void)
{
	static const char *const good[] = { "/a", "a/b", "/a/..b/c",
					    "/machine.slice/libpod-1.scope", "/a//b" };
	static const char *const bad[][2] = {
		{ "/../x", "must not contain '..'" },    { "a/../../x", "must not contain '..'" },
		{ "/a/..", "must not contain '..'" },    { "/a/./b", "must not contain '.'" },
		{ "/", "is the root of the hierarchy" }, { "///", "is the root of the hierarchy" },
		{ "", "is the root of the hierarchy" },  { "/a\nb", "control character" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		is_int(cgroup_path_check(good[i], NULL), 0, good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };

		is_int(cgroup_path_check(bad[i][0], &e), -EINVAL, "a cgroupsPath that is refused");
		has_str(e.msg, bad[i][1], "and why");
	}
}

static const char mounts_hybrid[] =
	"30 23 0:26 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755\n"
	"31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	"32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:4 - cgroup cgroup rw,cpu,cpuacct\n"
	"33 30 0:29 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	"34 30 0:30 / /sys/fs/cgroup/sys\\040temd rw - cgroup cgroup rw,xattr,name=systemd\n";

static void test_hierarchies(void)
{
	auto_hierarchies struct cgroup_hierarchies h = { 0 };

	cgroup_hierarchies_parse(
		"5:cpu,cpuacct:/a\n4:memory:/docker/1/b\n3:name=systemd:/\n2:pids:/x\n0::/u\n",
		mounts_hybrid, &h);
	if (!is_int((int64_t)h.n, 4, "what is not mounted is left out"))
		return;
	is_str(h.v[0].mount, "/sys/fs/cgroup/cpu,cpuacct", "v1, by its controllers");
	is_str(h.v[0].own, "/a", "and where the caller is");
	is_str(h.v[1].own, "/b", "below the part that the mount shows");
	is_str(h.v[2].mount, "/sys/fs/cgroup/sys temd", "a named one; blanks are escaped");
	ok(h.v[3].v2 && !h.v[0].v2, "v2");
	is_str(h.v[3].own, "/u", "and its path");
	ok(cgroup_controllers_have("cpu,cpuacct", "cpu") &&
		   !cgroup_controllers_have("cpuacct", "cpu"),
	   "names are whole");
}

static void test_hierarchies_odd(void)
{
	auto_hierarchies struct cgroup_hierarchies ns = { 0 };
	auto_hierarchies struct cgroup_hierarchies outside = { 0 };
	auto_hierarchies struct cgroup_hierarchies junk = { 0 };

	cgroup_hierarchies_parse("0::/\n",
				 "31 30 0:27 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", &ns);
	ok(ns.n == 1 && ns.v[0].above, "in a cgroup namespace an outer mount shows more");
	cgroup_hierarchies_parse("4:memory:/docker/12\n", mounts_hybrid, &outside);
	is_int((int64_t)outside.n, 0, "a cgroup whose name only begins alike is not below");
	cgroup_hierarchies_parse("\n:\n::\n4:memory\nx", "\n - cgroup\n1 2 3 - cgroup2 x y\n",
				 &junk);
	is_int((int64_t)junk.n, 0, "lines that are cut are left out");
}

static void test_weights(void)
{
	static const uint64_t shares[][2] = {
		{ 0, 1 }, { 2, 1 }, { 1024, 100 }, { 262144, 10000 }, { 1000000, 10000 }
	};
	bool rising = true;

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		is_int((int64_t)cgroup_weight_from_shares(shares[i][0]), (int64_t)shares[i][1],
		       "cpu.shares to cpu.weight");
	for (uint64_t s = 2; s < 262144; s += 97)
		rising = rising &&
			 cgroup_weight_from_shares(s) <= cgroup_weight_from_shares(s + 97);
	ok(rising, "more shares are never less weight");
	is_int((int64_t)cgroup_weight_from_blkio(10), 1, "blkio.weight: least");
	is_int((int64_t)cgroup_weight_from_blkio(1000), 10000, "blkio.weight: most");
}

static void test_needed(void)
{
	struct spec_resources r = { .present = true };
	auto_strv struct strv controllers = { 0 };

	ok(!cgroup_resources_needed(&r), "no limits need no cgroup");
	r.has_cpu_shares = true;
	r.cpu_shares = 1024;
	r.has_memory_limit = true;
	r.has_pids_limit = true;
	r.pids_limit = -1;
	ok(!cgroup_resources_needed(&r), "nor do shares, 0, and 'unlimited'");
	r.memory_limit = -1;
	ok(!cgroup_resources_needed(&r), "nor does memory without limit");
	r.memory_limit = 1 << 20;
	is_str(cgroup_resources_needed(&r), "memory.limit", "a memory limit does");
	strv_add(&r.unified, "hugetlb.2MB.max=0");
	cgroup_resources_controllers(&r, &controllers);
	ok(strv_has(&controllers, "memory") && strv_has(&controllers, "cpu") &&
		   strv_has(&controllers, "pids") && strv_has(&controllers, "hugetlb") &&
		   !strv_has(&controllers, "io"),
	   "controllers that the limits are of");
	strv_free(&r.unified);
}

static void test_state(void)
{
	struct cgroup c = { .mode = CGROUP_HYBRID,
			    .path = (char *)(uintptr_t) "/a",
			    .joined = true };
	auto_json cJSON *j = json_object();
	auto_json cJSON *bad = json_object();
	struct cgroup back = { 0 };
	struct err e = { 0 };

	strv_add(&c.dirs, "/sys/fs/cgroup/memory/a");
	cgroup_to_json(&c, j);
	is_int(cgroup_from_json(j, &back, &e), 0, "from state.json");
	is_int(back.mode, CGROUP_HYBRID, "mode");
	is_str(back.path, "/a", "path");
	ok(back.joined && back.dirs.len == 1 && str_eq(back.dirs.v[0], c.dirs.v[0]), "folders");
	cgroup_clear(&back);
	strv_free(&c.dirs);
	json_add_i64(bad, "dirs", 7);
	is_int(cgroup_from_json(bad, &back, &e), -EBADMSG, "damaged");
}

int main(void)
{
	test_paths();
	test_hierarchies();
	test_hierarchies_odd();
	test_weights();
	test_needed();
	test_state();
	return tap_done();
}
