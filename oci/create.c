/*
 * The parent side of `create`: reads the bundle, makes state folder, cgroup and the first
 * process, runs the hooks that belong to the runtime's namespaces, and leaves a container that
 * waits. Runs in `pod oci create` or in the engine's monitor, which may be id 0 of a user
 * namespace of its own. Until the last line everything that was made is taken back on failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/userns.h"
#include "oci/hooks.h"
#include "oci/init.h"
#include "oci/runtime.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "oci/sync.h"

/* A creation under way; what it holds is undone by creation_end unless it was completed. */
struct creation {
	const struct oci *oci;
	const struct oci_create *args;
	struct spec *spec;
	struct state state;
	struct ns_plan ns;
	struct seccomp_filter filter;
	struct child init;
	int root_dir;
	int state_dir; /* its lock is held */
	int bundle_dir;
	int sock[2]; /* [0] here, [1] init's */
	int start_sock;
	int console;
	int cgroup_fd;
	bool attach; /* the process must be moved into its cgroup */
	bool completed;
};

static void creation_end(struct creation *k)
{
	child_kill(&k->init);
	if (!k->completed && k->state_dir >= 0) {
		struct err e = { 0 };

		if (cgroup_remove(&k->state.cgroup, &e) < 0)
			log_warn("%s", e.msg);
		if (dir_remove_all(k->root_dir, k->args->id, &e) < 0)
			log_warn("%s", e.msg);
	}
	ns_plan_clear(&k->ns);
	seccomp_filter_clear(&k->filter);
	spec_free(k->spec);
	state_clear(&k->state);
	close_fd(&k->state_dir);
	close_fd(&k->root_dir);
	close_fd(&k->bundle_dir);
	close_fd(&k->sock[0]);
	close_fd(&k->sock[1]);
	close_fd(&k->start_sock);
	if (k->console != k->args->console_fd)
		close_fd(&k->console);
	close_fd(&k->cgroup_fd);
}

#define auto_creation __attribute__((cleanup(creation_end)))

/* -- preparations -- */

static int open_bundle(struct creation *k, struct err *e)
{
	auto_free char *bundle = realpath(k->args->bundle, NULL);

	if (!bundle)
		return err_sys(e, "open the bundle '%s'", k->args->bundle);
	k->bundle_dir = dir_open(AT_FDCWD, bundle, e);
	k->state.bundle = take_ptr(&bundle);
	return k->bundle_dir;
}

static char *owner_name(void)
{
	const struct passwd *pw = geteuid() == 0 ? NULL : getpwuid(geteuid());

	return geteuid() == 0 ? xstrdup("root")
	       : pw           ? xstrdup(pw->pw_name)
			      : xasprintf("%u", geteuid());
}

static bool spec_joins_userns(const struct spec *s)
{
	return s->linux.ns[NS_USER].present;
}

static void fill_state(struct creation *k)
{
	const struct spec *s = k->spec;
	struct state *t = &k->state;
	char now[CLOCK_TEXT_MAX];

	t->oci_version = xstrdup(s->oci_version);
	t->id = xstrdup(k->args->id);
	t->created = xstrdup(clock_rfc3339(clock_now_ns(), now));
	t->owner = owner_name();
	t->rootfs = s->root_path[0] == '/' ? xstrdup(s->root_path)
					   : xasprintf("%s/%s", t->bundle, s->root_path);
	t->personality = s->linux.personality_domain ? xstrdup(s->linux.personality_domain) : NULL;
	strv_copy(&t->annotations, &s->annotations);
	t->guard = launch_exposed(s, k->args->die_with_parent);
	t->in_userns = spec_joins_userns(s);
	for (unsigned int i = 0; i < NS_KINDS; i++)
		if (s->linux.ns[i].present)
			t->ns_flags |= ns_flag(i);
	for (unsigned int i = 0; i < HOOK_KINDS; i++)
		if (s->hooks[i].n > 0)
			t->hooks |= 1U << i;
}

/*
 * Reads the configuration once: what it says now is what the container is, whatever becomes of
 * the file.
 */
static int read_config(struct creation *k, struct err *e)
{
	auto_str struct str text = { 0 };
	int r = file_read(k->bundle_dir, "config.json", SPEC_SIZE_MAX, &text, e);

	if (r >= 0)
		r = spec_parse(str_cstr(&text), text.len, "config.json", &k->spec, e);
	if (r >= 0)
		r = spec_check_create(k->spec, "config.json", e);
	if (r < 0)
		return r;
	fill_state(k);
	k->root_dir = state_root_open(k->oci, e);
	if (k->root_dir < 0)
		return k->root_dir;
	k->state_dir = state_dir_make(k->root_dir, k->args->id, e);
	if (k->state_dir < 0)
		return k->state_dir;
	return file_create(k->state_dir, STATE_CONFIG, text.data, text.len, 0600, e);
}

static int connect_console(struct creation *k, struct err *e)
{
	bool terminal = k->spec->process.present && k->spec->process.terminal;
	bool given = k->args->console_fd >= 0 || k->args->console_socket;

	if (terminal && !given)
		return err_set(e, EINVAL,
			       "the process wants a terminal, but no console socket is given");
	if (!terminal && given)
		return err_set(e, EINVAL,
			       "a console socket is given, but the process wants no terminal");
	k->console = k->args->console_fd;
	if (k->args->console_socket)
		k->console = terminal_connect(k->args->console_socket, e);
	return k->console < 0 && terminal ? k->console : 0;
}

static int prepare(struct creation *k, struct err *e)
{
	int r = launch_check_preserved(k->args->preserve_fds, e);

	if (r >= 0)
		r = open_bundle(k, e);
	if (r >= 0)
		r = read_config(k, e);
	if (r >= 0)
		r = connect_console(k, e);
	if (r >= 0)
		r = ns_plan_make(k->spec, &k->ns, e);
	if (r >= 0)
		r = cgroup_create(k->spec, k->args->id, k->oci->systemd_cgroup, &k->state.cgroup,
				  e);
	if (r >= 0)
		r = sync_pair(k->sock, e);
	if (r >= 0)
		r = k->start_sock =
			sock_listen_at(k->state_dir, STATE_START_SOCK, SOCK_SEQPACKET, 0600, e);
	if (r < 0)
		return r;
	k->cgroup_fd = cgroup_open_v2(&k->state.cgroup);
	k->attach = k->state.cgroup.dirs.len > (k->cgroup_fd >= 0 ? 1 : 0);
	return 0;
}

/* -- the child -- */

static void fill_init(const struct creation *k, struct init *i)
{
	const struct spec *s = k->spec;
	bool new_userns = k->ns.clone_flags & CLONE_NEWUSER;

	*i = (struct init){
		.spec = s,
		.args = k->args,
		.state = &k->state,
		.ns = &k->ns,
		.sync = k->sock[1],
		.parent_sync = k->sock[0],
		.start_sock = k->start_sock,
		.start_conn = -1,
		.console = k->console,
		.wait_go = new_userns || k->attach,
		.wait_hooks = s->hooks[HOOK_PRESTART].n + s->hooks[HOOK_CREATE_RUNTIME].n > 0,
		.wait_filter = s->linux.seccomp.present,
		.terminal = TERMINAL_NONE,
	};
	i->rootfs = ROOTFS_INIT; /* bundle_fd: opened in there, as a mount of its own namespace */
	i->rootfs.spec = s;
	i->rootfs.bundle = k->state.bundle;
	i->rootfs.no_pivot = k->args->no_pivot;
	i->rootfs.in_userns = s->linux.ns[NS_USER].present || !ns_user_initial();
	i->rootfs.new_userns = new_userns;
	i->rootfs.cgroup_ns = k->ns.new_cgroup;
	i->rootfs.cgroup_path = k->state.cgroup.path;
	i->launch = (struct launch){
		.process = &s->process,
		.personality = s->linux.personality_domain,
		.proc_fd = -1,
		.stdio = { k->args->stdio[0], k->args->stdio[1], k->args->stdio[2] },
		.preserve_fds = k->args->preserve_fds,
		.die_with_parent = k->args->die_with_parent,
		.guard = k->state.guard,
		.reaper = k->args->init_reaper,
		.sync = k->sock[1],
		.listener_sock = -1,
	};
}

/* The pid of init comes from the first stage, which has done all it was there for. */
static int take_second_stage(struct creation *k, struct err *e)
{
	struct child first = child_take(&k->init);
	pid_t pid = 0;
	int r = sync_expect(k->sock[0], SYNC_PID, &pid, sizeof(pid), e);

	if (r >= 0) {
		k->init.pid = pid;
		k->init.pidfd = sys_pidfd_open(pid, 0);
		r = child_wait(&first, NULL, e);
	}
	child_kill(&first);
	return r;
}

/*
 * One clone makes all new namespaces; with a cgroup of v2 the child is born in it (Linux 5.7):
 * nothing has to be moved, and no moment exists in which it runs without its limits.
 */
static int clone_init(struct creation *k, struct err *e)
{
	struct init i;
	struct sys_clone c = {
		.flags = k->ns.two_stages ? 0 : k->ns.clone_flags,
		.exit_signal = SIGCHLD,
		.ret_pidfd = &k->init.pidfd,
		.cgroup_fd = k->cgroup_fd,
	};
	pid_t pid;

	if (k->cgroup_fd >= 0)
		c.flags |= CLONE_INTO_CGROUP;
	fill_init(k, &i);
	i.launch.filter = &i.filter;
	pid = sys_clone3(&c);
	if (pid == 0) {
		/* the lock on the state folder would be held for as long as init waits */
		close_fd(&k->state_dir);
		close_fd(&k->root_dir);
		close_fd(&k->cgroup_fd);
		init_main(&i);
	}
	if (pid < 0 && errno == EPERM && (k->ns.clone_flags & CLONE_NEWUSER))
		return userns_explain(errno, e);
	if (pid < 0)
		return err_sys(e, "make the container's namespaces");
	k->init.pid = pid;
	close_fd(&k->sock[1]);
	return k->ns.two_stages ? take_second_stage(k, e) : 0;
}

/* What init cannot do for itself. */
static int settle_init(struct creation *k, struct err *e)
{
	const struct spec_linux *l = &k->spec->linux;
	bool new_userns = k->ns.clone_flags & CLONE_NEWUSER;
	int r = 0;

	if (k->attach)
		r = cgroup_attach(&k->state.cgroup, k->init.pid, e);
	if (r >= 0 && new_userns)
		r = userns_map_ids(k->init.pid, l->uid_mappings, l->n_uid_mappings, l->gid_mappings,
				   l->n_gid_mappings, e);
	if (r >= 0 && (new_userns || k->attach))
		r = sync_send(k->sock[0], SYNC_GO, NULL, 0, e);
	if (r >= 0)
		r = proc_id_of(k->init.pid, &k->state.init, e);
	return r;
}

static int send_filter(struct creation *k, struct err *e)
{
	auto_free char *beside = xasprintf("%s/.seccomp", k->oci->root);
	auto_str struct str payload = { 0 };
	int r;

	if (!k->spec->linux.seccomp.present)
		return 0;
	r = seccomp_compile(&k->spec->linux.seccomp, k->oci->cache_dir ? k->oci->cache_dir : beside,
			    &k->filter, e);
	if (r < 0)
		return err_prefix(e, "seccomp");
	str_add_mem(&payload, &k->filter.flags, sizeof(k->filter.flags));
	str_add_mem(&payload, &k->filter.notify, sizeof(k->filter.notify));
	str_add_mem(&payload, k->filter.bpf, k->filter.len);
	r = sync_send(k->sock[0], SYNC_FILTER, payload.data, payload.len, e);
	return r < 0 ? r : state_filter_save(k->state_dir, &k->filter, e);
}

static int run_hooks(struct creation *k, struct err *e)
{
	const struct spec_hook_list *hooks = k->spec->hooks;
	auto_free char *state = NULL;
	int r;

	if (hooks[HOOK_PRESTART].n + hooks[HOOK_CREATE_RUNTIME].n == 0)
		return 0;
	r = sync_expect(k->sock[0], SYNC_HOOKS, NULL, 0, e);
	if (r < 0)
		return r;
	state = state_hook_text(&k->state, OCI_CREATING, k->init.pid);
	r = hooks_run(&hooks[HOOK_PRESTART], "prestart", state, e);
	if (r >= 0)
		r = hooks_run(&hooks[HOOK_CREATE_RUNTIME], "createRuntime", state, e);
	return r < 0 ? r : sync_send(k->sock[0], SYNC_HOOKS_DONE, NULL, 0, e);
}

/* A write to a dead init fails with nothing to say; the reason is in the queue. */
static int prefer_reason(struct creation *k, int r, struct err *e)
{
	struct err why = { 0 };

	if (r != -EPIPE && r != -ECONNRESET && r != -ESRCH)
		return r;
	/* it may itself be waiting for us: end of file wakes it */
	(void)shutdown(k->sock[0], SHUT_WR);
	while (sync_expect(k->sock[0], SYNC_HOOKS, NULL, 0, &why) >= 0)
		;
	return why.num && why.num != EPIPE ? err_copy(e, &why) : r;
}

static int raise_init(struct creation *k, struct err *e)
{
	int r = clone_init(k, e);

	if (r < 0)
		return r;
	r = settle_init(k, e);
	if (r >= 0 && k->args->on_init)
		r = k->args->on_init(k->init.pid, k->args->data, e);
	if (r >= 0)
		r = send_filter(k, e);
	if (r >= 0)
		r = run_hooks(k, e);
	if (r >= 0)
		r = sync_expect(k->sock[0], SYNC_READY, NULL, 0, e);
	return prefer_reason(k, r, e);
}

static int write_pid_file(const char *path, pid_t pid, struct err *e)
{
	char text[16];
	int r;

	if (!path)
		return 0;
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = file_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, e);
	return r < 0 ? err_prefix(e, "pid file") : 0;
}

int oci_create(const struct oci *o, const struct oci_create *c, struct child *ret_init,
	       struct err *e)
{
	auto_creation struct creation k = {
		.oci = o,
		.args = c,
		.ns = { .join = { -1, -1, -1, -1, -1, -1, -1, -1 } },
		.init = CHILD_NONE,
		.root_dir = -1,
		.state_dir = -1,
		.bundle_dir = -1,
		.sock = { -1, -1 },
		.start_sock = -1,
		.console = -1,
		.cgroup_fd = -1,
	};
	int r = prepare(&k, e);

	if (r >= 0)
		r = raise_init(&k, e);
	if (r >= 0)
		r = state_save(k.state_dir, &k.state, e);
	if (r >= 0)
		r = write_pid_file(c->pid_file, k.init.pid, e);
	if (r < 0)
		return r;
	k.completed = true;
	if (ret_init) {
		*ret_init = child_take(&k.init);
	} else {
		close_fd(&k.init.pidfd);
		k.init = CHILD_NONE;
	}
	return 0;
}
