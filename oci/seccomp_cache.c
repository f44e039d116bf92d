/*
 * The cache of compiled filters, see seccomp_cache.h. File: struct header, key, program. Written
 * under another name and renamed, so a reader sees a whole file; one that another user could have
 * written is not read.
 */
#include "oci/seccomp_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"

/* More than the kernel takes (BPF_MAXINSNS) or than a config may be long is not ours. */
#define PROGRAM_MAX (BPF_MAXINSNS * sizeof(struct sock_filter))
#define KEY_MAX ((size_t)32 << 20)

struct header {
	char magic[8];
	uint32_t flags, notify;
	uint64_t key_len, bpf_len;
};

static const char magic[8] = "podbpf1";

/* FNV-1a: a name, not a proof. */
static uint64_t hash(const struct str *key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ (unsigned char)key->data[i]) * 0x100000001b3u;
	return h;
}

static void file_name(const struct str *key, char name[32])
{
	(void)snprintf(name, 32, "%016" PRIx64 ".bpf", hash(key));
}

/* Ours, and nobody else can write it. */
static bool is_private(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & 022);
}

/* Reads key and program behind h; true where the key is the wanted one. */
static bool read_body(int fd, const struct header *h, const struct str *key, void **ret_bpf)
{
	auto_free char *body = malloc(h->key_len + h->bpf_len); /* lint: allow sizes of a file */

	if (!body || fd_read_exact(fd, body, h->key_len + h->bpf_len) < 0)
		return false;
	if (memcmp(body, key->data, key->len) != 0)
		return false;
	*ret_bpf = xmemdup(body + h->key_len, h->bpf_len);
	return true;
}

int seccomp_cache_load(const char *dir, const struct str *key, struct seccomp_filter *ret)
{
	auto_fd int at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int fd = -1;
	struct header h;
	char name[32];
	void *bpf = NULL;

	if (at < 0 || !is_private(at, S_IFDIR))
		return 0;
	file_name(key, name);
	fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || !is_private(fd, S_IFREG) || fd_read_exact(fd, &h, sizeof h) < 0)
		return 0;
	if (memcmp(h.magic, magic, sizeof magic) != 0 || h.key_len != key->len || !h.bpf_len ||
	    h.bpf_len > PROGRAM_MAX || h.bpf_len % sizeof(struct sock_filter) != 0)
		return 0;
	if (!read_body(fd, &h, key, &bpf))
		return 0;
	*ret = (struct seccomp_filter){
		.bpf = bpf, .len = h.bpf_len, .flags = h.flags, .notify = h.notify
	};
	return 1;
}

void seccomp_cache_store(const char *dir, const struct str *key, const struct seccomp_filter *f)
{
	struct header h = {
		.flags = f->flags, .notify = f->notify, .key_len = key->len, .bpf_len = f->len
	};
	auto_str struct str file = { 0 };
	struct err e = { 0 };
	auto_fd int at = -1;
	char name[32];

	if (key->len > KEY_MAX || f->len > PROGRAM_MAX)
		return;
	at = dir_make_open(AT_FDCWD, dir, 0700, &e);
	if (at >= 0 && !is_private(at, S_IFDIR))
		(void)err_set(&e, EPERM, "'%s' belongs to somebody else or others may write to it",
			      dir);
	if (!e.num) {
		memcpy(h.magic, magic, sizeof magic);
		str_add_mem(&file, &h, sizeof h);
		str_add_mem(&file, key->data, key->len);
		str_add_mem(&file, f->bpf, f->len);
		file_name(key, name);
		(void)file_replace_fast(at, name, file.data, file.len, 0600, &e);
	}
	if (e.num)
		log_debug("keep the compiled seccomp filter: %s", e.msg);
}
