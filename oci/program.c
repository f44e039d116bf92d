/*
 * From a command's name to its file. Runs inside the container, as its user, with its root: what
 * is found here is what execve will find. The passwd file is the container's and may be anything.
 */
#include "oci/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PASSWD_MAX ((size_t)1 << 20)

/* 0, or the errno that says why path is no program for this user. */
static int probe(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* Why a program cannot be found at path. */
static int search_error(const char *name, const char *path, int num, struct err *e)
{
	if (num == ENOENT || num == ENOTDIR)
		(void)err_set(e, num, "exec: \"%s\": stat %s: %s", name, path,
			      num == ENOENT ? "no such file or directory" : "not a directory");
	else if (num == EISDIR)
		(void)err_set(e, num, "exec: \"%s\": is a directory: permission denied", name);
	else if (num == EACCES || num == EPERM)
		(void)err_set(e, num, "exec: \"%s\": permission denied", name);
	else
		(void)err_num(e, num, "exec: \"%s\"", name);
	(void)err_status(e, num == ENOENT || num == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXEC);
	return -num;
}

int program_exec_error(const char *name, int num, struct err *e)
{
	/* the file itself was there a moment ago */
	if (num == ENOENT)
		(void)err_set(e, num,
			      "exec: \"%s\": "
			      "no such file or directory (its interpreter or loader is missing)",
			      name);
	else if (num == EACCES || num == EPERM)
		(void)err_set(e, num, "exec: \"%s\": permission denied", name);
	else if (num == ENOEXEC)
		(void)err_set(e, num, "exec: \"%s\": exec format error", name);
	else
		(void)err_num(e, num, "exec: \"%s\"", name);
	(void)err_status(e, num == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXEC);
	return -num;
}

int program_find(const char *name, const struct strv *env, char **ret, struct err *e)
{
	const char *path = strv_env_get(env, "PATH");
	auto_strv struct strv folders = { 0 };
	int denied = 0;

	if (name[0] == '\0') {
		err_set(e, ENOENT, "exec: \"\": executable file not found in $PATH");
		(void)err_status(e, EXIT_NOT_FOUND);
		return -ENOENT;
	}
	if (strchr(name, '/')) {
		int num = probe(name);

		if (num != 0)
			return search_error(name, name, num, e);
		*ret = xstrdup(name);
		return 0;
	}
	strv_split(&folders, path ? path : PATH_DEFAULT, ':');
	for (size_t i = 0; i < folders.len; i++) {
		const char *folder = folders.v[i][0] ? folders.v[i] : ".";
		auto_free char *file = xasprintf("%s/%s", folder, name);
		int num = probe(file);

		if (num == 0) {
			*ret = take_ptr(&file);
			return 0;
		}
		if (num == EACCES)
			denied = num;
	}
	if (denied)
		return search_error(name, name, denied, e);
	err_set(e, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
	(void)err_status(e, EXIT_NOT_FOUND);
	return -ENOENT;
}

/* The sixth field of "name:x:uid:gid:gecos:home:shell" where the third is uid; NULL else. */
static char *home_in_line(char *line, unsigned int uid)
{
	char *field[6];
	uint32_t id;

	for (int i = 0; i < 6; i++) {
		field[i] = strsep(&line, ":");
		if (!field[i])
			return NULL;
	}
	return str_to_u32(field[2], &id) == 0 && id == uid && field[5][0] == '/' ? xstrdup(field[5])
										 : NULL;
}

char *program_home(unsigned int uid)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_str struct str text = { 0 };
	char *rest, *line, *home = NULL;

	if (root < 0 || inroot_read(root, "etc/passwd", PASSWD_MAX, &text, NULL) < 0)
		return xstrdup("/");
	rest = text.data;
	while (!home && rest && (line = strsep(&rest, "\n")))
		home = home_in_line(line, uid);
	return home ? home : xstrdup("/");
}
