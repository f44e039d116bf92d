/*
 * The messages of sync.h. Runs on both sides; what the inside sends is checked for size and type,
 * its texts are cleaned.
 */
#include "oci/sync.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/fd.h"
#include "oci/program.h"

struct packet {
	uint32_t type;
	unsigned char payload[SYNC_PAYLOAD_MAX];
};

int sync_pair(int ret[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return err_sys(e, "make a socket to the container's process");
	return 0;
}

int sync_send(int sock, enum sync_type type, const void *payload, size_t len, struct err *e)
{
	uint32_t head = type;
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)(uintptr_t)payload, len } };
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = len ? 2 : 1 };
	ssize_t n;

	do
		n = sendmsg(sock, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(e, "send to the container's process") : 0;
}

void sync_send_error(int sock, const struct err *why)
{
	(void)sync_send(sock, SYNC_ERROR, why, sizeof(*why), NULL);
}

/*
 * An error from the inside is data of a stranger: after execve's failure the container's own user
 * may have sent it.
 */
static int take_error(const struct packet *p, size_t len, struct err *e)
{
	struct err got, clean = { 0 };

	if (len != sizeof(got))
		return err_set(e, EPROTO, "the container's process sent a broken message");
	memcpy(&got, p->payload, sizeof(got));
	got.msg[sizeof(got.msg) - 1] = '\0';
	clean.num = got.num > 0 && got.num < 4096 ? got.num : EIO;
	clean.status = got.status >= 0 && got.status < 256 ? got.status : 0;
	err_clean(clean.msg, sizeof(clean.msg), got.msg);
	return err_copy(e, &clean);
}

/* The payload's length; *p is filled. -EPIPE without message at end of file. */
static int receive(int sock, struct packet *p, struct err *e)
{
	size_t no_fds = 0;
	ssize_t n = sock_recv(sock, p, sizeof(*p), NULL, &no_fds);

	if (n < 0) {
		errno = (int)-n;
		return err_sys(e, "receive from the container's process");
	}
	if (n == 0)
		return -EPIPE;
	if ((size_t)n < sizeof(p->type))
		return err_set(e, EPROTO, "the container's process sent a broken message");
	return (int)((size_t)n - sizeof(p->type));
}

int sync_expect(int sock, enum sync_type type, void *payload, size_t size, struct err *e)
{
	struct packet p;
	int n = receive(sock, &p, e);

	if (n == -EPIPE)
		return err_set(e, EPIPE,
			       "the container's process ended without a word (was it killed?)");
	if (n < 0)
		return n;
	if (p.type == SYNC_ERROR)
		return take_error(&p, (size_t)n, e);
	if (p.type != (uint32_t)type || (size_t)n > size)
		return err_set(e, EPROTO, "the container's process sent message %u, expected %u",
			       p.type, (unsigned int)type);
	if (n > 0)
		memcpy(payload, p.payload, (size_t)n);
	return n;
}

int sync_expect_exec(int sock, struct err *e)
{
	char name[SYNC_NAME_MAX + 1] = "";
	struct packet p;
	uint32_t num;
	int r = sync_expect(sock, SYNC_EXEC, name, SYNC_NAME_MAX, e);

	if (r < 0)
		return r;
	r = receive(sock, &p, e);
	if (r == -EPIPE)
		return 0;
	if (r >= 0 && p.type == SYNC_ERROR)
		return take_error(&p, (size_t)r, e);
	if (r != sizeof(num) || p.type != SYNC_FAILED)
		return r < 0 ? r
			     : err_set(e, EPROTO,
				       "the container's process sent message %u after exec",
				       p.type);
	memcpy(&num, p.payload, sizeof(num));
	return program_exec_error(name, num > 0 && num < 4096 ? (int)num : EIO, e);
}
