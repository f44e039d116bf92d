/*
 * `start`: lets the waiting init go on, and stays until the program runs or cannot. Any process
 * with access to the state folder may call it; the container's init is not its child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "oci/hooks.h"
#include "oci/runtime.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "oci/sync.h"

/* The lock is held by the caller: nobody else starts or deletes it meanwhile. */
static int check_created(int dir, const struct state *s, struct err *e)
{
	enum oci_status status = state_status(dir, s);

	if (status == OCI_CREATED)
		return 0;
	if (status == OCI_STOPPED)
		return err_set(e, EINVAL, "cannot start container '%s': it has stopped", s->id);
	return err_set(e, EINVAL, "cannot start container '%s': it is already %s", s->id,
		       oci_status_name(status));
}

static int load_hooks(int dir, const struct state *s, enum spec_hook_kind kind, struct spec **ret,
		      struct err *e)
{
	if (!(s->hooks & (1U << kind)))
		return 0;
	return spec_read(dir, STATE_CONFIG, ret, e);
}

/* runtime.md, Lifecycle 9: where a poststart hook fails, the container is stopped and deleted. */
static int run_poststart(const struct oci *o, int dir, const struct state *s, struct err *e)
{
	auto_spec struct spec *spec = NULL;
	auto_free char *text = NULL;
	int r = load_hooks(dir, s, HOOK_POSTSTART, &spec, e);

	if (r < 0 || !spec)
		return r;
	text = state_hook_text(s, OCI_RUNNING, s->init.pid);
	r = hooks_run(&spec->hooks[HOOK_POSTSTART], "poststart", text, e);
	if (r < 0) {
		struct err ignored = { 0 };

		(void)flock(dir, LOCK_UN);
		if (oci_delete(o, s->id, true, &ignored) < 0)
			log_warn("%s", ignored.msg);
	}
	return r;
}

int oci_start(const struct oci *o, const char *id, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_dir_open(o, id, e);
	auto_fd int sock = -1;
	int r;

	if (dir < 0)
		return dir;
	r = state_dir_lock(dir, id, e);
	if (r >= 0)
		r = state_load(dir, id, &s, e);
	if (r >= 0)
		r = check_created(dir, &s, e);
	if (r < 0)
		return r;
	sock = sock_connect_at(dir, STATE_START_SOCK, SOCK_SEQPACKET, e);
	if (sock < 0)
		return err_set(e, EINVAL, "cannot start container '%s': its init is gone", id);
	/* from here on it counts as started, even if this process is killed before the answer */
	if (unlinkat(dir, STATE_START_SOCK, 0) < 0)
		return err_sys(e, "mark container '%s' as started", id);
	r = sync_send(sock, SYNC_START, NULL, 0, e);
	if (r >= 0)
		r = sync_expect_exec(sock, e);
	return r < 0 ? r : run_poststart(o, dir, &s, e);
}
