/*
 * state.json and the folder around it. Runs in whoever calls the runtime (pod oci, the engine).
 * The status is never stored: it is worked out from the init process, which is known by pid,
 * start time and boot.
 */
#include "oci/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/json.h"
#include "oci/seccomp.h"
#include "oci/spec.h"

#define STATE_SIZE_MAX ((size_t)4 << 20)
#define STATE_FILTER "filter"

void state_clear(struct state *s)
{
	free(s->oci_version);
	free(s->id);
	free(s->bundle);
	free(s->rootfs);
	free(s->created);
	free(s->owner);
	free(s->personality);
	strv_free(&s->annotations);
	cgroup_clear(&s->cgroup);
	memset(s, 0, sizeof(*s));
}

/* -- the folder -- */

int state_root_open(const struct oci *o, struct err *e)
{
	int fd = dir_open(AT_FDCWD, o->root, NULL);

	if (fd == -ENOENT) {
		int r = dir_make_all(AT_FDCWD, o->root, 0700, e);

		if (r < 0)
			return r;
		fd = dir_open(AT_FDCWD, o->root, e);
	} else if (fd < 0) {
		return err_num(e, -fd, "open the state folder '%s'", o->root);
	}
	return fd;
}

static int check_id(const char *id, struct err *e)
{
	if (!id_container_ok(id))
		return err_set(e, EINVAL,
			       "invalid container id '%s': letters, digits and _+-. are allowed, "
			       "no leading '.' or '-'",
			       id);
	return 0;
}

/* Takes away what a killed create has left: no state.json, nobody holds the lock. */
static int sweep(int root_fd, const char *id, struct err *e)
{
	auto_fd int dir = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open the state of container '%s'", id);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0 || faccessat(dir, STATE_FILE, F_OK, 0) == 0)
		return err_set(e, EEXIST, "container with id '%s' exists already", id);
	return dir_remove_all(root_fd, id, e);
}

int state_dir_make(int root_fd, const char *id, struct err *e)
{
	auto_fd int dir = -1;
	int r = check_id(id, e);

	if (r < 0)
		return r;
	if (mkdirat(root_fd, id, 0700) < 0) {
		if (errno != EEXIST)
			return err_sys(e, "make the state folder of container '%s'", id);
		r = sweep(root_fd, id, e);
		if (r < 0)
			return r;
		if (mkdirat(root_fd, id, 0700) < 0)
			return err_sys(e, "make the state folder of container '%s'", id);
	}
	dir = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open the state of container '%s'", id);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, EEXIST, "container with id '%s' exists already", id);
	return take_fd(&dir);
}

int state_dir_open(const struct oci *o, const char *id, struct err *e)
{
	auto_free char *path = NULL;
	auto_fd int fd = -1;
	int r = check_id(id, e);

	if (r < 0)
		return r;
	path = xasprintf("%s/%s", o->root, id);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "container '%s' does not exist", id);
	if (fd < 0)
		return err_sys(e, "open the state of container '%s'", id);
	return take_fd(&fd);
}

int state_dir_lock(int dir_fd, const char *id, struct err *e)
{
	int r;

	do
		r = flock(dir_fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	return r < 0 ? err_sys(e, "lock the state of container '%s'", id) : 0;
}

int state_dir_remove(const struct oci *o, const char *id, struct err *e)
{
	auto_fd int root = dir_open(AT_FDCWD, o->root, e);
	auto_fd int dir = -1;

	if (root < 0)
		return root;
	dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open the state of container '%s'", id);
	/* state.json first: a folder without it is nobody's */
	(void)unlinkat(dir, STATE_FILE, 0);
	(void)unlinkat(dir, STATE_CONFIG, 0);
	(void)unlinkat(dir, STATE_START_SOCK, 0);
	(void)unlinkat(dir, STATE_FILTER, 0);
	if (unlinkat(root, id, AT_REMOVEDIR) == 0)
		return 0;
	return errno == ENOTEMPTY ? dir_remove_all(root, id, e)
	       : errno == ENOENT  ? 0
				  : err_sys(e, "remove the state of container '%s'", id);
}

/* -- state.json -- */

int state_save(int dir_fd, const struct state *s, struct err *e)
{
	auto_json cJSON *j = json_object();
	auto_free char *text = NULL;
	cJSON *cgroup;

	json_add_str(j, "ociVersion", s->oci_version);
	json_add_str(j, "id", s->id);
	json_add_str(j, "bundle", s->bundle);
	json_add_str(j, "rootfs", s->rootfs);
	json_add_str(j, "created", s->created);
	json_add_str(j, "owner", s->owner);
	json_add_str(j, "personality", s->personality);
	json_add_i64(j, "pid", s->init.pid);
	json_add_u64(j, "startTime", s->init.start_time);
	json_add_str(j, "bootId", s->init.boot_id);
	json_add_u64(j, "namespaces", s->ns_flags);
	json_add_u64(j, "hooks", s->hooks);
	json_add_bool(j, "userNamespace", s->in_userns);
	json_add_bool(j, "guard", s->guard);
	json_add_strv(j, "annotations", &s->annotations);
	cgroup = json_add_object(j, "cgroup");
	cgroup_to_json(&s->cgroup, cgroup);
	text = json_print(j, false);
	return file_replace_fast(dir_fd, STATE_FILE, text, strlen(text), 0600, e);
}

static char *dup_member(const cJSON *j, const char *key)
{
	const char *text = json_str(j, key, NULL);

	return text ? xstrdup(text) : NULL;
}

int state_load(int dir_fd, const char *id, struct state *ret, struct err *e)
{
	auto_json cJSON *j = NULL;
	auto_state struct state s = { 0 };
	int r = json_read_file(dir_fd, STATE_FILE, STATE_SIZE_MAX, &j, e);

	if (r == -ENOENT)
		return err_set(e, ENOENT, "container '%s' does not exist", id);
	if (r < 0)
		return err_prefix(e, "container '%s'", id);
	s.oci_version = dup_member(j, "ociVersion");
	s.id = dup_member(j, "id");
	s.bundle = dup_member(j, "bundle");
	s.rootfs = dup_member(j, "rootfs");
	s.created = dup_member(j, "created");
	s.owner = dup_member(j, "owner");
	s.personality = dup_member(j, "personality");
	s.init.pid = (pid_t)json_i64(j, "pid", 0);
	s.init.start_time = json_u64(j, "startTime", 0);
	(void)snprintf(s.init.boot_id, sizeof(s.init.boot_id), "%s", json_str(j, "bootId", ""));
	s.ns_flags = json_u64(j, "namespaces", 0);
	s.hooks = (unsigned int)json_u64(j, "hooks", 0);
	s.in_userns = json_bool(j, "userNamespace", false);
	s.guard = json_bool(j, "guard", true);
	if (json_get_strv(j, "annotations", &s.annotations) < 0 || !s.id || !s.bundle ||
	    s.init.pid <= 0)
		return err_set(e, EBADMSG, "container '%s': its state.json is broken", id);
	r = cgroup_from_json(json_get(j, "cgroup"), &s.cgroup, e);
	if (r < 0)
		return r;
	*ret = s;
	memset(&s, 0, sizeof(s));
	return 0;
}

int state_open(const struct oci *o, const char *id, struct state *ret, struct err *e)
{
	auto_fd int dir = state_dir_open(o, id, e);
	int r;

	if (dir < 0)
		return dir;
	r = state_load(dir, id, ret, e);
	return r < 0 ? r : take_fd(&dir);
}

enum oci_status state_status(int dir_fd, const struct state *s)
{
	if (!proc_id_alive(&s->init))
		return OCI_STOPPED;
	if (faccessat(dir_fd, STATE_START_SOCK, F_OK, 0) == 0)
		return OCI_CREATED;
	return cgroup_frozen(&s->cgroup) ? OCI_PAUSED : OCI_RUNNING;
}

static void add_annotations(cJSON *j, const struct strv *annotations)
{
	cJSON *map = json_add_object(j, "annotations");

	for (size_t i = 0; i < annotations->len; i++) {
		const char *value = strchr(annotations->v[i], '=');
		auto_free char *key = NULL;

		if (!value)
			continue;
		key = xstrndup(annotations->v[i], (size_t)(value - annotations->v[i]));
		json_add_str(map, key, value + 1);
	}
}

char *state_hook_text(const struct state *s, enum oci_status status, pid_t pid)
{
	auto_json cJSON *j = json_object();

	json_add_str(j, "ociVersion", s->oci_version);
	json_add_str(j, "id", s->id);
	json_add_str(j, "status", oci_status_name(status));
	if (pid > 0)
		json_add_i64(j, "pid", pid);
	json_add_str(j, "bundle", s->bundle);
	if (s->annotations.len > 0)
		add_annotations(j, &s->annotations);
	return json_print(j, false);
}

/* -- what `state` and `list` show -- */

const char *oci_status_name(enum oci_status s)
{
	static const char *const names[] = { "creating", "created", "running", "paused",
					     "stopped" };

	return names[s];
}

int oci_state_get(const struct oci *o, const char *id, struct oci_state *ret, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_open(o, id, &s, e);

	if (dir < 0)
		return dir;
	*ret = (struct oci_state){
		.id = take_ptr(&s.id),
		.bundle = take_ptr(&s.bundle),
		.rootfs = take_ptr(&s.rootfs),
		.created = take_ptr(&s.created),
		.owner = take_ptr(&s.owner),
		.oci_version = take_ptr(&s.oci_version),
		.annotations = s.annotations,
		.status = state_status(dir, &s),
	};
	s.annotations = (struct strv){ 0 };
	ret->pid = ret->status == OCI_STOPPED ? 0 : s.init.pid;
	return 0;
}

void oci_state_clear(struct oci_state *s)
{
	free(s->id);
	free(s->bundle);
	free(s->rootfs);
	free(s->created);
	free(s->owner);
	free(s->oci_version);
	strv_free(&s->annotations);
	memset(s, 0, sizeof(*s));
}

char *oci_state_json(const struct oci_state *s)
{
	auto_json cJSON *j = json_object();

	json_add_str(j, "ociVersion", s->oci_version);
	json_add_str(j, "id", s->id);
	json_add_i64(j, "pid", s->pid);
	json_add_str(j, "status", oci_status_name(s->status));
	json_add_str(j, "bundle", s->bundle);
	json_add_str(j, "rootfs", s->rootfs);
	json_add_str(j, "created", s->created);
	if (s->annotations.len > 0)
		add_annotations(j, &s->annotations);
	json_add_str(j, "owner", s->owner ? s->owner : "");
	return json_print(j, true);
}

int oci_config(const struct oci *o, const char *id, struct spec **ret, struct err *e)
{
	auto_fd int dir = state_dir_open(o, id, e);

	return dir < 0 ? dir : spec_read(dir, STATE_CONFIG, ret, e);
}

/* -- the filter -- */

/* In front of the program. */
struct filter_head {
	uint32_t flags;
	uint32_t notify;
};

int state_filter_save(int dir_fd, const struct seccomp_filter *f, struct err *e)
{
	auto_str struct str text = { 0 };
	const struct filter_head head = { f->flags, f->notify };

	if (!f->bpf)
		return 0;
	str_add_mem(&text, &head, sizeof(head));
	str_add_mem(&text, f->bpf, f->len);
	return file_create(dir_fd, STATE_FILTER, text.data, text.len, 0600, e);
}

int state_filter_load(int dir_fd, struct seccomp_filter *ret, struct err *e)
{
	auto_str struct str text = { 0 };
	struct filter_head head;
	int r;

	*ret = (struct seccomp_filter){ 0 };
	if (faccessat(dir_fd, STATE_FILTER, F_OK, 0) < 0 && errno == ENOENT)
		return 0;
	r = file_read(dir_fd, STATE_FILTER, STATE_SIZE_MAX, &text, e);
	if (r < 0)
		return r;
	if (text.len <= sizeof(head))
		return err_set(e, EBADMSG, "the container's seccomp filter is broken");
	memcpy(&head, text.data, sizeof(head));
	*ret = (struct seccomp_filter){
		.bpf = xmemdup(text.data + sizeof(head), text.len - sizeof(head)),
		.len = text.len - sizeof(head),
		.flags = head.flags,
		.notify = head.notify,
	};
	return 0;
}
