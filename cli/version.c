/* `pod version`: reads nothing but what is compiled in and uname(2). */
#include <sys/utsname.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "config.h"
#include "version.h"

struct version_options {
	const char *format;
};

static const struct opt opts[] = {
	OPT_STR(struct version_options, format, 'f', "format", "string", "json, or a template"),
	OPT_END,
};

const char *version_text(void)
{
	return POD_VERSION;
}

const char *version_commit(void)
{
	return POD_COMMIT;
}

const char *version_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__i386__)
	return "386";
#elif defined(__arm__)
	return "arm";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#else
	return "unknown";
#endif
}

/* One side of docker's answer; there is no daemon: both sides are this program. */
static void add_side(cJSON *obj, const char *key, const char *kernel)
{
	cJSON *side = json_add_object(obj, key);

	json_add_str(json_add_object(side, "Platform"), "Name", "pod");
	json_add_str(side, "Version", POD_VERSION);
	json_add_str(side, "GitCommit", POD_COMMIT);
	json_add_str(side, "Os", "linux");
	json_add_str(side, "Arch", version_arch());
	json_add_str(side, "KernelVersion", kernel);
}

static int run_version(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct version_options *o = opts_of;
	auto_json cJSON *obj = NULL;
	struct utsname host;

	(void)c;
	(void)argc;
	(void)argv;
	if (uname(&host) < 0)
		return err_sys(e, "uname");
	if (!o->format) {
		(void)printf(
			"pod version %s\nGit commit: %s\nOS/Arch:    linux/%s\nKernel:     %s\n",
			POD_VERSION, POD_COMMIT, version_arch(), host.release);
		return 0;
	}
	obj = json_object();
	add_side(obj, "Client", host.release);
	add_side(obj, "Server", host.release);
	return format_value(o->format, obj, stdout, e);
}

const struct cmd cmd_version = {
	.name = "version",
	.usage = "[OPTIONS]",
	.summary = "Show the version",
	.group = CMD_OTHER,
	.opts = opts,
	.size = sizeof(struct version_options),
	.run = run_version,
};
