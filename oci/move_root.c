/*
 * MS_MOVE and chroot in place of pivot_root. Runs in init, in its own mount namespace; "/" is the
 * host's until the end.
 */
#include "oci/move_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"

/*
 * The n-th field of a line of mountinfo, its octal escapes undone. The caller owns it; NULL: there
 * is none.
 */
static char *mountinfo_field(const char *line, size_t n)
{
	auto_str struct str out = { 0 };

	for (; n; n--) {
		line = strchr(line, ' ');
		if (!line)
			return NULL;
		line++;
	}
	for (; *line && *line != ' '; line++) {
		unsigned int c;

		if (*line == '\\' && sscanf(line + 1, "%3o", &c) == 1) {
			str_add_char(&out, (char)c);
			line += 3;
		} else {
			str_add_char(&out, *line);
		}
	}
	return str_take(&out);
}

/* A mount that cannot be taken away is covered. */
static int hide_mount(const char *path, struct err *e)
{
	if (mount(NULL, path, NULL, MS_SLAVE | MS_REC, NULL) < 0 && errno != EINVAL &&
	    errno != ENOENT)
		return err_sys(e, "set the propagation of '%s'", path);
	if (umount2(path, MNT_DETACH) == 0 || errno == ENOENT)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return err_sys(e, "unmount '%s'", path);
	if (mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=0") < 0)
		return err_sys(e, "cover '%s'", path);
	return 0;
}

/* Where path is root or below it. */
static bool is_below(const char *path, const char *root)
{
	const char *rest = str_after(path, root);

	return rest && (!*rest || *rest == '/');
}

/* Mount points of proc and sysfs, but those of the container. */
static int kernel_mounts(const char *root, struct strv *ret, struct err *e)
{
	auto_str struct str text = { 0 };
	auto_strv struct strv lines = { 0 };
	int r = file_read(AT_FDCWD, "/proc/self/mountinfo", (size_t)64 << 20, &text, e);

	if (r < 0)
		return r;
	strv_split(&lines, str_cstr(&text), '\n');
	for (size_t i = 0; i < lines.len; i++) {
		const char *type = strstr(lines.v[i], " - ");
		auto_free char *path = mountinfo_field(lines.v[i], 4);

		if (!type || !path || is_below(path, root))
			continue;
		if (str_starts(type, " - proc ") || str_starts(type, " - sysfs "))
			strv_add(ret, path);
	}
	return 0;
}

int move_root(int root_fd, struct err *e)
{
	auto_strv struct strv hide = { 0 };
	auto_free char *root = NULL;
	int r = fd_real_path(root_fd, &root, e);

	if (r >= 0)
		r = kernel_mounts(root, &hide, e);
	if (r < 0)
		return r;
	if (fchdir(root_fd) < 0)
		return err_sys(e, "change to the new root");
	for (size_t i = hide.len; i-- > 0;) {
		r = hide_mount(hide.v[i], e);
		if (r < 0)
			return r;
	}
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(e, "move the root to '/'");
	if (chroot(".") < 0)
		return err_sys(e, "change root");
	return 0;
}
