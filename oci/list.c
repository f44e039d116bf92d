/* `list` and `ps`: which containers there are below a state root, and which processes one has. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/id.h"
#include "oci/runtime.h"
#include "oci/state.h"

int oci_list(const struct oci *o, struct strv *ret_ids, struct err *e)
{
	auto_dir DIR *dir = opendir(o->root);
	struct dirent *d;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(e, "open the state folder '%s'", o->root);
	while ((d = readdir(dir))) {
		auto_free char *state = xasprintf("%s/%s", d->d_name, STATE_FILE);

		if (id_container_ok(d->d_name) && faccessat(dirfd(dir), state, F_OK, 0) == 0)
			strv_add(ret_ids, d->d_name);
	}
	strv_sort(ret_ids);
	return 0;
}

int oci_processes(const struct oci *o, const char *id, pid_t **ret, size_t *ret_n, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_open(o, id, &s, e);

	if (dir < 0)
		return dir;
	*ret = NULL;
	*ret_n = 0;
	if (s.cgroup.dirs.len > 0)
		return cgroup_procs(&s.cgroup, ret, ret_n, e);
	if (state_status(dir, &s) == OCI_STOPPED)
		return 0;
	*ret = xcalloc(1, sizeof(**ret));
	**ret = s.init.pid;
	*ret_n = 1;
	return 0;
}
