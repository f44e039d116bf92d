/*
 * pod-init: what process 1 of a container with --init becomes. A program of its own, without a C
 * library and a few hundred bytes long, since it runs on whatever root file system there is; it is
 * embedded in pod and executed from memory. See reaper.c, which forks it.
 *
 * argv[1] is the process id of the program. All signals are blocked on entry; each is passed on to
 * the program, SIGCHLD reaps. It ends with the program, with its status (128 + n for signal n).
 */
#include <asm/unistd.h>

#define SIGCHLD_NUMBER 17
#define SI_KERNEL_CODE 0x80
#define WNOHANG_FLAG 1
#define STATUS_LOST 125

/* The first three numbers of siginfo_t. */
struct info {
	int signal, error, code;
	char rest[128 - 3 * sizeof(int)];
};

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall reaper_main\n");

static long call4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return r;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl reaper_main\n");

static long call4(long n, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
__asm__(".globl _start\n_start:\n\tmv a0, sp\n\tandi sp, sp, -16\n\tcall reaper_main\n");

static long call4(long n, long a, long b, long c, long d)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
	return a0;
}
#else
#error "pod-init: no system calls for this machine yet: add call4 and _start"
#endif

static long to_number(const char *s)
{
	long n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

static _Noreturn void end(long status)
{
	for (;;)
		(void)call4(__NR_exit_group, status, 0, 0, 0);
}

static void reap(long program)
{
	int status = 0;
	long pid;

	while ((pid = call4(__NR_wait4, -1, (long)&status, WNOHANG_FLAG, 0)) > 0)
		if (pid == program)
			end(status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff);
	if (pid < 0) /* no child at all */
		end(STATUS_LOST);
}

_Noreturn void reaper_main(const long *stack);

_Noreturn void reaper_main(const long *stack)
{
	const char *const *argv = (const char *const *)(const void *)(stack + 1);
	long program = stack[0] > 1 ? to_number(argv[1]) : 0;
	unsigned long all = ~0UL;
	struct info info;

	if (program <= 1)
		end(STATUS_LOST);
	reap(program); /* it may have ended already */
	for (;;) {
		long sig = call4(__NR_rt_sigtimedwait, (long)&all, (long)&info, 0, sizeof(all));

		if (sig == SIGCHLD_NUMBER)
			reap(program);
		/* a terminal tells its foreground itself; NOLINTNEXTLINE: the kernel filled it */
		else if (sig > 0 && info.code != SI_KERNEL_CODE)
			(void)call4(__NR_kill, program, sig, 0, 0);
	}
}
