/*
 * One entry of config.json's mounts. Runs in init before the pivot: sources are paths of the host,
 * destinations are walked inside the root and mounted by descriptor. What the image, or a container
 * that shares a volume, does to the path meanwhile has no effect: the mount lands where the
 * descriptor points.
 */
#include "oci/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "base/log.h"
#include "base/sys.h"
#include "oci/idmap.h"
#include "oci/rootfs.h"
#include "oci/spec.h"

/* Types with rungs or habits of their own; every other one is mounted as it is written. */
static const struct fs_kind {
	const char *type;
	mount_function *mount;
	/* the destination must not be a symlink: files below it are trusted by name */
	bool plain_folder;
} fs_kinds[] = {
	{ "proc", mount_proc, true },       { "sysfs", mount_sysfs, true },
	{ "tmpfs", mount_tmpfs, false },    { "devpts", mount_devpts, false },
	{ "mqueue", mount_mqueue, false },  { "cgroup", mount_cgroup, false },
	{ "cgroup2", mount_cgroup, false },
};

static const struct fs_kind *fs_kind_find(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(fs_kinds); i++)
		if (str_eq(fs_kinds[i].type, type))
			return &fs_kinds[i];
	return NULL;
}

char *mount_clean_path(const char *path)
{
	auto_strv struct strv in = { 0 };
	auto_strv struct strv out = { 0 };
	auto_free char *joined = NULL;

	strv_split(&in, path, '/');
	for (size_t i = 0; i < in.len; i++) {
		if (!*in.v[i] || str_eq(in.v[i], "."))
			continue;
		if (!str_eq(in.v[i], ".."))
			strv_add(&out, in.v[i]);
		else if (out.len)
			strv_remove(&out, out.len - 1);
	}
	joined = strv_join(&out, "/");
	return xasprintf("/%s", joined);
}

int mount_open_dest(struct rootfs *r, const char *path, bool folder, struct err *e)
{
	int fd = inroot_try_open(r->root_fd, path, O_PATH, 0);

	if (fd != -ENOENT)
		return fd < 0 ? err_num(e, -fd, "open the destination") : fd;
	return folder ? inroot_make_dirs(r->root_fd, path, 0755, e)
		      : inroot_make_file(r->root_fd, path, 0644, e);
}

/* CVE-2019-19921, CVE-2023-27561: a /proc or /sys that the image made a symlink. */
static int check_plain_folder(struct rootfs *r, const struct mount_plan *p, struct err *e)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	auto_fd int fd = sys_openat2(r->root_fd, p->path, &how);

	if (fd >= 0 || errno == ENOENT)
		return 0;
	return err_num(e, errno,
		       "'%s' must be mounted on an ordinary folder, not through a symbolic link",
		       p->m->type);
}

/*
 * Over files of /proc only what fakes them for resource views may be mounted: anything else would
 * divert what the runtime and the container's tools read and write there (CVE-2025-52881).
 */
static int check_in_proc(struct rootfs *r, const struct mount_plan *p, struct err *e)
{
	static const char *const allowed[] = {
		"/cpuinfo",
		"/diskstats",
		"/meminfo",
		"/stat",
		"/swaps",
		"/uptime",
		"/loadavg",
		"/slabinfo",
		"/net/dev",
		"/sys/kernel/ns_last_pid",
		"/sys/crypto/fips_enabled",
	};
	auto_free char *at = NULL;
	auto_free char *root = NULL;
	const char *inside;

	if (mount_fs_magic(p->d.fd) != PROC_SUPER_MAGIC || str_eq(p->m->type, "proc"))
		return 0;
	if (fd_real_path(p->d.fd, &at, NULL) < 0 || fd_real_path(r->root_fd, &root, NULL) < 0)
		return err_set(e, EPERM, "the destination is inside a proc file system");
	inside = str_after(at, str_eq(root, "/") ? "" : root);
	inside = inside ? str_after(inside, "/proc") : NULL;
	if (inside && !*inside && p->o.bind)
		return 0; /* over the whole of /proc: the source is checked */
	for (size_t i = 0; inside && i < ARRAY_SIZE(allowed); i++)
		if (str_eq(inside, allowed[i]))
			return 0;
	return err_set(e, EPERM, "it cannot be mounted because it is inside /proc");
}

/* Something that is not a procfs over /proc is a trap for whatever trusts /proc by name. */
static int check_over_proc(const struct mount_plan *p, struct err *e)
{
	auto_fd int fd = -1;

	if (!str_eq(p->path, "/proc") || str_eq(p->m->type, "proc"))
		return 0;
	if (p->o.bind) {
		fd = open(p->m->source, O_PATH | O_CLOEXEC);
		if (fd >= 0 && mount_fs_magic(fd) == PROC_SUPER_MAGIC)
			return 0;
	}
	return err_set(e, EPERM, "only a proc file system can be mounted to '/proc'");
}

static int open_dest(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	struct stat st;
	bool folder = true;

	p->d.root = r->root_fd;
	p->d.path = p->path;
	p->d.fd = inroot_try_open(r->root_fd, p->path, O_PATH, 0);
	if (p->d.fd >= 0)
		return 0;
	if (p->d.fd != -ENOENT)
		return err_num(e, -p->d.fd, "open the destination");
	/* only now is it needed what the source is */
	if (p->o.bind && fstatat(r->bundle_fd, p->m->source, &st, 0) < 0)
		return err_sys(e, "stat '%s'", p->m->source);
	if (p->o.bind)
		folder = S_ISDIR(st.st_mode);
	p->fresh = true;
	p->d.fd = mount_open_dest(r, p->path, folder, e);
	return p->d.fd < 0 ? p->d.fd : 0;
}

uint64_t mount_birth_attr(const struct mount_plan *p)
{
	uint64_t ro = p->late_ro ? MOUNT_ATTR_RDONLY : 0;

	return p->o.attr.set & ~ro;
}

int mount_plain(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	(void)r;
	return mount_api_new(p->m->type, p->m->source, &p->o, mount_birth_attr(p), &p->d, e);
}

static int mount_bind(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	auto_fd int userns = -1;
	auto_fd int fd = -1;
	int ret;

	if (p->o.idmap || p->m->n_uid_mappings || p->m->n_gid_mappings) {
		userns = idmap_userns(p->m, e);
		if (userns < 0)
			return userns;
	}
	fd = mount_api_bind(r->bundle_fd, p->m->source, p->o.recursive, userns, &p->d, e);
	if (fd < 0)
		return fd;
	if (str_eq(p->path, "/dev"))
		r->dev_is_bind = true;
	ret = mount_api_attr(fd, &p->o.attr, false, e);
	return ret < 0 ? ret : take_fd(&fd);
}

static int mount_remount(struct mount_plan *p, struct err *e)
{
	int r = mount_api_attr(p->d.fd, &p->o.attr, false, e);

	if (r == -EINVAL)
		return err_set(e, EINVAL, "remount: the destination is not a mount point");
	return r < 0 ? r : take_fd(&p->d.fd);
}

static int make(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	const struct fs_kind *kind = fs_kind_find(p->m->type);
	int ret;

	if (!p->o.bind && kind && kind->plain_folder) {
		ret = check_plain_folder(r, p, e);
		if (ret < 0)
			return ret;
	}
	ret = check_over_proc(p, e);
	if (ret >= 0)
		ret = open_dest(r, p, e);
	if (ret >= 0)
		ret = check_in_proc(r, p, e);
	if (ret < 0)
		return ret;
	if (p->o.remount)
		return mount_remount(p, e);
	if (p->o.bind)
		return mount_bind(r, p, e);
	return kind ? kind->mount(r, p, e) : mount_plain(r, p, e);
}

static void late_add(struct rootfs *r, int fd)
{
	r->late = xreallocarray(r->late, r->n_late + 1, sizeof *r->late);
	r->late[r->n_late++].fd = fd;
}

/*
 * What comes after the mount is in place: recursive flags, propagation, and who remembers its fd.
 */
static int settle(struct rootfs *r, struct mount_plan *p, int fd, struct err *e)
{
	int ret = mount_api_attr(fd, &p->o.rattr, true, e);

	for (size_t i = 0; ret >= 0 && i < p->o.n_propagation; i++)
		ret = mount_api_propagation(fd, p->o.propagation[i], e);
	if (ret < 0)
		return ret;
	if (p->late_ro)
		late_add(r, fd_dup_above(fd, 3));
	if (str_eq(p->path, "/")) { /* what follows goes into it */
		close_fd(&r->root_fd);
		r->root_fd = fd_dup_above(fd, 3);
	}
	return 0;
}

static void plan_clear(struct mount_plan *p)
{
	close_fd(&p->d.fd);
	mount_options_clear(&p->o);
	free(p->path);
}

int mount_one(struct rootfs *r, const struct spec_mount *m, struct err *e)
{
	__attribute__((cleanup(plan_clear))) struct mount_plan p = {
		.m = m,
		.d.fd = -1,
		.path = mount_clean_path(m->destination),
	};
	auto_fd int fd = -1;
	int ret = mount_options_parse(&m->options, &p.o, e);

	if (ret < 0)
		return ret;
	if (str_eq(m->type, "bind") && !p.o.bind)
		p.o.bind = p.o.recursive = true;
	if (p.o.bind && !p.o.remount && !m->source)
		return err_set(e, EINVAL, "a bind mount needs a source");
	/* further mounts and devices are made in these */
	p.late_ro = (p.o.attr.set & MOUNT_ATTR_RDONLY) && !p.o.remount &&
		    (str_eq(m->type, "tmpfs") || str_eq(p.path, "/dev")) && !p.o.bind;
	fd = make(r, &p, e);
	return fd < 0 ? fd : settle(r, &p, fd, e);
}
