/*
 * Unpacked layers on disk, and the process that makes one. The work folder tmp/layer-<hex> is the
 * lock of its diff id: who holds the flock of its lock file unpacks, and a folder whose lock is
 * free is litter of a dead process. The child sits in the user namespace with fs/ as its root and
 * gets the compressed bytes through a pipe; the parent feeds it, and renames the folder to
 * layers/<hex> when the digest is right.
 */
#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "image/archive.h"
#include "image/gc.h"
#include "image/store.h"
#include "image/tmp.h"
#include "image/unpack.h"

/*
 * The largest pipe that an unprivileged process may ask for by default
 * (/proc/sys/fs/pipe-max-size).
 */
#define PIPE_BYTES (1 << 20)
/* "layer-" + 128 digits + "/layer.json" */
#define NAME_BYTES 160

struct layer_unpack {
	const struct store *store;
	char *diff_id;
	char work[NAME_BYTES]; /* name in tmp/ */
	int lock, in, result;  /* in: our end of the pipe */
	struct child child;
};

/* What the child tells at its end. */
struct outcome {
	int r;
	struct err e;
	struct unpack_result result;
};

/* -- what is there -- */

bool layer_exists(const struct store *s, const char *diff_id)
{
	return digest_ok(diff_id) &&
	       faccessat(s->layers_fd, digest_hex(diff_id), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layer_open_tree(const struct store *s, const char *diff_id, struct err *e)
{
	char path[NAME_BYTES];
	int fd, r = digest_check(diff_id, e);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/fs", digest_hex(diff_id));
	fd = openat(s->layers_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "layer %.19s is not in the store: pull the image again",
			       diff_id);
	return fd < 0 ? err_sys(e, "open layer %.19s", diff_id) : fd;
}

int layer_info(const struct store *s, const char *diff_id, struct layer_info *ret, struct err *e)
{
	auto_json cJSON *j = NULL;
	char path[NAME_BYTES];
	int r = digest_check(diff_id, e);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/layer.json", digest_hex(diff_id));
	r = json_read_file(s->layers_fd, path, 1 << 16, &j, e);
	if (r < 0)
		return r;
	*ret = (struct layer_info){
		.disk_bytes = json_i64(j, "diskBytes", 0),
		.files = json_i64(j, "files", 0),
		.has_root = json_bool(j, "hasRoot", false),
		.dot_whiteouts = json_bool(j, "dotWhiteouts", false),
	};
	return 0;
}

int layer_remove(const struct store *s, const char *diff_id, struct err *e)
{
	return tmp_discard(s, s->layers_fd, digest_hex(diff_id), e);
}

/* -- the child -- */

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* Closes every fd >= 3 but these: other layers' pipes among them, which would never end. */
static void keep_fds(int *fds, size_t n)
{
	int next = 3;

	qsort(fds, n, sizeof(*fds), compare_ints);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] > next)
			(void)sys_close_range((unsigned int)next, (unsigned int)fds[i] - 1, 0);
		if (fds[i] >= next)
			next = fds[i] + 1;
	}
	fd_close_from(next);
}

static int unpack_in_root(const struct layer_unpack *u, int in, int root, struct unpack_result *ret,
			  struct err *e)
{
	const struct unpack_options options = {
		.one_id = u->store->userns->kind == USERNS_SINGLE,
		.devices = u->store->userns->kind == USERNS_NONE,
	};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* removing a deep tree holds one a level */
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)umask(0);
	if (fchdir(root) < 0 || chroot(".") < 0)
		return err_sys(e, "enter the layer's folder");
	if (fchmod(root, 0755) < 0) /* a setgid home, say, would pass its group on */
		return err_sys(e, "set up the layer's folder");
	return unpack_stream(in, root, digest_algorithm(u->diff_id), &options, ret, e);
}

static _Noreturn void child_main(const struct layer_unpack *u, int in, int result, int root)
{
	struct outcome out = { 0 };
	int keep[] = { in, result, root, u->lock, log_fd() };

	keep_fds(keep, ARRAY_SIZE(keep));
	out.r = unpack_in_root(u, in, root, &out.result, &out.e);
	(void)fd_write_all(result, &out, sizeof(out));
	_exit(0);
}

static int start_child(struct layer_unpack *u, struct err *e)
{
	auto_fd int in = -1, result = -1, root = -1;
	char path[NAME_BYTES + 8];
	int fds[2], r;

	(void)snprintf(path, sizeof(path), "%s/fs", u->work);
	root = dir_make_open(u->store->tmp_fd, path, 0755, e);
	if (root < 0)
		return root;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	in = fds[0];
	u->in = fds[1];
	(void)fcntl(u->in, F_SETPIPE_SZ, PIPE_BYTES); /* a smaller one works too */
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	u->result = fds[0];
	result = fds[1];
	r = userns_fork(u->store->userns, CLONE_NEWNS, &u->child, e);
	if (r == 0)
		child_main(u, in, result, root);
	return r < 0 ? r : 0;
}

/* -- the parent -- */

static void unpack_free(struct layer_unpack *u)
{
	if (!u)
		return;
	close_fd(&u->in);
	close_fd(&u->result);
	child_kill(&u->child);
	if (u->lock >= 0 && tmp_discard(u->store, u->store->tmp_fd, u->work, NULL) < 0)
		log_debug("left tmp/%s for the next sweep", u->work);
	close_fd(&u->lock);
	free(u->diff_id);
	free(u);
}

static void cleanup_unpack(struct layer_unpack **u)
{
	unpack_free(*u);
}

#define auto_unpack __attribute__((cleanup(cleanup_unpack)))

void layer_unpack_abort(struct layer_unpack *u)
{
	unpack_free(u);
}

/* Makes the work folder and takes its lock; what a dead process left in it goes. */
static int take_work(struct layer_unpack *u, bool wait, struct err *e)
{
	const struct store *s = u->store;
	char path[NAME_BYTES + 8];
	int r;

	(void)snprintf(u->work, sizeof(u->work), "layer-%s", digest_hex(u->diff_id));
	(void)snprintf(path, sizeof(path), "%s/lock", u->work);
	do {
		if (mkdirat(s->tmp_fd, u->work, 0700) < 0 && errno != EEXIST)
			return err_sys(e, "make folder 'tmp/%.20s…'", u->work);
		r = wait ? lock_take(s->tmp_fd, path, LOCK_EXCLUSIVE, e)
			 : lock_try(s->tmp_fd, path, LOCK_EXCLUSIVE, e);
	} while (r == -ENOENT); /* renamed or swept in between */
	if (r == -EWOULDBLOCK)
		return err_set(e, EWOULDBLOCK, "layer %.19s is being unpacked by another process",
			       u->diff_id);
	if (r < 0)
		return r;
	u->lock = r;
	(void)snprintf(path, sizeof(path), "%s/fs", u->work);
	return faccessat(s->tmp_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0
		       ? 0
		       : tmp_discard(s, s->tmp_fd, path, e);
}

static int begin(const struct store *s, const char *diff_id, bool wait, struct layer_unpack **ret,
		 struct err *e)
{
	auto_unpack struct layer_unpack *u = NULL;
	int r = digest_check(diff_id, e);

	*ret = NULL;
	if (r < 0 || layer_exists(s, diff_id))
		return r;
	if (!s->userns)
		return err_set(e, EINVAL,
			       "the store was opened without a user namespace to unpack in");
	r = archive_prepare(e);
	if (r < 0)
		return r;
	u = xzalloc(sizeof(*u));
	*u = (struct layer_unpack){ .store = s,
				    .diff_id = xstrdup(diff_id),
				    .lock = -1,
				    .in = -1,
				    .result = -1,
				    .child = CHILD_NONE };
	r = take_work(u, wait, e);
	if (r < 0)
		return r;
	if (layer_exists(s, diff_id)) /* by who had the lock before */
		return 0;
	r = start_child(u, e);
	if (r < 0)
		return r;
	*ret = take_ptr(&u);
	return 0;
}

int layer_unpack_begin(const struct store *s, const char *diff_id, const char *media_type,
		       struct layer_unpack **ret, struct err *e)
{
	(void)media_type; /* registries lie; the bytes do not */
	return begin(s, diff_id, false, ret, e);
}

int layer_unpack_fd(const struct layer_unpack *u)
{
	return u->in;
}

int layer_unpack_end(struct layer_unpack *u)
{
	close_fd(&u->in);
	return u->result;
}

/* What the child says, or how it died. */
static int take_outcome(struct layer_unpack *u, struct outcome *out, struct err *e)
{
	int r, status = 0;
	char text[64];

	close_fd(&u->in);
	r = fd_read_exact(u->result, out, sizeof(*out));
	if (child_wait(&u->child, &status, e) < 0)
		return -EIO;
	if (r < 0)
		return err_set(e, EIO, "unpack layer %.19s: its process ended early: %s",
			       u->diff_id, proc_status_text(status, text, sizeof(text)));
	if (out->r < 0) {
		(void)err_copy(e, &out->e);
		return err_prefix(e, "unpack layer %.19s", u->diff_id);
	}
	if (!str_eq(out->result.digest, u->diff_id))
		return err_set(e, EBADMSG,
			       "layer %.19s has other content than its diff id says: %.19s",
			       u->diff_id, out->result.digest);
	return 0;
}

static int write_info(const struct layer_unpack *u, const struct layer_info *info, struct err *e)
{
	auto_json cJSON *j = json_object();
	auto_free char *text = NULL;
	char path[NAME_BYTES + 16];

	json_add_str(j, "diffId", u->diff_id);
	json_add_i64(j, "diskBytes",
		     info->disk_bytes + (2 << 12)); /* the folder and this file: a block each */
	json_add_i64(j, "files", info->files);
	json_add_bool(j, "hasRoot", info->has_root);
	json_add_bool(j, "dotWhiteouts", info->dot_whiteouts);
	text = json_print(j, false);
	(void)snprintf(path, sizeof(path), "%s/layer.json", u->work);
	return file_replace_fast(u->store->tmp_fd, path, text, strlen(text), 0600, e);
}

/*
 * A layer that an image in index.json lacks is on disk before it appears: nothing will sync it
 * later.
 */
static int sync_if_named(const struct layer_unpack *u, struct err *e)
{
	int r = gc_names_layer(u->store, u->diff_id, e);

	if (r > 0 && syncfs(u->store->tmp_fd) < 0)
		return err_sys(e, "sync layer %.19s", u->diff_id);
	return r < 0 ? r : 0;
}

/*
 * The lock file goes last: were it gone before the rename, somebody could make it anew in the
 * folder that is about to move, and clear that out as a dead process's.
 */
static int put_in_place(struct layer_unpack *u, struct err *e)
{
	char path[NAME_BYTES + 8];

	if (renameat(u->store->tmp_fd, u->work, u->store->layers_fd, digest_hex(u->diff_id)) < 0)
		return err_sys(e, "put layer %.19s in its place", u->diff_id);
	(void)snprintf(path, sizeof(path), "%s/lock", digest_hex(u->diff_id));
	(void)unlinkat(u->store->layers_fd, path, 0);
	close_fd(&u->lock); /* and with it the duty to remove the work folder */
	return 0;
}

static void tell_skipped(const struct layer_unpack *u, const struct unpack_result *res)
{
	if (res->skipped_devices)
		log_warn("layer %.19s: left out %u device nodes, which only root can make",
			 u->diff_id, res->skipped_devices);
	if (res->skipped_xattrs)
		log_warn(
			"layer %.19s: left out %u extended attributes, which this file system does not take",
			u->diff_id, res->skipped_xattrs);
}

int layer_unpack_finish(struct layer_unpack *u, struct err *e)
{
	auto_unpack struct layer_unpack *owned = u;
	struct outcome out;
	int r = take_outcome(u, &out, e);

	if (r >= 0)
		r = write_info(u, &out.result.info, e);
	if (r >= 0)
		r = sync_if_named(u, e);
	if (r >= 0)
		r = put_in_place(owned, e);
	if (r >= 0)
		tell_skipped(u, &out.result);
	return r;
}

int layer_unpack_blob(const struct store *s, const char *blob_digest, const char *diff_id,
		      const char *media_type, struct err *e)
{
	auto_unpack struct layer_unpack *u = NULL;
	auto_fd int blob = -1;
	struct err copy_error;
	int r;

	(void)media_type;
	if (layer_exists(s, diff_id))
		return 0;
	blob = store_open_blob(s, blob_digest, e);
	if (blob < 0)
		return blob;
	r = begin(s, diff_id, true, &u, e);
	if (r < 0 || !u)
		return r;
	r = fd_copy(blob, u->in, UINT64_MAX, &copy_error);
	if (r < 0 && r != -EPIPE) /* the child says why it went away */
		return err_copy(e, &copy_error);
	return layer_unpack_finish(take_ptr(&u), e);
}
