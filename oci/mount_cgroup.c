/*
 * Mounts of type cgroup and cgroup2. The container sees its own part of the hierarchies: with a
 * cgroup namespace of its own by mounting them afresh, else by bind mounts of its cgroups, which
 * are never writable unless they are its own (CVE-2023-25809). Runs in init, which is in its cgroup
 * by now, before the pivot.
 */
#include "oci/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "oci/cgroup.h"
#include "oci/cgroup_hierarchy.h"
#include "oci/rootfs.h"
#include "oci/spec.h"

#define LOCKED_DOWN (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* A folder of the host's cgroup file system; writable only where it is the container's own. */
static int bind_cgroup(const char *path, bool own, const struct mount_plan *p,
		       const struct mount_dest *d, struct err *e)
{
	const uint64_t ro = own ? p->o.attr.set & MOUNT_ATTR_RDONLY : MOUNT_ATTR_RDONLY;
	const struct mount_bits bits = { .set = LOCKED_DOWN | ro };
	auto_fd int fd = mount_api_bind(AT_FDCWD, path, false, -1, d, e);
	int r;

	if (fd < 0)
		return fd;
	r = mount_api_attr(fd, &bits, false, e);
	return r < 0 ? r : take_fd(&fd);
}

static int mount_v2(const struct rootfs *r, struct mount_plan *p, struct err *e)
{
	const char *own = r->cgroup_path && !str_eq(r->cgroup_path, "/") ? r->cgroup_path : NULL;
	struct mount_options none = { 0 };
	auto_free char *path = NULL;
	struct err first = { 0 };
	int fd;

	/*
	 * without a namespace a new mount shows, and lets write, everything: only for who may
	 * anyway
	 */
	if (r->cgroup_ns || (!r->in_userns && (p->o.attr.set & MOUNT_ATTR_RDONLY))) {
		fd = mount_api_new("cgroup2", "cgroup", &none, mount_birth_attr(p), &p->d, &first);
		if (fd >= 0 || (fd != -EPERM && fd != -EBUSY && fd != -EACCES))
			return fd < 0 ? err_copy(e, &first) : fd;
	}
	path = xasprintf("/sys/fs/cgroup%s", own ? own : "");
	return bind_cgroup(path, own != NULL, p, &p->d, e);
}

static int make_folder(int dir, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "make folder '%s'", name);
	fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open folder '%s'", name) : fd;
}

/* "cpu" → "cpu,cpuacct", as distributions have it. */
static int link_controllers(int dir, const char *name, const char *folder, struct err *e)
{
	auto_strv struct strv parts = { 0 };

	if (!strchr(folder, ','))
		return 0;
	strv_split(&parts, name, ',');
	for (size_t i = 0; i < parts.len; i++)
		if (symlinkat(folder, dir, parts.v[i]) < 0 && errno != EEXIST)
			return err_sys(e, "link '%s'", parts.v[i]);
	return 0;
}

/* One v1 hierarchy, or the v2 one of a hybrid host, into its folder. */
static int mount_hierarchy(const struct rootfs *r, struct mount_plan *p, int dir,
			   const struct cgroup_hierarchy *h, struct err *e)
{
	const char *slash = strrchr(h->mount, '/');
	const char *name = slash ? slash + 1 : h->mount;
	auto_fd int at = make_folder(dir, name, e);
	struct mount_dest d = { .fd = at, .root = dir, .path = name };
	auto_mount_options struct mount_options o = { 0 };
	auto_free char *path = NULL;
	auto_fd int fd = -1;

	if (at < 0)
		return at;
	if (r->cgroup_ns) {
		if (!h->v2 && str_starts(h->controllers, "name="))
			strv_add(&o.data, "none");
		if (!h->v2)
			strv_add(&o.data, h->controllers);
		fd = mount_api_new(h->v2 ? "cgroup2" : "cgroup", "cgroup", &o,
				   LOCKED_DOWN | (p->o.attr.set & MOUNT_ATTR_RDONLY), &d, NULL);
	}
	if (fd < 0 && h->above) { /* in the namespace the cgroup's own name is not known */
		log_debug(
			"no new mount of cgroup hierarchy '%s' allowed here, its folder stays empty",
			name);
		return 0;
	}
	if (fd < 0) {
		path = xasprintf("%s%s", h->mount, str_eq(h->own, "/") ? "" : h->own);
		fd = bind_cgroup(path, !str_eq(h->own, "/"), p, &d, e);
	}
	return fd < 0 ? err_prefix(e, "hierarchy '%s'", name)
		      : link_controllers(dir, h->controllers, name, e);
}

static int mount_v1(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	auto_hierarchies struct cgroup_hierarchies all = { 0 };
	auto_mount_options struct mount_options o = { 0 };
	auto_fd int fd = -1;
	int ret = cgroup_hierarchies_read(&all, e);

	if (ret < 0)
		return ret;
	p->late_ro = p->o.attr.set & MOUNT_ATTR_RDONLY;
	strv_add(&o.data, "mode=755");
	fd = mount_api_new("tmpfs", "tmpfs", &o, LOCKED_DOWN, &p->d, e);
	for (size_t i = 0; fd >= 0 && ret >= 0 && i < all.n; i++)
		ret = mount_hierarchy(r, p, fd, &all.v[i], e);
	return ret < 0 ? ret : take_fd(&fd);
}

int mount_cgroup(struct rootfs *r, struct mount_plan *p, struct err *e)
{
	switch (cgroup_mode()) {
	case CGROUP_V2:
		return mount_v2(r, p, e);
	case CGROUP_V1:
	case CGROUP_HYBRID:
		return mount_v1(r, p, e);
	default: /* an empty one in its place */
		log_debug("there are no cgroups here, '%s' stays empty", p->path);
		return mount_api_new("tmpfs", "tmpfs", &(struct mount_options){ 0 },
				     LOCKED_DOWN | MOUNT_ATTR_RDONLY, &p->d, e);
	}
}
