/* main(): which face the program shows by its name, the environment's settings, and nothing more.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "cli/commands.h"

/* A variable that is set and not empty; NULL otherwise. */
static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

/* Called pod-oci, runc, crun, …: the OCI runtime. */
static bool is_oci_name(const char *argv0)
{
	return str_ends(argv0, "oci") || str_ends(argv0, "runc") || str_ends(argv0, "crun");
}

int main(int argc, char **argv)
{
	static char name[] = "pod", *no_args[] = { name, NULL };
	struct cli c = { 0 };
	struct err e = { 0 };

	if (fd_ensure_std(&e) < 0) {
		(void)fprintf(stderr, "pod: %s\n", e.msg);
		return EXIT_POD;
	}
	if (argc < 1) {
		argc = 1;
		argv = no_args;
	}
	if (is_oci_name(argv[0]))
		return face_run(&oci_face, &c, argc, argv);
	c.root = setting("POD_ROOT");
	c.runroot = setting("POD_RUNROOT");
	c.storage_driver = setting("POD_STORAGE_DRIVER");
	c.userns_single = str_eq(getenv("POD_USERNS"), "single");
	return face_run(&pod_face, &c, argc, argv);
}
