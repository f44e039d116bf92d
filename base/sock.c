/* Unix sockets: messages with descriptors, and names that may be longer than sun_path: see fd.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/fd.h"

#define SOCK_FDS_MAX 8

int sock_send(int sock, const void *p, size_t len, const int *fds, size_t nfds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SOCK_FDS_MAX)] = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds > SOCK_FDS_MAX)
		return -E2BIG;
	if (nfds) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

/* Moves the received fds to the caller's array; what has no room is closed. */
static void collect_fds(struct msghdr *msg, int *fds, size_t room, size_t *ret_n)
{
	*ret_n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (*ret_n < room)
				fds[(*ret_n)++] = fd;
			else
				(void)close(fd);
		}
	}
}

ssize_t sock_recv(int sock, void *p, size_t size, int *fds, size_t *nfds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SOCK_FDS_MAX)];
	struct iovec iov = { .iov_base = p, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t none = 0, got = 0, room = nfds ? *nfds : 0;
	bool reset = false;
	ssize_t n;

	for (;;) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n >= 0 || errno != ECONNRESET || reset)
			break;
		reset = true;
	}
	if (!nfds)
		nfds = &none;
	*nfds = 0;
	if (n < 0)
		return -errno;
	collect_fds(&msg, fds, room, &got);
	*nfds = got;
	if (!(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	for (size_t i = 0; i < got; i++)
		(void)close(fds[i]);
	*nfds = 0;
	return -EMSGSIZE;
}

/*
 * A socket and the address that names dirfd/name through procfs, short whatever the folder's path
 * is.
 */
static int prepare(int dirfd, const char *name, int type, struct sockaddr_un *ret, struct err *e)
{
	int n, sock;

	if (dirfd == AT_FDCWD)
		n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", name);
	else
		n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dirfd,
			     name);
	ret->sun_family = AF_UNIX;
	if (n < 0 || (size_t)n >= sizeof(ret->sun_path))
		return err_set(e, ENAMETOOLONG, "socket name '%s' is too long", name);
	sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	return sock < 0 ? err_sys(e, "make a socket") : sock;
}

int sock_listen_at(int dirfd, const char *name, int type, mode_t mode, struct err *e)
{
	struct sockaddr_un address = { 0 };
	auto_fd int sock = prepare(dirfd, name, type, &address, e);

	if (sock < 0)
		return sock;
	(void)fchmod(sock, mode); /* a bound socket's file gets its mode from the socket's inode */
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(e, "bind socket '%s'", name);
	if (listen(sock, 64) < 0)
		return err_sys(e, "listen on socket '%s'", name);
	return take_fd(&sock);
}

int sock_connect_at(int dirfd, const char *name, int type, struct err *e)
{
	struct sockaddr_un address = { 0 };
	auto_fd int sock = prepare(dirfd, name, type, &address, e);

	if (sock < 0)
		return sock;
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(e, "connect to socket '%s'", name);
	return take_fd(&sock);
}
