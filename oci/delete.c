/*
 * `delete`: what a container leaves is taken away, whatever state an interrupted call has left it
 * in.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "oci/hooks.h"
#include "oci/runtime.h"
#include "oci/spec.h"
#include "oci/state.h"

#define DEATH_WAIT_MS 10000

/* SIGKILL and the end of it. A zombie counts as dead: reaping is for its parent. */
static int kill_init(const struct state *s, struct err *e)
{
	auto_fd int pidfd = proc_id_open(&s->init, NULL);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	if (pidfd < 0)
		return 0;
	if (sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return err_sys(e, "kill container '%s'", s->id);
	if (cgroup_frozen(&s->cgroup))
		(void)cgroup_freeze(&s->cgroup, false, NULL);
	do
		n = poll(&p, 1, DEATH_WAIT_MS);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : err_set(e, ETIMEDOUT, "container '%s' does not die", s->id);
}

static void run_poststop(int dir, const struct state *s)
{
	auto_spec struct spec *spec = NULL;
	auto_free char *text = NULL;
	struct err e = { 0 };

	if (!(s->hooks & (1U << HOOK_POSTSTOP)))
		return;
	if (spec_read(dir, STATE_CONFIG, &spec, &e) < 0) {
		log_warn("%s, continuing without poststop hooks", e.msg);
		return;
	}
	text = state_hook_text(s, OCI_STOPPED, 0);
	hooks_run_all(&spec->hooks[HOOK_POSTSTOP], "poststop", text);
}

/* state.json is there: the whole of it. */
static int delete_container(const struct oci *o, int dir, const struct state *s, bool force,
			    struct err *e)
{
	enum oci_status status = state_status(dir, s);
	int r = 0;

	if (status != OCI_STOPPED && status != OCI_CREATED && !force)
		return err_set(e, EINVAL, "cannot delete container '%s' that is not stopped: %s",
			       s->id, oci_status_name(status));
	if (status != OCI_STOPPED)
		r = kill_init(s, e);
	if (r < 0)
		return r;
	/* without a PID namespace, others have outlived init */
	if (s->cgroup.dirs.len > 0 && !s->cgroup.joined && !(s->ns_flags & CLONE_NEWPID))
		(void)cgroup_kill(&s->cgroup, SIGKILL, NULL);
	r = cgroup_remove(&s->cgroup, e);
	if (r < 0)
		return r;
	run_poststop(dir, s);
	return state_dir_remove(o, s->id, e);
}

int oci_delete(const struct oci *o, const char *id, bool force, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_dir_open(o, id, e);
	int r;

	if (dir == -ENOENT && force)
		return 0;
	if (dir < 0)
		return dir;
	r = state_dir_lock(dir, id, e);
	if (r >= 0)
		r = state_load(dir, id, &s, e);
	if (r == -ENOENT && force) /* what a killed create or delete has left */
		return state_dir_remove(o, id, e);
	return r < 0 ? r : delete_container(o, dir, &s, force, e);
}
