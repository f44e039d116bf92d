/* run.json, exit.json and the clearing up after killed monitors: see state.h. Any command runs it;
 * the monitor writes. */
#include "engine/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "engine/engine.h"
#include "engine/remove.h"

#define STATE_SIZE_MAX ((size_t)1 << 20)

/* -- run.json -- */

static void add_proc(cJSON *obj, const char *key, const struct proc_id *id)
{
	cJSON *p = json_add_object(obj, key);

	json_add_i64(p, "pid", id->pid);
	json_add_u64(p, "startTime", id->start_time);
	json_add_str(p, "bootId", id->boot_id);
}

static void get_proc(const cJSON *obj, const char *key, struct proc_id *ret)
{
	const cJSON *p = json_get(obj, key);

	*ret = (struct proc_id){ .pid = (pid_t)json_i64(p, "pid", 0),
				 .start_time = json_u64(p, "startTime", 0) };
	(void)snprintf(ret->boot_id, sizeof(ret->boot_id), "%s", json_str(p, "bootId", ""));
}

int state_write_run(const struct container *c, const struct container_run *run, struct err *e)
{
	auto_json cJSON *json = json_object();
	auto_free char *text = NULL;
	cJSON *ports;

	add_proc(json, "monitor", &run->monitor);
	if (run->init.pid)
		add_proc(json, "init", &run->init);
	json_add_i64(json, "started", run->started_ns);
	json_add_i64(json, "restarts", run->restarts);
	json_add_str(json, "driver", run->driver);
	ports = json_add_array(json, "ports");
	for (size_t i = 0; i < run->n_ports; i++) {
		cJSON *p = json_object();

		json_add_str(p, "hostIp", run->ports[i].host_ip);
		json_add_u64(p, "hostPort", run->ports[i].host_port);
		json_add_u64(p, "containerPort", run->ports[i].container_port);
		json_add_str(p, "protocol", run->ports[i].protocol);
		json_push(ports, p);
	}
	text = json_print(json, false);
	return file_replace_fast(c->dirfd, "run.json", text, strlen(text), 0600, e);
}

void state_clear_run(struct container_run *run)
{
	record_ports_clear(run->ports, run->n_ports);
	free(run->driver);
	*run = (struct container_run){ 0 };
}

int state_read_run(int dirfd, struct container_run *ret)
{
	auto_json cJSON *json = NULL;
	struct json_field table[2] = {
		J(struct container_run, json_load_array, "ports", ports, .arg = record_port_fields,
		  .elem_size = sizeof(struct record_port),
		  .count = offsetof(struct container_run, n_ports)),
		J_END,
	};
	const struct json_at at = { .what = "run.json" };
	int r;

	*ret = (struct container_run){ 0 };
	if (faccessat(dirfd, "run.json", F_OK, 0) < 0)
		return -errno;
	r = json_read_file(dirfd, "run.json", STATE_SIZE_MAX, &json, NULL);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return 0; /* broken: as of a monitor that is dead */
	get_proc(json, "monitor", &ret->monitor);
	get_proc(json, "init", &ret->init);
	ret->started_ns = json_i64(json, "started", 0);
	ret->restarts = json_i64(json, "restarts", 0);
	ret->driver = xstrdup(json_str(json, "driver", ""));
	(void)json_load(json, table, ret, &at, NULL);
	return 0;
}

/* -- exit.json -- */

int state_write_exit(const struct container *c, const struct container_exit *x, struct err *e)
{
	auto_json cJSON *json = json_object();
	auto_free char *text = NULL;

	json_add_i64(json, "code", x->code);
	json_add_i64(json, "signal", x->signal);
	json_add_bool(json, "oom", x->oom);
	json_add_i64(json, "restarts", x->restarts);
	json_add_i64(json, "started", x->started_ns);
	json_add_i64(json, "finished", x->finished_ns);
	json_add_str(json, "error", x->error);
	text = json_print(json, false);
	return file_replace_fast(c->dirfd, "exit.json", text, strlen(text), 0600, e);
}

int state_read_exit(int dirfd, struct container_exit *ret)
{
	auto_json cJSON *json = NULL;
	int r;

	*ret = (struct container_exit){ 0 };
	if (faccessat(dirfd, "exit.json", F_OK, 0) < 0)
		return -errno;
	r = json_read_file(dirfd, "exit.json", STATE_SIZE_MAX, &json, NULL);
	if (r < 0)
		return r;
	ret->present = true;
	ret->code = json_i64(json, "code", 0);
	ret->signal = json_i64(json, "signal", 0);
	ret->oom = json_bool(json, "oom", false);
	ret->restarts = json_i64(json, "restarts", 0);
	ret->started_ns = json_i64(json, "started", 0);
	ret->finished_ns = json_i64(json, "finished", 0);
	ret->error = xstrdup(json_str(json, "error", ""));
	return 0;
}

/* -- clearing up -- */

int state_lock(const struct container *c)
{
	int fd = lock_try(c->dirfd, "lock", LOCK_EXCLUSIVE, NULL);

	return fd == -EWOULDBLOCK ? -EBUSY : fd;
}

/* PR_SET_PDEATHSIG has sent SIGKILL already; this makes sure, and waits until it is over. */
static void end_init(const struct proc_id *id)
{
	struct pollfd p = { .fd = id->pid ? proc_id_open(id, NULL) : -1, .events = POLLIN };

	if (p.fd < 0)
		return;
	(void)sys_pidfd_send_signal(p.fd, SIGKILL, NULL, 0);
	(void)poll(&p, 1, 5000);
	close_fd(&p.fd);
}

static void write_lost_exit(struct container *c, const struct container_run *run)
{
	bool booted = !str_eq(run->monitor.boot_id, proc_boot_id());
	struct container_exit x = {
		.code = booted ? 255 : 128 + SIGKILL,
		.signal = booted ? 0 : SIGKILL,
		.started_ns = run->started_ns,
		.finished_ns = clock_now_ns(),
	};

	if (!run->init.pid) /* it had not started */
		return;
	x.error = xstrdup(booted ? "the machine was restarted" : "the monitor was killed");
	log_warn("container '%s' has ended: %s", c->record->name, x.error);
	(void)state_write_exit(c, &x, NULL);
	free(x.error);
}

int state_reconcile(struct container *c, struct err *e)
{
	auto_fd int lock = state_lock(c);
	struct container_run run;
	int r;

	if (lock < 0)
		return 0;
	if (state_read_run(c->dirfd, &run) < 0)
		return container_exists(c->engine, c->id) ? 0 : 1;
	if (proc_id_alive(&run.monitor)) {
		state_clear_run(&run);
		return 0;
	}
	end_init(&run.init);
	(void)oci_delete(&c->engine->oci, c->id, true, NULL);
	write_lost_exit(c, &run);
	state_clear_run(&run);
	(void)dir_remove_all(c->engine->run_fd, c->id, NULL);
	if (!c->record->auto_remove) {
		(void)unlinkat(c->dirfd, "run.json", 0);
		return 0;
	}
	r = remove_files(c, true, e);
	return r < 0 ? r : 1;
}
