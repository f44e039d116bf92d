/* The first process of a container, from its first instruction to execve. */
#ifndef OCI_INIT_H
#define OCI_INIT_H

#include <stdbool.h>

#include "oci/launch.h"
#include "oci/namespaces.h"
#include "oci/rootfs.h"
#include "oci/seccomp.h"
#include "oci/terminal.h"

struct oci_create;
struct spec;
struct state;

/* Filled by create before it clones; init owns its copy of the memory. */
struct init {
	const struct spec *spec;
	const struct oci_create *args;
	const struct state *state; /* for hooks; its pid is not known yet */
	const struct ns_plan *ns;
	int sync;        /* to create */
	int parent_sync; /* create's end, to be closed here */
	int start_sock;  /* listens: where `start` comes */
	int console;     /* connected, or -1 */
	bool wait_go;
	bool wait_hooks;
	bool wait_filter;
	struct rootfs rootfs;
	struct launch launch;
	struct seccomp_filter filter;
	struct terminal terminal;
	char *create_state; /* what createContainer hooks get, */
	char *start_state;  /* and startContainer hooks */
	int start_conn;     /* accepted */
};

/* Runs in the cloned child; never returns. */
_Noreturn void init_main(struct init *i);

#endif
