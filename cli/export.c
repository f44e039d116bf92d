/*
 * `pod export`: the files of a container or of an image as a tar, or as an OCI bundle that any
 * runtime starts. An image is read straight from its layers: no container is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "engine/bundle.h"
#include "engine/container.h"
#include "image/export.h"

struct export_options {
	const char *output, *bundle;
};

static const struct opt opts[] = {
	OPT_STR(struct export_options, bundle, 0, "bundle", "dir",
		"Make this folder an OCI bundle: rootfs/ and config.json"),
	OPT_STR(struct export_options, output, 'o', "output", "file",
		"Write the tar to a file instead of standard output"),
	OPT_END,
};

/* What is exported. */
struct source {
	struct container *container; /* NULL: an image alone */
	struct image *image;         /* NULL: a container */
	int upper;                   /* the container's own files above the layers; -1: none */
	int tree;                    /* the container's whole tree (copy driver); -1: none */
};

static void source_clear(struct source *s)
{
	container_free(s->container);
	image_free(s->image);
	close_fd(&s->upper);
	close_fd(&s->tree);
}

/* Layers, bottom first. */
static const struct strv *layers(const struct source *s)
{
	return s->container ? &s->container->record->diff_ids : &s->image->diff_ids;
}

/* Opens upper/, or rootfs/ where the driver copied everything there. */
static int open_files(struct source *s, struct err *e)
{
	const char *driver = s->container->run.driver ? s->container->run.driver
						      : s->container->record->storage_driver;
	bool copy = str_eq(driver, rootfs_driver_name(ROOTFS_COPY));
	const char *name = copy ? "rootfs" : "upper";
	int fd = openat(s->container->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) /* never started: nothing but its layers */
		return 0;
	if (fd < 0)
		return err_sys(e, "open '%s' of container %s", name, s->container->record->name);
	*(copy ? &s->tree : &s->upper) = fd;
	return 0;
}

/* A container of that name, else an image. */
static int source_find(struct engine *g, const char *name, struct source *s, struct err *e)
{
	int r = container_find(g, name, &s->container, e);

	if (r == 0)
		return open_files(s, e);
	if (r != -ENOENT)
		return r;
	r = image_find(&g->store, name, &s->image, e);
	if (r == -ENOENT)
		return err_set(e, ENOENT, "no such container or image: %s", name);
	return r;
}

static int write_tar(struct engine *g, const struct source *s, int fd, struct err *e)
{
	if (s->tree >= 0)
		return export_tree_tar(&g->store, s->tree, fd, e);
	return export_tar(&g->store, layers(s), s->upper, fd, e);
}

/* A file appears whole or not at all; what is no plain file (/dev/null, a FIFO) is written to. */
static int write_file(struct engine *g, const struct source *s, const char *path, struct err *e)
{
	auto_free char *temp = xasprintf("%s.%d.tmp", path, (int)getpid());
	auto_fd int fd = -1;
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? err_sys(e, "open '%s'", path) : write_tar(g, s, fd, e);
	}
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(e, "create '%s'", temp);
	r = write_tar(g, s, fd, e);
	if (r == 0 && rename(temp, path) < 0)
		r = err_sys(e, "rename '%s' to '%s'", temp, path);
	if (r < 0)
		(void)unlink(temp);
	return r;
}

/* An empty folder, made where it is missing. */
static int open_empty(const char *path, struct err *e)
{
	auto_fd int fd = dir_make_open(AT_FDCWD, path, 0755, e);
	auto_fd int listed = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = listed < 0 ? NULL : fdopendir(listed);
	const struct dirent *entry;

	if (fd < 0)
		return fd;
	if (!dir)
		return err_sys(e, "open folder '%s'", path);
	(void)take_fd(&listed);
	while ((entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			return err_set(e, ENOTEMPTY, "'%s' is not empty", path);
	return take_fd(&fd);
}

/* rootfs/ and config.json in a folder that was empty: on failure it is again. */
static int fill_bundle(struct engine *g, const struct source *s, int dirfd, struct err *e)
{
	auto_fd int rootfs = dir_make_open(dirfd, "rootfs", 0755, e);
	int r = rootfs;

	if (r >= 0)
		r = s->tree >= 0 ? export_tree_dir(&g->store, s->tree, rootfs, e)
				 : export_dir(&g->store, layers(s), s->upper, rootfs, e);
	if (r >= 0 && s->container)
		r = bundle_export_container(g, s->container->record, dirfd, e);
	else if (r >= 0)
		r = bundle_export_image(g, s->image, dirfd, e);
	return r;
}

/* In the user namespace: the files belong to subordinate ids. */
static int remove_rootfs(void *dirfd, struct err *e)
{
	return dir_remove_all(*(const int *)dirfd, "rootfs", e);
}

static int write_bundle(struct engine *g, const struct source *s, const char *path, struct err *e)
{
	auto_fd int dirfd = -1;
	int r;

	dirfd = open_empty(path, e);
	if (dirfd < 0)
		return dirfd;
	r = fill_bundle(g, s, dirfd, e);
	if (r < 0) {
		(void)unlinkat(dirfd, "config.json", 0);
		(void)userns_run(&g->userns, 0, remove_rootfs, &dirfd, NULL);
	}
	return r;
}

static int export_source(struct engine *g, const struct export_options *o, const char *name,
			 struct err *e)
{
	struct source s = { .upper = -1, .tree = -1 };
	int r = source_find(g, name, &s, e);

	if (r >= 0 && o->bundle)
		r = write_bundle(g, &s, o->bundle, e);
	else if (r >= 0 && o->output)
		r = write_file(g, &s, o->output, e);
	else if (r >= 0)
		r = write_tar(g, &s, STDOUT_FILENO, e);
	source_clear(&s);
	return r < 0 ? r : 0;
}

static int run_export(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	struct export_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;

	(void)argc;
	if (o->output && str_eq(o->output, "-"))
		o->output = NULL;
	if (o->output && o->bundle)
		return cmd_usage_error(c, e, "--output and --bundle exclude each other");
	if (!o->output && !o->bundle && isatty(STDOUT_FILENO))
		return err_set(e, EINVAL,
			       "a tar is not for a terminal: use -o FILE, or redirect the output");
	if (open_store(c, &g, e) < 0)
		return -e->num;
	return export_source(&g, o, argv[0], e);
}

const struct cmd cmd_export = {
	.name = "export",
	.usage = "[OPTIONS] CONTAINER|IMAGE",
	.summary = "Write the files of a container or image as a tar, or as an OCI bundle",
	.about = "A bundle is a folder that 'pod oci run -b DIR NAME', crun and runc start. Owners "
		 "are kept: files of other\n"
		 "owners than root belong to your subordinate ids; 'unshare --map-auto "
		 "--map-root-user rm -r DIR' removes them.",
	.group = CMD_CONTAINERS,
	.failed = 1,
	.min_args = 1,
	.max_args = 1,
	.opts = opts,
	.size = sizeof(struct export_options),
	.run = run_export,
};
