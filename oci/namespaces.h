/*
 * The eight namespaces of a container: which are made by clone3, which are joined by path, which
 * need a turn of their own. config-linux.md, "Namespaces", "Offset for Time Namespace".
 */
#ifndef OCI_NAMESPACES_H
#define OCI_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct spec;

#define NS_FDS 8 /* NS_KINDS; this header needs no spec.h */

/* What is to be done, worked out in the parent before it clones. */
struct ns_plan {
	uint64_t clone_flags; /* new ones that clone3 makes at once */
	/*
	 * made by unshare, once the process is in its cgroup: that becomes the namespace's root
	 */
	bool new_cgroup;
	bool new_time; /* made by unshare: the offsets must be written before anybody enters */
	bool join_any;
	/*
	 * The first process only joins and then clones init: a PID namespace takes only children;
	 * namespaces of the outer user namespace must be joined before the new one is made, and a
	 * user namespace that is joined must own the new ones.
	 */
	bool two_stages;
	int join[NS_FDS]; /* namespace files, -1: not joined */
};

/* Opens the paths. */
int ns_plan_make(const struct spec *s, struct ns_plan *ret, struct err *e);
void ns_plan_clear(struct ns_plan *p);

/* In the child: joins all. */
int ns_join(const struct ns_plan *p, struct err *e);
/* In the child, mapped or joined: id 0 of the user namespace. */
int ns_become_root(struct err *e);
int ns_new_cgroup(struct err *e);
int ns_new_time(const struct spec *s, struct err *e);

/* CLONE_NEW… of a kind. */
uint64_t ns_flag(unsigned int kind);

/* True where this process has the initial user namespace (all ids mapped onto themselves). */
bool ns_user_initial(void);

/* Brings "lo" up in the current network namespace; failures are only logged. */
void ns_loopback_up(void);

#endif
