/*
 * Layers, by tars that are made byte by byte: what honest ones become on disk, and that each
 * hostile one is refused by name with nothing left. Everything runs twice: with the ids that the
 * caller has, and with one id.
 */
#include "image/layer.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "image/export.h"
#include "image/rootfs.h"
#include "image/store.h"
#include "tests/unit/tap.h"
#include "tests/unit/tarball.h"

static struct userns userns;
static struct store store;
static char root[] = "/tmp/pod-test-layer-XXXXXX";

static char *digest_of_tar(const struct str *tar)
{
	char text[DIGEST_TEXT_MAX];

	if (digest_of(tar->data, tar->len, text, NULL) < 0)
		tap_bail("hash a tar");
	return xstrdup(text);
}

/* Feeds bytes to the unpacking of diff_id. */
static int unpack_as(const char *bytes, size_t len, const char *diff_id, struct err *e)
{
	struct layer_unpack *u = NULL;
	int r = layer_unpack_begin(&store, diff_id, NULL, &u, e);

	if (r < 0 || !u)
		return r;
	(void)fd_write_all(layer_unpack_fd(u), bytes, len); /* EPIPE: finish says why */
	return layer_unpack_finish(u, e);
}

/* Unpacks members as one layer; *ret_id is its diff id. */
static int unpack(const struct member *members, size_t n, char **ret_id, struct err *e)
{
	struct str tar = { 0 };
	int r;

	for (size_t i = 0; i < n; i++)
		tarball_add(&tar, &members[i]);
	tarball_end(&tar);
	*ret_id = digest_of_tar(&tar);
	r = unpack_as(tar.data, tar.len, *ret_id, e);
	str_free(&tar);
	return r;
}

static size_t count_entries(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	size_t n = 0;

	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	if (dir)
		(void)closedir(dir);
	return n;
}

/* -- hostile -- */

#define EVIL_MAX 4

static const struct evil {
	const char *what;
	struct member members[EVIL_MAX];
	int want;
	const char *message;
} evils[] = {
	{ "a name that begins with ..", { { .name = "../x" } }, -EBADMSG, "leads out of the layer" },
	{ "a name with .. in it",
	  { { .name = "a", .type = '5' }, { .name = "a/../../x" } },
	  -EBADMSG,
	  "leads out of the layer" },
	{ "the root as a symlink",
	  { { .name = ".", .type = '2', .link = "/tmp" } },
	  -EBADMSG,
	  "the root of the layer is no folder" },
	{ "the root as a file",
	  { { .name = "." } },
	  -EBADMSG,
	  "the root of the layer is no folder" },
	{ "a hard link to outside",
	  { { .name = "l", .type = '1', .link = "../../etc/passwd" } },
	  -EBADMSG,
	  "leads out of the layer" },
	{ "an absolute hard link",
	  { { .name = "l", .type = '1', .link = "/etc/passwd" } },
	  -EBADMSG,
	  "which is not in the layer" },
	{ "a hard link to nothing",
	  { { .name = "l", .type = '1', .link = "none" } },
	  -EBADMSG,
	  "which is not in the layer" },
	{ "a hard link to a folder",
	  { { .name = "d", .type = '5' }, { .name = "l", .type = '1', .link = "d" } },
	  -EBADMSG,
	  "which is no file" },
	{ "a hard link to a whiteout",
	  { { .name = ".wh.w" }, { .name = "l", .type = '1', .link = "w" } },
	  -EBADMSG,
	  "which is no" },
	{ "a whiteout of .", { { .name = ".wh.." } }, -EBADMSG, "a whiteout of nothing" },
	{ "a whiteout of ..", { { .name = "a/.wh..." } }, -EBADMSG, "a whiteout of nothing" },
	{ "a whiteout without a name", { { .name = "a/.wh." } }, -EBADMSG, "a whiteout of nothing" },
	{ "a character device 0:0",
	  { { .name = "z", .type = '3' } },
	  -EBADMSG,
	  "a character device 0:0" },
	{ "a file below a file",
	  { { .name = "f", .data = "x" }, { .name = "f/g" } },
	  -ENOTDIR,
	  "'f/g'" },
	{ "a loop of symlinks as a folder",
	  { { .name = "l", .type = '2', .link = "l" }, { .name = "l/f" } },
	  -ELOOP,
	  "'l/f'" },
	{ "a symlink to nowhere", { { .name = "l", .type = '2', .link = "" } }, -ENOENT, "'l'" },
	{ "a negative owner", { { .name = "f", .pax = "uid=-1" } }, -EBADMSG, "negative owner" },
	{ "an owner of 64 bits",
	  { { .name = "f", .pax = "uid=18446744073709551615" } },
	  -EBADMSG,
	  "'f'" },
	{ "the owner 2^32-1, which chown takes for none",
	  { { .name = "f", .pax = "gid=4294967295" } },
	  -EBADMSG,
	  "no valid id" },
	{ "a size that overflows",
	  { { .name = "f", .pax = "size=9223372036854775807" } },
	  -EBADMSG,
	  "no good tar archive" },
	{ "a negative size",
	  { { .name = "f", .pax = "size=-1" } },
	  -EBADMSG,
	  "no good tar archive" },
};

static void test_evil(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(evils); i++) {
		auto_free char *id = NULL;
		struct err e = { 0 };
		size_t n = 0;

		while (n < EVIL_MAX && evils[i].members[n].name)
			n++;
		is_int(unpack(evils[i].members, n, &id, &e), evils[i].want, evils[i].what);
		has_str(e.msg, evils[i].message, "and the message says so");
	}
	is_int((int64_t)count_entries(store.layers_fd), 0, "no layer came of any of them");
	is_int((int64_t)count_entries(store.tmp_fd), 0, "and no litter");
}

static void test_long_names(void)
{
	struct str deep = { 0 }, wide = { 0 };
	auto_free char *id = NULL, *id2 = NULL;
	struct err e = { 0 };

	str_add(&wide, "path=");
	for (int i = 0; i < 300; i++)
		str_add_char(&wide, 'w');
	str_add(&deep, "path=");
	for (int i = 0; i < 13000; i++) /* 65 KiB */
		str_add(&deep, "dddd/");
	str_add(&deep, "f");
	is_int(unpack(&(struct member){ .name = "f", .pax = wide.data }, 1, &id, &e), -ENAMETOOLONG,
	       "a name of 300 bytes");
	is_int(unpack(&(struct member){ .name = "f", .pax = deep.data }, 1, &id2, &e),
	       -ENAMETOOLONG, "a path of 64 KiB");
	has_str(e.msg, "the name is too long", "and the message says so");
	str_free(&deep);
	str_free(&wide);
}

static void test_broken_streams(void)
{
	struct str tar = { 0 }, bomb = { 0 };
	auto_free char *id = NULL, *other = NULL;
	char zeros[4096] = { 0 };
	struct err e = { 0 };

	tarball_add(&tar, &(struct member){ .name = "f", .data = "some data" });
	tarball_end(&tar);
	id = digest_of_tar(&tar);
	for (size_t len = 1; len < 1024; len += 137) {
		struct err cut = { 0 };

		ok(unpack_as(tar.data, len, id, &cut) == -EBADMSG,
		   "a tar that is cut short is refused");
	}
	is_int(unpack_as("PK\3\4 this is no tar", 20, id, &e), -EBADMSG, "a zip is no layer");
	has_str(e.msg, "no good tar archive", "and the message says so");
	is_int(unpack_as("\x1f\x8b\x08\0\0\0\0\0\0\3 broken", 18, id, &e), -EBADMSG, "broken gzip");
	str_add_mem(&bomb, tar.data, tar.len);
	for (int i = 0; i < 600; i++)
		str_add_mem(&bomb, zeros, sizeof(zeros));
	other = digest_of_tar(&bomb);
	is_int(unpack_as(bomb.data, bomb.len, other, &e), -EBADMSG,
	       "a megabyte after the end is no padding");
	has_str(e.msg, "after the end of the layer's archive", "and the message says so");
	is_int(unpack_as(tar.data, tar.len, other, &e), -EBADMSG, "another diff id");
	has_str(e.msg, "has other content than its diff id says", "and the message says so");
	is_int(unpack_as(tar.data, tar.len, "sha256:../../x", &e), -EINVAL,
	       "a diff id that is a path");
	is_int((int64_t)count_entries(store.layers_fd), 0, "nothing came of them");
	is_int((int64_t)count_entries(store.tmp_fd), 0, "and no litter");
	str_free(&tar);
	str_free(&bomb);
}

/* A tar of one file, as gzip and zstd write it. */
#define SMALL_ID "sha256:4ab97957bf7cf48f977c463ce3540740b4a5a7ac85d5072374fc08bb15179707"
static const char small_gzip[] =
	"\037\213\010\000\000\000\000\000\002\003\113\143\240\075\060\000\002\063\023\023"
	"\060\015\004\350\064\020\230\060\030\232\230\032\231\230\233\033\230\200\305\315"
	"\014\115\015\031\024\014\350\340\066\206\322\342\222\304\042\240\225\014\043\023"
	"\244\044\226\044\062\214\202\121\060\012\106\301\050\030\161\000\000\000\322\073"
	"\065\000\010\000\000";
static const char small_zstd[] =
	"\050\265\057\375\004\150\335\001\000\102\203\011\016\300\153\014\344\270\374\067"
	"\266\311\042\234\176\063\123\026\125\214\057\052\052\055\007\232\260\361\376\115"
	"\310\005\161\346\375\173\067\376\075\001\006\040\120\037\370\375\172\016\165\006"
	"\244\043\262\303\371\251\143\001\031\374\064\120";
/* A gzip member of nothing; a frame that zstd skips (RFC 8878, 3.1.2). */
static const char empty_gzip[] =
	"\037\213\010\000\000\000\000\000\002\003\003\000\000\000\000\000\000\000\000\000";
static const char skipped_zstd[] = "\120\052\115\030\003\000\000\000abc";

/* Unpacks first and then second, which follow each other, as SMALL_ID. */
static int unpack_two(const char *first, size_t first_len, const char *second, size_t second_len,
		      struct err *e)
{
	auto_str struct str both = { 0 };
	int r;

	str_add_mem(&both, first, first_len);
	str_add_mem(&both, second, second_len);
	r = unpack_as(both.data, both.len, SMALL_ID, e);
	if (layer_exists(&store, SMALL_ID))
		(void)layer_remove(&store, SMALL_ID, NULL);
	return r;
}

#define BYTES(a) (a), sizeof(a) - 1

static void test_compressed(void)
{
	struct err e = { 0 };

	is_int(unpack_two(BYTES(small_gzip), BYTES(""), &e), 0, "gzip");
	is_int(unpack_two(BYTES(small_gzip), BYTES(empty_gzip), &e), 0, "gzip in two members");
	is_int(unpack_two(BYTES(empty_gzip), BYTES(small_gzip), &e), 0,
	       "the first of which may be empty");
	is_int(unpack_two(BYTES(small_gzip), BYTES("junk"), &e), -EBADMSG,
	       "gzip with junk after it");
	has_str(e.msg, "stand after the compressed layer", "and the message says so");
	is_int(unpack_two(BYTES(small_gzip), BYTES(small_gzip), &e), -EBADMSG,
	       "gzip twice is another stream");
	is_int(unpack_two(small_gzip, sizeof(small_gzip) - 9, BYTES(""), &e), -EBADMSG,
	       "gzip without its end");
	is_int(unpack_two(BYTES(small_zstd), BYTES(""), &e), 0, "zstd");
	is_int(unpack_two(BYTES(small_zstd), BYTES(skipped_zstd), &e), 0,
	       "zstd with a skipped frame after it");
	is_int(unpack_two(BYTES(skipped_zstd), BYTES(small_zstd), &e), 0, "or before it");
	is_int(unpack_two(BYTES(small_zstd), BYTES("junk"), &e), -EBADMSG,
	       "zstd with junk after it");
	is_int(unpack_two(small_zstd, sizeof(small_zstd) - 4, BYTES(""), &e), -EBADMSG,
	       "zstd without its end");
	is_int((int64_t)count_entries(store.layers_fd), 0, "no layer is left");
}

/* -- what honest ones become: looked at in the user namespace -- */

/* Failures of checks in the child, as one line. */
#define MUST(cond)                                                              \
	do {                                                                    \
		if (!(cond))                                                    \
			return err_set(e, EIO, "line %d: %s", __LINE__, #cond); \
	} while (0)

struct look {
	const char *diff_id;
	int (*check)(int tree, struct err *e);
};

static int look_there(void *arg, struct err *e)
{
	const struct look *l = arg;
	auto_fd int tree = layer_open_tree(&store, l->diff_id, e);

	return tree < 0 ? tree : l->check(tree, e);
}

static void check_layer(const struct member *members, size_t n,
			int (*check)(int tree, struct err *e), const char *what)
{
	auto_free char *id = NULL;
	struct layer_info info = { 0 };
	struct look look = { .check = check };
	struct err e = { 0 };
	int r = unpack(members, n, &id, &e);

	look.diff_id = id;
	if (r >= 0)
		r = userns_run(&userns, 0, look_there, &look, &e);
	if (!is_int(r, 0, what))
		printf("# %s\n", e.msg);
	ok(layer_exists(&store, id) && layer_info(&store, id, &info, &e) == 0 &&
		   info.disk_bytes >= 8192,
	   "and its size is known");
	is_int(layer_remove(&store, id, &e), 0, "it can be removed");
	ok(!layer_exists(&store, id) && count_entries(store.tmp_fd) == 0, "and is gone");
}

static int read_text(int tree, const char *path, char *buf, size_t size)
{
	auto_fd int fd = openat(tree, path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[len < 0 ? 0 : len] = '\0';
	return (int)len;
}

static bool is_whiteout(int tree, const char *path)
{
	struct stat st;

	return fstatat(tree, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(0, 0);
}

static bool is_opaque(int tree, const char *path)
{
	auto_fd int fd = openat(tree, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char value[2];

	return fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

static int check_whiteouts(int tree, struct err *e)
{
	MUST(is_whiteout(tree, "gone"));
	MUST(is_opaque(tree, "late"));
	MUST(faccessat(tree, "late/before", F_OK, 0) == 0 &&
	     faccessat(tree, "late/after", F_OK, 0) == 0);
	MUST(faccessat(tree, "late/.wh..wh..opq", F_OK, 0) < 0);
	MUST(is_opaque(tree, "both")); /* this layer's folder stays, the lower ones' is hidden */
	MUST(is_opaque(tree, "again") && faccessat(tree, "again/f", F_OK, 0) == 0);
	MUST(faccessat(tree, "aufs", F_OK, 0) < 0 && faccessat(tree, ".wh..wh.plnk", F_OK, 0) < 0);
	MUST(faccessat(tree, "kept", F_OK, 0) == 0 && !is_whiteout(tree, "kept"));
	MUST(is_whiteout(tree, "real/x"));
	return 0;
}

static void test_whiteouts(void)
{
	static const struct member members[] = {
		{ .name = ".wh.gone" },
		{ .name = "late/", .type = '5' },
		{ .name = "late/before" },
		{ .name = "late/.wh..wh..opq" },
		{ .name = "late/after" },
		{ .name = "both/", .type = '5' },
		{ .name = ".wh.both" },
		{ .name = ".wh.again" },
		{ .name = "again/", .type = '5' },
		{ .name = "again/f" },
		{ .name = ".wh..wh.plnk" },
		{ .name = "kept" },
		{ .name = ".wh.kept" },
		{ .name = "real/", .type = '5' },
		{ .name = "link", .type = '2', .link = "/real" },
		{ .name = "link/.wh.x" },
	};

	check_layer(members, ARRAY_SIZE(members), check_whiteouts, "whiteouts become overlay's");
}

static int check_replaced(int tree, struct err *e)
{
	char text[64];
	struct stat st;

	MUST(read_text(tree, "twice", text, sizeof(text)) > 0 && str_eq(text, "second"));
	MUST(fstatat(tree, "d", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
	MUST(read_text(tree, "t/in", text, sizeof(text)) > 0 && str_eq(text, "through"));
	MUST(fstatat(tree, "folder", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	     (st.st_mode & 07777) == 0711);
	MUST(faccessat(tree, "folder/kept", F_OK, 0) == 0);
	MUST(read_text(tree, "absolute", text, sizeof(text)) > 0 && str_eq(text, "in the root"));
	MUST(read_text(tree, "made/of/nothing", text, sizeof(text)) > 0);
	MUST(fstatat(tree, "made/of", &st, 0) == 0 && (st.st_mode & 07777) == 0755 &&
	     st.st_mtim.tv_sec == 1700000000);
	MUST(fstatat(tree, "self", &st, 0) == 0 && st.st_nlink == 1);
	MUST(read_text(tree, "outside/target", text, sizeof(text)) > 0 &&
	     str_eq(text, "not on the host"));
	return 0;
}

static void test_replaced(void)
{
	static const struct member members[] = {
		{ .name = "twice", .data = "first" },
		{ .name = "twice", .data = "second" },
		{ .name = "t", .type = '5' },
		{ .name = "d", .type = '5' },
		{ .name = "d/old" },
		{ .name = "d",
		  .type = '2',
		  .link = "t" }, /* the parent changes from a folder to a symlink */
		{ .name = "d/in", .data = "through" },
		{ .name = "folder", .type = '5' },
		{ .name = "folder/kept" },
		{ .name = "folder", .type = '5', .mode = 0711 },
		{ .name = "/absolute", .data = "in the root" },
		{ .name = "./made//of/./nothing", .data = "x" },
		{ .name = "self", .data = "x" },
		{ .name = "self", .type = '1', .link = "self" },
		{ .name = "escape", .type = '2', .link = "../../../../outside" },
		{ .name = "escape/target", .data = "not on the host" },
	};

	check_layer(members, ARRAY_SIZE(members), check_replaced,
		    "later entries replace earlier ones, links stay inside");
}

static int check_meta(int tree, struct err *e)
{
	bool one_id = userns.kind == USERNS_SINGLE;
	auto_fd int capable = openat(tree, "capable", O_RDONLY | O_CLOEXEC);
	auto_fd int marked = openat(tree, "marked", O_RDONLY | O_CLOEXEC);
	auto_fd int owned = openat(tree, "owned", O_RDONLY | O_CLOEXEC);
	char value[128] = { 0 };
	struct stat st;

	MUST(fstat(owned, &st) == 0 && st.st_uid == (one_id ? 0 : 33) &&
	     st.st_gid == (one_id ? 0 : 34));
	MUST((st.st_mode & 07777) ==
	     (one_id ? 0755 : 06755)); /* setuid of another owner would be setuid root */
	if (one_id)
		MUST(fgetxattr(owned, "user.containers.override_stat", value, sizeof(value)) > 0 &&
		     str_eq(value, "33:34:06755:file"));
	MUST(fstatat(tree, "setuid", &st, 0) == 0 && (st.st_mode & 07777) == 04755);
	MUST(fstatat(tree, "shared", &st, 0) == 0 && (st.st_mode & 07777) == 02775 &&
	     st.st_mtim.tv_sec == 1700000000);
	MUST(fstatat(tree, "shared/in", &st, 0) == 0 && st.st_gid == 0);
	MUST(fgetxattr(capable, "security.capability", value, sizeof(value)) == 20);
	MUST(fgetxattr(marked, "user.text", value, sizeof(value)) == 3 &&
	     memcmp(value, "a=b", 3) == 0);
	MUST(fgetxattr(marked, "user.overlay.opaque", value, sizeof(value)) < 0);
	MUST(fstatat(tree, "shut/in", &st, 0) == 0);
	MUST(fstatat(tree, "shut", &st, 0) == 0 && (st.st_mode & 07777) == 0);
	MUST(fstatat(tree, "fifo", &st, 0) == 0 && S_ISFIFO(st.st_mode));
	MUST(fstatat(tree, "before-1970", &st, 0) == 0 && st.st_mtim.tv_sec == -2);
	MUST(fstatat(tree, "latin-\xe9 and u\xcc\x88", &st, 0) ==
	     0); /* neither UTF-8 nor composed: as it came */
	MUST(fstatat(tree, "null", &st, 0) == 0 || userns.kind != USERNS_NONE ||
	     getenv("POD_TEST_NO_MKNOD"));
	return 0;
}

static void test_meta(void)
{
	/* version 2, cap_net_bind_service, permitted and effective */
	static const char caps[] =
		"SCHILY.xattr.security.capability=\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	static const struct member members[] = {
		{ .name = "owned", .uid = 33, .gid = 34, .mode = 06755 },
		{ .name = "setuid", .mode = 04755 },
		{ .name = "shared/", .type = '5', .mode = 02775, .gid = 0 },
		{ .name = "shared/in" },
		{ .name = "capable", .mode = 0755, .pax = caps, .pax_len = sizeof(caps) - 1 },
		{ .name = "marked",
		  .pax = "SCHILY.xattr.user.text=a=b",
		  .pax2 = "SCHILY.xattr.user.overlay.opaque=y" },
		{ .name = "shut/", .type = '5', .mode = 010000 },
		{ .name = "shut/in" },
		{ .name = "fifo", .type = '6' },
		{ .name = "before-1970", .pax = "mtime=-2" },
		{ .name = "x", .pax = "path=latin-\xe9 and u\xcc\x88" },
		{ .name = "null", .type = '3', .major = 1, .minor = 3 },
	};

	check_layer(members, ARRAY_SIZE(members), check_meta,
		    "owners, modes, times, attributes, names");
}

static int check_sparse(int tree, struct err *e)
{
	char buf[4] = { 0 };
	auto_fd int fd = openat(tree, "big", O_RDONLY | O_CLOEXEC);
	struct stat st;

	MUST(fstat(fd, &st) == 0 && st.st_size == 1 << 30 && st.st_blocks < 64);
	MUST(pread(fd, buf, 3, 1 << 20) == 3 && memcmp(buf, "abc", 3) == 0);
	MUST(pread(fd, buf, 1, (1 << 20) + 3) == 1 && buf[0] == 0);
	return 0;
}

static void test_sparse(void)
{
	/* GNU tar's format 1.0: a map of one block, then the data */
	static char data[1024] = "1\n1048576\n3\n";
	static const struct member members[] = {
		{ .name = "GNUSparseFile.0/big",
		  .data = data,
		  .len = 515,
		  .pax = "GNU.sparse.major=1\n22 GNU.sparse.minor=0\n23 GNU.sparse.name=big\n34 GNU.sparse.realsize=1073741824" },
	};
	struct str tar = { 0 }, records = { 0 };
	auto_free char *id = NULL;
	struct look look = { .check = check_sparse };
	struct err e = { 0 };
	int r;

	tarball_text(data + 512, "abc", 3);
	tarball_record(&records, "GNU.sparse.major=1", 18);
	tarball_record(&records, "GNU.sparse.minor=0", 18);
	tarball_record(&records, "GNU.sparse.name=big", 19);
	tarball_record(&records, "GNU.sparse.realsize=1073741824", 30);
	tarball_header(&tar, &members[0], "pax", 'x', records.len);
	tarball_data(&tar, records.data, records.len);
	tarball_header(&tar, &members[0], members[0].name, '0', 515);
	tarball_data(&tar, data, 515);
	tarball_end(&tar);
	look.diff_id = id = digest_of_tar(&tar);
	r = unpack_as(tar.data, tar.len, id, &e);
	if (r >= 0)
		r = userns_run(&userns, 0, look_there, &look, &e);
	if (!is_int(r, 0, "a file of 1 GiB with three bytes in it stays sparse"))
		printf("# %s\n", e.msg);
	is_int(layer_remove(&store, id, &e), 0, "it can be removed");
	str_free(&tar);
	str_free(&records);
}

/* -- concurrency, litter -- */

static void test_lock(void)
{
	struct layer_unpack *u = NULL, *second = NULL;
	struct str tar = { 0 };
	auto_free char *id = NULL;
	struct err e = { 0 };

	tarball_add(&tar, &(struct member){ .name = "f", .data = "x" });
	tarball_end(&tar);
	id = digest_of_tar(&tar);
	is_int(layer_unpack_begin(&store, id, NULL, &u, &e), 0, "an unpacking begins");
	is_int(layer_unpack_begin(&store, id, NULL, &second, &e), -EWOULDBLOCK,
	       "a second one of the same layer does not wait");
	(void)fd_write_all(layer_unpack_fd(u), tar.data, tar.len);
	is_int(layer_unpack_finish(u, &e), 0, "the first one ends");
	is_int(layer_unpack_begin(&store, id, NULL, &second, &e), 0, "then there is nothing to do");
	ok(!second, "and nothing is begun");
	is_int(layer_remove(&store, id, &e), 0, "the layer is removed");
	is_int(layer_unpack_begin(&store, id, NULL, &u, &e), 0, "an unpacking begins again");
	layer_unpack_abort(u);
	ok(!layer_exists(&store, id) && count_entries(store.tmp_fd) == 0,
	   "an aborted one leaves nothing");
	str_free(&tar);
}

/*
 * A process that dies in the middle of an unpacking leaves litter that the next store_open sweeps.
 */
static void test_killed(void)
{
	struct str tar = { 0 };
	auto_free char *id = NULL;
	struct store other = { 0 };
	struct err e = { 0 };
	pid_t pid;

	tarball_add(&tar, &(struct member){ .name = "f", .data = "x", .uid = 1 });
	tarball_end(&tar);
	id = digest_of_tar(&tar);
	pid = fork();
	if (pid == 0) {
		struct layer_unpack *u = NULL;

		if (layer_unpack_begin(&store, id, NULL, &u, &e) < 0)
			_exit(1);
		(void)fd_write_all(layer_unpack_fd(u), tar.data, 1024);
		(void)kill(getpid(), SIGKILL);
	}
	(void)waitpid(pid, NULL, 0);
	for (int i = 0; i < 500 && count_entries(store.tmp_fd) != 0;
	     i++) { /* the unpacking child dies by itself */
		if (store_open(root, &userns, &other, &e) < 0)
			tap_bail("open the store");
		store_close(&other);
		(void)usleep(10000);
	}
	is_int((int64_t)count_entries(store.tmp_fd), 0, "litter of a killed process is swept");
	ok(!layer_exists(&store, id), "and no layer came of it");
	is_int(unpack_as(tar.data, tar.len, id, &e), 0, "the next unpacking works");
	is_int(layer_remove(&store, id, &e), 0, "and is removed");
	str_free(&tar);
}

/* -- root file systems and exports of two layers -- */

static const struct member lower[] = {
	{ .name = "./", .type = '5', .mode = 0751 },
	{ .name = "d/", .type = '5', .mode = 0750 },
	{ .name = "d/old", .data = "old" },
	{ .name = "d/gone", .data = "gone" },
	{ .name = "o/", .type = '5' },
	{ .name = "o/hidden", .data = "hidden" },
	{ .name = "file", .data = "lower", .mode = 0640, .uid = 1 },
	{ .name = "link", .type = '2', .link = "d/old" },
	{ .name = "hard", .data = "hard" },
	{ .name = "hard2", .type = '1', .link = "hard" },
	{ .name = "to-folder", .data = "x" },
	{ .name = "to-file/", .type = '5' },
	{ .name = "to-file/in", .data = "x" },
};

static const struct member upper[] = {
	{ .name = "d/.wh.gone" },
	{ .name = "d/new", .data = "new" },
	{ .name = "o/", .type = '5' },
	{ .name = "o/.wh..wh..opq" },
	{ .name = "o/seen", .data = "seen" },
	{ .name = "file", .data = "upper", .mode = 0600 },
	{ .name = "to-folder/", .type = '5' },
	{ .name = "to-folder/in", .data = "y" },
	{ .name = "to-file", .data = "now a file" },
};

static int check_union(int tree, struct err *e)
{
	char text[64];
	struct stat a, b;

	MUST(fstat(tree, &a) == 0 && (a.st_mode & 07777) == 0751);
	MUST(read_text(tree, "d/old", text, sizeof(text)) > 0 && str_eq(text, "old"));
	MUST(read_text(tree, "d/new", text, sizeof(text)) > 0 &&
	     faccessat(tree, "d/gone", F_OK, 0) < 0);
	MUST(faccessat(tree, "o/hidden", F_OK, 0) < 0 &&
	     read_text(tree, "o/seen", text, sizeof(text)) > 0);
	MUST(read_text(tree, "file", text, sizeof(text)) > 0 && str_eq(text, "upper"));
	MUST(fstatat(tree, "file", &a, 0) == 0 && (a.st_mode & 07777) == 0600 && a.st_uid == 0);
	MUST(read_text(tree, "link", text, sizeof(text)) > 0 && str_eq(text, "old"));
	MUST(fstatat(tree, "hard", &a, 0) == 0 && fstatat(tree, "hard2", &b, 0) == 0 &&
	     a.st_ino == b.st_ino && a.st_nlink == 2);
	MUST(read_text(tree, "to-folder/in", text, sizeof(text)) > 0 &&
	     read_text(tree, "to-file", text, sizeof(text)) > 0);
	return 0;
}

struct mounting {
	const struct strv *ids;
	enum rootfs_driver driver;
	int dirfd;
};

/* By path: through the fd, which is of the mount namespace outside, the mount is not seen. */
static int open_rootfs(const struct mounting *m, struct err *e)
{
	auto_free char *dir = NULL, *path = NULL;
	int r = fd_real_path(m->dirfd, &dir, e);

	if (r < 0)
		return r;
	path = xasprintf("%s/rootfs", dir);
	return dir_open(AT_FDCWD, path, e);
}

/* In a mount namespace: mounts, looks, changes, unmounts. */
static int mount_and_look(void *arg, struct err *e)
{
	const struct mounting *m = arg;
	struct rootfs_mount mnt = { 0 };
	auto_fd int tree = -1;
	int r = rootfs_mount(&store, m->ids, m->dirfd, m->driver, &mnt, e);

	if (r < 0)
		return r;
	tree = open_rootfs(m, e);
	r = tree < 0 ? tree : check_union(tree, e);
	if (r >= 0)
		r = file_create(tree, "d/mine", "mine", 4, 0644, e);
	if (r >= 0 && unlinkat(tree, "d/old", 0) < 0)
		r = err_sys(e, "remove a lower file");
	close_fd(&tree);
	return rootfs_unmount(&mnt, m->dirfd, e) < 0 ? -EIO : r;
}

/* The second time the container's changes are there. */
static int mount_again(void *arg, struct err *e)
{
	const struct mounting *m = arg;
	struct rootfs_mount mnt = { 0 };
	auto_fd int tree = -1;
	int r = rootfs_mount(&store, m->ids, m->dirfd, ROOTFS_AUTO, &mnt, e);

	if (r < 0)
		return r;
	tree = open_rootfs(m, e);
	MUST(faccessat(tree, "d/mine", F_OK, 0) == 0 && faccessat(tree, "d/old", F_OK, 0) < 0);
	close_fd(&tree);
	return rootfs_unmount(&mnt, m->dirfd, e);
}

static void test_driver(const struct strv *ids, enum rootfs_driver driver)
{
	auto_free char *mounts =
		xasprintf("%s: the union of two layers", rootfs_driver_name(driver));
	auto_free char *stays = xasprintf("%s: what was written stays", rootfs_driver_name(driver));
	struct mounting m = { .ids = ids, .driver = driver };
	struct store_tmp {
		char name[STORE_TMP_NAME];
	} tmp;
	struct err e = { 0 };
	auto_fd int lock = store_tmp_dir(&store, tmp.name, &e);
	auto_fd int dir = dir_open(store.tmp_fd, tmp.name, &e);
	int r;

	m.dirfd = dir;
	r = userns_run(&userns, CLONE_NEWNS, mount_and_look, &m, &e);
	if (driver != ROOTFS_COPY && r < 0 && strstr(e.msg, "storage driver")) {
		tap_skip(mounts, e.msg);
	} else {
		if (!is_int(r, 0, mounts))
			printf("# %s\n", e.msg);
		r = userns_run(&userns, CLONE_NEWNS, mount_again, &m, &e);
		if (!is_int(r, 0, stays))
			printf("# %s\n", e.msg);
	}
	is_int(store_remove_tmp(&store, tmp.name, &e), 0, "the container's folder goes");
}

static int check_union_there(void *tree, struct err *e)
{
	return check_union(*(const int *)tree, e);
}

static void test_export_dir(const struct strv *ids)
{
	char name[STORE_TMP_NAME];
	struct err e = { 0 };
	auto_fd int lock = store_tmp_dir(&store, name, &e);
	auto_fd int dir = dir_open(store.tmp_fd, name, &e);
	auto_fd int dst = dir_make_open(dir, "rootfs", 0755, &e);

	if (!is_int(export_dir(&store, ids, -1, dst, &e), 0, "the layers are exported as files") ||
	    !is_int(userns_run(&userns, 0, check_union_there, &dst, &e), 0,
		    "and are what the layers say"))
		printf("# %s\n", e.msg);
	is_int(store_remove_tmp(&store, name, &e), 0, "they go");
}

static void read_back(int fd, struct str *ret)
{
	if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, 1 << 24, ret) < 0)
		tap_bail("read an export");
}

/* An export is a layer again, which gives the same export. */
static void test_export_tar(const struct strv *ids)
{
	auto_str struct str first = { 0 }, second = { 0 };
	auto_strv struct strv one = { 0 };
	auto_file FILE *a = tmpfile(), *b = tmpfile();
	auto_free char *id = NULL;
	struct look look = { .check = check_union };
	struct err e = { 0 };
	int r;

	is_int(export_tar(&store, ids, -1, fileno(a), &e), 0, "the layers are exported as a tar");
	read_back(fileno(a), &first);
	look.diff_id = id = digest_of_tar(&first);
	is_int(unpack_as(first.data, first.len, id, &e), 0, "which is a layer");
	r = userns_run(&userns, 0, look_there, &look, &e);
	if (!is_int(r, 0, "of the same files"))
		printf("# %s\n", e.msg);
	strv_add(&one, id);
	is_int(export_tar(&store, &one, -1, fileno(b), &e), 0, "which is exported");
	read_back(fileno(b), &second);
	is_mem(second.data, second.len, first.data, first.len, "as the same bytes");
	is_int(layer_remove(&store, id, &e), 0, "it goes");
}

static void test_union(void)
{
	auto_strv struct strv ids = { 0 };
	char *id = NULL;
	struct err e = { 0 };

	if (unpack(lower, ARRAY_SIZE(lower), &id, &e) < 0)
		printf("# %s\n", e.msg);
	strv_add_take(&ids, id);
	if (unpack(upper, ARRAY_SIZE(upper), &id, &e) < 0)
		printf("# %s\n", e.msg);
	strv_add_take(&ids, id);
	strv_insert(&ids, 0,
		    id); /* the upper one stands below the lower one, too: nothing changes */
	test_driver(&ids, ROOTFS_OVERLAY);
	test_driver(&ids, ROOTFS_FUSE);
	test_driver(&ids, ROOTFS_COPY);
	test_export_dir(&ids);
	test_export_tar(&ids);
	for (size_t i = 1; i < ids.len; i++)
		is_int(layer_remove(&store, ids.v[i], &e), 0, "a layer goes");
}

static void test_all(bool single)
{
	struct err e = { 0 };

	if (userns_plan(&userns, single, &e) < 0 || store_open(root, &userns, &store, &e) < 0)
		tap_bail(e.msg);
	printf("# %s\n", userns.kind == USERNS_NONE     ? "as root"
			 : userns.kind == USERNS_RANGES ? "with ranges of ids"
							: "with one id");
	test_evil();
	test_long_names();
	test_broken_streams();
	test_compressed();
	test_whiteouts();
	test_replaced();
	test_meta();
	test_sparse();
	test_lock();
	test_killed();
	test_union();
	store_close(&store);
}

int main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(root))
		tap_bail("make a folder");
	test_all(false);
	if (userns.kind != USERNS_SINGLE)
		test_all(true);
	if (dir_remove_all(AT_FDCWD, root, NULL) < 0)
		tap_bail("remove the store");
	return tap_done();
}
