/*
 * The container's terminal: a pty of the container's own devpts, its master handed out over a
 * Unix socket.
 */
#ifndef OCI_TERMINAL_H
#define OCI_TERMINAL_H

struct err;
struct spec_process;

struct terminal {
	int master;
	int slave;
	char name[32]; /* "/dev/pts/0" as the container sees it */
};

#define TERMINAL_NONE ((struct terminal){ .master = -1, .slave = -1 })

/*
 * Opens a new pair of /dev/pts below root_fd, which is not trusted; output processing (ONLCR) is
 * off and the size is set where the process has one. -ENOENT: the container has no devpts.
 */
int terminal_open(int root_fd, const struct spec_process *p, struct terminal *ret, struct err *e);
/* Sends the master and its name over sock (SCM_RIGHTS) and closes it here. */
int terminal_send(struct terminal *t, int sock, struct err *e);
/* The slave becomes the controlling terminal of this session leader and fds 0-2. */
int terminal_take(struct terminal *t, struct err *e);
void terminal_clear(struct terminal *t);

/* Connects to a --console-socket. */
int terminal_connect(const char *path, struct err *e);

#endif
