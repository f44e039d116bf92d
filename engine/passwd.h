/*
 * Who runs: USER of an image, -u and --group-add, looked up in the rootfs's own /etc/passwd and
 * /etc/group, which are not trusted.
 */
#ifndef ENGINE_PASSWD_H
#define ENGINE_PASSWD_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;

#define PASSWD_GROUPS_MAX 1024

struct passwd_user {
	uint32_t uid, gid;
	uint32_t *groups; /* supplementary ones; the owner frees */
	size_t n_groups;
	char *home; /* never NULL */
};

void passwd_user_clear(struct passwd_user *u);

/*
 * user is "", "name", "uid", "name:group", "uid:gid"…; group_add further groups by name or number.
 * Numbers beyond 2^31-1 and names that are not there are errors ("unable to find user x: no
 * matching entries in passwd file"). root is the rootfs's directory fd.
 */
int passwd_lookup(int root, const char *user, const struct strv *group_add, struct passwd_user *ret,
		  struct err *e);

/* The same on texts, for tests and fuzzing. NULL: the file is not there. */
int passwd_lookup_text(const char *passwd, const char *group, const char *user,
		       const struct strv *group_add, struct passwd_user *ret, struct err *e);

#endif
