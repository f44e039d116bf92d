/*
 * Processes: children that cannot be forgotten, identities that outlive pid reuse, helpers that are
 * run and waited for.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct err;

/*
 * A child of ours: killed and reaped when it goes out of scope, unless handed over. {0} /
 * CHILD_NONE is none.
 */
struct child {
	pid_t pid;
	int pidfd; /* -1 where there is none */
};

#define CHILD_NONE ((struct child){ .pid = 0, .pidfd = -1 })

void child_kill(struct child *c);         /* SIGKILL and reap; then CHILD_NONE */
struct child child_take(struct child *c); /* moves it out */
/* Waits and reaps; *ret_status as waitpid's. Then CHILD_NONE. */
int child_wait(struct child *c, int *ret_status, struct err *e);

#define auto_child __attribute__((unused, cleanup(child_kill)))

/*
 * fork() with a pidfd. Returns 0 in the child, 1 in the parent with *ret set, or a negative errno.
 */
int child_fork(struct child *ret, struct err *e);

/* The exit status a shell would show: 128 + signal for a killed process. status is waitpid's. */
int proc_exit_status(int status);

/* "exit status 3" or "signal 9 (Killed)" into buf. */
const char *proc_status_text(int status, char *buf, size_t size);

/* How to run a helper program. */
struct spawn {
	const char *const *argv; /* argv[0] is searched in PATH unless it has a '/' */
	const char *const *env;  /* NULL: inherit */
	int fds[3];              /* what becomes 0, 1, 2; -1: /dev/null */
	/* further fds that stay open under their numbers; NULL-able, -1-terminated */
	const int *keep;
	bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL */
	bool new_session;
};

/*
 * Starts a program. A missing program is -ENOENT, reported here and not by the child's exit status.
 */
int proc_spawn(const struct spawn *s, struct child *ret, struct err *e);

/*
 * Runs a program to its end with stdin from /dev/null; its stdout (at most 1 MiB) into *ret_out
 * (may be NULL: /dev/null); fails with what the program printed to stderr where its status is not
 * 0.
 */
int proc_run(const char *const *argv, struct str *ret_out, struct err *e);

/*
 * Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat). -ESRCH: no such
 * process or a zombie.
 */
int proc_start_time(pid_t pid, uint64_t *ret, struct err *e);

/* /proc/sys/kernel/random/boot_id, 36 characters and NUL; read once. */
const char *proc_boot_id(void);

/* What is written to disk for a process; trusted only as a whole. */
struct proc_id {
	pid_t pid;
	uint64_t start_time;
	char boot_id[40];
};

int proc_id_of(pid_t pid, struct proc_id *ret, struct err *e);

/*
 * A pidfd of the very process that id names, checked after opening. -ESRCH where it is gone (or a
 * zombie, or another boot's).
 */
int proc_id_open(const struct proc_id *id, struct err *e);
bool proc_id_alive(const struct proc_id *id);

/* Signals by name or number: "KILL", "SIGKILL", "9", "RTMIN+3". -EINVAL. */
int proc_signal_parse(const char *s, int *ret, struct err *e);
/* "KILL" for 9; never NULL. buf for those without a name. */
const char *proc_signal_name(int sig, char buf[24]);

/*
 * Blocks all signals / resets all dispositions and the mask to default: for children before exec.
 */
void proc_signals_block(void);
void proc_signals_reset(void);

#endif
