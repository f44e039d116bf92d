/*
 * pod-exec: the last step but one of a container's program. A program of its own, without a C
 * library and a few hundred bytes long, embedded in pod and executed from memory (launch_image.c
 * says why): it only executes what its arguments name.
 *
 * argv[0]: number of the socket on which a failure is told, argv[1]: path of the program,
 * argv[2]…: the program's arguments. The environment is the program's. A failure is told as the
 * four bytes of its errno behind a SYNC_FAILED head (sync.h).
 */
#include <asm/unistd.h>

#define SYNC_FAILED_NUMBER 9
#define SET_FD 2 /* F_SETFD */
#define STATUS_FAILED 125

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, "
	"%rsp\n\tcall exec_main\n");

static long call3(long n, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return r;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl exec_main\n");

static long call3(long n, long a, long b, long c)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
__asm__(".globl _start\n_start:\n\tmv a0, sp\n\tandi sp, sp, -16\n\tcall exec_main\n");

static long call3(long n, long a, long b, long c)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
	return a0;
}
#else
#error "pod-exec: no system calls for this machine yet: add call3 and _start"
#endif

_Noreturn void exec_main(const long *stack);

_Noreturn void exec_main(const long *stack)
{
	long count = stack[0];
	const char *const *argv = (const char *const *)(const void *)(stack + 1);
	unsigned int said[2] = { SYNC_FAILED_NUMBER, 0 };
	long sock = 0, r;

	for (const char *s = count > 2 ? argv[0] : ""; *s >= '0' && *s <= '9'; s++)
		sock = sock * 10 + (*s - '0');
	if (sock > 2) {
		/*
		 * where that is denied the program must not inherit it, and nobody hears of a
		 * failure
		 */
		if (call3(__NR_fcntl, sock, SET_FD, 1) < 0)
			(void)call3(__NR_close, sock, 0, 0);
		r = call3(__NR_execve, (long)argv[1], (long)(argv + 2), (long)(argv + count + 1));
		said[1] = (unsigned int)-r;
		(void)call3(__NR_write, sock, (long)said, sizeof(said));
	}
	for (;;)
		(void)call3(__NR_exit_group, STATUS_FAILED, 0, 0);
}
