/* Files, locks, removal, and paths inside a root that is not trusted. */
#include "base/fd.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/inroot.h"
#include "tests/unit/tap.h"

static int tmp_fd = -1;

/* Makes what the tests walk: a root with links that try to leave it. */
static int make_root(void)
{
	struct err e = { 0 };
	int root = dir_make_open(tmp_fd, "root", 0755, &e);

	if (root < 0 || dir_make_all(root, "etc/deep", 0755, &e) < 0 ||
	    mkdirat(root, "shut", 0) < 0 ||
	    file_create(root, "etc/passwd", "inside\n", 7, 0644, &e) < 0 ||
	    file_create(tmp_fd, "secret", "outside\n", 8, 0644, &e) < 0 ||
	    symlinkat("/etc/passwd", root, "absolute") < 0 ||
	    symlinkat("../../../secret", root, "up") < 0 || symlinkat("loop", root, "loop") < 0 ||
	    symlinkat("/made/by/link", root, "dangling") < 0 ||
	    symlinkat("../etc/deep/../deep/new", root, "etc/zigzag") < 0 ||
	    mkfifoat(root, "fifo", 0644) < 0)
		tap_bail("a root to walk");
	return root;
}

static void test_inroot(int root)
{
	auto_str struct str text = { 0 };
	auto_fd int dir = -1, file = -1, parent = -1;
	const char *name = NULL;
	struct err e = { 0 };

	is_int(inroot_read(root, "/absolute", 100, &text, &e), 0, "an absolute link ends inside");
	is_str(str_cstr(&text), "inside\n", "at the root's own file");
	is_int(inroot_read(root, "up", 100, &text, &e), -ENOENT, "a link upwards stays inside");
	is_int(inroot_read(root, "../../../secret", 100, &text, &e), -ENOENT, "and so does a path");
	is_int(inroot_read(root, "loop", 100, &text, &e), -ELOOP, "a loop ends");
	is_int(inroot_read(root, "fifo", 100, &text, &e), -EINVAL, "a FIFO is not read");
	is_str(e.msg, "'fifo' in the root file system is not a regular file", "and does not block");
	is_int(inroot_read(root, "etc/passwd", 3, &text, &e), -EFBIG, "a limit holds");
	dir = inroot_make_dirs(root, "a/../b/c", 0755, &e);
	ok(dir >= 0 && faccessat(root, "b/c", F_OK, 0) == 0, "folders are made");
	close_fd(&dir);
	dir = inroot_make_dirs(root, "dangling/x", 0755, &e);
	ok(dir >= 0 && faccessat(root, "made/by/link/x", F_OK, 0) == 0,
	   "through a dangling link, inside");
	close_fd(&dir);
	dir = inroot_make_dirs(root, "etc/zigzag", 0755, &e);
	ok(dir >= 0 && faccessat(root, "etc/deep/new", F_OK, 0) == 0, "and a winding one");
	close_fd(&dir);
	is_int(inroot_make_dirs(root, "etc/passwd/x", 0755, &e), -ENOTDIR, "a file is no folder");
	is_int(inroot_make_dirs(root, "loop/x", 0755, &e), -ELOOP, "a loop is no folder either");
	dir = inroot_make_dirs(root, "up/x", 0755, &e);
	ok(dir >= 0 && faccessat(root, "secret/x", F_OK, 0) == 0,
	   "a link upwards makes its folder inside");
	file = inroot_make_file(root, "new/deep/file", 0644, &e);
	ok(file >= 0 && faccessat(root, "new/deep/file", F_OK, 0) == 0, "a file with its parents");
	parent = inroot_open_parent(root, "/etc/passwd", &name, &e);
	ok(parent >= 0, "a parent");
	is_str(name, "passwd", "and the name in it");
	is_int(inroot_open_parent(root, "etc/..", &name, &e), -EINVAL, "'..' is no name");
}

static void test_files(void)
{
	auto_str struct str text = { 0 };
	auto_free char *line = NULL;
	struct err e = { 0 };

	is_int(file_replace(tmp_fd, "f", "one\ntwo\n", 8, 0600, &e), 0, "a new file");
	is_int(file_replace_fast(tmp_fd, "f", "three\n", 6, 0600, &e), 0, "replaced");
	is_int(file_read_line(tmp_fd, "f", &line, &e), 0, "is read");
	is_str(line, "three", "with its new content");
	is_int(file_create(tmp_fd, "f", "", 0, 0600, &e), -EEXIST, "what exists is not created");
	is_int(file_read(tmp_fd, "none", 10, &text, &e), -ENOENT, "what is missing");
	is_str(e.msg, "open 'none': No such file or directory", "is named");
	is_int(file_read(tmp_fd, "f", 3, &text, &e), -EFBIG, "a limit holds");
	is_int(dir_make_all(tmp_fd, "f/x", 0755, &e), -ENOTDIR, "no folder below a file");
}

static void test_copy(void)
{
	auto_fd int in = openat(tmp_fd, "in", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	auto_fd int out = openat(tmp_fd, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	auto_str struct str text = { 0 };
	struct err e = { 0 };
	int pipe_fds[2];

	(void)fd_write_all(in, "0123456789", 10);
	(void)lseek(in, 2, SEEK_SET);
	is_int(fd_copy(in, out, 5, &e), 0, "a part of a file");
	is_int(fd_copy(in, out, UINT64_MAX, &e), 0, "the rest");
	is_int(fd_copy(in, out, 1, &e), -EIO, "what is not there");
	is_int(file_read(tmp_fd, "out", 100, &text, &e), 0, "all of it");
	is_str(str_cstr(&text), "23456789", "has arrived");
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		tap_bail("a pipe");
	(void)lseek(in, 0, SEEK_SET);
	is_int(fd_copy(in, pipe_fds[1], UINT64_MAX, &e), 0, "into a pipe too");
	close_fd(&pipe_fds[1]);
	str_cut(&text, 0);
	is_int(fd_read_all(pipe_fds[0], 100, &text), 0, "and out of it");
	is_int((int64_t)text.len, 10, "whole");
	close_fd(&pipe_fds[0]);
}

static void test_locks(void)
{
	struct err e = { 0 };
	auto_fd int shared = lock_take(tmp_fd, "lock", LOCK_SHARED, &e);
	auto_fd int second = lock_try(tmp_fd, "lock", LOCK_SHARED, &e);

	ok(shared >= 0 && second >= 0, "two may share a lock");
	is_int(lock_try(tmp_fd, "lock", LOCK_EXCLUSIVE, &e), -EWOULDBLOCK,
	       "a third cannot have it alone");
	close_fd(&shared);
	close_fd(&second);
	shared = lock_try(tmp_fd, "lock", LOCK_EXCLUSIVE, &e);
	ok(shared >= 0, "until they let go");
}

static void test_sockets(void)
{
	auto_str struct str deep = { 0 };
	struct err e = { 0 };
	auto_fd int dir = -1, server = -1, client = -1, accepted = -1, got = -1;
	char buf[8];
	size_t n = 1;

	str_add(&deep, "sockets");
	for (int i = 0; i < 20; i++)
		str_add(&deep, "/a-long-folder-name");
	if (dir_make_all(tmp_fd, deep.data, 0755, &e) < 0)
		tap_bail("a deep folder");
	dir = dir_open(tmp_fd, deep.data, &e);
	is_int(sock_connect_at(dir, "s", SOCK_SEQPACKET, &e), -ENOENT, "nobody listens");
	server = sock_listen_at(dir, "s", SOCK_SEQPACKET, 0600, &e);
	ok(server >= 0, "a socket in a folder with a long path");
	client = sock_connect_at(dir, "s", SOCK_SEQPACKET, &e);
	ok(client >= 0, "is reached");
	accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	is_int(sock_send(client, "hello", 5, &dir, 1), 0, "a message with a descriptor");
	is_int(sock_recv(accepted, buf, sizeof(buf), &got, &n), 5, "arrives");
	ok(n == 1 && got >= 0 && (fcntl(got, F_GETFD) & FD_CLOEXEC), "with it, close-on-exec");
	is_int(sock_send(client, "far too long", 12, NULL, 0), 0, "a long message");
	is_int(sock_recv(accepted, buf, sizeof(buf), NULL, NULL), -EMSGSIZE, "is an error");
	close_fd(&client);
	is_int(sock_recv(accepted, buf, sizeof(buf), NULL, NULL), 0, "and then it is over");
}

static void test_remove(void)
{
	struct err e = { 0 };

	is_int(dir_remove_all(tmp_fd, "root", &e), 0, "a tree goes, closed folders and all");
	ok(faccessat(tmp_fd, "root", F_OK, AT_SYMLINK_NOFOLLOW) < 0, "it is gone");
	ok(faccessat(tmp_fd, "secret", F_OK, 0) == 0, "what its links meant is not");
	is_int(dir_remove_all(tmp_fd, "root", &e), 0, "what is gone already is fine");
}

int main(void)
{
	char dir[] = "/tmp/pod-unit-XXXXXX";
	struct err e = { 0 };
	int root;

	if (!mkdtemp(dir))
		tap_bail("a folder in /tmp");
	tmp_fd = dir_open(AT_FDCWD, dir, &e);
	root = make_root();
	test_inroot(root);
	close_fd(&root);
	test_files();
	test_copy();
	test_locks();
	test_sockets();
	test_remove();
	(void)dir_remove_all(AT_FDCWD, dir, NULL);
	return tap_done();
}
