/*
 * The pty of a container. Runs inside (init, exec): the container may have put anything at
 * /dev/ptmx, so what is opened is proven to be a devpts master, and the slave comes from the
 * master itself (TIOCGPTPEER), never by name.
 */
#include "oci/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "oci/spec.h"

/*
 * CVE-2025-52565: a fake in the place of the device must not be opened as a terminal, let alone
 * written to.
 */
static int open_master(int root_fd, struct err *e)
{
	auto_fd int path = inroot_open(root_fd, "dev/pts/ptmx", O_PATH, 0, e);
	char name[FD_PATH_MAX];
	struct statfs fs;
	struct stat st;
	int fd;

	if (path < 0)
		return path;
	if (fstat(path, &st) < 0 || fstatfs(path, &fs) < 0)
		return err_sys(e, "look at /dev/pts/ptmx");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(e, EINVAL, "/dev/pts/ptmx is not the multiplexer of a devpts");
	fd = open(fd_path(name, path), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) /* no /proc to go through */
		fd = inroot_try_open(root_fd, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_sys(e, "open /dev/pts/ptmx");
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2)) {
		close_fd(&fd);
		return err_set(e, EINVAL, "/dev/pts/ptmx has been replaced");
	}
	return fd;
}

static int set_modes(const struct terminal *t, const struct spec_process *p, struct err *e)
{
	struct termios modes;

	if (tcgetattr(t->slave, &modes) < 0)
		return err_sys(e, "read the modes of the terminal");
	modes.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(t->slave, TCSANOW, &modes) < 0)
		return err_sys(e, "set the modes of the terminal");
	if (p->has_console_size) {
		const struct winsize size = { .ws_row = (unsigned short)p->console_height,
					      .ws_col = (unsigned short)p->console_width };

		if (ioctl(t->master, TIOCSWINSZ, &size) < 0)
			return err_sys(e, "set the size of the terminal");
	}
	return 0;
}

int terminal_open(int root_fd, const struct spec_process *p, struct terminal *ret, struct err *e)
{
	struct terminal t = TERMINAL_NONE;
	unsigned int number = 0;
	int unlock = 0;
	int r;

	t.master = open_master(root_fd, e);
	if (t.master < 0)
		return t.master;
	r = 0;
	if (ioctl(t.master, TIOCSPTLCK, &unlock) < 0 || ioctl(t.master, TIOCGPTN, &number) < 0)
		r = err_sys(e, "make a terminal");
	if (r >= 0)
		t.slave = ioctl(t.master, TIOCGPTPEER,
				O_RDWR | O_NOCTTY | O_CLOEXEC); /* Linux 4.13 */
	if (r >= 0 && t.slave < 0)
		r = err_sys(e, "open the container's side of the terminal");
	if (r >= 0)
		r = set_modes(&t, p, e);
	if (r < 0) {
		terminal_clear(&t);
		return r;
	}
	(void)snprintf(t.name, sizeof(t.name), "/dev/pts/%u", number);
	*ret = t;
	return 0;
}

int terminal_send(struct terminal *t, int sock, struct err *e)
{
	int r = sock_send(sock, t->name, strlen(t->name), &t->master, 1);

	if (r < 0)
		return err_num(e, -r, "send the terminal to the console socket");
	close_fd(&t->master);
	return 0;
}

int terminal_take(struct terminal *t, struct err *e)
{
	if (ioctl(t->slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, "make the terminal the controlling one");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(t->slave, fd) < 0)
			return err_sys(e, "put the terminal in the place of fd %d", fd);
	if (t->slave > 2)
		close_fd(&t->slave);
	t->slave = -1;
	return 0;
}

void terminal_clear(struct terminal *t)
{
	close_fd(&t->master);
	close_fd(&t->slave);
}

int terminal_connect(const char *path, struct err *e)
{
	int fd = sock_connect_at(AT_FDCWD, path, SOCK_STREAM, e);

	return fd < 0 ? err_prefix(e, "console socket '%s'", path) : fd;
}
