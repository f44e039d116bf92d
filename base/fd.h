/*
 * Files by descriptor: whole reads and writes with limits, atomic replacement, copies, locks,
 * socket messages. A path is always relative to the directory fd before it (AT_FDCWD for the
 * caller's folder). All fds are close-on-exec.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/mem.h"
#include "base/str.h"

struct err;

/*
 * Reads fd to its end into *ret (appended). -EFBIG where it holds more than limit bytes. No
 * message.
 */
int fd_read_all(int fd, size_t limit, struct str *ret);

/* Reads exactly len bytes; -EIO at an early end of file. No message. */
int fd_read_exact(int fd, void *p, size_t len);

/*
 * Writes all of len bytes, going on after short writes and EINTR, and waiting on EAGAIN. No
 * message.
 */
int fd_write_all(int fd, const void *p, size_t len);

/*
 * Reads a whole regular file (also of /proc), at most limit bytes. A caller may match -ENOENT and
 * -EFBIG.
 */
int file_read(int dirfd, const char *path, size_t limit, struct str *ret, struct err *e);

/* As file_read, the first line only, without its newline. The caller owns *ret. */
int file_read_line(int dirfd, const char *path, char **ret, struct err *e);

/*
 * Writes text into an existing file with one write (for /proc, /sys and cgroup files). No O_CREAT.
 */
int file_put(int dirfd, const char *path, const char *text, struct err *e);

/*
 * Replaces a file as a whole: temporary name beside it, write, fsync, rename, fsync of the
 * directory. A reader or a crash sees the old or the new content, never a part.
 */
int file_replace(int dirfd, const char *path, const void *p, size_t len, mode_t mode,
		 struct err *e);

/* As file_replace, without fsync: for run directories that do not outlive a boot. */
int file_replace_fast(int dirfd, const char *path, const void *p, size_t len, mode_t mode,
		      struct err *e);

/* Creates a file that must not exist (-EEXIST), with its content. */
int file_create(int dirfd, const char *path, const void *p, size_t len, mode_t mode, struct err *e);

/*
 * Copies len bytes (UINT64_MAX: to the end) from in to out by the fastest call there is; keeps no
 * holes.
 */
int fd_copy(int in, int out, uint64_t len, struct err *e);

/* Opens a directory O_PATH-less for *at calls. */
int dir_open(int dirfd, const char *path, struct err *e);

/* mkdir -p: every missing part with mode; an existing last part must be a directory. */
int dir_make_all(int dirfd, const char *path, mode_t mode, struct err *e);

/* mkdir + open in one; an existing directory is fine. Returns its fd. */
int dir_make_open(int dirfd, const char *path, mode_t mode, struct err *e);

/*
 * Removes path and all below it, never following symlinks and never leaving its file system.
 * Folders without permission bits are opened up first. -ENOENT is success.
 */
int dir_remove_all(int dirfd, const char *path, struct err *e);

/*
 * Empty directory as "/proc/self/fd/N" text for calls that have no *at form. buf holds FD_PATH_MAX
 * bytes.
 */
#define FD_PATH_MAX 32
const char *fd_path(char buf[FD_PATH_MAX], int fd);

/* The path that /proc/self/fd/N shows. The caller owns *ret. */
int fd_real_path(int fd, char **ret, struct err *e);

/* Duplicates onto a number (>= 3 where min says so), close-on-exec. */
int fd_dup_above(int fd, int min);

/* Sets or clears O_NONBLOCK / FD_CLOEXEC. */
int fd_set_nonblock(int fd, bool on);
int fd_set_cloexec(int fd, bool on);

/* Closes every fd >= first (close_range, Linux 5.9; /proc/self/fd below it). */
void fd_close_from(int first);
/*
 * Marks every fd >= first close-on-exec (CLOSE_RANGE_CLOEXEC, Linux 5.11; /proc/self/fd below it).
 */
void fd_cloexec_from(int first);
/* Makes sure that 0, 1 and 2 are open (on /dev/null), so that no other file lands there. */
int fd_ensure_std(struct err *e);

/*
 * -- locks: one flock an object; the file stays. Returns a fd that holds the lock until it is
 * closed. --
 */
enum lock_kind { LOCK_SHARED, LOCK_EXCLUSIVE };
/* Waits for the lock. */
int lock_take(int dirfd, const char *path, enum lock_kind kind, struct err *e);
/* -EWOULDBLOCK where another process holds it. */
int lock_try(int dirfd, const char *path, enum lock_kind kind, struct err *e);

/* -- messages over SOCK_SEQPACKET or SOCK_STREAM Unix sockets -- */
/* Sends one message with up to 8 fds (nfds may be 0). No SIGPIPE. */
int sock_send(int sock, const void *p, size_t len, const int *fds, size_t nfds);
/*
 * Receives one message. Returns its length (0 at end of file). *nfds is the room in fds on entry
 * and the number received on return; fds are close-on-exec. A SEQPACKET peer that died with our
 * message unread gives ECONNRESET once before its queued messages: retried here. -EMSGSIZE where
 * the message is longer than size.
 */
ssize_t sock_recv(int sock, void *p, size_t size, int *fds, size_t *nfds);
/*
 * Binds and listens on dirfd/name, whatever the length of the whole path (through /proc/self/fd).
 * type: SOCK_STREAM…
 */
int sock_listen_at(int dirfd, const char *name, int type, mode_t mode, struct err *e);
/*
 * Connects to dirfd/name. A caller may match -ENOENT and -ECONNREFUSED (nobody is there any more).
 */
int sock_connect_at(int dirfd, const char *name, int type, struct err *e);

#endif
