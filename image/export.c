/*
 * Exports: see export.h. The walk over the layers runs in a child in the user namespace, where
 * files of subordinate ids can be read; it writes straight to the caller's fd.
 */
#include "image/export.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/userns.h"
#include "image/links.h"
#include "image/merge.h"
#include "image/store.h"
#include "image/tarout.h"
#include "image/unpack_meta.h"

struct job {
	const struct store *s;
	const struct strv *diff_ids; /* NULL: upper alone, as it is */
	int upper;
	int out;
};

struct tar_job {
	struct tar_out tar;
	struct links links;
	bool one_id; /* owners are noted in UNPACK_OVERRIDE_XATTR */
};

static void tar_job_clear(struct tar_job *j)
{
	tar_free(&j->tar);
	links_free(&j->links);
}

#define auto_tar_job __attribute__((cleanup(tar_job_clear)))

/* -- metadata -- */

static int add_xattrs(int fd, struct str *records, struct err *e)
{
	char names[4096],
		value[65536]; /* XATTR_SIZE_MAX; a longer list is an oddity that ends the export */
	ssize_t len = flistxattr(fd, names, sizeof(names));

	if (len < 0)
		return errno == EOPNOTSUPP ? 0 : err_sys(e, "list attributes");
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		ssize_t n = unpack_xattr_wanted(name) ? fgetxattr(fd, name, value, sizeof(value))
						      : -1;

		if (n >= 0)
			tar_xattr(records, name, value, (size_t)n);
	}
	return 0;
}

/* With one id: the owner and mode that the image wants. */
static void take_noted_owner(int fd, struct stat *st)
{
	unsigned int uid, gid, mode;
	char text[64];
	ssize_t len = fgetxattr(fd, UNPACK_OVERRIDE_XATTR, text, sizeof(text) - 1);

	if (len <= 0)
		return;
	text[len] = '\0';
	if (sscanf(text, "%u:%u:%o", &uid, &gid, &mode) !=
	    3) /* NOLINT(cert-err34-c): all three or nothing */
		return;
	st->st_uid = uid;
	st->st_gid = gid;
	st->st_mode = (st->st_mode & S_IFMT) | (mode & 07777);
}

/* -- entries -- */

/* Files and folders: what can be opened. */
static int put_open(struct tar_job *j, const struct merge_item *item, struct tar_entry entry,
		    struct err *e)
{
	int kind = S_ISDIR(item->st.st_mode) ? O_DIRECTORY : O_NONBLOCK;
	auto_fd int fd = openat(item->dirfd, item->name,
				O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC | kind);
	auto_str struct str xattrs = { 0 };
	int r;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP
			       ? 0
			       : err_sys(e, "open"); /* a live container may change it */
	if (fstat(fd, &entry.st) < 0 || (entry.st.st_mode & S_IFMT) != (item->st.st_mode & S_IFMT))
		return 0;
	r = add_xattrs(fd, &xattrs, e);
	if (r < 0)
		return r;
	if (j->one_id)
		take_noted_owner(fd, &entry.st);
	entry.xattrs = &xattrs;
	return S_ISDIR(entry.st.st_mode) ? tar_header(&j->tar, &entry, e)
					 : tar_file(&j->tar, &entry, fd, e);
}

static int put_symlink(struct tar_job *j, const struct merge_item *item, struct tar_entry entry,
		       struct err *e)
{
	char target[4097];
	ssize_t len = readlinkat(item->dirfd, item->name, target, sizeof(target) - 1);

	if (len < 0)
		return errno == ENOENT || errno == EINVAL ? 0 : err_sys(e, "read the link");
	target[len] = '\0';
	entry.symlink = target;
	return tar_header(&j->tar, &entry, e);
}

static int put_item(struct tar_job *j, const struct merge_item *item, struct err *e)
{
	struct tar_entry entry = { .path = item->path, .st = item->st };

	if (S_ISSOCK(item->st.st_mode)) {
		log_debug("'%s' is a socket, which a tar cannot hold", item->path);
		return 0;
	}
	entry.hardlink = links_seen(&j->links, &item->st, item->path);
	if (entry.hardlink)
		return tar_header(&j->tar, &entry, e);
	if (S_ISDIR(item->st.st_mode) || S_ISREG(item->st.st_mode))
		return put_open(j, item, entry, e);
	return S_ISLNK(item->st.st_mode) ? put_symlink(j, item, entry, e)
					 : tar_header(&j->tar, &entry, e);
}

static int visit(const struct merge_item *item, void *data, struct err *e)
{
	int r = put_item(data, item, e);

	return r < 0 ? err_prefix(e, "export '%.200s'", *item->path ? item->path : "/") : 0;
}

/* -- jobs, in the child -- */

static int open_trees(const struct job *j, struct merge_trees *ret, struct err *e)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* one a layer at every depth */
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (j->diff_ids)
		return merge_open(j->s, j->diff_ids, j->upper, ret, e);
	return merge_open_plain(j->upper, ret, e);
}

static int run_tar(void *arg, struct err *e)
{
	const struct job *j = arg;
	auto_trees struct merge_trees trees = { 0 };
	auto_tar_job struct tar_job job = { .one_id = j->s->userns->kind == USERNS_SINGLE };
	int r = open_trees(j, &trees, e);

	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error with a name */
	tar_begin(&job.tar, j->out);
	if (r >= 0)
		r = merge_walk(&trees, visit, &job, e);
	return r < 0 ? r : tar_end(&job.tar, e);
}

static int run_dir(void *arg, struct err *e)
{
	const struct job *j = arg;
	auto_trees struct merge_trees trees = { 0 };
	int r = open_trees(j, &trees, e);

	return r < 0 ? r : merge_copy(&trees, j->out, e);
}

static int run(const struct job *j, int (*fn)(void *arg, struct err *e), struct err *e)
{
	struct job copy = *j;

	if (!j->s->userns)
		return err_set(e, EINVAL,
			       "the store was opened without a user namespace to read in");
	return userns_run(j->s->userns, 0, fn, &copy, e);
}

int export_tar(const struct store *s, const struct strv *diff_ids, int upper_dirfd, int out_fd,
	       struct err *e)
{
	return run(
		&(struct job){ .s = s, .diff_ids = diff_ids, .upper = upper_dirfd, .out = out_fd },
		run_tar, e);
}

int export_tree_tar(const struct store *s, int tree_dirfd, int out_fd, struct err *e)
{
	return run(&(struct job){ .s = s, .upper = tree_dirfd, .out = out_fd }, run_tar, e);
}

int export_dir(const struct store *s, const struct strv *diff_ids, int upper_dirfd, int dst_dirfd,
	       struct err *e)
{
	return run(
		&(struct job){
			.s = s, .diff_ids = diff_ids, .upper = upper_dirfd, .out = dst_dirfd },
		run_dir, e);
}

int export_tree_dir(const struct store *s, int tree_dirfd, int dst_dirfd, struct err *e)
{
	return run(&(struct job){ .s = s, .upper = tree_dirfd, .out = dst_dirfd }, run_dir, e);
}
