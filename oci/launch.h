/*
 * From a process inside the namespaces to the program of the container: what init and exec share.
 * Two halves: launch_prepare does all that can fail for reasons of the configuration, so that
 * create reports it; launch_exec is what is left after "start".
 */
#ifndef OCI_LAUNCH_H
#define OCI_LAUNCH_H

#include <stdbool.h>

#include "oci/caps.h"
#include "oci/seccomp.h"

struct err;
struct spec;
struct spec_process;
struct terminal;

struct launch {
	const struct spec_process *process;
	const struct seccomp_filter *filter; /* filled by the time of launch_exec */
	const char *personality;             /* "LINUX32", … or NULL */
	/* the host's /proc, proven, for the security label; -1 where none is asked for */
	int proc_fd;
	int stdio[3];              /* what becomes 0-2; -1: stays */
	struct terminal *terminal; /* the process' terminal, or NULL */
	unsigned int preserve_fds;
	bool die_with_parent;
	bool reaper;       /* a process that reaps stays above the program */
	int sync;          /* watched for the parent's death while preparing */
	bool guard;        /* the program is executed by way of pod-exec: see launch_exposed */
	int listener_sock; /* connected socket of linux.seccomp.listenerPath, or -1 */
	const char *listener_state; /* what goes to it beside the fd */
	/* worked out by launch_prepare */
	struct caps caps;
	bool seccomp_early;
	char *path;
	char **env;
};

/*
 * What must happen while /proc/self is still this process' own and the host's privilege is there:
 * oom_score_adj, scheduler, priorities.
 */
int launch_attributes(const struct launch *l, struct err *e);

/* Everything up to the program, which is found. e->status is set where it cannot be. */
int launch_prepare(struct launch *l, struct err *e);

/*
 * Filter, capabilities, execve. Returns only where that failed; before execve an EXEC message
 * goes to sock.
 */
int launch_exec(struct launch *l, int sock, struct err *e);

/*
 * A proc_fd where the process asks for an AppArmor profile or SELinux label, else -1 without
 * error.
 */
int launch_open_proc(const struct spec_process *p, struct err *e);

/*
 * True where the container's root could open pod's own binary for writing once its program runs,
 * if it were ever to get hold of it (CVE-2019-5736): it has power over the file's owner, and no
 * process that executes the file is sure to live as long (such as the engine's monitor, whose
 * being there makes it "text file busy"). Seen from the creating process.
 */
bool launch_exposed(const struct spec *s, bool die_with_parent);

/* Checks that 3 .. 3+n-1 are open in this process. -EBADF. */
int launch_check_preserved(unsigned int n, struct err *e);

#endif
