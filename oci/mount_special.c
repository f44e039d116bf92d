/*
 * File systems that have rungs: what a nested container or an unprivileged one is not allowed to
 * mount afresh is taken from outside, read-only. Runs in init before the pivot, when the host's own
 * /proc, /sys and /dev are still there.
 */
#include "oci/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "oci/copy_up.h"
#include "oci/rootfs.h"
#include "oci/spec.h"

/*
 * The host's file system of the expected type, with all below it, that nothing can be written
 * through.
 */
static int bind_read_only(const char *source, long magic, const struct mount_plan *p, struct err *e)
{
	const uint64_t flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       MOUNT_ATTR_NOEXEC;
	const struct mount_bits all = { .set = flags };
	auto_fd int from = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int fd = -1;
	int r;

	if (from < 0)
		return err_sys(e, "open '%s'", source);
	if (mount_fs_magic(from) != magic)
		return err_set(e, EPERM, "'%s' outside is not what it should be", source);
	fd = mount_api_bind(from, "", true, -1, &p->d, e);
	if (fd < 0)
		return fd;
	r = mount_api_attr(fd, &all, true, e);
	/* Linux < 5.12: the top of the tree at least; what is below is the user's own view */
	if (r == -ENOTSUP)
		r = mount_api_attr(fd, &all, false, e);
	return r < 0 ? r : take_fd(&fd);
}

/*
 * EPERM: part of the proc that we see is covered by other mounts (a container in a container), or
 * the pid namespace is not ours.
 */
int mount_proc(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	struct err first = { 0 };
	int fd = mount_plain(r, p, &first);

	if (fd != -EPERM && fd != -EACCES)
		return fd < 0 ? err_copy(e, &first) : fd;
	fd = bind_read_only("/proc", PROC_SUPER_MAGIC, p, NULL);
	if (fd < 0)
		return err_copy(e, &first);
	log_info(
		"no new proc file system allowed here, continuing with the outer /proc, read-only");
	return fd;
}

/* EPERM: the network namespace belongs to another user namespace. */
int mount_sysfs(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	struct err first = { 0 };
	int fd = mount_plain(r, p, &first);

	if (fd != -EPERM && fd != -EACCES)
		return fd < 0 ? err_copy(e, &first) : fd;
	fd = bind_read_only("/sys", SYSFS_MAGIC, p, NULL);
	if (fd < 0)
		return err_copy(e, &first);
	log_debug("no new sysfs allowed here, continuing with the outer /sys, read-only");
	return fd;
}

/*
 * EPERM: the IPC namespace belongs to another user namespace, so its queues are those that the
 * host's mount shows.
 */
int mount_mqueue(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	struct err first = { 0 };
	int fd = mount_plain(r, p, &first);

	if (fd != -EPERM && fd != -EACCES)
		return fd < 0 ? err_copy(e, &first) : fd;
	fd = mount_api_bind(AT_FDCWD, "/dev/mqueue", false, -1, &p->d, NULL);
	if (fd < 0)
		return err_copy(e, &first);
	log_debug("no new mqueue allowed here, continuing with the outer /dev/mqueue");
	return fd;
}

static void drop_word(struct strv *l, const char *prefix)
{
	for (size_t i = l->len; i-- > 0;)
		if (str_starts(l->v[i], prefix))
			strv_remove(l, i);
}

/* EINVAL: group 5 (tty) has no number in this user namespace. */
int mount_devpts(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	struct err first = { 0 };
	int fd = mount_plain(r, p, &first);

	if (fd != -EINVAL || !mount_options_get(&p->o, "gid"))
		return fd < 0 ? err_copy(e, &first) : fd;
	drop_word(&p->o.data, "gid=");
	fd = mount_plain(r, p, NULL);
	if (fd < 0)
		return err_copy(e, &first);
	log_debug("the gid of devpts does not exist here, continuing without it");
	return fd;
}

/*
 * A tmpfs over a folder has the folder's permissions unless others are asked for: /tmp stays 1777.
 */
int mount_tmpfs(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	auto_fd int fd = -1;
	struct stat st;
	int ret;

	if (!p->fresh && !mount_options_get(&p->o, "mode") && fstat(p->d.fd, &st) == 0)
		strv_addf(&p->o.data, "mode=%o", (unsigned int)(st.st_mode & 07777));
	if (p->o.copy_up)
		p->late_ro = p->o.attr.set & MOUNT_ATTR_RDONLY;
	fd = mount_plain(r, p, e);
	if (fd < 0 || !p->o.copy_up || p->fresh)
		return take_fd(&fd);
	ret = copy_up(p->d.fd, fd, e);
	return ret < 0 ? ret : take_fd(&fd);
}
