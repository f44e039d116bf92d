/*
 * Capability sets of a process: names to bits, and the order in which the five sets are put in
 * force.
 */
#ifndef OCI_CAPS_H
#define OCI_CAPS_H

#include <stdint.h>

struct err;
struct spec_caps;

/* Bit sets, bit n is capability n. */
struct caps {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

/*
 * Unknown names, and those that the kernel lacks, are warned of and skipped. "ALL" is not a name
 * here.
 */
int caps_from_spec(const struct spec_caps *s, struct caps *ret, struct err *e);

/* Number of a "CAP_CHOWN" (or "chown", any case), or -EINVAL without message. */
int caps_parse_name(const char *name);
/* "CAP_CHOWN" for 0; NULL where the kernel has no such. */
const char *caps_name(unsigned int cap);
unsigned int caps_last(void);
/* The caller's own bounding set. */
uint64_t caps_bounding_now(void);

/* Phase 1, still root: bounding set dropped, keepcaps set. */
int caps_drop_bounding(const struct caps *c, struct err *e);
/*
 * Phase 2, after setresuid: effective, permitted, inheritable, then ambient. Sets beyond what the
 * process may have are cut with a warning.
 */
int caps_apply(const struct caps *c, struct err *e);

#endif
