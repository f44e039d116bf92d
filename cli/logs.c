/* `pod logs`. */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "engine/container.h"
#include "engine/logs.h"

struct logs_flags {
	bool details, follow, timestamps;
	const char *since, *until, *tail;
};

static const struct opt opts[] = {
	OPT_BOOL(struct logs_flags, details, 0, "details", "Accepted: the log keeps no attributes"),
	OPT_BOOL(struct logs_flags, follow, 'f', "follow", "Go on until it ends"),
	OPT_STR(struct logs_flags, since, 0, "since", "string",
		"From a time on, or within the last 42m"),
	OPT_STR(struct logs_flags, tail, 'n', "tail", "string",
		"Only so many of the last lines, or all"),
	OPT_BOOL(struct logs_flags, timestamps, 't', "timestamps",
		 "Show when each line was written"),
	OPT_STR(struct logs_flags, until, 0, "until", "string", "Up to a time, or until 42m ago"),
	OPT_END,
};

static const struct logs_flags defaults = { .tail = "all" };

/*
 * Digits only: seconds since the epoch; "42m": so long ago; else RFC 3339, whose date alone is
 * enough.
 */
static int parse_time(const char *flag, const char *text, int64_t *ret_ns, struct err *e)
{
	auto_free char *day = text ? xasprintf("%sT00:00:00Z", text) : NULL;
	auto_free char *utc = text ? xasprintf("%sZ", text) : NULL;
	int64_t n;

	if (!text)
		return 0;
	if (str_to_i64(text, &n) == 0 && n >= 0 && n < INT64_MAX / 1000000000)
		*ret_ns = n * 1000000000;
	else if (clock_parse_duration(text, &n) == 0)
		*ret_ns = clock_now_ns() - n;
	else if (clock_parse_rfc3339(text, ret_ns) < 0 && clock_parse_rfc3339(utc, ret_ns) < 0 &&
		 clock_parse_rfc3339(day, ret_ns) < 0)
		return err_set(e, EINVAL, "invalid value for \"%s\": '%s' is no time", flag, text);
	return 0;
}

static int run_logs(const struct cli *cli, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct logs_flags *f = opts_of;
	auto_container struct container *c = NULL;
	auto_engine struct engine g = ENGINE_CLOSED;
	struct logs_options o = { .follow = f->follow, .timestamps = f->timestamps, .tail = -1 };

	(void)argc;
	if (parse_time("since", f->since, &o.since_ns, e) < 0 ||
	    parse_time("until", f->until, &o.until_ns, e) < 0)
		return err_status(e, 1);
	if (!str_eq(f->tail, "all") && str_to_i64(f->tail, &o.tail) < 0) {
		(void)err_set(e, EINVAL, "invalid value for \"tail\": '%s' is no number", f->tail);
		return err_status(e, 1);
	}
	if (open_engine(cli, &g, e) < 0)
		return -e->num;
	if (container_find(&g, argv[0], &c, e) < 0 || logs_write(c, &o, 1, 2, e) < 0)
		return err_status(e, 1);
	return 0;
}

const struct cmd cmd_logs = {
	.name = "logs",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Show what a container has written",
	.group = CMD_CONTAINERS,
	.min_args = 1,
	.max_args = 1,
	.opts = opts,
	.size = sizeof(struct logs_flags),
	.defaults = &defaults,
	.run = run_logs,
};
