/*
 * Seccomp: profiles resolved, filters compiled and really in force in a child, the cache and who it
 * trusts.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/seccomp_profile.h"
#include "oci/seccomp.h"
#include "oci/seccomp_cache.h"
#include "oci/spec.h"
#include "tests/unit/tap.h"

#define SYS_ADMIN ((uint64_t)1 << CAP_SYS_ADMIN)

static char cache[64];

/* A config.json around the profile; NULL where it is refused. */
static struct spec *spec_with(const char *seccomp, struct err *e)
{
	auto_free char *text = xasprintf(
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0}},"
		"\"linux\":{\"seccomp\":%s}}",
		seccomp);
	struct spec *s = NULL;

	return spec_parse(text, strlen(text), "config.json", &s, e) < 0 ? NULL : s;
}

static int compile(const char *seccomp, const char *dir, struct seccomp_filter *ret, struct err *e)
{
	auto_spec struct spec *s = spec_with(seccomp, e);

	return s ? seccomp_compile(&s->linux.seccomp, dir, ret, e) : -e->num;
}

/*
 * What the call gives in a child under the filter: its errno, 0, or 256 + the signal that ended it.
 */
static int under(const struct seccomp_filter *f, long nr, long a, long b, long c)
{
	pid_t pid = fork();
	int status = -1, listener;

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    seccomp_install(f, &listener, NULL) < 0)
			_exit(200);
		errno = 0;
		_exit(syscall(nr, a, b, c, 0, 0, 0) < 0 ? errno : 0);
	}
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_actions(void)
{
	struct seccomp_filter f = { 0 };
	struct err e = { 0 };

	is_int(compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
		       "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":39},"
		       "{\"names\":[\"chdir\"],\"action\":\"SCMP_ACT_ERRNO\"},"
		       "{\"names\":[\"rmdir\",\"no_such_call\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
		       "{\"names\":[\"getpriority\"],\"action\":\"SCMP_ACT_TRAP\"},"
		       "{\"names\":[\"lseek\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":40,\"args\":["
		       "{\"index\":1,\"value\":18446744069414584320,\"op\":\"SCMP_CMP_EQ\"}]},"
		       "{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":41,\"args\":["
		       "{\"index\":0,\"value\":240,\"valueTwo\":16,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		       NULL, &f, &e),
	       0, "actions and arguments compile");
	is_int(under(&f, SYS_mkdir, (long)"/", 0, 0), 39, "errnoRet");
	is_int(under(&f, SYS_chdir, (long)"/", 0, 0), EPERM, "errno without errnoRet");
	is_int(under(&f, SYS_rmdir, (long)"/x", 0, 0), 256 + SIGSYS,
	       "kill, with an unknown name beside it");
	is_int(under(&f, SYS_getpriority, 0, 0, 0), 256 + SIGSYS, "trap");
	is_int(under(&f, SYS_lseek, 0, (long)0xffffffff00000000, 0), 40,
	       "an argument of 64 bits is exact");
	ok(under(&f, SYS_lseek, 0, (long)0xffffffff00000001, 0) != 40, "and the next one passes");
	is_int(under(&f, SYS_umask, 0x1f, 0, 0), 41, "masked");
	is_int(under(&f, SYS_umask, 0x2f, 0, 0), 0, "masked, and not the same");
	seccomp_filter_clear(&f);
}

static void test_refused(void)
{
	static const char *const rows[][2] = {
		{ "{\"defaultAction\":\"SCMP_ACT_NO\"}", "SCMP_ACT_NO" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_VAX\"]}",
		  "SCMP_ARCH_VAX" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}", "'X'" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"X\"}]}",
		  "'X'" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":3}]}",
		  "takes no errnoRet" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\",\"args\":["
		  "{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  "6" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\",\"args\":["
		  "{\"index\":0,\"value\":0,\"op\":\"EQ\"}]}]}",
		  "'EQ'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seccomp_filter f = { 0 };
		struct err e = { 0 };

		ok(compile(rows[i][0], NULL, &f, &e) < 0, rows[i][0]);
		has_str(e.msg, rows[i][1], "and it is named");
	}
}

static void test_notify(void)
{
	struct seccomp_filter f = { 0 };
	struct err e = { 0 };

	is_int(compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\",\"syscalls\":["
		       "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
		       NULL, &f, &e),
	       0, "notify compiles");
	is_int(f.notify, 1, "and a listener comes of it");
	seccomp_filter_clear(&f);
}

static void default_filter(uint64_t caps, struct seccomp_filter *ret)
{
	auto_json cJSON *j = seccomp_profile_default(caps);
	auto_free char *text = json_print(j, false);
	struct err e = { 0 };

	if (compile(text, NULL, ret, &e) < 0)
		tap_bail(e.msg);
}

static void test_default(void)
{
	struct seccomp_filter f = { 0 };

	default_filter(0, &f);
	is_int(under(&f, SYS_getpid, 0, 0, 0), 0, "default profile: getpid");
	is_int(under(&f, SYS_unshare, CLONE_NEWUSER, 0, 0), EPERM, "unshare is refused");
	is_int(under(&f, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0), EPERM,
	       "clone with a namespace is refused");
	is_int(under(&f, SYS_clone, CLONE_FS | CLONE_SIGHAND, 0, 0), EINVAL,
	       "clone without one gets to the kernel");
	is_int(under(&f, SYS_clone3, 0, 0, 0), ENOSYS, "clone3 does not exist");
	is_int(under(&f, SYS_mount, 0, 0, 0), EPERM, "mount is refused");
	is_int(under(&f, SYS_keyctl, 0, 0, 0), EPERM, "keyctl is refused");
	is_int(under(&f, SYS_bpf, 0, 0, 0), EPERM, "bpf is refused");
	is_int(under(&f, SYS_io_uring_setup, 0, 0, 0), EPERM, "io_uring is refused");
	is_int(under(&f, 4000, 0, 0, 0), ENOSYS, "a call newer than the profile does not exist");
	is_int(under(&f, SYS_personality, 0xffffffff, 0, 0), 0, "personality may be asked");
	is_int(under(&f, SYS_personality, ADDR_NO_RANDOMIZE, 0, 0), EPERM,
	       "and not set to what weakens");
	is_int(under(&f, SYS_socket, AF_VSOCK, SOCK_STREAM, 0), EPERM,
	       "no socket to a virtual machine's host");
	is_int(under(&f, SYS_socket, AF_UNIX, SOCK_STREAM, 0), 0, "other sockets");
	seccomp_filter_clear(&f);
	default_filter(SYS_ADMIN, &f);
	ok(under(&f, SYS_clone3, 0, 0, 0) != ENOSYS, "with CAP_SYS_ADMIN clone3 is there");
	ok(under(&f, SYS_mount, 0, 0, 0) != EPERM || geteuid() != 0, "and mount");
	seccomp_filter_clear(&f);
}

/* Names that a profile allows or not; for comparing with docker's. */
static bool has_rule(const cJSON *profile, const char *name)
{
	const cJSON *rule, *n;

	cJSON_ArrayForEach(rule, json_get(profile, "syscalls"))
		cJSON_ArrayForEach(n, json_get(rule, "names"))
			if (str_eq(n->valuestring, name))
				return true;
	return false;
}

static void test_profile_file(void)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":["
		"{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]},"
		"{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":null}],\"syscalls\":["
		"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"comment\":\"x\",\"includes\":{},\"excludes\":{}},"
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"s390_runtime_instr\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"s390x\"]}},"
		"{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"}},"
		"{\"names\":[\"pidfd_open\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"99.1\"}},"
		"{\"name\":\"write\",\"action\":\"SCMP_ACT_ALLOW\"}]}";
	auto_json cJSON *plain = NULL;
	auto_json cJSON *admin = NULL;
	auto_json cJSON *bad = NULL;
	struct err e = { 0 };

	is_int(seccomp_profile_parse(text, strlen(text), "p.json", 0, &plain, &e), 0,
	       "docker's format");
	ok(has_rule(plain, "read") && has_rule(plain, "clone") && !has_rule(plain, "mount"),
	   "without the capability");
	ok(!has_rule(plain, "s390_runtime_instr"), "of another machine");
	ok(has_rule(plain, "ptrace") && !has_rule(plain, "pidfd_open"), "by the kernel's age");
	ok(has_rule(plain, "write"), "the old form with one name");
	ok(!json_get(json_get(plain, "syscalls")->child, "comment"),
	   "what linux.seccomp does not know is left out");
	is_int(seccomp_profile_parse(text, strlen(text), "p.json", SYS_ADMIN, &admin, &e), 0,
	       "with a capability");
	ok(has_rule(admin, "mount") && !has_rule(admin, "clone"),
	   "includes and excludes change places");
	is_int(seccomp_profile_parse("{}", 2, "p.json", 0, &bad, &e), -EBADMSG, "no profile");
	is_str(e.msg, "p.json: defaultAction: missing: not a seccomp profile", "and it says so");
	is_int(seccomp_profile_load("/nonexistent/p.json", 0, &bad, &e), -ENOENT, "no file");
}

#define SMALL(errno_ret)                                                              \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"]," \
	"\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":" errno_ret "}]}"

/* The only file of the cache. */
static void cache_file(char *buf, size_t size)
{
	auto_dir DIR *d = opendir(cache);
	struct dirent *f;

	*buf = '\0';
	while (d && (f = readdir(d)))
		if (f->d_name[0] != '.')
			(void)snprintf(buf, size, "%s/%s", cache, f->d_name);
}

/*
 * Puts "end the process" in the place of the program, the last len bytes of the file: it would be
 * seen if it were used.
 */
static void poison(const char *path, size_t len)
{
	const struct sock_filter evil = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS };
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    pwrite(fd, &evil, sizeof evil, st.st_size - (off_t)len) < 0)
		tap_bail("cannot write into the cache");
}

static void test_cache(void)
{
	struct seccomp_filter a = { 0 }, b = { 0 }, c = { 0 };
	struct err e = { 0 };
	char path[400];

	is_int(compile(SMALL("42"), cache, &a, &e), 0, "compiled into the cache");
	cache_file(path, sizeof path);
	has_str(path, ".bpf", "there is a file");
	is_int(compile(SMALL("42"), cache, &b, &e), 0, "and again");
	is_mem(b.bpf, b.len, a.bpf, a.len, "the same program");
	is_int(compile(SMALL("43"), cache, &c, &e), 0, "another config");
	is_int(under(&c, SYS_mkdir, (long)"/", 0, 0), 43, "has another filter");
	seccomp_filter_clear(&b);
	seccomp_filter_clear(&c);
	seccomp_filter_clear(&a);
}

/* Two keys under one name, as a collision of the hash would have it. */
static void test_cache_collision(void)
{
	struct seccomp_filter f = { .bpf = (void *)(uintptr_t) "12345678", .len = 8 }, got = { 0 };
	auto_str struct str one = { 0 };
	auto_str struct str two = { 0 };
	char from[400], to[400];
	auto_free char *dir = xasprintf("%s/c", cache);
	auto_dir DIR *d = NULL;
	struct dirent *entry;

	str_add(&one, "key one");
	str_add(&two, "key two");
	seccomp_cache_store(dir, &one, &f);
	d = opendir(dir);
	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			(void)snprintf(from, sizeof from, "%s/%s", dir, entry->d_name);
	is_int(seccomp_cache_load(dir, &one, &got), 1, "stored and found");
	seccomp_filter_clear(&got);
	seccomp_cache_store(dir, &two, &f);
	if (d)
		(void)closedir(take_ptr(&d));
	d = opendir(dir);
	*to = '\0';
	while (d && (entry = readdir(d))) {
		(void)snprintf(to, sizeof to, "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.' && !str_eq(to, from))
			break;
	}
	ok(rename(from, to) == 0, "one file gets the other's name");
	is_int(seccomp_cache_load(dir, &two, &got), 0, "the whole key is compared");
}

static void test_cache_trust(void)
{
	struct seccomp_filter f = { 0 };
	struct err e = { 0 };
	auto_free char *dir = xasprintf("%s/t", cache);
	auto_free char *old = xstrdup(cache);
	char path[400];

	(void)snprintf(cache, sizeof cache, "%s/t", old);
	is_int(compile(SMALL("42"), dir, &f, &e), 0, "compiled");
	cache_file(path, sizeof path);
	poison(path, f.len);
	seccomp_filter_clear(&f);
	is_int(compile(SMALL("42"), dir, &f, &e), 0, "taken from the file");
	is_int(under(&f, SYS_mkdir, (long)"/", 0, 0), 256 + SIGSYS, "as what is in it shows");
	seccomp_filter_clear(&f);
	is_int(chmod(path, 0666), 0, "a file that others may write");
	is_int(compile(SMALL("42"), dir, &f, &e), 0, "is passed over");
	is_int(under(&f, SYS_mkdir, (long)"/", 0, 0), 42, "and compiled again");
	seccomp_filter_clear(&f);
	is_int(truncate(path, 30), 0, "a file that is cut");
	is_int(compile(SMALL("42"), dir, &f, &e), 0, "is passed over");
	is_int(under(&f, SYS_mkdir, (long)"/", 0, 0), 42, "too");
	seccomp_filter_clear(&f);
	is_int(chmod(dir, 0777), 0, "a folder that others may write");
	is_int(compile(SMALL("42"), dir, &f, &e), 0, "is no cache, and no error");
	seccomp_filter_clear(&f);
	is_int(compile(SMALL("42"), "/proc/no/such", &f, &e), 0, "nor is one that cannot be made");
	seccomp_filter_clear(&f);
	(void)snprintf(cache, sizeof cache, "%s", old);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	(void)snprintf(cache, sizeof cache, "/tmp/test_seccomp.XXXXXX");
	if (!mkdtemp(cache))
		tap_bail("cannot make a folder");
	test_actions();
	test_refused();
	test_notify();
	test_default();
	test_profile_file();
	test_cache();
	test_cache_collision();
	test_cache_trust();
	(void)dir_remove_all(AT_FDCWD, cache, NULL);
	return tap_done();
}
