/*
 * `kill`, `pause`, `resume`: signals and the freezer. Any process with access to the state folder
 * may call them.
 */
#include <errno.h>
#include <signal.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "oci/runtime.h"
#include "oci/state.h"

/* The words that containerd and podman look for. */
static int not_running(struct err *e)
{
	return err_set(e, ESRCH, "container not running");
}

static int signal_init(const struct state *s, int sig, struct err *e)
{
	auto_fd int pidfd = proc_id_open(&s->init, NULL);

	if (pidfd < 0)
		return not_running(e);
	if (sys_pidfd_send_signal(pidfd, sig, NULL, 0) < 0)
		return errno == ESRCH ? not_running(e)
				      : err_sys(e, "send signal %d to container '%s'", sig, s->id);
	return 0;
}

int oci_kill(const struct oci *o, const char *id, int sig, bool all, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_open(o, id, &s, e);
	int r;

	if (dir < 0)
		return dir;
	/* others may outlive init where it has no PID namespace of its own: --all reaches them */
	if (all && s.cgroup.dirs.len > 0 && !s.cgroup.joined)
		r = cgroup_kill(&s.cgroup, sig, e);
	else
		r = signal_init(&s, sig, e);
	/* a frozen process dies only once it is thawed (v1; v2 lets SIGKILL through) */
	if (r >= 0 && sig == SIGKILL && cgroup_frozen(&s.cgroup))
		(void)cgroup_freeze(&s.cgroup, false, NULL);
	return r;
}

static int set_frozen(const struct oci *o, const char *id, bool frozen, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_open(o, id, &s, e);
	enum oci_status status;

	if (dir < 0)
		return dir;
	status = state_status(dir, &s);
	if (frozen && status != OCI_RUNNING && status != OCI_CREATED)
		return err_set(e, EINVAL, "cannot pause container '%s': it is %s", id,
			       oci_status_name(status));
	if (!frozen && status != OCI_PAUSED)
		return err_set(e, EINVAL, "cannot resume container '%s': it is not paused", id);
	return cgroup_freeze(&s.cgroup, frozen, e);
}

int oci_pause(const struct oci *o, const char *id, struct err *e)
{
	return set_frozen(o, id, true, e);
}

int oci_resume(const struct oci *o, const char *id, struct err *e)
{
	return set_frozen(o, id, false, e);
}
