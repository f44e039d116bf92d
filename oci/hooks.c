/*
 * Hook programs: started one after the other by the creating process, init, start or delete, in
 * whatever namespaces that process has. What a hook prints is kept for the error message only:
 * stdout and stderr of the caller may be the container's own.
 */
#include "oci/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "oci/spec.h"

#define OUTPUT_SHOWN 300

/* A memfd with the text, at its beginning. */
static int text_fd(const char *name, const char *text, struct err *e)
{
	auto_fd int fd = memfd_create(name, MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(e, "make a file in memory");
	r = fd_write_all(fd, text, strlen(text));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, EIO, "fill a file in memory");
	return take_fd(&fd);
}

/* In the child. The errno of a failed exec is left in the output, as a text like any other. */
static _Noreturn void exec_hook(const struct spec_hook *h, int in, int out)
{
	char *const just_path[] = { h->path, NULL };
	char *none[] = { NULL };
	char **env = h->has_env ? (h->env.v ? h->env.v : none) : environ;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) {
		fd_cloexec_from(3);
		proc_signals_reset();
		execve(h->path, h->args.len ? h->args.v : just_path, env);
	}
	(void)dprintf(out, "%s", strerror(errno));
	_exit(127);
}

static int wait_timed(struct child *c, const struct spec_hook *h, int *ret_status, struct err *e)
{
	int64_t end = h->has_timeout ? clock_mono_ns() + (int64_t)h->timeout * 1000000000
				     : INT64_MAX;

	while (h->has_timeout) {
		struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
		int64_t left_ms = (end - clock_mono_ns()) / 1000000;
		int n = left_ms > 0 ? poll(&p, 1, left_ms > 60000 ? 60000 : (int)left_ms + 1) : 0;

		if (n > 0)
			break;
		if (left_ms <= 0)
			return err_set(e, ETIMEDOUT, "timed out after %d s", h->timeout);
		if (n < 0 && errno != EINTR)
			return err_sys(e, "wait");
	}
	return child_wait(c, ret_status, e);
}

static int run_one(const struct spec_hook *h, const char *state, struct err *e)
{
	auto_child struct child child = CHILD_NONE;
	auto_fd int in = text_fd("state", state, e);
	auto_fd int out = memfd_create("output", MFD_CLOEXEC);
	char said[OUTPUT_SHOWN + 1] = "", how[64];
	int status = 0, r;
	ssize_t n;

	if (in < 0)
		return in;
	if (out < 0)
		return err_sys(e, "make a file in memory");
	r = child_fork(&child, e);
	if (r == 0)
		exec_hook(h, in, out);
	if (r >= 0)
		r = wait_timed(&child, h, &status, e);
	if (r < 0 || status == 0)
		return r;
	n = pread(out, said, OUTPUT_SHOWN, 0);
	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return err_set(e, EIO, "%s%s%s", proc_status_text(status, how, sizeof(how)),
		       said[0] ? ": " : "", said);
}

int hooks_run(const struct spec_hook_list *l, const char *kind, const char *state, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		int r;

		log_debug("%s hook '%s'", kind, l->v[i].path);
		r = run_one(&l->v[i], state, e);
		if (r < 0)
			return err_prefix(e, "%s hook '%s'", kind, l->v[i].path);
	}
	return 0;
}

void hooks_run_all(const struct spec_hook_list *l, const char *kind, const char *state)
{
	for (size_t i = 0; i < l->n; i++) {
		struct err e = { 0 };

		if (run_one(&l->v[i], state, &e) < 0)
			log_warn("%s hook '%s': %s", kind, l->v[i].path, e.msg);
	}
}
