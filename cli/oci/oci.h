/* The commands of `pod oci`, and what they share. */
#ifndef CLI_OCI_OCI_H
#define CLI_OCI_OCI_H

#include <sys/types.h>

#include "cli/cmd.h"
#include "oci/runtime.h"

struct child;
struct spec_process;

/* runc's: 1 for all failures, 255 for an exec that fails before the program. */
#define OCI_EXIT_FAILED 1
#define OCI_EXIT_EXEC 255

extern const struct cmd oci_cmd_create;
extern const struct cmd oci_cmd_delete;
extern const struct cmd oci_cmd_exec;
extern const struct cmd oci_cmd_kill;
extern const struct cmd oci_cmd_list;
extern const struct cmd oci_cmd_pause;
extern const struct cmd oci_cmd_ps;
extern const struct cmd oci_cmd_resume;
extern const struct cmd oci_cmd_run;
extern const struct cmd oci_cmd_spec;
extern const struct cmd oci_cmd_start;
extern const struct cmd oci_cmd_state;

/* A runtime call with the global options. */
struct oci_call {
	struct oci oci;
	char *root; /* the default one; NULL where --root is given */
};

void oci_call_clear(struct oci_call *c);
#define auto_oci_call __attribute__((cleanup(oci_call_clear)))

int oci_call_init(const struct cli *c, struct oci_call *ret, struct err *e);

/*
 * Checks --preserve-fds before anything is opened: a new file would else land on a number that is
 * missing.
 */
int oci_check_fds(int n, struct err *e);

/* Status 1 for an error of the runtime, whatever it would be for `pod`. Returns r. */
int oci_failed(int r, struct err *e);

/* -- processes that stay in the foreground (foreground.c) -- */

/*
 * What `run` and `exec` hand to the runtime for a terminal in the foreground: a socket whose
 * other end gets the master.
 */
struct foreground {
	int sock[2];
	int master;
};

#define FOREGROUND_NONE ((struct foreground){ .sock = { -1, -1 }, .master = -1 })

void foreground_clear(struct foreground *f);
#define auto_foreground __attribute__((cleanup(foreground_clear)))

/* Makes the pair; sock[1] is for oci_create.console_fd. */
int foreground_open(struct foreground *f, struct err *e);
/* Size of the caller's terminal for the process, where it has none of its own. */
void foreground_size(struct spec_process *p);
/* Takes the master that has come; the pair is closed. */
int foreground_take(struct foreground *f, struct err *e);

/* Before the child is made: signals come as a file from here on. Returns its fd. */
int foreground_signals(struct err *e);

/*
 * Stays until the child ends: passes signals on, copies the terminal both ways with the caller's
 * terminal in raw mode. Reaps the child. Returns its exit status, 128 + n for a signal.
 */
int foreground_wait(struct foreground *f, int signals, struct child *c, struct err *e);

#endif
