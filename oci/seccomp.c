/*
 * linux.seccomp: from the config to a program for the kernel. seccomp_compile runs in the parent,
 * seccomp_install as the last step before execve. libseccomp compiles (5–20 ms for a profile like
 * docker's), the cache makes that rare.
 */
#include "oci/seccomp.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "oci/seccomp_cache.h"
#include "oci/seccomp_stub.h"
#include "oci/seccomp_words.h"
#include "oci/spec.h"

/* Changes when this file compiles the same config to something else. */
#define COMPILER_VERSION 1

/* seccomp(2) takes six arguments; the config is refused where it names more. */
#define ARGS_MAX 6

static void cleanup_context(scmp_filter_ctx *c)
{
	if (*c)
		seccomp_release(*c);
}

#define auto_context __attribute__((cleanup(cleanup_context)))

static int action_of(const char *name, bool has_errno, uint32_t errno_ret, const char *where,
		     uint32_t *ret, struct err *e)
{
	switch (seccomp_action(name, has_errno, errno_ret, ret)) {
	case 0:
		return 0;
	case -EDOM:
		return err_set(e, EINVAL, "%s: the action '%s' takes no errnoRet", where, name);
	default:
		return err_set(e, EINVAL, "%s: unknown action '%s'", where, name);
	}
}

/* The native architecture is in every filter; the others of the config come beside it. */
static int add_arches(scmp_filter_ctx ctx, const struct spec_seccomp *s, struct err *e)
{
	for (size_t i = 0; i < s->architectures.len; i++) {
		uint32_t arch;
		int r;

		if (seccomp_word(SECCOMP_ARCH, s->architectures.v[i], &arch) < 0)
			return err_set(
				e, EINVAL,
				"linux.seccomp.architectures[%zu]: unknown architecture '%s'", i,
				s->architectures.v[i]);
		r = seccomp_arch_add(ctx, arch);
		if (r == -EDOM) /* another byte order: no process of it can run here */
			log_debug("seccomp: architecture '%s' cannot be filtered on this machine",
				  s->architectures.v[i]);
		else if (r < 0 && r != -EEXIST)
			return err_num(e, -r, "linux.seccomp.architectures[%zu]: '%s'", i,
				       s->architectures.v[i]);
	}
	return 0;
}

static int arg_compare(const struct spec_syscall_arg *a, struct scmp_arg_cmp *ret, struct err *e)
{
	uint32_t op;

	if (a->index >= ARGS_MAX)
		return err_set(e, EINVAL,
			       "argument %" PRIu32 " does not exist: system calls have six",
			       a->index);
	if (seccomp_word(SECCOMP_OPERATOR, a->op, &op) < 0)
		return err_set(e, EINVAL, "unknown operator '%s'", a->op);
	*ret = (struct scmp_arg_cmp){
		.arg = a->index,
		.op = (enum scmp_compare)op,
		.datum_a = a->value,
		.datum_b = a->value_two,
	};
	return 0;
}

/*
 * libseccomp takes one comparison an argument in a rule. Several of the same argument are then
 * rules of their own, that is "or", as runc and crun have it.
 */
static int add_rule(scmp_filter_ctx ctx, uint32_t action, int nr, const struct scmp_arg_cmp *cmp,
		    size_t n)
{
	unsigned int seen = 0;
	bool twice = false;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		twice = twice || (seen & (1u << cmp[i].arg));
		seen |= 1u << cmp[i].arg;
	}
	if (!twice)
		return seccomp_rule_add_array(ctx, action, nr, (unsigned int)n, cmp);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = seccomp_rule_add_array(ctx, action, nr, 1, &cmp[i]);
	return r;
}

static int add_syscall(scmp_filter_ctx ctx, const struct spec_syscall *s, uint32_t dflt,
		       struct err *e)
{
	struct scmp_arg_cmp cmp[ARGS_MAX * 4];
	uint32_t action;
	int r = action_of(s->action, s->has_errno_ret, s->errno_ret, "action", &action, e);

	if (r < 0)
		return r;
	if (s->n_args > ARRAY_SIZE(cmp))
		return err_set(e, EINVAL, "more than %zu args", ARRAY_SIZE(cmp));
	for (size_t i = 0; i < s->n_args; i++) {
		r = arg_compare(&s->args[i], &cmp[i], e);
		if (r < 0)
			return err_prefix(e, "args[%zu]", i);
	}
	if (action == dflt) /* libseccomp refuses what would change nothing */
		return 0;
	for (size_t i = 0; i < s->names.len; i++) {
		int nr = seccomp_syscall_resolve_name(s->names.v[i]);

		if (nr == __NR_SCMP_ERROR) {
			log_debug("seccomp: unknown system call '%s', continuing without its rule",
				  s->names.v[i]);
			continue;
		}
		r = add_rule(ctx, action, nr, cmp, s->n_args);
		if (r < 0 && r != -EDOM) /* EDOM: not on any of the architectures */
			return err_num(e, -r, "rule for '%s'", s->names.v[i]);
	}
	return 0;
}

static int flags_of(const struct spec_seccomp *s, uint32_t *ret, struct err *e)
{
	*ret = 0;
	for (size_t i = 0; i < s->flags.len; i++) {
		uint32_t f;

		if (seccomp_word(SECCOMP_FLAG, s->flags.v[i], &f) < 0)
			return err_set(e, EINVAL, "linux.seccomp.flags[%zu]: unknown flag '%s'", i,
				       s->flags.v[i]);
		*ret |= f;
	}
	return 0;
}

static bool has_notify(const struct spec_seccomp *s)
{
	for (size_t i = 0; i < s->n_syscalls; i++)
		if (str_eq(s->syscalls[i].action, "SCMP_ACT_NOTIFY"))
			return true;
	return false;
}

static int export(scmp_filter_ctx ctx, const struct spec_seccomp *s, struct seccomp_filter *ret,
		  struct err *e)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	auto_str struct str text = { 0 };
	int r;

	seccomp_stub(s, &text);
	if (fd < 0)
		return err_sys(e, "make a memory file");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return err_num(e, -r, "compile the seccomp filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "seek");
	r = fd_read_all(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &text);
	if (r == -EFBIG || text.len > BPF_MAXINSNS * sizeof(struct sock_filter))
		return err_set(e, E2BIG, "the seccomp filter has more than %d instructions",
			       BPF_MAXINSNS);
	if (r < 0)
		return err_num(e, -r, "read the compiled seccomp filter");
	ret->len = text.len;
	ret->bpf = str_take(&text);
	return 0;
}

static int compile(const struct spec_seccomp *s, struct seccomp_filter *ret, struct err *e)
{
	auto_context scmp_filter_ctx ctx = NULL;
	uint32_t dflt;
	int r = action_of(s->default_action, s->has_default_errno_ret, s->default_errno_ret,
			  "linux.seccomp.defaultAction", &dflt, e);

	if (r < 0)
		return r;
	if (str_eq(s->default_action, "SCMP_ACT_NOTIFY"))
		return err_set(
			e, EINVAL,
			"linux.seccomp.defaultAction: 'SCMP_ACT_NOTIFY' would stop init itself");
	ctx = seccomp_init(dflt);
	if (!ctx)
		return err_set(e, EINVAL, "libseccomp refuses the default action '%s'",
			       s->default_action);
	/*
	 * a tree over the numbers: a filter like docker's is passed in 10 comparisons instead of
	 * 300 (libseccomp 2.5)
	 */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_arches(ctx, s, e);
	for (size_t i = 0; r >= 0 && i < s->n_syscalls; i++) {
		r = add_syscall(ctx, &s->syscalls[i], dflt, e);
		if (r < 0)
			r = err_prefix(e, "linux.seccomp.syscalls[%zu]", i);
	}
	return r < 0 ? r : export(ctx, s, ret, e);
}

/* Everything that the program depends on, as text. */
static void make_key(const struct spec_seccomp *s, struct str *ret)
{
	const struct scmp_version *v = seccomp_version();
	struct utsname u;

	(void)uname(&u);
	str_addf(ret, "%d %s libseccomp %u.%u.%u api %u\n", COMPILER_VERSION, u.machine,
		 v ? v->major : 0, v ? v->minor : 0, v ? v->micro : 0, seccomp_api_get());
	str_add(ret, s->key);
}

int seccomp_compile(const struct spec_seccomp *s, const char *cache_dir, struct seccomp_filter *ret,
		    struct err *e)
{
	struct seccomp_filter f = { 0 };
	auto_str struct str key = { 0 };
	int r;

	if (!s->present) {
		*ret = f;
		return 0;
	}
	if (!s->key)
		cache_dir = NULL;
	if (cache_dir) {
		make_key(s, &key);
		if (seccomp_cache_load(cache_dir, &key, ret))
			return 0;
	}
	r = flags_of(s, &f.flags, e);
	if (r >= 0)
		r = compile(s, &f, e);
	if (r < 0)
		return r;
	f.notify = has_notify(s);
	if (cache_dir)
		seccomp_cache_store(cache_dir, &key, &f);
	*ret = f;
	return 0;
}

void seccomp_filter_clear(struct seccomp_filter *f)
{
	free(f->bpf);
	*f = (struct seccomp_filter){ 0 };
}

int seccomp_install(const struct seccomp_filter *f, int *ret_listener, struct err *e)
{
	struct sock_fprog prog = {
		.len = (unsigned short)(f->len / sizeof(struct sock_filter)),
		.filter = f->bpf,
	};
	uint32_t flags = f->flags;
	long r;

	*ret_listener = -1;
	if (!f->bpf)
		return 0;
	if (f->notify)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/*
	 * a thread that cannot be synchronised is a number, which a listener's fd would be mistaken
	 * for
	 */
	if (f->notify && (flags & SECCOMP_FILTER_FLAG_TSYNC))
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (r < 0)
		return err_sys(e, "install the seccomp filter");
	if (r > 0 && !f->notify)
		return err_set(e, ESRCH,
			       "install the seccomp filter: thread %ld cannot be synchronised", r);
	if (f->notify)
		*ret_listener = (int)r;
	return 0;
}
