/* `pod oci kill`, `delete`, `pause` and `resume`. */
#include "base/err.h"
#include "base/proc.h"
#include "cli/oci/oci.h"

struct kill_opts {
	bool all;
};

static const struct opt kill_options[] = {
	OPT_BOOL(struct kill_opts, all, 'a', "all", "Signal every process of the container"),
	OPT_END,
};

static int run_kill(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct kill_opts *o = into;
	auto_oci_call struct oci_call call = { 0 };
	int sig = 0;
	int r = oci_call_init(c, &call, e);

	if (r >= 0 && !(argc > 1 && str_eq(argv[1], "0"))) /* 0 only asks whether it is there */
		r = proc_signal_parse(argc > 1 ? argv[1] : "TERM", &sig, e);
	if (r >= 0)
		r = oci_kill(&call.oci, argv[0], sig, o->all, e);
	return oci_failed(r, e);
}

const struct cmd oci_cmd_kill = {
	.name = "kill",
	.usage = "[OPTIONS] CONTAINER [SIGNAL]",
	.summary = "Send a signal (TERM) to a container's process",
	.min_args = 1,
	.max_args = 2,
	.opts = kill_options,
	.size = sizeof(struct kill_opts),
	.run = run_kill,
};

struct delete_opts {
	bool force;
};

static const struct opt delete_options[] = {
	OPT_BOOL(struct delete_opts, force, 'f', "force",
		 "Kill it first; one that does not exist is no error"),
	OPT_END,
};

static int run_delete(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	const struct delete_opts *o = into;
	auto_oci_call struct oci_call call = { 0 };
	int r = oci_call_init(c, &call, e);

	for (int i = 0; r >= 0 && i < argc; i++)
		r = oci_delete(&call.oci, argv[i], o->force, e);
	return oci_failed(r, e);
}

const struct cmd oci_cmd_delete = {
	.name = "delete",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Delete a stopped container's state and cgroup",
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = delete_options,
	.size = sizeof(struct delete_opts),
	.run = run_delete,
};

static int run_pause(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	auto_oci_call struct oci_call call = { 0 };
	int r = oci_call_init(c, &call, e);

	(void)into;
	(void)argc;
	return r < 0 ? r : oci_failed(oci_pause(&call.oci, argv[0], e), e);
}

const struct cmd oci_cmd_pause = {
	.name = "pause",
	.usage = "CONTAINER",
	.summary = "Freeze all processes of a container",
	.min_args = 1,
	.max_args = 1,
	.run = run_pause,
};

static int run_resume(const struct cli *c, void *into, int argc, char **argv, struct err *e)
{
	auto_oci_call struct oci_call call = { 0 };
	int r = oci_call_init(c, &call, e);

	(void)into;
	(void)argc;
	return r < 0 ? r : oci_failed(oci_resume(&call.oci, argv[0], e), e);
}

const struct cmd oci_cmd_resume = {
	.name = "resume",
	.usage = "CONTAINER",
	.summary = "Thaw the processes of a paused container",
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};
