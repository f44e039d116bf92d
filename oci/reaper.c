/*
 * The fork behind --init: see reaper.h. Runs in the container's first process, when rights,
 * filter and user are those of the program. This process becomes pod-init by execve, since as a
 * copy of the process that created the container it would hold the host's environment where the
 * container's root could read it.
 */
#include "oci/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "oci/memory_program.h"

/*
 * The program leads a process group of its own, so that ^C reaches it once: by the terminal, not
 * by the reaper as well.
 */
static int begin_program(bool terminal, const sigset_t *mask, struct err *e)
{
	if (setpgid(0, 0) < 0)
		return err_sys(e, "make a process group");
	if (terminal)
		(void)tcsetpgrp(0, getpid()); /* SIGTTOU is blocked yet */
	(void)prctl(PR_SET_PDEATHSIG,
		    SIGKILL); /* in a PID namespace that is shared nothing else would end it */
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	return 0;
}

static _Noreturn void become_reaper(int fd, pid_t program)
{
	static char name[] = "pod-init", number[16];
	char *argv[] = { name, number, NULL }, *env[] = { NULL };

	(void)snprintf(number, sizeof(number), "%d", (int)program);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* where it is not process 1 anyway */
	(void)chdir("/");
	for (int i = 0; i < 3; i++) /* the program's are its own */
		(void)close(i);
	(void)syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
	(void)kill(program, SIGKILL);
	_exit(EXIT_POD);
}

int reaper_split(bool terminal, struct err *e)
{
	size_t len;
	const void *bytes = reaper_program(&len);
	auto_fd int fd = memory_program_open("pod-init", bytes, len, e);
	sigset_t all, before;
	pid_t pid;

	if (fd < 0)
		return fd;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid < 0)
		return err_sys(e, "fork the program below its init process");
	if (pid == 0)
		return begin_program(terminal, &before, e);
	become_reaper(fd, pid);
}
