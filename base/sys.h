/*
 * System calls and constants that glibc 2.36 or older headers lack, as thin wrappers: -1 and errno,
 * like libc's.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct mount_attr;

int sys_openat2(int dirfd, const char *path, const struct open_how *how);           /* 5.6 */
int sys_close_range(unsigned int first, unsigned int last, unsigned int flags);     /* 5.9 */
int sys_pidfd_open(pid_t pid, unsigned int flags);                                  /* 5.3 */
int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned int flags); /* 5.1 */
int sys_pidfd_getfd(int pidfd, int fd, unsigned int flags);                         /* 5.6 */
int sys_open_tree(int dirfd, const char *path, unsigned int flags);                 /* 5.2 */
/* 5.2 */
int sys_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to,
		   unsigned int flags);
int sys_fsopen(const char *fstype, unsigned int flags);                                  /* 5.2 */
int sys_fsconfig(int fd, unsigned int cmd, const char *key, const void *value, int aux); /* 5.2 */
int sys_fsmount(int fd, unsigned int flags, unsigned int attrs);                         /* 5.2 */
/* 5.12 */
int sys_mount_setattr(int dirfd, const char *path, unsigned int flags, struct mount_attr *attr,
		      size_t size);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_keyctl_join_session(const char *name);

/* What clone3 (5.3) takes here; see clone3(2). */
struct sys_clone {
	uint64_t flags;  /* CLONE_NEW…, CLONE_PARENT, CLONE_INTO_CGROUP (5.7) */
	int exit_signal; /* SIGCHLD, or 0 with CLONE_PARENT */
	int *ret_pidfd;  /* NULL: none */
	int cgroup_fd;   /* used where flags hold CLONE_INTO_CGROUP */
};

/* Forks: 0 in the child, its pid in the parent, -1 and errno. */
pid_t sys_clone3(const struct sys_clone *c);

#endif
