/*
 * config.json: the examples of the specification, exact values, and messages that name the field.
 */
#include "oci/spec.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/err.h"
#include "tests/unit/tap.h"

/* Next to this source, whatever the build folder is. */
static char *fixtures(const char *kind)
{
	auto_free char *here = xstrdup(__FILE__);

	*strrchr(here, '/') = '\0';
	return xasprintf("%s/../fixtures/schema/runtime/test/config/%s", here, kind);
}

/* Reads every file of the folder; those that are not (or are) accepted are named. */
static void check_folder(const char *kind, bool good, int at_least)
{
	auto_free char *path = fixtures(kind);
	auto_dir DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	ok(dir != NULL, "the examples are there");
	while (dir && (d = readdir(dir))) {
		auto_spec struct spec *s = NULL;
		struct err e = { 0 };
		int r;

		if (d->d_name[0] == '.')
			continue;
		n++;
		r = spec_read(dirfd(dir), d->d_name, &s, &e);
		ok((r >= 0) == good, d->d_name);
		if (r < 0 && good)
			printf("# %s\n", e.msg);
		if (!good) {
			has_str(e.msg, d->d_name, "the message names the file");
			ok(strchr(e.msg, '\n') == NULL, "in one line");
		}
	}
	ok(n >= at_least, "all examples were seen");
}

static int parse(const char *text, struct spec **ret, struct err *e)
{
	*e = (struct err){ 0 };
	return spec_parse(text, strlen(text), "config.json", ret, e);
}

static void test_example(void)
{
	auto_free char *path = fixtures("good/spec-example.json");
	auto_spec struct spec *s = NULL;
	struct err e = { 0 };

	is_int(spec_read(AT_FDCWD, path, &s, &e), 0, "the example of the specification is read");
	if (!s)
		return;
	is_str(s->oci_version, "0.5.0-dev", "ociVersion");
	ok(s->process.terminal && s->process.no_new_privileges && s->root_readonly, "booleans");
	is_int((int)s->process.user.n_additional_gids, 2, "additionalGids");
	is_int(s->process.user.additional_gids[1], 6, "their values");
	is_str(s->process.caps.ambient.v[0], "CAP_NET_BIND_SERVICE", "ambient capabilities");
	is_int((int)s->process.rlimits[1].hard, 1024, "rlimits");
	is_str(s->hostname, "slartibartfast", "hostname");
	is_str(s->domainname, "foobarbaz.test", "domainname");
	is_int((int)s->n_mounts, 7, "mounts");
	is_str(s->mounts[2].options.v[5], "gid=5", "their options");
	is_int((int)s->hooks[HOOK_PRESTART].n, 2, "prestart hooks");
	is_str(s->hooks[HOOK_CREATE_CONTAINER].v[0].args.v[1], "arg1", "arguments of a hook");
	is_int(s->hooks[HOOK_POSTSTART].v[0].timeout, 5, "timeout of a hook");
	ok(!s->hooks[HOOK_POSTSTOP].v[0].has_env && s->hooks[HOOK_PRESTART].v[0].has_env,
	   "env absent is not env empty");
	for (int i = 0; i < NS_KINDS; i++)
		ok(s->linux.ns[i].present && !s->linux.ns[i].path,
		   spec_ns_name((enum spec_ns_kind)i));
	is_int(s->linux.uid_mappings[0].outside, 1000, "uidMappings");
	is_int((int)s->linux.devices[0].mode, 0666, "fileMode is decimal");
	is_int((int64_t)s->linux.resources.hugepage_limits[0].limit, INT64_C(9223372036854772000),
	       "numbers above 2^53 keep their digits");
	is_int(s->linux.resources.memory_kernel, -1, "negative limits");
	ok(s->linux.resources.has_swappiness && s->linux.resources.swappiness == 0,
	   "zero is not absent");
	ok(!s->linux.resources.has_cpu_idle, "absent is not zero");
	is_int((int)s->linux.resources.blkio_read_bps.v[0].rate, 600, "throttle devices");
	is_int((int)s->linux.n_time_offsets, 2, "timeOffsets");
	is_str(s->linux.sysctl.v[0], "net.ipv4.ip_forward=1", "sysctl");
	is_str(s->annotations.v[1], "com.example.key2=value2", "annotations");
	ok(s->linux.seccomp.key != NULL, "the seccomp profile has a key");
}

/* {"ociVersion":"1.0.0", …} with these members. */
static int parse_with(const char *members, struct spec **ret, struct err *e)
{
	auto_free char *text =
		xasprintf("{\"ociVersion\":\"1.0.0\"%s%s}", members[0] ? "," : "", members);

	return parse(text, ret, e);
}

static void test_refused(void)
{
	static const struct {
		const char *members, *message;
	} cases[] = {
		{ "\"process\":{}", "config.json: process.cwd: is missing" },
		{ "\"process\":{\"cwd\":\"x\"}",
		  "config.json: process.cwd: 'x' is not an absolute path" },
		{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":-1}}", "process.user.uid" },
		{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":4294967295}}",
		  "process.user.uid: 4294967295 is no user id" },
		{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":4294967296}}", "process.user.uid" },
		{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":\"0\"}}", "process.user.uid" },
		{ "\"process\":{\"cwd\":\"/\",\"args\":[\"a\",1]}", "process.args[1]" },
		{ "\"process\":{\"cwd\":\"/\",\"args\":\"sh\"}", "process.args" },
		{ "\"process\":{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":2,"
		  "\"hard\":1}]}",
		  "process.rlimits[0]: the soft limit is above" },
		{ "\"process\":{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,"
		  "\"hard\":1},"
		  "{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1}]}",
		  "process.rlimits[1]: 'RLIMIT_CORE' occurs twice" },
		{ "\"process\":{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"core\",\"soft\":1,"
		  "\"hard\":1}]}",
		  "process.rlimits[0].type" },
		{ "\"process\":{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":1}]}",
		  "process.rlimits[0].soft: is missing" },
		{ "\"process\":{\"cwd\":\"/\",\"oomScoreAdj\":1001}", "process.oomScoreAdj: 1001" },
		{ "\"process\":{\"cwd\":\"/\",\"ioPriority\":{\"class\":\"x\"}}",
		  "process.ioPriority.class: unknown value 'x'" },
		{ "\"process\":{\"cwd\":\"/\",\"scheduler\":{\"policy\":\"SCHED_FAST\"}}",
		  "process.scheduler.policy" },
		{ "\"process\":{\"cwd\":\"/\",\"consoleSize\":{\"width\":70000,\"height\":1}}",
		  "process.consoleSize" },
		{ "\"root\":{}", "config.json: root.path: is missing" },
		{ "\"mounts\":[{\"source\":\"x\"}]", "mounts[0].destination: is missing" },
		{ "\"mounts\":[{\"destination\":\"\"}]", "mounts[0].destination" },
		{ "\"mounts\":{}", "config.json: mounts" },
		{ "\"hooks\":{\"prestart\":[{\"path\":\"x\"}]}",
		  "hooks.prestart[0].path: 'x' is not an absolute path" },
		{ "\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":0}]}",
		  "hooks.poststop[0].timeout" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}",
		  "linux.namespaces[1]: namespace 'pid' occurs twice" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"x\"}]}",
		  "linux.namespaces[0].type: unknown value 'x'" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"ns\"}]}",
		  "linux.namespaces[0]: path 'ns' is not absolute" },
		{ "\"linux\":{\"maskedPaths\":[\"/a\",\"b\"]}", "linux.maskedPaths[1]" },
		{ "\"linux\":{\"devices\":[{\"type\":\"x\",\"path\":\"/dev/x\"}]}",
		  "linux.devices[0].type" },
		{ "\"linux\":{\"timeOffsets\":{\"realtime\":{\"secs\":1}}}",
		  "linux.timeOffsets: unknown clock 'realtime'" },
		{ "\"linux\":{\"rootfsPropagation\":\"x\"}", "linux.rootfsPropagation" },
		{ "\"linux\":{\"resources\":{\"pids\":{}}}",
		  "linux.resources.pids.limit: is missing" },
		{ "\"linux\":{\"resources\":{\"memory\":{\"limit\":1.5}}}",
		  "linux.resources.memory.limit" },
		{ "\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"x\"}]}}",
		  "linux.resources.devices[0].access" },
		{ "\"linux\":{\"seccomp\":{}}", "linux.seccomp.defaultAction: is missing" },
		{ "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":"
		  "[{\"names\":[],\"action\":\"SCMP_ACT_LOG\"}]}}",
		  "linux.seccomp.syscalls[0].names: no name" },
		{ "\"linux\":{\"netDevices\":{\"../x\":{}}}",
		  "linux.netDevices: '../x' is no name" },
		{ "\"linux\":{\"intelRdt\":{\"memBwSchema\":\"L3:0\"}}",
		  "linux.intelRdt.memBwSchema" },
		{ "\"annotations\":{\"a\":1}", "annotations" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_spec struct spec *s = NULL;
		struct err e;

		is_int(parse_with(cases[i].members, &s, &e), -EBADMSG, cases[i].members);
		has_str(e.msg, cases[i].message, "the message names the field and the reason");
	}
}

static void test_version(void)
{
	static const char *const bad[] = { "",       "1",      "1.0",   "1.0.",  "1.0.x",
					   "v1.0.0", "1.0.0-", "2.0.0", "1.0.0 " };
	static const char *const good[] = { "1.0.0", "1.3.0", "1.0.2-dev", "0.5.0-dev",
					    "1.2.1+dev" };
	auto_spec struct spec *none = NULL;
	struct err e;

	is_int(parse("{}", &none, &e), -EBADMSG, "a version must be there");
	has_str(e.msg, "ociVersion: is missing", "it is named");
	for (size_t i = 0; i < ARRAY_SIZE(bad) + ARRAY_SIZE(good); i++) {
		const char *version = i < ARRAY_SIZE(bad) ? bad[i] : good[i - ARRAY_SIZE(bad)];
		auto_free char *text = xasprintf("{\"ociVersion\":\"%s\"}", version);
		auto_spec struct spec *s = NULL;

		is_int(parse(text, &s, &e), i < ARRAY_SIZE(bad) ? -EBADMSG : 0,
		       version[0] ? version : "empty");
	}
}

/* Valid files that cannot become a container here. */
static void test_create(void)
{
	static const struct {
		const char *members, *message;
	} cases[] = {
		{ "", "config.json: root: is missing" },
		{ "\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\"}",
		  "process.args: no command" },
		{ "\"root\":{\"path\":\"r\"},\"hostname\":\"h\"",
		  "hostname: cannot be set without a UTS namespace" },
		{ "\"root\":{\"path\":\"r\"},\"domainname\":\"h\"",
		  "domainname: cannot be set without a UTS namespace" },
		{ "\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"user\"}]}",
		  "linux.uidMappings: is missing" },
		{ "\"root\":{\"path\":\"r\"},\"linux\":{\"uidMappings\":[{\"containerID\":0,"
		  "\"hostID\":0,\"size\":1}]}",
		  "linux.uidMappings: cannot be set without a user namespace" },
		{ "\"root\":{\"path\":\"r\"},\"linux\":{\"timeOffsets\":{\"boottime\":{\"secs\":"
		  "1}}}",
		  "linux.timeOffsets" },
		{ "\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/a\"}]",
		  "mounts need a mount namespace" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_spec struct spec *s = NULL;
		struct err e;

		is_int(parse_with(cases[i].members, &s, &e), 0, cases[i].members);
		is_int(spec_check_create(s, "config.json", &e), -EBADMSG,
		       "but no container can be made of it");
		has_str(e.msg, cases[i].message, "the message says why");
	}
}

static void test_parts(void)
{
	static const char process[] =
		"{\"cwd\":\"/\",\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\","
		"\"soft\":18446744073709551615,\"hard\":18446744073709551615}]}";
	static const char resources[] =
		"{\"memory\":{\"limit\":9223372036854775807},\"rdma\":{\"mlx\":{\"hcaHandles\":3}},"
		"\"unified\":{\"memory.high\":\"1\"},\"cpu\":{\"shares\":0}}";
	struct spec_process p;
	struct spec_resources r;
	struct err e = { 0 };

	is_int(spec_process_parse(process, strlen(process), "process.json", &p, &e), 0,
	       "a process alone");
	ok(p.n_rlimits == 1 && p.rlimits[0].soft == UINT64_MAX, "RLIM_INFINITY is exact");
	spec_process_clear(&p);
	is_int(spec_process_parse("{\"cwd\":\"\"}", 10, "process.json", &p, &e), -EBADMSG,
	       "with the same rules");
	has_str(e.msg, "process.json: cwd", "and its own name in messages");
	is_int(spec_resources_parse(resources, strlen(resources), "-", &r, &e), 0,
	       "resources alone");
	ok(r.has_memory_limit && r.memory_limit == INT64_MAX && r.has_cpu_shares,
	   "exact, and present though 0");
	is_str(r.rdma[0].device, "mlx", "a map's key");
	is_str(r.unified.v[0], "memory.high=1", "unified");
	spec_resources_clear(&r);
}

/* Two profiles that differ anywhere must not share a compiled filter. */
static void test_seccomp_key(void)
{
	static const char *const profiles[] = {
		"{\"defaultAction\":\"A\"}",
		"{\"defaultAction\":\"A\",\"defaultErrnoRet\":1}",
		"{\"defaultAction\":\"A\",\"architectures\":[\"X\"]}",
		"{\"defaultAction\":\"A\",\"flags\":[\"X\"]}",
		"{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"a\",\"b\"],\"action\":"
		"\"A\"}]}",
		"{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"ab\"],\"action\":\"A\"}]}",
		"{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"A\"},"
		"{\"names\":[\"b\"],\"action\":\"A\"}]}",
		"{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"A\","
		"\"errnoRet\":0}]}",
		"{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"A\"}]}",
		("{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"A\","
		 "\"args\":[{\"index\":0,\"value\":18446744073709551615,\"op\":"
		 "\"SCMP_CMP_EQ\"}]}]}"),
		("{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"A\","
		 "\"args\":[{\"index\":0,\"value\":18446744073709551614,\"op\":"
		 "\"SCMP_CMP_EQ\"}]}]}"),
	};
	auto_strv struct strv keys = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		auto_free char *members = xasprintf("\"linux\":{\"seccomp\":%s}", profiles[i]);
		auto_spec struct spec *s = NULL;
		struct err e;

		is_int(parse_with(members, &s, &e), 0, profiles[i]);
		ok(s && !strv_has(&keys, s->linux.seccomp.key), "its key is its own");
		if (s)
			strv_add(&keys, s->linux.seccomp.key);
	}
}

int main(void)
{
	check_folder("good", true, 9);
	check_folder("bad", false, 5);
	test_example();
	test_refused();
	test_version();
	test_create();
	test_parts();
	test_seccomp_key();
	return tap_done();
}
