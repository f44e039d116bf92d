/*
 * A short-lived child unshares a user namespace, the caller writes its maps and keeps a descriptor
 * of it. Runs in init before the pivot: /proc is the host's, where the child has another pid than
 * in the container, and only it knows which.
 */
#include "oci/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/userns.h"
#include "oci/spec.h"

/* Sends the pid that it has in /proc when it is in its namespace, then waits to be ended. */
static _Noreturn void stay(int ready)
{
	char pid[24];
	ssize_t n = readlink("/proc/self", pid, sizeof pid);

	if (n > 0 && unshare(CLONE_NEWUSER) == 0 && write(ready, pid, (size_t)n) == n)
		for (;;)
			(void)pause();
	_exit(1);
}

int idmap_userns(const struct spec_mount *m, struct err *e)
{
	auto_child struct child c = CHILD_NONE;
	auto_fd int rd = -1;
	auto_fd int wr = -1;
	char path[64], text[24];
	int pipefd[2];
	ssize_t n;
	int fd, r, pid;

	if (!m->n_uid_mappings && !m->n_gid_mappings) {
		fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		return fd < 0 ? err_sys(e, "open the user namespace") : fd;
	}
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_sys(e, "make pipe");
	rd = pipefd[0];
	wr = pipefd[1];
	r = child_fork(&c, e);
	if (r < 0)
		return r;
	if (r == 0)
		stay(wr);
	close_fd(&wr);
	n = read(rd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	if (str_to_int(text, &pid) < 0)
		return err_set(e, EPERM, "make a user namespace for mapped ids");
	r = userns_map_ids(pid, m->uid_mappings, m->n_uid_mappings, m->gid_mappings,
			   m->n_gid_mappings, e);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open '%s'", path) : fd;
}
