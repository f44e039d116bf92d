/*
 * record.json: what was asked for when a container was created, merged with what its image says, so
 * that `start` needs nothing but this folder and the layers. Written once by create (and again by
 * rename), read by all. One table in record.c says how each member is called on disk; the struct's
 * members are owned.
 */
#ifndef ENGINE_RECORD_H
#define ENGINE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "net/net.h"

struct err;

#define RECORD_SIZE_MAX ((size_t)8 << 20)

/* One -v, --mount, --tmpfs or VOLUME. */
struct record_mount {
	char *type;          /* "bind", "volume", "tmpfs" */
	char *source;        /* bind: absolute host path; volume: its name; tmpfs: NULL */
	char *destination;   /* absolute path inside */
	struct strv options; /* mount words: "ro", "rprivate", "size=64m", "noexec"… */
	bool read_only;
	bool anonymous;     /* the volume goes with the container */
	bool no_copy;       /* volume: no copy of what the image has there */
	bool create_source; /* bind by -v: a missing source becomes a folder */
	char *subpath;      /* volume: folder inside, or NULL */
};

/* One published port, as asked (host_port 0: any free one at each start). */
struct record_port {
	char *host_ip; /* "" is all */
	uint32_t host_port;
	uint32_t container_port;
	char *protocol;
};

struct record_ulimit {
	char *name;         /* "nofile" */
	int64_t soft, hard; /* -1: unlimited */
};

struct record_device {
	char *host; /* "/dev/fuse" */
	char *container;
	char *access; /* "rwm" */
};

struct record {
	/* who */
	char *id; /* 64 hexadecimal digits */
	char *name;
	int64_t created_ns;
	/* from what */
	char *image; /* as asked: "nginx:alpine" */
	char *image_id;
	struct strv diff_ids; /* bottom first */
	char *platform;       /* "linux/amd64" */
	/* the process, merged with the image */
	struct strv entrypoint;
	struct strv command; /* args = entrypoint + command, never both empty */
	struct strv env;
	char *workdir; /* "" is / */
	char *user;    /* "", "name", "1000:1000"… looked up inside the rootfs at start */
	struct strv group_add;
	bool tty;
	bool open_stdin;      /* -i */
	bool stdin_once;      /* stdin ends with the first client that had it */
	uint32_t rows, cols;  /* terminal at creation; 0: unknown */
	char *stop_signal;    /* "SIGTERM", "SIGQUIT" */
	int64_t stop_timeout; /* seconds */
	bool init;
	char *tz;
	/* names and words */
	char *hostname; /* "" : short id; with uts=host the host's */
	char *domainname;
	struct strv labels; /* "key=value": image's, overridden by flags */
	struct strv annotations;
	struct strv expose; /* "80/tcp": image's and --expose */
	/* network */
	char *network; /* "slirp4netns", "none", "host" */
	struct strv network_options;
	struct record_port *ports;
	size_t n_ports;
	struct strv dns, dns_search, dns_option, add_hosts;
	/* files */
	struct record_mount *mounts;
	size_t n_mounts;
	bool read_only;
	uint64_t shm_size; /* bytes */
	struct record_device *devices;
	size_t n_devices;
	/* rights */
	bool privileged;
	struct strv cap_add, cap_drop;
	bool no_new_privileges;
	char *seccomp; /* "" default, "unconfined", or the JSON text of a profile */
	char *apparmor;
	struct strv mask, unmask;
	struct strv sysctl;                                                 /* "k=v" */
	char *pid_mode, *ipc_mode, *uts_mode, *cgroupns_mode, *userns_mode; /* "", "host", "private"
									     */
	/* limits; 0: none */
	struct record_ulimit *ulimits;
	size_t n_ulimits;
	int64_t memory, memory_reservation, memory_swap;
	int64_t cpu_shares, cpu_period, cpu_quota;
	char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit;
	bool has_oom_score_adj;
	int64_t oom_score_adj;
	char *cgroup_parent;
	/* the engine's part */
	char *log_driver;        /* "json-file", "none" */
	struct strv log_options; /* "max-size=10m" */
	char *restart;           /* "no", "on-failure", "always", "unless-stopped" */
	int64_t restart_max;     /* on-failure:N; 0: no end */
	bool auto_remove;        /* --rm */
	char *pid_file;          /* of the first process, on the host; NULL: none */
	char *storage_driver;    /* forced one, or "" */
};

void record_free(struct record *r);

static inline void cleanup_record(struct record **r)
{
	record_free(*r);
}

#define auto_record __attribute__((unused, cleanup(cleanup_record)))

/* For run.json: ports as they were published. */
extern const struct json_field record_port_fields[];
void record_ports_clear(struct record_port *v, size_t n);

/* A record with docker's defaults and everything else empty. */
struct record *record_new(void);

/* Reads dirfd/record.json. A caller may match -ENOENT. */
int record_read(int dirfd, struct record **ret, struct err *e);
int record_parse(const char *text, size_t len, struct record **ret, struct err *e);
/* Writes it: durable waits for the disk. */
int record_write(int dirfd, const struct record *r, bool durable, struct err *e);

/* The whole command as one line (entrypoint and command), for the COMMAND column. The caller owns
 * it. */
char *record_command_line(const struct record *r);

#endif
