/*
 * From a fresh child to a running container, as a table of steps. Runs in the monitor. The steps
 * before "maps" run while the parent has the id maps written; no id is needed for them, since files
 * keep belonging to the user.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/inroot.h"
#include "base/log.h"
#include "engine/bundle.h"
#include "engine/engine.h"
#include "engine/monitor_parts.h"
#include "engine/state.h"
#include "engine/volume.h"
#include "net/resolv.h"
#include "oci/copy_up.h"

/* -- before the maps -- */

/*
 * A folder that was opened before is of the old mount namespace: what is mounted below it in this
 * one would not be seen.
 */
static int reopen_folder(struct monitor *m, struct err *e)
{
	int fd = dir_open(AT_FDCWD, m->dir, e);

	if (fd < 0)
		return fd;
	close_fd(&m->c->dirfd);
	m->c->dirfd = fd;
	return 0;
}

static int step_namespaces(struct monitor *m, struct err *e)
{
	unsigned char packet = ATTACH_UNSHARED;
	int r;

	if (m->c->engine->userns.kind == USERNS_NONE)
		r = unshare(CLONE_NEWNS) < 0 ? err_sys(e, "make a mount namespace") : 0;
	else
		r = userns_unshare(CLONE_NEWNS, e);
	if (r < 0 || (r = reopen_folder(m, e)) < 0 || m->c->engine->userns.kind == USERNS_NONE)
		return r;
	r = sock_send(m->clients[0].fd, &packet, 1, NULL, 0);
	return r < 0 ? err_num(e, -r, "ask for id maps") : 0;
}

/* From here on the container is this process's. */
static int step_run_record(struct monitor *m, struct err *e)
{
	int r = proc_id_of(getpid(), &m->run.monitor, e);

	return r < 0 ? r : state_write_run(m->c, &m->run, e);
}

static int step_log(struct monitor *m, struct err *e)
{
	if (str_eq(m->c->record->log_driver, "none"))
		return 0;
	return json_log_open(m->c->dirfd, "log", &m->log, e);
}

static int step_sockets(struct monitor *m, struct err *e)
{
	sigset_t set;

	(void)unlinkat(m->run_dir, "attach.sock", 0);
	m->listen = sock_listen_at(m->run_dir, "attach.sock", SOCK_SEQPACKET, 0600, e);
	if (m->listen < 0)
		return m->listen;
	(void)fd_set_nonblock(m->listen, true);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signals < 0 ? err_sys(e, "make a signalfd") : 0;
}

static int add_port(struct monitor *m, const struct record_port *p, struct err *e)
{
	struct net_ports *ports = &m->net_config.ports;
	struct net_port port = {
		.host_port = (uint16_t)p->host_port,
		.container_port = (uint16_t)p->container_port,
	};

	if (p->host_port > 65535 || p->container_port > 65535)
		return err_set(e, ERANGE, "record.json: port %u is out of range", p->host_port);
	(void)snprintf(port.host_ip, sizeof(port.host_ip), "%s", p->host_ip ? p->host_ip : "");
	(void)snprintf(port.protocol, sizeof(port.protocol), "%s",
		       p->protocol ? p->protocol : "tcp");
	ports->v = xreallocarray(ports->v, ports->n + 1, sizeof(*ports->v));
	ports->v[ports->n++] = port;
	return 0;
}

/* What was published, as run.json tells it: with the ports that were found free. */
static void note_ports(struct monitor *m)
{
	const struct net_ports *ports = &m->net_config.ports;

	record_ports_clear(m->run.ports, m->run.n_ports);
	m->run.ports = xcalloc(ports->n + 1, sizeof(*m->run.ports));
	m->run.n_ports = ports->n;
	for (size_t i = 0; i < ports->n; i++)
		m->run.ports[i] = (struct record_port){
			.host_ip = xstrdup(ports->v[i].host_ip),
			.host_port = ports->v[i].host_port,
			.container_port = ports->v[i].container_port,
			.protocol = xstrdup(ports->v[i].protocol),
		};
}

static int step_network_plan(struct monitor *m, struct err *e)
{
	const struct record *record = m->c->record;
	int r = net_driver_parse(record->network, &m->net_config.driver, &m->net_config.options, e);

	if (r < 0)
		return r;
	strv_copy(&m->net_config.options, &record->network_options);
	m->net_config.run_dirfd = m->run_dir;
	for (size_t i = 0; r == 0 && m->net_config.driver == NET_SLIRP4NETNS && i < record->n_ports;
	     i++)
		r = add_port(m, &record->ports[i], e);
	if (r == 0 && m->net_config.ports.n)
		r = net_ports_claim(&m->net_config.ports, e);
	if (r == 0)
		note_ports(m);
	return r;
}

static int put_file(struct monitor *m, const char *name, const char *text, struct err *e)
{
	auto_fd int fd = openat(m->c->dirfd, name,
				O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r;

	if (fd < 0)
		return err_sys(e, "write '%s'", name);
	(void)fchmod(fd, 0644); /* whatever the umask: every user inside reads them */
	r = fd_write_all(fd, text, strlen(text));
	return r < 0 ? err_num(e, -r, "write '%s'", name) : 0;
}

static int step_small_files(struct monitor *m, struct err *e)
{
	const struct record *record = m->c->record;
	auto_str struct str conf = { 0 }, hosts = { 0 }, hostname = { 0 };
	struct resolv resolv = { .dns = record->dns,
				 .search = record->dns_search,
				 .options = record->dns_option,
				 .add_hosts = record->add_hosts,
				 .name = record->name };
	int r;

	resolv.hostname = record->hostname;
	str_addf(&hostname, "%s\n", record->hostname);
	if ((r = resolv_conf_text(&resolv, &m->net_config, &conf, e)) < 0 ||
	    (r = resolv_hosts_text(&resolv, &m->net_config, &hosts, e)) < 0 ||
	    (r = put_file(m, "resolv.conf", str_cstr(&conf), e)) < 0 ||
	    (r = put_file(m, "hosts", str_cstr(&hosts), e)) < 0)
		return r;
	return put_file(m, "hostname", str_cstr(&hostname), e);
}

/* -- the maps, and after them -- */

static int step_maps(struct monitor *m, struct err *e)
{
	const struct userns *u = &m->c->engine->userns;
	unsigned char packet;

	if (u->kind == USERNS_NONE) /* what is mounted here stays here */
		return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0
			       ? err_sys(e, "part from the host's mounts")
			       : 0;
	if (sock_recv(m->clients[0].fd, &packet, 1, NULL, NULL) != 1 || packet != ATTACH_MAPPED)
		return err_set(e, ECANCELED, "the start of container %s was given up",
			       m->c->record->name);
	return userns_become_root(u, e);
}

static int step_rootfs(struct monitor *m, struct err *e)
{
	const struct record *record = m->c->record;
	enum rootfs_driver want = m->c->engine->driver;
	int r;

	if (record->storage_driver[0] &&
	    (r = rootfs_driver_parse(record->storage_driver, &want, e)) < 0)
		return r;
	m->rootfs.throwaway = record->auto_remove;
	r = rootfs_mount(&m->c->engine->store, &record->diff_ids, m->c->dirfd, want, &m->rootfs, e);
	if (r < 0)
		return r;
	m->mounted = true;
	replace_ptr(&m->run.driver, xstrdup(rootfs_driver_name(m->rootfs.driver)));
	return 0;
}

/*
 * The files of a container are of one driver: a start with another one would hide what was written.
 */
static int note_driver(struct monitor *m, struct err *e)
{
	struct record *record = m->c->record;

	if (str_eq(record->storage_driver, m->run.driver))
		return 0;
	replace_ptr(&record->storage_driver, xstrdup(m->run.driver));
	return record->auto_remove ? 0 : record_write(m->c->dirfd, record, false, e);
}

static bool is_mapped(const struct idmap *map, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= map[i].inside && id - map[i].inside < map[i].count)
			return true;
	return false;
}

/* An id that the user namespace lacks would fail in setresuid with "invalid argument". */
static int check_ids(const struct userns *u, const struct passwd_user *user, struct err *e)
{
	bool uid = is_mapped(u->uid, u->nuid, user->uid),
	     gid = is_mapped(u->gid, u->ngid, user->gid);

	if (u->kind == USERNS_NONE || (uid && gid))
		return 0;
	return err_set(e, EINVAL, "%s id %u is not among the ids that this user has%s%s",
		       uid ? "group" : "user", uid ? user->gid : user->uid, u->why[0] ? ": " : "",
		       u->why);
}

static int step_user(struct monitor *m, struct err *e)
{
	auto_fd int root = openat(m->c->dirfd, "rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct record *record = m->c->record;
	int r;

	if (root < 0)
		return err_sys(e, "open the root file system of container %s", record->name);
	r = note_driver(m, e);
	if (r == 0)
		r = passwd_lookup(root, record->user, &record->group_add, &m->user, e);
	return r < 0 ? r : check_ids(&m->c->engine->userns, &m->user, e);
}

/* True where a folder holds nothing. */
static bool is_empty(int fd)
{
	auto_fd int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!dir)
		return false;
	(void)take_fd(&copy);
	while ((entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			return false;
	return true;
}

/*
 * A new volume starts with what the image has in its place, owner and mode of the folder included.
 */
static int fill_volume(struct monitor *m, const struct record_mount *mount, int data, struct err *e)
{
	auto_fd int root = openat(m->c->dirfd, "rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int from = -1;
	struct stat st;

	if (mount->no_copy || root < 0 || !is_empty(data))
		return 0;
	from = inroot_try_open(root, mount->destination, O_RDONLY | O_DIRECTORY, 0);
	if (from < 0)
		return 0;
	if (fstat(from, &st) == 0) {
		(void)!fchown(data, st.st_uid, st.st_gid);
		(void)fchmod(data, st.st_mode & 07777);
	}
	return copy_up(from, data, e);
}

static int open_volume(struct monitor *m, const struct record_mount *mount, struct err *e)
{
	auto_free char *path = NULL;
	auto_fd int data = volume_open(m->c->engine, mount->source, mount->anonymous, &path, e);
	int r;

	if (data < 0)
		return data;
	r = fill_volume(m, mount, data, e);
	if (r < 0)
		return err_prefix(e, "volume '%s'", mount->source);
	if (mount->subpath)
		strv_addf(&m->volume_paths, "%s/%s", path, mount->subpath);
	else
		strv_add(&m->volume_paths, path);
	return 0;
}

/* docker makes a missing source of -v a folder; --mount wants it to be there. */
static int check_bind(const struct record_mount *mount, struct err *e)
{
	if (!str_eq(mount->type, "bind") || access(mount->source, F_OK) == 0)
		return 0;
	if (!mount->create_source || errno != ENOENT)
		return err_sys(e, "invalid mount config for type \"bind\": bind source path '%s'",
			       mount->source);
	return dir_make_all(AT_FDCWD, mount->source, 0755, e);
}

static int step_volumes(struct monitor *m, struct err *e)
{
	const struct record *record = m->c->record;
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n_mounts; i++) {
		if (str_eq(record->mounts[i].type, "volume")) {
			r = open_volume(m, &record->mounts[i], e);
			continue;
		}
		strv_add(&m->volume_paths, "");
		r = check_bind(&record->mounts[i], e);
	}
	return r;
}

static int step_config(struct monitor *m, struct err *e)
{
	const struct engine *g = m->c->engine;
	struct bundle b = {
		.record = m->c->record,
		.user = &m->user,
		.dir = m->dir,
		.volume_paths = &m->volume_paths,
		.rootless = g->userns.kind != USERNS_NONE,
		.userns = &g->userns,
		.rows = m->options->rows ? m->options->rows : m->c->record->rows,
		.cols = m->options->cols ? m->options->cols : m->c->record->cols,
	};
	auto_json cJSON *config = NULL;
	auto_free char *text = NULL;
	int r = bundle_config(&b, &config, e);

	if (r < 0)
		return r;
	text = json_print(config, false);
	return file_replace_fast(m->c->dirfd, "config.json", text, strlen(text), 0600, e);
}

/* -- launching: once, and again at each restart -- */

/* One pipe; end 0 or 1 is the container's. */
static int make_pipe(struct monitor *m, int stdio, int *ret_mine, struct err *e)
{
	int fds[2], theirs = stdio == 0 ? 0 : 1;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	m->stdio[stdio] = fds[theirs];
	*ret_mine = fds[!theirs];
	(void)fd_set_nonblock(*ret_mine, true);
	return 0;
}

static int launch_stdio(struct monitor *m, struct err *e)
{
	const struct record *record = m->c->record;
	int r;

	m->sources[0].retry_ns = m->sources[1].retry_ns = 0;
	if (record->tty) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m->console) < 0)
			return err_sys(e, "make a socket pair");
		return 0;
	}
	if (record->open_stdin) {
		r = make_pipe(m, 0, &m->in, e);
		if (r < 0)
			return r;
	} else {
		m->stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (m->stdio[0] < 0)
			return err_sys(e, "open /dev/null");
	}
	r = make_pipe(m, 1, &m->sources[0].fd, e);
	return r < 0 ? r : make_pipe(m, 2, &m->sources[1].fd, e);
}

static int on_init(pid_t init, void *data, struct err *e)
{
	struct monitor *m = data;

	if (m->net_config.driver == NET_HOST)
		return 0;
	return net_start(&m->net_config, init, &m->net, e);
}

static int launch_create(struct monitor *m, struct err *e)
{
	const struct record *record = m->c->record;
	struct oci_create create = OCI_CREATE_INIT;
	int r;

	create.id = m->c->id;
	create.bundle = m->dir;
	create.pid_file = record->pid_file;
	create.console_fd = record->tty ? m->console[1] : -1;
	memcpy(create.stdio, m->stdio, sizeof(create.stdio));
	create.die_with_parent = true;
	create.init_reaper = record->init;
	create.on_init = on_init;
	create.data = m;
	r = oci_create(&m->c->engine->oci, &create, &m->init, e);
	for (int i = 0; i < 3; i++)
		close_fd(&m->stdio[i]);
	close_fd(&m->console[1]);
	return r;
}

/* The terminal's master comes over the console socket; it is stdin and stdout in one. */
static int launch_console(struct monitor *m, struct err *e)
{
	int fds[1] = { -1 };
	char name[256];
	size_t n = 1;
	ssize_t r;

	if (!m->tty)
		return 0;
	r = sock_recv(m->console[0], name, sizeof(name), fds, &n);
	close_fd(&m->console[0]);
	if (r < 0 || n != 1)
		return err_set(e, EIO, "the runtime sent no terminal");
	(void)fd_set_nonblock(fds[0], true);
	m->sources[0].fd = fds[0];
	m->in = fd_dup_above(fds[0], 3);
	return 0;
}

static int launch_network(struct monitor *m, struct err *e)
{
	return m->net_config.driver == NET_HOST ? 0 : net_wait(&m->net, &m->net_config, e);
}

static int launch_start(struct monitor *m, struct err *e)
{
	int r = proc_id_of(m->init.pid, &m->run.init, e);

	if (r < 0)
		return r;
	m->run.started_ns = clock_now_ns();
	r = oci_start(&m->c->engine->oci, m->c->id, e);
	return r < 0 ? r : state_write_run(m->c, &m->run, e);
}

static void tell_started(struct monitor *m)
{
	struct attach_started started = { .init = m->init.pid, .tty = m->tty };
	unsigned char packet[1 + sizeof(started)];

	packet[0] = ATTACH_STARTED;
	memcpy(packet + 1, &started, sizeof(started));
	monitor_tell(m, packet, sizeof(packet));
}

struct step {
	const char *name;
	int (*run)(struct monitor *m, struct err *e);
};

/* Runs the steps in their order; with --log-level debug each says how long it took. */
static int run_steps(struct monitor *m, const struct step *steps, struct err *e)
{
	for (const struct step *s = steps; s->name; s++) {
		int64_t before = clock_mono_ns();
		int r = s->run(m, e);

		log_debug("monitor: %s: %lld us", s->name,
			  (long long)(clock_mono_ns() - before) / 1000);
		if (r < 0)
			return r;
	}
	return 0;
}

int monitor_launch(struct monitor *m, struct err *e)
{
	static const struct step steps[] = {
		{ "stdio", launch_stdio },
		{ "create", launch_create },
		{ "console", launch_console }, /* before anything is written to it */
		/* as late as possible: it comes up beside the mounts */
		{ "network", launch_network },
		{ "start", launch_start },
		{ NULL, NULL },
	};

	return run_steps(m, steps, e);
}

int monitor_setup(struct monitor *m, struct err *e)
{
	static const struct step steps[] = {
		{ "namespaces", step_namespaces }, /* first: the parent maps ids meanwhile */
		{ "run record", step_run_record },
		{ "log", step_log },
		{ "sockets", step_sockets },
		{ "network plan", step_network_plan },
		{ "small files", step_small_files }, /* they tell the network's addresses */
		{ "maps", step_maps },
		{ "rootfs", step_rootfs },
		{ "user", step_user },       /* looked up in the rootfs */
		{ "volumes", step_volumes }, /* filled from the rootfs */
		{ "config", step_config },   /* all that went before is in it */
		{ "launch", monitor_launch },
		{ NULL, NULL },
	};
	int r;

	m->dir = xasprintf("%s/containers/%s", m->c->engine->root, m->c->id);
	r = run_steps(m, steps, e);
	if (r == 0)
		tell_started(m);
	return r;
}
