/* The store's folders and who holds them: see store.h. */
#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/proc.h"
#include "image/gc.h"
#include "image/tmp.h"

/* In images/ */
#define HOLD_LOCK "hold.lock"
#define BOOT_FILE ".boot"

/* -- open and close -- */

static int put_text(int dirfd, const char *name, const char *text, struct err *e)
{
	return file_replace_fast(dirfd, name, text, strlen(text), 0644, e);
}

/* What a store always has, so that no later command adds a file to it but what it is about. */
static int fill_new(const struct store *s, struct err *e)
{
	auto_fd int hold = lock_take(s->images_fd, HOLD_LOCK, LOCK_SHARED, e);
	int r = hold < 0 ? hold : tmp_make_locks(s, e);

	if (r >= 0)
		r = dir_make_all(s->blobs_fd, "sha256", 0700, e);
	if (r >= 0)
		r = put_text(s->images_fd, BOOT_FILE, proc_boot_id(),
			     e); /* nothing is in it that could be torn */
	if (r >= 0)
		r = put_text(s->images_fd, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", e);
	return r < 0 ? r
		     : put_text(s->images_fd, "index.json",
				"{\"schemaVersion\":2,\"manifests\":[]}", e);
}

/*
 * oci-layout and index.json, so that other tools know the folder for what it is (image-spec
 * image-layout.md).
 */
static int make_layout(const struct store *s, struct err *e)
{
	auto_fd int lock = -1;

	if (faccessat(s->images_fd, "index.json", F_OK, 0) == 0)
		return 0;
	lock = lock_take(s->images_fd, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, e);
	if (lock < 0)
		return lock;
	return faccessat(s->images_fd, "index.json", F_OK, 0) == 0 ? 0 : fill_new(s, e);
}

/* Opens root/name, making it where missing. */
static int open_part(int dirfd, const char *name, int *ret, struct err *e)
{
	*ret = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret < 0)
		*ret = dir_make_open(dirfd, name, 0700, e);
	return *ret < 0 ? *ret : 0;
}

int store_open(const char *root, const struct userns *userns, struct store *ret, struct err *e)
{
	auto_store struct store s = {
		.root_fd = -1, .images_fd = -1, .blobs_fd = -1, .layers_fd = -1, .tmp_fd = -1
	};
	int r;

	s.root = xstrdup(root);
	s.userns = userns;
	s.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.root_fd < 0) {
		r = dir_make_all(AT_FDCWD, root, 0700, e);
		s.root_fd = r < 0 ? r : dir_open(AT_FDCWD, root, e);
	}
	r = s.root_fd < 0 ? s.root_fd : open_part(s.root_fd, "images", &s.images_fd, e);
	if (r >= 0)
		r = open_part(s.images_fd, "blobs", &s.blobs_fd, e);
	if (r >= 0)
		r = open_part(s.root_fd, "layers", &s.layers_fd, e);
	if (r >= 0)
		r = open_part(s.root_fd, "tmp", &s.tmp_fd, e);
	if (r >= 0)
		r = make_layout(&s, e);
	if (r < 0)
		return err_prefix(e, "store '%s'", root);
	if (userns)
		tmp_sweep(&s);
	*ret = s;
	s = (struct store){
		.root_fd = -1, .images_fd = -1, .blobs_fd = -1, .layers_fd = -1, .tmp_fd = -1
	};
	return 0;
}

void store_close(struct store *s)
{
	int *const fds[] = { &s->root_fd, &s->images_fd, &s->blobs_fd, &s->layers_fd, &s->tmp_fd };

	if (!s->root)
		return; /* zeroed, or closed before */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close_fd(fds[i]);
	replace_ptr(&s->root, NULL);
}

/* -- holding -- */

/* True where something in the store may not have reached the disk before the machine went down. */
static bool is_new_boot(const struct store *s)
{
	auto_str struct str text = { 0 };

	return file_read(s->images_fd, BOOT_FILE, 64, &text, NULL) < 0 ||
	       !str_eq(str_cstr(&text), proc_boot_id());
}

/* What has no name may be torn: it goes before anybody takes it for whole. */
static int first_of_boot(const struct store *s, struct err *e)
{
	auto_fd int lock = lock_try(s->images_fd, HOLD_LOCK, LOCK_EXCLUSIVE, e);
	int r;

	if (lock == -EWOULDBLOCK || (lock >= 0 && !is_new_boot(s)))
		return 0; /* somebody holds the store, and has done this before */
	if (lock < 0)
		return lock;
	r = gc_sweep(s, NULL, e);
	if (r < 0)
		return r;
	return file_replace_fast(s->images_fd, BOOT_FILE, proc_boot_id(), strlen(proc_boot_id()),
				 0600, e);
}

int store_hold(const struct store *s, struct err *e)
{
	int r = is_new_boot(s) ? first_of_boot(s, e) : 0;

	return r < 0 ? r : lock_take(s->images_fd, HOLD_LOCK, LOCK_SHARED, e);
}

int store_collect(const struct store *s, struct strv *ret_deleted, struct err *e)
{
	auto_fd int lock = lock_try(s->images_fd, HOLD_LOCK, LOCK_EXCLUSIVE, e);

	if (lock == -EWOULDBLOCK)
		return err_set(
			e, EWOULDBLOCK,
			"another process is using the store: what is not needed stays until the next removal");
	return lock < 0 ? lock : gc_sweep(s, ret_deleted, e);
}
