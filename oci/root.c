/* Where the state of containers is when nobody says: see oci_default_root. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "oci/namespaces.h"
#include "oci/runtime.h"

/* A folder of ours that nobody else can enter. */
static bool private_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 022);
}

/*
 * Depends on who asks only (effective id, child user namespace or not, XDG_RUNTIME_DIR), so that
 * every subcommand of one caller finds the same. Below podman one is id 0 in a child user
 * namespace, with XDG_RUNTIME_DIR set.
 */
int oci_default_root(char **ret, struct err *e)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	uid_t uid = geteuid();
	auto_free char *run = NULL;

	if (uid == 0 && ns_user_initial()) {
		*ret = xstrdup("/run/pod-oci");
		return 0;
	}
	if (xdg && xdg[0] == '/') {
		*ret = xasprintf("%s/pod-oci", xdg);
		return 0;
	}
	run = xasprintf("/run/user/%u", uid);
	if (private_folder(run)) {
		*ret = xasprintf("%s/pod-oci", run);
		return 0;
	}
	/*
	 * last: a 0700 folder of a fixed name; somebody else's folder of that name is refused,
	 * not used
	 */
	run = take_ptr(&run);
	free(run);
	run = xasprintf("/tmp/pod-oci-%u", uid);
	if (mkdir(run, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make the state folder '%s'", run);
	if (!private_folder(run))
		return err_set(e, EPERM,
			       "'%s' belongs to somebody else: set XDG_RUNTIME_DIR or use --root",
			       run);
	*ret = take_ptr(&run);
	return 0;
}
