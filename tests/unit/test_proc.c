/* Processes, helper programs, signals, and user namespaces. */
#include "base/proc.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/userns.h"
#include "tests/unit/tap.h"

static void test_children(void)
{
	struct child c = CHILD_NONE;
	struct proc_id id = { 0 };
	struct err e = { 0 };
	int status = 0;
	pid_t pid;

	if (child_fork(&c, &e) == 0) {
		(void)pause();
		_exit(0);
	}
	pid = c.pid;
	is_int(proc_id_of(pid, &id, &e), 0, "a child has an identity");
	ok(proc_id_alive(&id), "it lives");
	child_kill(&c);
	ok(kill(pid, 0) < 0 && errno == ESRCH, "it goes with its owner");
	ok(!proc_id_alive(&id), "and its identity with it");
	is_int(proc_id_open(&id, &e), -ESRCH, "nothing to open");
	id = (struct proc_id){ .pid = getpid(), .start_time = 1 };
	(void)snprintf(id.boot_id, sizeof(id.boot_id), "%s", proc_boot_id());
	is_int(proc_id_open(&id, &e), -ESRCH, "the same number is not the same process");
	if (child_fork(&c, &e) == 0)
		_exit(3);
	is_int(child_wait(&c, &status, &e), 0, "a child is waited for");
	is_int(proc_exit_status(status), 3, "with its status");
}

static void test_programs(void)
{
	auto_str struct str out = { 0 };
	struct err e = { 0 };

	is_int(proc_run((const char *const[]){ "echo", "hello", NULL }, &out, &e), 0, "a program");
	is_str(str_cstr(&out), "hello\n", "and what it says");
	is_int(proc_run((const char *const[]){ "sh", "-c", "echo no >&2; exit 2", NULL }, NULL, &e),
	       -EIO, "one that fails");
	is_str(e.msg, "'sh' failed: no", "is quoted");
	is_int(proc_run((const char *const[]){ "sh", "-c", "kill -9 $$", NULL }, NULL, &e), -EIO,
	       "one that is killed");
	is_str(e.msg, "'sh' failed: signal 9 (Killed)", "is told");
	is_int(proc_run((const char *const[]){ "no-such-program", NULL }, NULL, &e), -ENOENT,
	       "one that is missing");
	is_str(e.msg, "program 'no-such-program' is not in PATH", "is named");
	is_int(proc_run((const char *const[]){ "/etc/passwd", NULL }, NULL, &e), -EACCES,
	       "one that is no program");
	str_cut(&out, 0);
	is_int(proc_run((const char *const[]){ "sh", "-c", "ls /proc/self/fd | wc -l", NULL }, &out,
			&e),
	       0, "descriptors");
	is_str(str_cstr(&out), "4\n", "are not inherited: three and ls' own");
}

static void test_signals(void)
{
	struct err e = { 0 };
	char buf[24];
	int sig = 0;

	is_int(proc_signal_parse("SIGTERM", &sig, &e), 0, "SIGTERM");
	is_int(sig, SIGTERM, "by name");
	is_int(proc_signal_parse("kill", &sig, &e), 0, "kill");
	is_int(sig, SIGKILL, "in small letters");
	is_int(proc_signal_parse("RTMIN+3", &sig, &e), 0, "RTMIN+3");
	is_int(sig, SIGRTMIN + 3, "counts from SIGRTMIN");
	is_int(proc_signal_parse("0", &sig, &e), -EINVAL, "0 is none");
	is_int(proc_signal_parse("NONSENSE", &sig, &e), -EINVAL, "nor is a word");
	is_str(e.msg, "invalid signal: 'NONSENSE'", "and the error quotes it");
	is_str(proc_signal_name(9, buf), "KILL", "9 is KILL");
}

/* What the namespace looks like from inside. */
static int inside(void *arg, struct err *e)
{
	if (getuid() != 0 || getgid() != 0)
		return err_set(e, EPERM, "id %d:%d inside", (int)getuid(), (int)getgid());
	return *(int *)arg ? err_set(e, ENODATA, "asked to fail") : 42;
}

static void test_userns(void)
{
	struct userns u = { 0 };
	struct err e = { 0 };
	int fail = 0;

	is_int(userns_plan(&u, false, &e), 0, "what this user can have");
	is_int(userns_run(&u, CLONE_NEWNS, inside, &fail, &e), 42,
	       "a function in it, as root there");
	fail = 1;
	is_int(userns_run(&u, CLONE_NEWNS, inside, &fail, &e), -ENODATA, "its failure");
	is_str(e.msg, "asked to fail", "comes back");
	if (geteuid() == 0) {
		tap_skip("one id", "root has no need of it");
		return;
	}
	fail = 0;
	is_int(userns_plan(&u, true, &e), 0, "one id");
	is_int(u.kind, USERNS_SINGLE, "is what was asked for");
	is_int(userns_run(&u, CLONE_NEWNS, inside, &fail, &e), 42, "and works");
}

int main(void)
{
	fd_cloexec_from(3); /* what the test runner left open is not the question */
	test_children();
	test_programs();
	test_signals();
	test_userns();
	return tap_done();
}
