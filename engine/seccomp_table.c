/*
 * What a container may ask of the kernel by default: the rules of docker's default profile, by
 * topic. What is not here is refused with EPERM, and what is newer than everything here does not
 * exist (ENOSYS, see oci/seccomp_stub.c), so that programs use what they used before.
 */
#include "engine/seccomp_table.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>

#include "base/mem.h"

#define CAP(name) ((uint64_t)1 << CAP_##name)

/* clone's flags that make namespaces. */
#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)

/* AF_VSOCK reaches the host of a virtual machine past every network namespace. */
#define FAMILY_VSOCK 40

#define PERSONALITY(value)                                                      \
	{                                                                       \
		.names = "personality", .arg = { 0, "SCMP_CMP_EQ", (value), 0 } \
	}

const struct seccomp_row seccomp_table[] = {
	/* files */
	{ .names =
		  "access chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 "
		  "fadvise64 fadvise64_64 fallocate fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 "
		  "fdatasync flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 getdents "
		  "getdents64 ioctl lchown lchown32 link linkat _llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat "
		  "name_to_handle_at newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 "
		  "read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 splice "
		  "stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs tee truncate "
		  "truncate64 umask unlink unlinkat vmsplice write writev cachestat" },
	{ .names = "futimesat utime utimensat utimensat_time64 utimes" },
	{ .names =
		  "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat "
		  "llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat" },
	{ .names = "chdir fchdir getcwd" },
	{ .names = "fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch" },
	/* waiting */
	{ .names =
		  "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old "
		  "eventfd eventfd2 _newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd "
		  "signalfd4 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64" },
	{ .names =
		  "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit" },
	{ .names =
		  "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list set_robust_list "
		  "membarrier rseq restart_syscall" },
	/* memory */
	{ .names =
		  "brk madvise memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal "
		  "msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease "
		  "remap_file_pages map_shadow_stack" },
	/* processes */
	{ .names =
		  "execve execveat exit exit_group fork vfork wait4 waitid waitpid getpgid getpgrp getpid getppid getsid "
		  "gettid setpgid setsid set_tid_address get_thread_area set_thread_area prctl seccomp "
		  "landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open pidfd_send_signal "
		  "process_vm_readv process_vm_writev ptrace uretprobe" },
	{ .names =
		  "kill rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
		  "rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn tgkill "
		  "tkill pause" },
	{ .names =
		  "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid "
		  "getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid "
		  "setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 "
		  "setreuid setreuid32 setuid setuid32" },
	{ .names =
		  "getcpu getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_get_priority_max "
		  "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
		  "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
		  "sched_setscheduler sched_yield setpriority setrlimit sysinfo times ugetrlimit uname getrandom" },
	/* time */
	{ .names =
		  "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
		  "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time "
		  "timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
		  "timer_settime64" },
	/* talking to each other */
	{ .names =
		  "pipe pipe2 ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
		  "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
		  "semtimedop_time64 shmat shmctl shmdt shmget" },
	{ .names =
		  "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
		  "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair" },
	{ .names = "socket", .arg = { 0, "SCMP_CMP_NE", FAMILY_VSOCK, 0 } },
	/* Linux, Linux 32 bit, and the flag UNAME26 with each; 0xffffffff asks */
	PERSONALITY(0),
	PERSONALITY(8),
	PERSONALITY(0x20000),
	PERSONALITY(0x20008),
	PERSONALITY(0xffffffff),
	/* machines */
	{ .names = "sync_file_range2 swapcontext", .arches = "ppc64le" },
	{ .names =
		  "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
	  .arches = "arm arm64" },
	{ .names = "arch_prctl", .arches = "amd64 x32" },
	{ .names = "modify_ldt", .arches = "amd64 x32 x86" },
	{ .names = "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr",
	  .arches = "s390 s390x" },
	{ .names = "riscv_flush_icache riscv_hwprobe", .arches = "riscv64" },
	/* with a capability */
	{ .names = "open_by_handle_at", .with_caps = CAP(DAC_READ_SEARCH) },
	{ .names =
		  "clone clone3 fanotify_init fsconfig fsmount fsopen fspick listmount lookup_dcookie mount "
		  "mount_setattr move_mount open_tree open_tree_attr quotactl quotactl_fd setdomainname sethostname "
		  "setns statmount umount umount2 unshare",
	  .with_caps = CAP(SYS_ADMIN) },
	{ .names = "bpf", .with_caps = CAP(SYS_ADMIN) | CAP(BPF) },
	{ .names = "perf_event_open", .with_caps = CAP(SYS_ADMIN) | CAP(PERFMON) },
	{ .names = "syslog", .with_caps = CAP(SYS_ADMIN) | CAP(SYSLOG) },
	{ .names = "reboot", .with_caps = CAP(SYS_BOOT) },
	{ .names = "chroot", .with_caps = CAP(SYS_CHROOT) },
	{ .names = "delete_module init_module finit_module", .with_caps = CAP(SYS_MODULE) },
	{ .names = "acct", .with_caps = CAP(SYS_PACCT) },
	{ .names = "kcmp pidfd_getfd process_madvise", .with_caps = CAP(SYS_PTRACE) },
	{ .names = "iopl ioperm", .with_caps = CAP(SYS_RAWIO) },
	{ .names = "settimeofday stime clock_settime clock_settime64", .with_caps = CAP(SYS_TIME) },
	{ .names = "vhangup", .with_caps = CAP(SYS_TTY_CONFIG) },
	{ .names = "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
	  .with_caps = CAP(SYS_NICE) },
	/*
	 * without one: threads and processes, but no namespaces. clone3's flags are in memory,
	 * where a filter cannot look:
	 */
	/* ENOSYS sends libc back to clone */
	{ .names = "clone",
	  .without_caps = CAP(SYS_ADMIN),
	  .not_arches = "s390 s390x",
	  .arg = { 0, "SCMP_CMP_MASKED_EQ", NAMESPACES, 0 } },
	{ .names = "clone",
	  .without_caps = CAP(SYS_ADMIN),
	  .arches = "s390 s390x",
	  .arg = { 1, "SCMP_CMP_MASKED_EQ", NAMESPACES, 0 } },
	{ .names = "clone3", .without_caps = CAP(SYS_ADMIN), .errno_ret = ENOSYS },
};

const size_t seccomp_table_len = ARRAY_SIZE(seccomp_table);
