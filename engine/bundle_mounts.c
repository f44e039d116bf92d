/*
 * config.json "mounts" and "linux.devices": docker's defaults, the container's small files,
 * volumes, devices. See bundle.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "engine/bundle_parts.h"

/* One entry of "mounts"; options is one text, separated by commas. */
static void add_mount(cJSON *mounts, const char *destination, const char *type, const char *source,
		      const char *options)
{
	auto_strv struct strv words = { 0 };
	cJSON *m = json_object();

	strv_split(&words, options, ',');
	json_add_str(m, "destination", destination);
	json_add_str(m, "type", type);
	json_add_str(m, "source", source);
	json_add_strv(m, "options", &words);
	json_push(mounts, m);
}

static bool is_covered(const struct record *r, const char *destination)
{
	for (size_t i = 0; i < r->n_mounts; i++)
		if (str_eq(r->mounts[i].destination, destination))
			return true;
	return false;
}

struct fixed_mount {
	const char *destination, *type, *source, *options, *privileged_options;
};

/* In this order; %s stands for what differs. */
static const struct fixed_mount fixed[] = {
	{ "/proc", "proc", "proc", "nosuid,noexec,nodev", NULL },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", NULL },
	{ "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
	  NULL },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro", "nosuid,noexec,nodev,rw" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,ro",
	  "nosuid,noexec,nodev,rw" },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev", NULL },
};

/*
 * The rungs of the fixed mounts: a namespace that is shared with the host shows the host's file
 * system.
 */
static void add_fixed(const struct bundle *b, cJSON *mounts, const struct fixed_mount *f)
{
	const struct record *r = b->record;
	const char *options = r->privileged && f->privileged_options ? f->privileged_options
								     : f->options;

	if (is_covered(r, f->destination))
		return;
	/* it is in /sys as the host has it */
	if (str_eq(f->type, "cgroup") && !bundle_own_network(r) && b->rootless)
		return;
	/* the host has none to share */
	if (str_eq(f->type, "mqueue") && bundle_shares(r->ipc_mode) &&
	    access("/dev/mqueue", F_OK) < 0)
		return;
	if (str_eq(f->type, "proc") && bundle_shares(r->pid_mode) && b->rootless)
		add_mount(mounts, f->destination, "bind", "/proc", "rbind,nosuid,noexec,nodev");
	else if (str_eq(f->type, "sysfs") && !bundle_own_network(r) && b->rootless)
		add_mount(mounts, f->destination, "bind", "/sys",
			  r->privileged ? "rbind,nosuid,noexec,nodev,rw"
					: "rbind,nosuid,noexec,nodev,ro");
	else if (str_eq(f->type, "mqueue") && bundle_shares(r->ipc_mode))
		add_mount(mounts, f->destination, "bind", "/dev/mqueue",
			  "rbind,nosuid,noexec,nodev");
	else if (str_eq(f->type, "devpts") &&
		 b->userns->kind == USERNS_SINGLE) /* there is no group 5 */
		add_mount(mounts, f->destination, f->type, f->source,
			  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620");
	else
		add_mount(mounts, f->destination, f->type, f->source, options);
}

static void add_shm(const struct record *r, cJSON *mounts)
{
	auto_free char *options = xasprintf("nosuid,noexec,nodev,mode=1777,size=%llu",
					    (unsigned long long)r->shm_size);

	if (is_covered(r, "/dev/shm"))
		return;
	if (bundle_shares(r->ipc_mode))
		add_mount(mounts, "/dev/shm", "bind", "/dev/shm", "rbind,nosuid,noexec,nodev");
	else
		add_mount(mounts, "/dev/shm", "tmpfs", "shm", options);
}

/* resolv.conf, hosts and hostname stand in the container's folder and are changed in place. */
static void add_small_files(const struct bundle *b, cJSON *mounts)
{
	static const char *const names[] = { "resolv.conf", "hostname", "hosts" };

	for (size_t i = 0; b->dir && i < ARRAY_SIZE(names); i++) {
		auto_free char *destination = xasprintf("/etc/%s", names[i]);
		auto_free char *source = xasprintf("%s/%s", b->dir, names[i]);

		if (!is_covered(b->record, destination))
			add_mount(mounts, destination, "bind", source, "rbind,rprivate");
	}
}

static void add_asked(const struct bundle *b, cJSON *mounts, size_t index)
{
	const struct record_mount *m = &b->record->mounts[index];
	bool tmpfs = str_eq(m->type, "tmpfs");
	auto_free char *words = strv_join(&m->options, ",");
	auto_str struct str options = { 0 };
	const char *source = m->source;

	if (!tmpfs)
		str_add(&options, m->read_only ? "rbind,ro" : "rbind,rw");
	else
		str_add(&options, m->read_only ? "ro" : "rw");
	if (words[0])
		str_addf(&options, ",%s", words);
	if (!tmpfs && !strstr(str_cstr(&options), "private") &&
	    !strstr(str_cstr(&options), "slave") && !strstr(str_cstr(&options), "shared"))
		str_add(&options, ",rprivate");
	if (str_eq(m->type, "volume")) {
		if (!b->volume_paths) /* exported: a plain folder of the root file system */
			return;
		source = b->volume_paths->v[index];
	}
	add_mount(mounts, m->destination, tmpfs ? "tmpfs" : "bind", tmpfs ? "tmpfs" : source,
		  str_cstr(&options));
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1];
	return n;
}

static const struct record *sorting;

static int by_depth(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	size_t dx = depth(sorting->mounts[x].destination),
	       dy = depth(sorting->mounts[y].destination);

	return dx != dy ? (dx > dy) - (dx < dy) : (x > y) - (x < y);
}

/* Parents before what is below them, otherwise in the order of the flags. */
static void add_all_asked(const struct bundle *b, cJSON *mounts)
{
	size_t n = b->record->n_mounts;
	auto_free size_t *order = xcalloc(n + 1, sizeof(*order));

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	sorting = b->record;
	qsort(order, n, sizeof(*order), by_depth);
	for (size_t i = 0; i < n; i++)
		add_asked(b, mounts, order[i]);
}

/* -- devices -- */

static int add_device(cJSON *devices, const char *host, const char *path, struct err *e)
{
	cJSON *d;
	struct stat st;

	if (stat(host, &st) < 0)
		return err_sys(e, "device '%s'", host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, EINVAL, "device '%s' is no device", host);
	d = json_object();
	json_add_str(d, "path", path);
	json_add_str(d, "type", S_ISCHR(st.st_mode) ? "c" : "b");
	json_add_i64(d, "major", major(st.st_rdev));
	json_add_i64(d, "minor", minor(st.st_rdev));
	json_add_u64(d, "fileMode", st.st_mode & 0777);
	json_push(devices, d);
	return 0;
}

/*
 * In a user namespace no device can be made: the host's is bind mounted, under whatever name it has
 * inside. A folder stands for all devices in it.
 */
static int add_bound_device(cJSON *mounts, const struct record_device *d, struct err *e)
{
	struct stat st;

	if (stat(d->host, &st) < 0)
		return err_sys(e, "device '%s'", d->host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, EINVAL, "device '%s' is no device", d->host);
	add_mount(mounts, d->container, "bind", d->host,
		  strchr(d->access, 'w') ? "bind,rprivate,nosuid,noexec"
					 : "bind,rprivate,nosuid,noexec,ro");
	return 0;
}

/* --privileged: every device of the host that the user may open. */
static void add_all_devices(const struct bundle *b, cJSON *mounts, cJSON *devices)
{
	static const char *const own[] = { "console", "full", "null",    "ptmx",
					   "random",  "tty",  "urandom", "zero" };
	auto_dir DIR *dir = opendir("/dev");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_free char *path = xasprintf("/dev/%s", entry->d_name);
		struct stat st;
		bool skip = false;

		for (size_t i = 0; i < ARRAY_SIZE(own); i++)
			skip |= str_eq(entry->d_name, own[i]);
		if (skip || lstat(path, &st) < 0 || (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)))
			continue;
		if (b->rootless)
			add_mount(mounts, path, "bind", path, "bind,rprivate,nosuid,noexec");
		else
			(void)add_device(devices, path, path, NULL);
	}
}

int bundle_mounts(const struct bundle *b, cJSON *config, cJSON *linux_part, struct err *e)
{
	cJSON *mounts = json_add_array(config, "mounts");
	cJSON *devices = json_add_array(linux_part, "devices");
	const struct record *r = b->record;
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		add_fixed(b, mounts, &fixed[i]);
	add_shm(r, mounts);
	add_small_files(b, mounts);
	if (r->privileged)
		add_all_devices(b, mounts, devices);
	for (size_t i = 0; result == 0 && i < r->n_devices; i++) {
		const struct record_device *d = &r->devices[i];

		result = b->rootless ? add_bound_device(mounts, d, e)
				     : add_device(devices, d->host, d->container, e);
	}
	add_all_asked(b, mounts);
	return result;
}
