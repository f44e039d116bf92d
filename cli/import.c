/* `pod import`: a tar of a root file system becomes an image. */
#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "image/import.h"
#include "image/ref.h"

struct import_options {
	struct strv changes;
	const char *message, *platform;
};

static const struct opt opts[] = {
	OPT_LIST(struct import_options, changes, 'c', "change", "list",
		 "Instruction of a Dockerfile for the image's config, as CMD [\"sh\"]"),
	OPT_STR(struct import_options, message, 'm', "message", "string",
		"Comment for the image's history"),
	OPT_STR(struct import_options, platform, 0, "platform", "string",
		"os/architecture[/variant] of the files (this machine's)"),
	OPT_END,
};

/* The parts of "linux/arm64/v8" into i, borrowed from parts. */
static int read_platform(const char *text, struct strv *parts, struct import *i, struct err *e)
{
	i->os = "linux";
	i->architecture = version_arch();
	if (!text)
		return 0;
	strv_split(parts, text, '/');
	for (size_t n = 0; n < parts->len; n++)
		if (!parts->v[n][0])
			return err_set(e, EINVAL, "invalid platform '%s'", text);
	if (parts->len < 1 || parts->len > 3)
		return err_set(e, EINVAL, "invalid platform '%s'", text);
	i->os = parts->v[0];
	if (parts->len > 1)
		i->architecture = parts->v[1];
	if (parts->len > 2)
		i->variant = parts->v[2];
	return 0;
}

static int open_source(const char *path, struct err *e)
{
	int fd;

	if (str_eq(path, "-")) {
		if (isatty(STDIN_FILENO))
			return err_set(e, EINVAL, "a terminal gives no tar: name a file");
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? err_sys(e, "standard input") : fd;
	}
	if (str_starts(path, "http://") || str_starts(path, "https://"))
		return err_set(e, ENOTSUP, "'%s' is a URL: fetch it, and import the file", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? err_sys(e, "open '%s'", path) : fd;
}

static int run_import(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct import_options *o = opts_of;
	auto_json cJSON *config = json_object();
	auto_ref struct ref ref = { 0 };
	auto_strv struct strv parts = { 0 };
	auto_engine struct engine g = ENGINE_CLOSED;
	auto_free char *full = NULL, *id = NULL;
	auto_fd int fd = -1;
	struct import i = { .config = config, .message = o->message };

	for (size_t n = 0; n < o->changes.len; n++)
		if (change_apply(config, o->changes.v[n], e) < 0)
			return -e->num;
	if (read_platform(o->platform, &parts, &i, e) < 0 ||
	    (argc > 1 && ref_parse(argv[1], &ref, e) < 0))
		return -e->num;
	if (ref.digest)
		return cmd_usage_error(c, e, "'%s' is no name to give: it has a digest", argv[1]);
	i.name = full = argc > 1 ? ref_full(&ref) : NULL;
	fd = open_source(argv[0], e);
	if (fd < 0 || open_store(c, &g, e) < 0)
		return -e->num;
	if (image_import(&g.store, fd, &i, &id, e) < 0)
		return err_prefix(e, "import '%s'", argv[0]);
	(void)printf("%s\n", id);
	return 0;
}

const struct cmd cmd_import = {
	.name = "import",
	.usage = "[OPTIONS] FILE|- [NAME[:TAG]]",
	.summary = "Make an image from a tar of a root file system",
	.group = CMD_IMAGES,
	.failed = 1,
	.min_args = 1,
	.max_args = 2,
	.opts = opts,
	.size = sizeof(struct import_options),
	.run = run_import,
};
