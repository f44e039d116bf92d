/*
 * What a monitor does when its container has ended, or never started: see monitor_parts.h. Each
 * part may run on a half-made container.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/monitor_parts.h"
#include "engine/remove.h"
#include "engine/state.h"

/* One end of a failure is no reason to leave out the others. */
static void complain(int r, const struct err *e)
{
	if (r < 0)
		log_warn("%s", e->msg);
}

void monitor_settle(struct monitor *m)
{
	struct err e = { 0 };

	for (int i = 0; i < 3; i++)
		close_fd(&m->stdio[i]);
	close_fd(&m->console[0]);
	close_fd(&m->console[1]);
	close_fd(&m->in);
	close_fd(&m->sources[0].fd);
	close_fd(&m->sources[1].fd);
	child_kill(&m->init);
	net_end(&m->net); /* beside what follows */
	complain(oci_delete(&m->c->engine->oci, m->c->id, true, &e), &e);
}

static int clear_files(struct monitor *m, const struct container_exit *x, struct err *e)
{
	struct container *c = m->c;
	int r;

	(void)dir_remove_all(c->engine->run_fd, c->id, NULL);
	if (c->record->auto_remove)
		return remove_files(c, true, e);
	r = state_write_exit(c, x, e);
	if (unlinkat(c->dirfd, "run.json", 0) < 0 && errno != ENOENT && r == 0)
		r = err_sys(e, "remove run.json");
	return r;
}

void monitor_leave(struct monitor *m, const struct container_exit *x)
{
	struct err e = { 0 };

	json_log_close(&m->log);
	if (m->mounted)
		complain(rootfs_unmount(&m->rootfs, m->c->dirfd, &e), &e);
	close_fd(&m->listen);
	complain(clear_files(m, x, &e), &e);
	net_leave(&m->net);
	close_fd(&m->lock);
}
