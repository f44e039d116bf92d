/* Writing tar: see tarout.h. Runs in the export's child, in the user namespace. */
#include "image/tarout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

#define BLOCK 512
#define BUFFER ((size_t)1 << 20)
/* Data of this size goes past the buffer. */
#define DIRECT ((uint64_t)256 << 10)
/*
 * Holes below this sum are written as zeros; a hole counts in pieces of this many bytes, so that it
 * depends on the content.
 */
#define HOLES_MIN ((int64_t)1 << 20)
#define HOLE_PIECE ((int64_t)4096)

/* POSIX ustar header. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type,
		linkname[100];
	char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155],
		rest[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

/* A stretch of data in a sparse file. */
struct piece {
	int64_t at, len;
};

struct pieces {
	struct piece *v;
	size_t n, cap;
};

void tar_begin(struct tar_out *t, int fd)
{
	*t = (struct tar_out){ .fd = fd, .buf = xzalloc(BUFFER) };
}

void tar_free(struct tar_out *t)
{
	free(t->buf);
	*t = (struct tar_out){ .fd = -1 };
}

static int flush(struct tar_out *t, struct err *e)
{
	int r = fd_write_all(t->fd, t->buf, t->len);

	t->len = 0;
	return r < 0 ? err_num(e, -r, "write the archive") : 0;
}

static int put(struct tar_out *t, const void *p, size_t len, struct err *e)
{
	while (len) {
		size_t n = len < BUFFER - t->len ? len : BUFFER - t->len;

		memcpy(t->buf + t->len, p, n);
		t->len += n;
		p = (const char *)p + n;
		len -= n;
		if (t->len == BUFFER) {
			int r = flush(t, e);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int put_zeros(struct tar_out *t, uint64_t len, struct err *e)
{
	static const char zeros[4096];

	while (len) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);
		int r = put(t, zeros, n, e);

		if (r < 0)
			return r;
		len -= n;
	}
	return 0;
}

static int pad(struct tar_out *t, uint64_t len, struct err *e)
{
	return put_zeros(t, -len % BLOCK, e);
}

/* -- headers -- */

/* Octal, or false where the field is too small. */
static bool octal(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	return value == 0;
}

static void record(struct str *records, const char *key, const void *value, size_t len)
{
	size_t total = strlen(key) + len + 3, digits = 1; /* ' ', '=' and newline */

	/* The length counts its own digits. */
	for (size_t limit = 10; total + digits >= limit; limit *= 10)
		digits++;
	str_addf(records, "%zu %s=", total + digits, key);
	str_add_mem(records, value, len);
	str_add_char(records, '\n');
}

static void record_text(struct str *records, const char *key, const char *value)
{
	record(records, key, value, strlen(value));
}

static void record_number(struct str *records, const char *key, int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	record_text(records, key, text);
}

void tar_xattr(struct str *records, const char *name, const void *value, size_t len)
{
	auto_free char *key = xasprintf("SCHILY.xattr.%s", name);

	record(records, key, value, len);
}

static char type_of(const struct tar_entry *entry)
{
	static const struct {
		mode_t format;
		char type;
	} types[] = { { S_IFREG, '0' }, { S_IFLNK, '2' }, { S_IFCHR, '3' },
		      { S_IFBLK, '4' }, { S_IFDIR, '5' }, { S_IFIFO, '6' } };

	if (entry->hardlink)
		return '1';
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((entry->st.st_mode & S_IFMT) == types[i].format)
			return types[i].type;
	return '0';
}

/*
 * Name, or prefix and name; what does not fit goes into a record, with as much of its end as fits
 * here.
 */
static void put_name(struct header *h, const char *path, struct str *records)
{
	size_t len = strlen(path);
	const char *slash = len > sizeof(h->name) ? strchr(path + len - sizeof(h->name) - 1, '/')
						  : NULL;

	if (len <= sizeof(h->name)) {
		memcpy(h->name, path, len);
		return;
	}
	if (slash && slash[1] && slash > path && (size_t)(slash - path) <= sizeof(h->prefix)) {
		memcpy(h->prefix, path, (size_t)(slash - path));
		memcpy(h->name, slash + 1, strlen(slash + 1));
		return;
	}
	record_text(records, "path", path);
	memcpy(h->name, path + len - sizeof(h->name), sizeof(h->name));
}

static void put_link(struct header *h, const char *target, struct str *records)
{
	size_t len = strlen(target);

	if (len > sizeof(h->linkname))
		record_text(records, "linkpath", target);
	memcpy(h->linkname, target, len < sizeof(h->linkname) ? len : sizeof(h->linkname));
}

static void put_time(struct header *h, const struct timespec *time, struct str *records)
{
	char text[48];

	if (time->tv_sec >= 0 && octal(h->mtime, sizeof(h->mtime), (uint64_t)time->tv_sec) &&
	    !time->tv_nsec)
		return;
	(void)octal(h->mtime, sizeof(h->mtime), time->tv_sec > 0 ? (uint64_t)time->tv_sec : 0);
	if (time->tv_nsec && time->tv_sec >= 0)
		(void)snprintf(text, sizeof(text), "%lld.%09ld", (long long)time->tv_sec,
			       time->tv_nsec);
	else if (time->tv_nsec) /* -1.25 is second -2 and 0.75 */
		(void)snprintf(text, sizeof(text), "-%lld.%09ld", -(long long)(time->tv_sec + 1),
			       1000000000 - time->tv_nsec);
	else
		(void)snprintf(text, sizeof(text), "%lld", (long long)time->tv_sec);
	record_text(records, "mtime", text);
}

static int put_header(struct tar_out *t, struct header *h, struct err *e)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned int sum = 0;

	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < BLOCK; i++)
		sum += p[i];
	(void)octal(h->checksum, 7, sum);
	h->checksum[6] = '\0';
	return put(t, h, sizeof(*h), e);
}

/* The extended header before an entry. */
static int put_records(struct tar_out *t, const struct str *records, struct err *e)
{
	struct header h = { .name = "PaxHeaders/entry",
			    .mode = "0000644",
			    .uid = "0000000",
			    .gid = "0000000",
			    .mtime = "00000000000",
			    .type = 'x' };
	int r;

	(void)octal(h.size, sizeof(h.size), records->len);
	r = put_header(t, &h, e);
	if (r >= 0)
		r = put(t, records->data, records->len, e);
	return r < 0 ? r : pad(t, records->len, e);
}

/* size: of the data that follows. records: what the caller has to say already. */
static int put_entry(struct tar_out *t, const struct tar_entry *entry, const char *path,
		     int64_t size, struct str *records, struct err *e)
{
	struct header h = { .type = type_of(entry) };
	const char *link = entry->hardlink ? entry->hardlink : entry->symlink;
	int r = 0;

	put_name(&h, path, records);
	if (link)
		put_link(&h, link, records);
	(void)octal(h.mode, sizeof(h.mode), entry->st.st_mode & 07777);
	if (!octal(h.uid, sizeof(h.uid), entry->st.st_uid))
		record_number(records, "uid", entry->st.st_uid);
	if (!octal(h.gid, sizeof(h.gid), entry->st.st_gid))
		record_number(records, "gid", entry->st.st_gid);
	if (!octal(h.size, sizeof(h.size), (uint64_t)size))
		record_number(records, "size", size);
	put_time(&h, &entry->st.st_mtim, records);
	if (S_ISCHR(entry->st.st_mode) || S_ISBLK(entry->st.st_mode)) {
		(void)octal(h.devmajor, sizeof(h.devmajor), major(entry->st.st_rdev));
		(void)octal(h.devminor, sizeof(h.devminor), minor(entry->st.st_rdev));
	}
	if (entry->xattrs)
		str_add_mem(records, str_cstr(entry->xattrs), entry->xattrs->len);
	if (records->len)
		r = put_records(t, records, e);
	return r < 0 ? r : put_header(t, &h, e);
}

/* As it stands in the tar: folders end with a slash. The caller owns it. */
static char *full_name(const struct tar_entry *entry)
{
	if (!S_ISDIR(entry->st.st_mode) || entry->hardlink)
		return xstrdup(entry->path);
	return xasprintf("%s/", *entry->path ? entry->path : ".");
}

int tar_header(struct tar_out *t, const struct tar_entry *entry, struct err *e)
{
	auto_str struct str records = { 0 };
	auto_free char *name = full_name(entry);

	return put_entry(t, entry, name, 0, &records, e);
}

/* -- data -- */

/* Through the buffer: small files cost no call but the read. */
static int put_small(struct tar_out *t, int in, uint64_t len, int64_t at, struct err *e)
{
	while (len) {
		size_t room = BUFFER - t->len;
		ssize_t n = pread(in, t->buf + t->len, len < room ? (size_t)len : room, at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		if (n == 0)
			return put_zeros(t, len, e); /* it has shrunk */
		t->len += (size_t)n;
		at += n;
		len -= (uint64_t)n;
		r = t->len == BUFFER ? flush(t, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * From file to file, without passing through here. What is there is counted first: fd_copy fails at
 * an early end.
 */
static int put_large(struct tar_out *t, int in, uint64_t len, int64_t at, struct err *e)
{
	struct stat st;
	uint64_t there;
	int r = flush(t, e);

	if (r < 0)
		return r;
	if (fstat(in, &st) < 0 || lseek(in, at, SEEK_SET) < 0)
		return err_sys(e, "read");
	there = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
	there = there < len ? there : len;
	r = fd_copy(in, t->fd, there, e);
	return r < 0 ? r : put_zeros(t, len - there, e);
}

static int put_data(struct tar_out *t, int in, int64_t len, int64_t at, struct err *e)
{
	return (uint64_t)len < DIRECT ? put_small(t, in, (uint64_t)len, at, e)
				      : put_large(t, in, (uint64_t)len, at, e);
}

/* -- sparse files -- */

static void add_piece(struct pieces *p, int64_t at, int64_t len)
{
	if (p->n && p->v[p->n - 1].at + p->v[p->n - 1].len == at) {
		p->v[p->n - 1].len += len;
		return;
	}
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->v = xreallocarray(p->v, p->cap, sizeof(*p->v));
	}
	p->v[p->n++] = (struct piece){ .at = at, .len = len };
}

static bool is_zero(const char *p, size_t len)
{
	return !p[0] && memcmp(p, p + 1, len - 1) == 0;
}

/* The pieces of [at, end) that are not all zeros. */
static int find_in(int in, int64_t at, int64_t end, struct pieces *ret)
{
	static char buf[64 * HOLE_PIECE];

	while (at < end) {
		ssize_t n = pread(
			in, buf, end - at < (int64_t)sizeof(buf) ? (size_t)(end - at) : sizeof(buf),
			at);

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (int64_t i = 0; i < n; i += HOLE_PIECE) {
			int64_t len = n - i < HOLE_PIECE ? n - i : HOLE_PIECE;

			if (!is_zero(buf + i, (size_t)len))
				add_piece(ret, at + i, len);
		}
		at += n;
	}
	return 0;
}

/*
 * What a file with holes really holds, whatever file system it lies on. False: too little is saved.
 */
static bool find_pieces(int in, const struct stat *st, struct pieces *ret)
{
	int64_t at = 0, sum = 0, size = st->st_size;

	if ((int64_t)st->st_blocks * 512 > size - HOLES_MIN)
		return false;
	while (at < size) {
		int64_t data = lseek(in, at, SEEK_DATA), hole;

		if (data < 0)
			break; /* ENXIO: nothing but a hole is left */
		hole = lseek(in, data, SEEK_HOLE);
		data -= data % HOLE_PIECE;
		if (hole < 0 || find_in(in, data, hole < size ? hole : size, ret) < 0)
			return false;
		at = hole;
	}
	for (size_t i = 0; i < ret->n; i++)
		sum += ret->v[i].len;
	return size - sum >= HOLES_MIN;
}

/*
 * GNU tar's format 1.0 ("Storing Sparse Files", PAX Format, Version 1.0): the map stands before the
 * data, in whole blocks.
 */
static int put_sparse(struct tar_out *t, const struct tar_entry *entry, int in, struct pieces *p,
		      struct err *e)
{
	auto_str struct str records = { 0 }, map = { 0 };
	auto_free char *name =
		xasprintf("GNUSparseFile.0/%s",
			  strrchr(entry->path, '/') ? strrchr(entry->path, '/') + 1 : entry->path);
	int64_t sum = 0;
	int r;

	add_piece(p, entry->st.st_size, 0); /* how it ends */
	str_addf(&map, "%zu\n", p->n);
	for (size_t i = 0; i < p->n; i++) {
		str_addf(&map, "%lld\n%lld\n", (long long)p->v[i].at, (long long)p->v[i].len);
		sum += p->v[i].len;
	}
	while (map.len % BLOCK)
		str_add_char(&map, '\0');
	record_text(&records, "GNU.sparse.major", "1");
	record_text(&records, "GNU.sparse.minor", "0");
	record_text(&records, "GNU.sparse.name", entry->path);
	record_number(&records, "GNU.sparse.realsize", entry->st.st_size);
	r = put_entry(t, entry, name, (int64_t)map.len + sum, &records, e);
	if (r >= 0)
		r = put(t, map.data, map.len, e);
	for (size_t i = 0; i < p->n && r >= 0; i++)
		r = put_data(t, in, p->v[i].len, p->v[i].at, e);
	return r < 0 ? r : pad(t, (uint64_t)sum, e);
}

int tar_file(struct tar_out *t, const struct tar_entry *entry, int in_fd, struct err *e)
{
	auto_str struct str records = { 0 };
	struct pieces pieces = { 0 };
	int r;

	if (find_pieces(in_fd, &entry->st, &pieces)) {
		r = put_sparse(t, entry, in_fd, &pieces, e);
		free(pieces.v);
		return r;
	}
	free(pieces.v);
	r = put_entry(t, entry, entry->path, entry->st.st_size, &records, e);
	if (r >= 0)
		r = put_data(t, in_fd, entry->st.st_size, 0, e);
	return r < 0 ? r : pad(t, (uint64_t)entry->st.st_size, e);
}

int tar_end(struct tar_out *t, struct err *e)
{
	int r = put_zeros(t, 2 * BLOCK, e);

	return r < 0 ? r : flush(t, e);
}
