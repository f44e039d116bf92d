/*
 * Messages between the process that creates (or starts, or executes in) a container and the
 * process inside. One SOCK_SEQPACKET socket, one enum, one message a packet. A failure travels as
 * the struct err itself: the child's reason is the user's reason.
 *
 *   create                                init
 *     │ clone3 ──────────────────────────▶ │
 *     │                                    │ joins a PID or user namespace: clones itself again
 *     │ ◀────────────────────────── PID ── │   (CLONE_PARENT), the rest is with that child
 *     │ cgroup, id maps                    │ waits, where one of them is needed
 *     │ ── GO ───────────────────────────▶ │ namespaces, root, mounts, devices, terminal
 *     │ on_init(), compiles seccomp        │
 *     │ ── FILTER ───────────────────────▶ │ (lies in the queue until it is wanted)
 *     │ ◀──────────────────────── HOOKS ── │ where there are prestart or createRuntime hooks
 *     │ runs them                          │
 *     │ ── HOOKS_DONE ───────────────────▶ │ createContainer hooks, pivot, masks, user, program
 *     │ ◀──────────────────────── READY ── │ or ERROR, here and at any time before
 *     ▼ "created"                          │ accepts on start.sock in the state folder
 *   start                                  │
 *     │ connect, ── START ───────────────▶ │ startContainer hooks, seccomp, capabilities
 *     │ ◀───────────────────────── EXEC ── │ just before execve; end of file: it has succeeded,
 *     ▼ "running"                          │ ERROR or FAILED: it has not
 *
 * exec has the same, shorter: PID up, GO down, EXEC and end of file (or ERROR) up.
 * End of file without EXEC means that the process was killed: it must never count as success.
 */
#ifndef OCI_SYNC_H
#define OCI_SYNC_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum sync_type {
	SYNC_ERROR, /* struct err */
	SYNC_PID,   /* pid_t as the sender sees it, which is as the receiver sees it */
	SYNC_GO,
	SYNC_FILTER, /* uint32_t flags, uint32_t notify, sock_filter[] */
	SYNC_HOOKS,
	SYNC_HOOKS_DONE,
	SYNC_READY,
	SYNC_START,
	SYNC_EXEC,   /* name of the program, for the message of a failure */
	SYNC_FAILED, /* uint32_t errno of execve: what pod-exec (exec_program.c) can say */
};

_Static_assert(SYNC_FAILED == 9, "exec_program.c has the number too");

/* A whole BPF program (4,096 instructions of 8 bytes) and its head. */
#define SYNC_PAYLOAD_MAX (8 + 4096 * 8)

/* What EXEC carries is cut to this. */
#define SYNC_NAME_MAX 255

/* A connected pair, both close-on-exec: [0] for who stays, [1] for the child. */
int sync_pair(int ret[2], struct err *e);

/* -EPIPE: the other side is gone. */
int sync_send(int sock, enum sync_type type, const void *payload, size_t len, struct err *e);

/* Tells the other side why this one ends. Nothing can be done about a failure. */
void sync_send_error(int sock, const struct err *why);

/*
 * Waits for a message of that type; its payload (at most size bytes) goes to payload. Returns the
 * payload's length. An ERROR of the other side is recorded as it came and returned; -EPIPE
 * "…ended without a word" at end of file.
 */
int sync_expect(int sock, enum sync_type type, void *payload, size_t size, struct err *e);

/*
 * Waits until the program runs: EXEC and then end of file. -EPIPE where the process ended before
 * it came so far.
 */
int sync_expect_exec(int sock, struct err *e);

#endif
