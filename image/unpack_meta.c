/*
 * Owner, then mode, then xattrs: chown clears setuid bits and file capabilities. Calls that would
 * change nothing are left out: most files of most images belong to 0:0 and have plain permissions,
 * and a layer has a hundred thousand of them. Runs in the unpacking process.
 */
#include "image/unpack_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

bool unpack_xattr_wanted(const char *name)
{
	static const char *const refused[] = { "user.overlay.", "user.fuseoverlayfs.",
					       "user.containers.", "user.rootlesscontainers" };

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (str_starts(name, refused[i]))
			return false;
	return str_starts(name, "user.") || str_eq(name, "security.capability") ||
	       str_starts(name, "system.posix_acl_");
}

void unpack_times(const struct archive_item *item, struct timespec ret[2])
{
	ret[0] = ret[1] = item->mtime;
}

static int check_ids(const struct archive_item *item, struct err *e)
{
	if (item->uid < UINT32_MAX && item->gid < UINT32_MAX)
		return 0;
	return err_set(e, EBADMSG, "the owner %llu:%llu is no valid id",
		       (unsigned long long)item->uid, (unsigned long long)item->gid);
}

static int chown_error(const struct archive_item *item, struct err *e)
{
	if (errno != EINVAL)
		return err_sys(e, "change the owner to %llu:%llu", (unsigned long long)item->uid,
			       (unsigned long long)item->gid);
	return err_set(
		e, EINVAL,
		"the owner %llu:%llu is beyond the ids that this user has: larger ranges in /etc/subuid and "
		"/etc/subgid are needed",
		(unsigned long long)item->uid, (unsigned long long)item->gid);
}

/*
 * Without ids of its own a file keeps a note of the owner; its special bits would speak of the
 * wrong one.
 */
static int note_owner(int fd, const struct archive_item *item, mode_t *mode,
		      struct unpack_result *res, struct err *e)
{
	char text[64];

	if (!item->uid && !item->gid)
		return 0;
	if (item->uid)
		*mode &= ~(mode_t)S_ISUID;
	if (item->gid && !S_ISDIR(item->mode))
		*mode &= ~(mode_t)S_ISGID;
	(void)snprintf(text, sizeof(text), "%u:%u:0%o:%s", (unsigned int)item->uid,
		       (unsigned int)item->gid, (unsigned int)(item->mode & 07777),
		       S_ISDIR(item->mode) ? "dir" : "file");
	if (fsetxattr(fd, UNPACK_OVERRIDE_XATTR, text, strlen(text), 0) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return err_sys(e, "note the owner");
	res->skipped_xattrs++;
	return 0;
}

static int set_xattrs(int fd, struct archive_in *a, struct unpack_result *res, struct err *e)
{
	const char *name;
	const void *value;
	size_t len;

	while (archive_xattr(a, &name, &value, &len)) {
		if (!name || !unpack_xattr_wanted(name))
			continue;
		if (fsetxattr(fd, name, value, len, 0) == 0)
			continue;
		/*
		 * ERANGE, E2BIG, ENOSPC: larger than this file system takes; EINVAL: a capability
		 * or ACL of no known form, or of ids we lack
		 */
		if (errno != EOPNOTSUPP && errno != EPERM && errno != ERANGE && errno != E2BIG &&
		    errno != ENOSPC && errno != EINVAL)
			return err_sys(e, "set the attribute '%.100s'", name);
		res->skipped_xattrs++;
	}
	return 0;
}

int unpack_meta(int fd, struct archive_in *a, const struct archive_item *item, mode_t created_mode,
		const struct unpack_options *o, struct unpack_result *res, struct err *e)
{
	mode_t mode = item->mode & 07777;
	int r = check_ids(item, e);

	if (r >= 0 && o->one_id)
		r = note_owner(fd, item, &mode, res, e);
	if (r < 0)
		return r;
	if (!o->one_id && (item->uid || item->gid) &&
	    fchown(fd, (uid_t)item->uid, (gid_t)item->gid) < 0)
		return chown_error(item, e);
	if (mode != created_mode && fchmod(fd, mode) < 0)
		return err_sys(e, "change the mode to %04o", (unsigned int)mode);
	return set_xattrs(fd, a, res, e);
}

int unpack_meta_at(int parent, const char *name, const struct archive_item *item,
		   const struct unpack_options *o, struct err *e)
{
	struct timespec times[2];
	int r = check_ids(item, e);

	if (r < 0)
		return r;
	if (!o->one_id && (item->uid || item->gid) &&
	    fchownat(parent, name, (uid_t)item->uid, (gid_t)item->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return chown_error(item, e);
	unpack_times(item, times);
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set the time");
	return 0;
}
