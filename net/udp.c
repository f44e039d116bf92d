/*
 * A forwarder of datagrams, see udp.h: a process of its own beside slirp4netns. Its listening
 * sockets stay in the host's network namespace, where they were made; then it moves into the
 * container's, where it makes a socket for each client that it hears of, and gives up every
 * privilege.
 */
#include "net/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#define FLOWS_MAX 1024
#define IDLE_NS (90 * INT64_C(1000000000))
#define SWEEP_MS 10000
#define BURST 64
#define DATAGRAM_MAX 65536

/* A published port: the host's side. */
struct listener {
	int sock;
	uint16_t container_port;
};

/* A client of a port, and the socket that stands for it inside. */
struct flow {
	int sock; /* -1: free */
	size_t listener;
	struct sockaddr_in client;
	struct in_addr local; /* the host's address that the client wrote to; answers say so */
	int64_t used_ns;
};

struct forwarder {
	int epoll;
	struct in_addr inside;
	struct listener *listeners;
	size_t n_listeners;
	struct flow flows[FLOWS_MAX];
	char datagram[DATAGRAM_MAX];
};

/* -- the host's side -- */

static int bind_port(const struct net_port *p, struct err *e)
{
	auto_fd int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *ip = *p->host_ip ? p->host_ip : "0.0.0.0";
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(p->host_port) };
	int on = 1;

	if (sock < 0)
		return err_sys(e, "make a socket");
	(void)inet_pton(AF_INET, ip, &a.sin_addr);
	if (setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    bind(sock, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_sys(e, "publish %s:%u/udp", ip, p->host_port);
	return take_fd(&sock);
}

/* A control message that names the host's address of a datagram. */
union pktinfo {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static ssize_t receive(struct forwarder *f, int sock, struct sockaddr_in *ret_client,
		       struct in_addr *ret_local)
{
	union pktinfo control;
	struct iovec iov = { .iov_base = f->datagram, .iov_len = sizeof(f->datagram) };
	struct msghdr msg = { .msg_name = ret_client,
			      .msg_namelen = sizeof(*ret_client),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &msg, 0);

	ret_local->s_addr = INADDR_ANY;
	if (n < 0)
		return n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct in_pktinfo info;

		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		*ret_local = info.ipi_spec_dst;
	}
	return n;
}

static void answer(struct forwarder *f, struct flow *flow, size_t len)
{
	struct in_pktinfo info = { .ipi_spec_dst = flow->local };
	union pktinfo control = { .space = { 0 } };
	struct iovec iov = { .iov_base = f->datagram, .iov_len = len };
	struct msghdr msg = { .msg_name = &flow->client,
			      .msg_namelen = sizeof(flow->client),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	control.head.cmsg_level = IPPROTO_IP;
	control.head.cmsg_type = IP_PKTINFO;
	control.head.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.head), &info, sizeof(info));
	(void)sendmsg(f->listeners[flow->listener].sock, &msg, 0); /* datagrams may be lost */
}

/* -- flows -- */

static void end_flow(struct flow *flow)
{
	close_fd(&flow->sock); /* and with it its place in the epoll set */
}

static bool same_client(const struct flow *flow, size_t listener, const struct sockaddr_in *client)
{
	return flow->sock >= 0 && flow->listener == listener &&
	       flow->client.sin_port == client->sin_port &&
	       flow->client.sin_addr.s_addr == client->sin_addr.s_addr;
}

/* A free place, or that of the flow that was not used for the longest time. */
static struct flow *place(struct forwarder *f)
{
	struct flow *oldest = &f->flows[0];

	for (size_t i = 0; i < FLOWS_MAX; i++) {
		if (f->flows[i].sock < 0)
			return &f->flows[i];
		if (f->flows[i].used_ns < oldest->used_ns)
			oldest = &f->flows[i];
	}
	end_flow(oldest);
	return oldest;
}

static struct flow *begin_flow(struct forwarder *f, size_t listener,
			       const struct sockaddr_in *client)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(f->listeners[listener].container_port),
				  .sin_addr = f->inside };
	auto_fd int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct flow *flow = place(f);
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u64 = f->n_listeners + (size_t)(flow - f->flows) };

	if (sock < 0 || connect(sock, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    epoll_ctl(f->epoll, EPOLL_CTL_ADD, sock, &event) < 0)
		return NULL; /* the network is not up yet: the datagram is lost, as on a wire */
	*flow = (struct flow){ .sock = take_fd(&sock), .listener = listener, .client = *client };
	return flow;
}

static struct flow *find_flow(struct forwarder *f, size_t listener,
			      const struct sockaddr_in *client)
{
	for (size_t i = 0; i < FLOWS_MAX; i++)
		if (same_client(&f->flows[i], listener, client))
			return &f->flows[i];
	return begin_flow(f, listener, client);
}

/* From clients to the container. */
static void pass_in(struct forwarder *f, size_t listener)
{
	for (int i = 0; i < BURST; i++) {
		struct sockaddr_in client = { 0 };
		struct in_addr local;
		ssize_t n = receive(f, f->listeners[listener].sock, &client, &local);
		struct flow *flow = n < 0 ? NULL : find_flow(f, listener, &client);

		if (n < 0 && errno == EAGAIN)
			return;
		if (!flow)
			continue;
		flow->local = local;
		flow->used_ns = clock_mono_ns();
		(void)send(flow->sock, f->datagram, (size_t)n, 0);
	}
}

/* From the container to the client of the flow. */
static void pass_out(struct forwarder *f, struct flow *flow)
{
	for (int i = 0; i < BURST && flow->sock >= 0; i++) {
		ssize_t n = recv(flow->sock, f->datagram, sizeof(f->datagram), 0);

		if (n < 0)
			return; /* nothing more, or nobody listens inside (ECONNREFUSED) */
		flow->used_ns = clock_mono_ns();
		answer(f, flow, (size_t)n);
	}
}

static void sweep(struct forwarder *f)
{
	int64_t now = clock_mono_ns();

	for (size_t i = 0; i < FLOWS_MAX; i++)
		if (f->flows[i].sock >= 0 && now - f->flows[i].used_ns > IDLE_NS)
			end_flow(&f->flows[i]);
}

/* -- the process -- */

static _Noreturn void serve(struct forwarder *f)
{
	struct epoll_event events[BURST];
	int64_t swept_ns = clock_mono_ns();

	for (;;) {
		int n = epoll_wait(f->epoll, events, BURST, SWEEP_MS);

		for (int i = 0; i < n; i++) {
			size_t at = (size_t)events[i].data.u64;

			if (at < f->n_listeners)
				pass_in(f, at);
			else
				pass_out(f, &f->flows[at - f->n_listeners]);
		}
		if (clock_mono_ns() - swept_ns < SWEEP_MS * INT64_C(1000000))
			continue;
		sweep(f);
		swept_ns = clock_mono_ns();
	}
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	(void)syscall(SYS_capset, &header, none);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* In the child: only the listening sockets and the namespace stay open, from number 3 on. */
static _Noreturn void run(struct forwarder *f, int netns, pid_t parent)
{
	int next = 3;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "pod-udp");
	if (getppid() != parent || setns(netns, CLONE_NEWNET) < 0)
		_exit(EXIT_POD);
	for (size_t i = 0; i < f->n_listeners; i++) /* above all numbers that are to be used */
		f->listeners[i].sock = fd_dup_above(f->listeners[i].sock, 3 + (int)f->n_listeners);
	for (size_t i = 0; i < f->n_listeners; i++, next++) {
		if (dup3(f->listeners[i].sock, next, O_CLOEXEC) < 0)
			_exit(EXIT_POD);
		f->listeners[i].sock = next;
	}
	fd_close_from(next);
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < f->n_listeners; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };

		if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->listeners[i].sock, &event) < 0)
			_exit(EXIT_POD);
	}
	proc_signals_reset();
	(void)signal(SIGHUP, SIG_IGN);
	drop_privileges();
	serve(f);
}

static int bind_ports(const struct net_ports *ports, struct forwarder *f, struct err *e)
{
	f->listeners = xcalloc(ports->n, sizeof(*f->listeners));
	for (size_t i = 0; i < ports->n; i++) {
		int sock;

		if (!str_eq(ports->v[i].protocol, "udp"))
			continue;
		sock = bind_port(&ports->v[i], e);
		if (sock < 0)
			return sock;
		f->listeners[f->n_listeners++] =
			(struct listener){ .sock = sock,
					   .container_port = ports->v[i].container_port };
	}
	return 0;
}

static void forwarder_free(struct forwarder **f)
{
	for (size_t i = 0; i < (*f)->n_listeners; i++)
		close_fd(&(*f)->listeners[i].sock);
	free((*f)->listeners);
	free(*f);
}

int udp_forward_start(const struct net_ports *ports, int netns, const char *address,
		      struct child *ret, struct err *e)
{
	__attribute__((cleanup(forwarder_free))) struct forwarder *f = xzalloc(sizeof(*f));
	struct child child = CHILD_NONE;
	pid_t parent = getpid();
	int r = bind_ports(ports, f, e);

	if (r < 0 || !f->n_listeners)
		return r;
	if (inet_pton(AF_INET, address, &f->inside) != 1)
		return err_set(e, EINVAL, "'%s' is no IPv4 address", address);
	for (size_t i = 0; i < FLOWS_MAX; i++)
		f->flows[i].sock = -1;
	r = child_fork(&child, e);
	if (r == 0)
		run(f, netns, parent);
	if (r > 0)
		*ret = child;
	return r < 0 ? r : 0;
}
