/*
 * linux.sysctl. Runs in init. Each name must belong to a namespace that the container has of its
 * own, or it would change the host. The file is reached from a /proc that is shown to be one,
 * without symlinks and without crossing a mount (CVE-2025-52881).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "oci/mount_api.h"
#include "oci/rootfs.h"
#include "oci/spec.h"

/* Which namespace a sysctl belongs to; "…." is a prefix. */
static const struct {
	const char *name;
	enum spec_ns_kind ns;
} owners[] = {
	{ "kernel/msgmax", NS_IPC },
	{ "kernel/msgmnb", NS_IPC },
	{ "kernel/msgmni", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "kernel/shmall", NS_IPC },
	{ "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC },
	{ "kernel/shm_rmid_forced", NS_IPC },
	{ "kernel/auto_msgmni", NS_IPC },
	{ "kernel/msg_next_id", NS_IPC },
	{ "kernel/sem_next_id", NS_IPC },
	{ "kernel/shm_next_id", NS_IPC },
	{ "fs/mqueue/", NS_IPC },
	{ "net/", NS_NET },
	{ "kernel/domainname", NS_UTS },
	{ "kernel/hostname", NS_UTS },
	{ "user/", NS_USER },
};

static const char *const ns_names[NS_KINDS] = {
	[NS_USER] = "user", [NS_PID] = "pid", [NS_NET] = "network",   [NS_MOUNT] = "mount",
	[NS_IPC] = "ipc",   [NS_UTS] = "uts", [NS_CGROUP] = "cgroup", [NS_TIME] = "time",
};

/*
 * "net.ipv4.ip_forward" or "net/ipv4/conf/eth0.1/…": sysctl(8) takes the first separator for the
 * one that is meant.
 */
static char *sysctl_path(const char *name)
{
	char *path = xstrdup(name);
	size_t first = strcspn(path, "./");

	if (path[first] != '.')
		return path;
	for (char *p = path; *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	return path;
}

static int check_owner(const struct spec *s, const char *name, const char *path, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		size_t len = strlen(owners[i].name);
		bool prefix = owners[i].name[len - 1] == '/';

		if (prefix ? strncmp(path, owners[i].name, len) != 0
			   : strcmp(path, owners[i].name) != 0)
			continue;
		if (s->linux.ns[owners[i].ns].present)
			return 0;
		return err_set(
			e, EINVAL,
			"sysctl '%s' is not allowed without a %s namespace of the container's own",
			name, ns_names[owners[i].ns]);
	}
	return err_set(e, EINVAL, "sysctl '%s' is not in a separate kernel namespace", name);
}

/*
 * Of the procfs that "/proc" is; where that is read-only (a container in a container) of a new one.
 */
static int open_sys(bool fresh, struct err *e)
{
	auto_fd int fs = -1;
	auto_fd int proc = -1;
	int fd;

	if (fresh) {
		fs = sys_fsopen("proc", FSOPEN_CLOEXEC);
		if (fs < 0 || sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
			return err_sys(e, "open a proc file system");
		proc = sys_fsmount(fs, FSMOUNT_CLOEXEC, 0);
	} else {
		proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (proc < 0)
		return err_sys(e, "open '/proc'");
	if (mount_fs_magic(proc) != PROC_SUPER_MAGIC)
		return err_set(e, EPERM, "'/proc' is not a proc file system");
	fd = openat(proc, "sys", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open '/proc/sys'") : fd;
}

static int sysctl_write(int sys, const char *path, const char *value, struct err *e)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	auto_fd int fd = sys_openat2(sys, path, &how);
	size_t len = strlen(value);

	if (fd < 0)
		return err_sys(e, "open '/proc/sys/%s'", path);
	if (mount_fs_magic(fd) != PROC_SUPER_MAGIC)
		return err_set(e, EPERM, "'/proc/sys/%s' is not in a proc file system", path);
	if (write(fd, value, len) != (ssize_t)len)
		return err_sys(e, "write '%s' to '/proc/sys/%s'", value, path);
	return 0;
}

int sysctl_apply(const struct spec *s, struct err *e)
{
	const struct strv *l = &s->linux.sysctl;
	auto_fd int sys = -1;
	int r = 0;

	if (!l->len)
		return 0;
	sys = open_sys(false, e);
	if (sys < 0)
		return sys;
	for (size_t i = 0; r >= 0 && i < l->len; i++) {
		const char *eq = strchr(l->v[i], '=');
		auto_free char *name = eq ? xstrndup(l->v[i], (size_t)(eq - l->v[i]))
					  : xstrdup(l->v[i]);
		auto_free char *path = sysctl_path(name);

		r = check_owner(s, name, path, e);
		if (r >= 0)
			r = sysctl_write(sys, path, eq ? eq + 1 : "", e);
		if (r == -EROFS) {
			close_fd(&sys);
			sys = open_sys(true, e);
			r = sys < 0 ? sys : sysctl_write(sys, path, eq ? eq + 1 : "", e);
		}
	}
	return r;
}
