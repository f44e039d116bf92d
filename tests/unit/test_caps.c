/* Capabilities: names, sets, and their being in force in a process. */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "oci/caps.h"
#include "oci/spec.h"
#include "tests/unit/tap.h"

static void test_names(void)
{
	bool all = true;

	is_int(caps_parse_name("CAP_CHOWN"), CAP_CHOWN, "CAP_CHOWN");
	is_int(caps_parse_name("net_raw"), CAP_NET_RAW, "without the prefix, in any case");
	is_int(caps_parse_name("cap_checkpoint_restore"), CAP_CHECKPOINT_RESTORE, "the last one");
	is_int(caps_parse_name("CAP_"), -EINVAL, "nothing after the prefix");
	is_int(caps_parse_name("ALL"), -EINVAL, "ALL is a word of the command line");
	is_int(caps_parse_name("CAP_CHOWNX"), -EINVAL, "longer than a name");
	for (unsigned int i = 0; i <= caps_last() && i <= CAP_LAST_CAP; i++)
		all = all && caps_name(i) && caps_parse_name(caps_name(i)) == (int)i;
	ok(all, "every number has a name that means it");
	ok(!caps_name(63), "63 has none");
}

static void test_spec(void)
{
	struct spec_caps s = { .present = true };
	struct caps c;

	strv_add(&s.bounding, "CAP_KILL");
	strv_add(&s.bounding, "CAP_NO_SUCH_THING");
	strv_add(&s.effective, "CAP_CHOWN");
	is_int(caps_from_spec(&s, &c, NULL), 0, "an unknown name is only warned of");
	is_int((int64_t)c.bounding, 1 << CAP_KILL, "and left out");
	is_int((int64_t)c.effective, 1 << CAP_CHOWN, "sets are kept apart");
	is_int((int64_t)c.ambient, 0, "an absent set is empty");
	strv_free(&s.bounding);
	strv_free(&s.effective);
}

/* Exit status of a child that puts c in force and is asked for what is left. */
static int in_child(const struct caps *c, int (*check)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(caps_drop_bounding(c, NULL) < 0 || caps_apply(c, NULL) < 0 ? 99 : check());
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int check_net_raw_only(void)
{
	return !(caps_bounding_now() == 1 << CAP_NET_RAW &&
		 prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_RAW, 0, 0) == 1 &&
		 prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) == 0);
}

static int check_empty(void)
{
	return !(caps_bounding_now() == 0 &&
		 prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_RAW, 0, 0) == 0);
}

static void test_apply(void)
{
	const uint64_t raw = 1 << CAP_NET_RAW;
	const struct caps one = { raw, raw, raw, raw, raw };
	const struct caps none = { 0 };
	const struct caps all = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };

	if (geteuid() != 0) {
		tap_skip("capabilities in force", "not root");
		return;
	}
	is_int(in_child(&one, check_net_raw_only), 0, "one capability, in all sets");
	is_int(in_child(&none, check_empty), 0, "no capability");
	/* what the machine has taken away does not stop a privileged container */
	is_int(in_child(&all, check_net_raw_only), 1, "more than there are: cut to what there is");
}

int main(void)
{
	log_set_level(LOG_ERROR);
	test_names();
	test_spec();
	test_apply();
	return tap_done();
}
