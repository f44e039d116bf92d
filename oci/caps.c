/*
 * Capabilities by the system calls themselves: capset and prctl in the order that lets each step
 * still be allowed. caps_drop_bounding and caps_apply run in the process that becomes the program;
 * the rest anywhere.
 */
#include "oci/caps.h"

#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

/* capabilities(7), by number. */
static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",            /* Linux 5.8 */
	"CAP_BPF",                /* Linux 5.8 */
	"CAP_CHECKPOINT_RESTORE", /* Linux 5.9 */
};

static uint64_t bit(unsigned int cap)
{
	return (uint64_t)1 << cap;
}

/* The kernel says EINVAL for numbers that it does not know. */
unsigned int caps_last(void)
{
	static unsigned int last;

	if (!last)
		while (last < 63 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
			last++;
	return last;
}

int caps_parse_name(const char *name)
{
	const char *rest = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(rest, names[i] + 4) == 0)
			return (int)i;
	return -EINVAL;
}

const char *caps_name(unsigned int cap)
{
	return cap < ARRAY_SIZE(names) && cap <= caps_last() ? names[cap] : NULL;
}

uint64_t caps_bounding_now(void)
{
	uint64_t set = 0;

	for (unsigned int cap = 0; cap <= caps_last(); cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			set |= bit(cap);
	return set;
}

/* unknown: names that were warned of already; most configs repeat them in every set. */
static uint64_t set_from_names(const struct strv *l, struct strv *unknown)
{
	uint64_t set = 0;

	for (size_t i = 0; i < l->len; i++) {
		int cap = caps_parse_name(l->v[i]);

		if (cap >= 0 && (unsigned int)cap <= caps_last()) {
			set |= bit((unsigned int)cap);
		} else if (!strv_has(unknown, l->v[i])) {
			strv_add(unknown, l->v[i]);
			log_warn("%s capability '%s', continuing without it",
				 cap < 0 ? "unknown" : "this kernel has no", l->v[i]);
		}
	}
	return set;
}

int caps_from_spec(const struct spec_caps *s, struct caps *ret, struct err *e)
{
	auto_strv struct strv unknown = { 0 };

	(void)e;
	*ret = (struct caps){
		.bounding = set_from_names(&s->bounding, &unknown),
		.effective = set_from_names(&s->effective, &unknown),
		.inheritable = set_from_names(&s->inheritable, &unknown),
		.permitted = set_from_names(&s->permitted, &unknown),
		.ambient = set_from_names(&s->ambient, &unknown),
	};
	return 0;
}

static int caps_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)syscall(SYS_capget, &h, data);
}

static int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		  (uint32_t)(inheritable >> 32) },
	};

	return (int)syscall(SYS_capset, &h, data);
}

int caps_drop_bounding(const struct caps *c, struct err *e)
{
	for (unsigned int cap = 0; cap <= caps_last(); cap++) {
		if (c->bounding & bit(cap))
			continue;
		/* without CAP_SETPCAP nothing can be dropped; then what is not there need not be */
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			return err_sys(e, "drop %s from the bounding set",
				       caps_name(cap) ? caps_name(cap) : "a capability");
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, "keep capabilities");
	return 0;
}

/* What the machine or an outer container has taken away cannot be given. */
static uint64_t cut(uint64_t wanted, uint64_t possible, const char *set)
{
	uint64_t lost = wanted & ~possible;

	for (unsigned int cap = 0; lost && cap <= caps_last(); cap++)
		if (lost & bit(cap))
			log_debug("%s is not available here, continuing without it in the %s set",
				  caps_name(cap), set);
	return wanted & possible;
}

static int raise_ambient(uint64_t set, struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, "clear the ambient capabilities");
	for (unsigned int cap = 0; cap <= caps_last(); cap++)
		if ((set & bit(cap)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return err_sys(e, "raise %s in the ambient set", caps_name(cap));
	return 0;
}

int caps_apply(const struct caps *c, struct err *e)
{
	struct __user_cap_data_struct now[2] = { 0 };
	uint64_t possible, permitted, effective, inheritable;

	if (caps_get(now) < 0)
		return err_sys(e, "read capabilities");
	possible = now[0].permitted | ((uint64_t)now[1].permitted << 32);
	permitted = cut(c->permitted, possible, "permitted");
	effective = cut(c->effective, permitted, "effective");
	/* adding to inheritable wants the capability in the bounding set too (capabilities(7)) */
	inheritable = cut(c->inheritable, possible & caps_bounding_now(), "inheritable");
	if (caps_set(effective, permitted, inheritable) < 0)
		return err_sys(e, "set capabilities");
	return raise_ambient(cut(c->ambient, permitted & inheritable, "ambient"), e);
}
