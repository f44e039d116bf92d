/* What every command of `pod oci` begins with. */
#include <errno.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/oci/oci.h"
#include "oci/launch.h"

void oci_call_clear(struct oci_call *c)
{
	free(c->root);
}

int oci_call_init(const struct cli *c, struct oci_call *ret, struct err *e)
{
	int r = 0;

	*ret = (struct oci_call){ .oci = { .root = c->root, .systemd_cgroup = c->systemd_cgroup } };
	if (!c->root || !c->root[0]) {
		r = oci_default_root(&ret->root, e);
		ret->oci.root = ret->root;
	}
	return oci_failed(r, e);
}

int oci_check_fds(int n, struct err *e)
{
	if (n < 0)
		return oci_failed(err_set(e, EINVAL, "--preserve-fds %d: a number is wanted", n),
				  e);
	return oci_failed(launch_check_preserved((unsigned int)n, e), e);
}

int oci_failed(int r, struct err *e)
{
	if (r < 0)
		(void)err_status(e, OCI_EXIT_FAILED);
	return r;
}
