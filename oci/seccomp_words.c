/*
 * The words of linux.seccomp (config-linux.md, "Seccomp") as tables: for the compiler of filters
 * and for `features`.
 */
#include "oci/seccomp_words.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "base/mem.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SCMP_ARCH_LOONGARCH64 /* libseccomp 2.6 */
#define NO_LOONGARCH64
#endif

struct word {
	const char *name;
	uint32_t value;
	uint32_t errno_dflt; /* actions: what errnoRet is when absent; 0: the action takes none */
};

static const struct word actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, 0 },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), EPERM },
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL, 0 },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, 0 },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, 0 },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG, 0 },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, 0 },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), EPERM },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP, 0 },
};

static const struct word operators[] = {
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ, 0 }, { "SCMP_CMP_GE", SCMP_CMP_GE, 0 },
	{ "SCMP_CMP_GT", SCMP_CMP_GT, 0 }, { "SCMP_CMP_LE", SCMP_CMP_LE, 0 },
	{ "SCMP_CMP_LT", SCMP_CMP_LT, 0 }, { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ, 0 },
	{ "SCMP_CMP_NE", SCMP_CMP_NE, 0 },
};

static const struct word arches[] = {
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, 0 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM, 0 },
#ifndef NO_LOONGARCH64
	{ "SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64, 0 },
#endif
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS, 0 },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64, 0 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32, 0 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL, 0 },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64, 0 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32, 0 },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC, 0 },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64, 0 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC, 0 },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64, 0 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, 0 },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, 0 },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390, 0 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X, 0 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32, 0 },
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86, 0 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, 0 },
};

static const struct word flags[] = {
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, 0 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0 },
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC, 0 },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0 },
};

#define TABLE(t)                 \
	{                        \
		t, ARRAY_SIZE(t) \
	}

static const struct {
	const struct word *v;
	size_t n;
} tables[] = {
	[SECCOMP_ACTION] = TABLE(actions),
	[SECCOMP_OPERATOR] = TABLE(operators),
	[SECCOMP_ARCH] = TABLE(arches),
	[SECCOMP_FLAG] = TABLE(flags),
};

int seccomp_word(enum seccomp_word_kind kind, const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < tables[kind].n; i++)
		if (strcmp(tables[kind].v[i].name, name) == 0) {
			*ret = tables[kind].v[i].value;
			return 0;
		}
	return -EINVAL;
}

int seccomp_action(const char *name, bool has_errno, uint32_t errno_ret, uint32_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		const struct word *w = &actions[i];

		if (strcmp(w->name, name) != 0)
			continue;
		if (has_errno && errno_ret && !w->errno_dflt)
			return -EDOM;
		*ret = w->value;
		if (w->errno_dflt)
			*ret |= (has_errno ? errno_ret : w->errno_dflt) & 0xffff;
		return 0;
	}
	return -EINVAL;
}

static const char *const *names_of(enum seccomp_word_kind kind)
{
	static const char *list[ARRAY_SIZE(tables)][ARRAY_SIZE(arches) + ARRAY_SIZE(actions) + 1];

	for (size_t i = 0; i < tables[kind].n; i++)
		list[kind][i] = tables[kind].v[i].name;
	return list[kind];
}

const char *const *seccomp_action_names(void)
{
	return names_of(SECCOMP_ACTION);
}

const char *const *seccomp_operator_names(void)
{
	return names_of(SECCOMP_OPERATOR);
}

const char *const *seccomp_arch_names(void)
{
	return names_of(SECCOMP_ARCH);
}

const char *const *seccomp_flag_names(void)
{
	return names_of(SECCOMP_FLAG);
}
