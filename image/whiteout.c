/*
 * Whiteouts and opaque folders: see whiteout.h. Runs where layers are unpacked and where they are
 * merged.
 */
#include "image/whiteout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define OPAQUE_XATTR "user.overlay.opaque"

enum whiteout_kind whiteout_parse(const char *name, const char **ret_hides)
{
	const char *rest = str_after(name, WHITEOUT_PREFIX);

	if (!rest)
		return WHITEOUT_NONE;
	if (str_eq(name, WHITEOUT_OPAQUE_NAME))
		return WHITEOUT_OPAQUE;
	if (!*rest || str_eq(rest, ".") || str_eq(rest, ".."))
		return WHITEOUT_BAD;
	if (str_starts(rest, WHITEOUT_PREFIX))
		return WHITEOUT_AUFS;
	*ret_hides = rest;
	return WHITEOUT_FILE;
}

bool whiteout_is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool whiteout_is_opaque(int fd)
{
	static const char *const names[] = { OPAQUE_XATTR, "user.fuseoverlayfs.opaque",
					     "trusted.overlay.opaque" };
	char value[2];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fgetxattr(fd, names[i], value, sizeof(value)) == 1 && value[0] == 'y')
			return true;
	return faccessat(fd, WHITEOUT_OPAQUE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int make_dot_file(int parent, const char *name, bool *dots, struct err *e)
{
	auto_fd int fd = openat(parent, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "make the whiteout '%s'", name);
	*dots = true;
	return 0;
}

int whiteout_make(int parent, const char *name, bool *dots, struct err *e)
{
	char dot_name[300];

	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0 || errno == EEXIST)
		return 0;
	if (errno != EPERM && errno != EINVAL && errno != EOPNOTSUPP)
		return err_sys(e, "make the whiteout of '%s'", name);
	(void)snprintf(dot_name, sizeof(dot_name), WHITEOUT_PREFIX "%s", name);
	return make_dot_file(parent, dot_name, dots, e);
}

int whiteout_make_opaque(int fd, bool *dots, struct err *e)
{
	if (fsetxattr(fd, OPAQUE_XATTR, "y", 1, 0) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EPERM)
		return err_sys(e, "mark the folder opaque");
	return make_dot_file(fd, WHITEOUT_OPAQUE_NAME, dots, e);
}
