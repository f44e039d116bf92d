/*
 * The answer to system calls from the future, see seccomp_stub.h. Classic BPF over struct
 * seccomp_data, put before libseccomp's program.
 */
#include "oci/seccomp_stub.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include "oci/seccomp_words.h"
#include "oci/spec.h"

/* x32 has the architecture of x86_64 and this bit in its numbers. */
#define X32_BIT 0x40000000u

/* An architecture of the filter and the highest number that is named for it. */
struct newest {
	uint32_t arch; /* libseccomp's token, for all but x32 the kernel's AUDIT_ARCH_… */
	int nr;
};

static int newest_of(const struct spec_seccomp *s, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < s->n_syscalls; i++)
		for (size_t k = 0; k < s->syscalls[i].names.len; k++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, s->syscalls[i].names.v[k]);

			if (arch == SCMP_ARCH_X32 && nr >= 0)
				nr &= ~(int)X32_BIT;
			if (nr > newest)
				newest = nr;
		}
	return newest;
}

static bool wanted(const struct spec_seccomp *s)
{
	static const char *const passing[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
					       "SCMP_ACT_TRACE" };

	if (s->has_default_errno_ret && s->default_errno_ret == ENOSYS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (str_eq(s->default_action, passing[i]))
			return false;
	return true;
}

static void put(struct str *ret, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	const struct sock_filter insn = { code, jt, jf, k };

	str_add_mem(ret, &insn, sizeof insn);
}

/*
 * For one architecture, six instructions: not this one → over to the next; the number; x32's
 * numbers lie apart, those of the other ABI are left to the filter; newer than all → ENOSYS. The
 * last one loads the architecture again for what follows.
 */
static void put_arch(struct str *ret, const struct newest *n)
{
	bool x86_64 = n->arch == SCMP_ARCH_X86_64, x32 = n->arch == SCMP_ARCH_X32;
	uint32_t arch = x32 ? SCMP_ARCH_X86_64 : n->arch;
	uint32_t base = x32 ? X32_BIT : 0;

	put(ret, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, arch);
	put(ret, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	if (x86_64)
		put(ret, BPF_JMP | BPF_JGE | BPF_K, 2, 0, X32_BIT);
	else
		put(ret, BPF_JMP | BPF_JGE | BPF_K, 0, 2, base);
	put(ret, BPF_JMP | BPF_JGT | BPF_K, 0, 1, base + (uint32_t)n->nr);
	put(ret, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	put(ret, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
}

void seccomp_stub(const struct spec_seccomp *s, struct str *ret)
{
	struct newest n = { .arch = seccomp_arch_native() };
	bool native_named = false;

	if (!wanted(s))
		return;
	put(ret, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i <= s->architectures.len; i++) {
		if (i < s->architectures.len) {
			if (seccomp_word(SECCOMP_ARCH, s->architectures.v[i], &n.arch) < 0)
				continue;
			native_named = native_named || n.arch == seccomp_arch_native();
		} else if (native_named) {
			break;
		} else {
			n.arch = seccomp_arch_native();
		}
		n.nr = newest_of(s, n.arch);
		if (n.nr >= 0)
			put_arch(ret, &n);
	}
}
