/*
 * The two overlay drivers: see overlay.h. Layers are handed to the kernel as numbers of fds, with
 * /proc/self/fd as the current folder: mount(2) takes one page of options, which a path a layer
 * would fill with 50 of them (lowerdir+, which takes one a call, is of Linux 6.7), and no path
 * needs escaping.
 */
#include "image/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "image/layer.h"
#include "image/store.h"

/* How long fuse-overlayfs may take to mount; it takes 2 ms. */
#define FUSE_WAIT_NS ((int64_t)20 * 1000000000)

struct fds {
	int *v;
	size_t n;
};

static void fds_close(struct fds *f)
{
	for (size_t i = 0; i < f->n; i++)
		close_fd(&f->v[i]);
	free(f->v);
}

#define auto_fds __attribute__((cleanup(fds_close)))

static int open_layers(const struct store *s, const struct strv *diff_ids, struct fds *ret,
		       struct err *e)
{
	ret->v = xcalloc(diff_ids->len + 1, sizeof(*ret->v));
	for (size_t i = 0; i < diff_ids->len; i++) {
		int fd = layer_open_tree(s, diff_ids->v[i], e);

		if (fd < 0)
			return fd;
		ret->v[ret->n++] = fd;
	}
	return 0;
}

/* An image without layers has an empty folder for one: overlayfs wants one at least. */
static int add_empty(int container_dirfd, struct fds *f, struct err *e)
{
	int fd;

	if (f->n)
		return 0;
	fd = dir_make_open(container_dirfd, "empty", 0755, e);
	if (fd >= 0)
		f->v[f->n++] = fd;
	return fd < 0 ? fd : 0;
}

/* mount(2) with the folder of fds as the current one, which is put back. */
static int mount_by_numbers(const char *target, const char *options, struct err *e)
{
	auto_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (here < 0 || chdir("/proc/self/fd") < 0)
		return err_sys(e, "enter /proc/self/fd");
	if (mount("overlay", target, "overlay", 0, options) < 0)
		r = err_sys(e, "mount overlay");
	if (fchdir(here) < 0 && r == 0)
		r = err_sys(e, "go back to the folder before");
	return r;
}

int overlay_mount(const struct store *s, const struct strv *diff_ids, int container_dirfd,
		  bool throwaway, struct err *e)
{
	auto_str struct str options = { 0 };
	auto_fds struct fds layers = { 0 };
	auto_fd int upper = -1, work = -1;
	char target[FD_PATH_MAX + 16];
	int r = open_layers(s, diff_ids, &layers, e);

	if (r >= 0)
		r = add_empty(container_dirfd, &layers, e);
	if (r >= 0)
		r = upper = dir_open(container_dirfd, "upper", e);
	if (r >= 0)
		r = work = dir_open(container_dirfd, "work", e);
	if (r < 0)
		return r;
	if (throwaway) /* else the unmounting syncs the whole file system below */
		str_add(&options, "volatile,");
	str_addf(&options, "userxattr,upperdir=%d,workdir=%d,lowerdir=", upper, work);
	for (size_t i = layers.n; i-- > 0;)
		str_addf(&options, i ? "%d:" : "%d", layers.v[i]);
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d/rootfs", container_dirfd);
	return mount_by_numbers(target, str_cstr(&options), e);
}

/* -- fuse-overlayfs -- */

/* Device number of the root folder: another one when something is mounted there. */
static dev_t device_of(int dirfd)
{
	struct stat st;

	return fstatat(dirfd, "rootfs", &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_dev;
}

/* Waits until the mount is there or the helper has gone. */
static int wait_mounted(struct child *c, int dirfd, dev_t before, int complaints, struct err *e)
{
	int64_t until = clock_mono_ns() + FUSE_WAIT_NS;
	auto_str struct str text = { 0 };
	int status = 0;
	char reason[64];

	while (clock_mono_ns() < until) {
		struct pollfd gone = { .fd = c->pidfd, .events = POLLIN };
		dev_t now = device_of(dirfd);

		if (now && now != before)
			return 0;
		if (poll(&gone, 1, 1) > 0)
			break;
	}
	if (clock_mono_ns() >= until)
		return err_set(e, ETIMEDOUT, "fuse-overlayfs does not mount");
	if (child_wait(c, &status, e) < 0)
		return -EIO;
	(void)lseek(complaints, 0, SEEK_SET);
	(void)fd_read_all(complaints, 1 << 16, &text);
	str_cut(&text, strcspn(str_cstr(&text), "\n"));
	return err_set(e, ENOTSUP, "fuse-overlayfs failed with %s%s%s",
		       proc_status_text(status, reason, sizeof(reason)), text.len ? ": " : "",
		       str_cstr(&text));
}

static void add_lowers(struct str *options, const struct store *s, const struct strv *diff_ids)
{
	for (size_t i = diff_ids->len; i-- > 0;)
		str_addf(options, "/proc/self/fd/%d/%s/fs%s", s->layers_fd,
			 digest_hex(diff_ids->v[i]), i ? ":" : "");
	if (!diff_ids->len)
		str_add(options, "empty");
}

int overlay_fuse_start(const struct store *s, const struct strv *diff_ids, int container_dirfd,
		       struct child *ret, struct err *e)
{
	auto_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int complaints = memfd_create("fuse-overlayfs", MFD_CLOEXEC);
	auto_child struct child child = CHILD_NONE;
	auto_str struct str options = { 0 };
	const int keep[] = { s->layers_fd, -1 };
	const char *argv[] = { "fuse-overlayfs", "-f", "-o", NULL, "rootfs", NULL };
	struct spawn spawn = {
		.argv = argv, .fds = { -1, -1, complaints }, .keep = keep, .die_with_parent = true
	};
	dev_t before = device_of(container_dirfd);
	int r;

	if (here < 0 || complaints < 0)
		return err_sys(e, "prepare fuse-overlayfs");
	if (!diff_ids->len && dir_make_all(container_dirfd, "empty", 0755, e) < 0)
		return -EIO;
	str_add(&options, "upperdir=upper,workdir=work,lowerdir=");
	add_lowers(&options, s, diff_ids);
	argv[3] = str_cstr(&options);
	if (fchdir(container_dirfd) < 0)
		return err_sys(e, "enter the container's folder");
	r = proc_spawn(&spawn, &child, e);
	if (fchdir(here) < 0 && r >= 0)
		r = err_sys(e, "go back to the folder before");
	if (r == -ENOENT)
		return err_set(e, ENOENT, "fuse-overlayfs is not installed");
	if (r >= 0)
		r = wait_mounted(&child, container_dirfd, before, complaints, e);
	if (r < 0)
		return r;
	*ret = child_take(&child);
	return 0;
}
