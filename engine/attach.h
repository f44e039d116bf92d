/*
 * The conversation between a monitor and those who watch its container: `run` and `start -a` over
 * the socket pair that they were born with, `attach`, `wait` and `stop` over attach.sock.
 * SOCK_SEQPACKET, one message a packet: a type byte, then its payload.
 *
 * 	client                             monitor
 * 	  │ ── HELLO (streams, rows, cols) ─▶ │   attach.sock only; no streams: waits for the end
 * 	  │ ◀── STARTED or ERROR ──────────── │   ERROR: a struct err; the container does not run
 * 	  │ ◀── STDOUT, STDERR ────────────── │   bytes
 * 	  │ ── STDIN ───────────────────────▶ │
 * 	  │ ◀── STDIN_ACK ─────────────────── │   only now the next STDIN: so that other messages
 * 	  │ ── STDIN_EOF ───────────────────▶ │   overtake input that nobody reads
 * 	  │ ── RESIZE, SIGNAL, NO_RESTART ──▶ │
 * 	  │ ◀── EXIT ──────────────────────── │   after the last byte of output, exit.json, and --rm
 *
 * End of file from the client is a detach. End of file from the monitor without EXIT: it was
 * killed.
 */
#ifndef ENGINE_ATTACH_H
#define ENGINE_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct container;
struct err;

enum attach_type {
	ATTACH_HELLO = 1,
	ATTACH_MAPPED,   /* parent → monitor at birth: the id maps are written (or ERROR) */
	ATTACH_UNSHARED, /* monitor → parent at birth: write my id maps */
	ATTACH_STARTED,
	ATTACH_ERROR,
	ATTACH_STDIN,
	ATTACH_STDIN_ACK,
	ATTACH_STDIN_EOF,
	ATTACH_STDOUT,
	ATTACH_STDERR,
	ATTACH_RESIZE,
	ATTACH_SIGNAL,
	ATTACH_NO_RESTART,
	ATTACH_EXIT,
};

enum attach_streams { ATTACH_IN = 1, ATTACH_OUT = 2, ATTACH_ERR = 4 };

/* Largest payload of a data message. */
#define ATTACH_DATA_MAX 32768

struct attach_hello {
	uint32_t streams;    /* of enum attach_streams */
	uint32_t rows, cols; /* 0: no terminal */
};

/* Payload of RESIZE. */
struct attach_size {
	uint32_t rows, cols;
};

/* Payload of STARTED. */
struct attach_started {
	int32_t init; /* host pid of the first process */
	uint32_t tty;
};

/* Payload of EXIT. */
struct attach_exit {
	int32_t code; /* as a shell shows it */
	int32_t signal;
	int64_t finished_ns;
};

/* How a client wants to be attached. */
struct attach_options {
	uint32_t streams;            /* of enum attach_streams */
	bool tty;                    /* the container has a terminal */
	int signals;                 /* attach_take_signals(); -1: none are forwarded */
	struct container *container; /* whose start it is: for its warnings; NULL: none */
	const char *detach_keys;     /* NULL: "ctrl-p,ctrl-q"; "" : none */
};

/*
 * Blocks the signals that are forwarded (sig_proxy) and SIGWINCH (tty) and returns a signalfd of
 * them: before the start, so that none is lost. -errno without message.
 */
int attach_take_signals(bool sig_proxy, bool tty);

/* Connects to a running container's monitor. Returns the socket. -ESRCH: not running. */
int attach_connect(const struct container *c, const struct attach_hello *h, struct err *e);

/*
 * Serves the caller's terminal or files until the container ends or the user detaches. sock comes
 * from attach_connect() or monitor_start(). started false: STARTED (or ERROR) is still to come.
 * Returns the exit code of the container, or ATTACH_DETACHED.
 */
#define ATTACH_DETACHED 1000
int attach_run(int sock, bool started, const struct attach_options *o, struct err *e);

/* Waits for the end without streams: the exit code, also of a container that has ended already. */
int attach_wait(struct container *c, struct err *e);

#endif
