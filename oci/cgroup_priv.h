/* What the files of the cgroup code share. Inside oci/. */
#ifndef OCI_CGROUP_PRIV_H
#define OCI_CGROUP_PRIV_H

#include <stdbool.h>

#include "base/str.h"
#include "oci/cgroup.h"

struct err;
struct spec_resources;

/* One folder of the container, opened. */
struct cgroup_dir {
	int fd; /* O_PATH */
	bool v2;
	const char *path; /* borrowed: for messages and to tell controllers apart */
};

/*
 * Opens each of c's folders in turn: fn gets them. Stops at the first failure. A folder that is
 * gone is left out.
 */
int cgroup_each(const struct cgroup *c,
		int (*fn)(const struct cgroup_dir *d, void *data, struct err *e), void *data,
		struct err *e);

/* -- cgroup_resources.c -- */

/*
 * Writes r into the folders. fresh: the cgroup was made for this container, so defaults need no
 * resetting.
 */
int cgroup_resources_apply(const struct cgroup *c, const struct spec_resources *r, struct err *e);
/*
 * The first limit of r that somebody counts on ("memory.limit"), NULL where there is none: then no
 * cgroup is needed.
 */
const char *cgroup_resources_needed(const struct spec_resources *r);
/* v2 controllers that r needs, as words of cgroup.subtree_control: "cpu", "memory", … */
void cgroup_resources_controllers(const struct spec_resources *r, struct strv *ret);

/* -- cgroup_devices.c -- */

/*
 * linux.resources.devices with the default devices after it: devices.allow/deny on v1, a program on
 * v2.
 */
int cgroup_devices_v1(const struct cgroup_dir *d, const struct spec_resources *r, struct err *e);
int cgroup_devices_v2(const struct cgroup_dir *d, const struct spec_resources *r, struct err *e);

#endif
