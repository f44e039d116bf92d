/*
 * Which file a command is: the search along PATH inside the container, with the words and exit
 * statuses that docker and runc users know.
 */
#ifndef OCI_PROGRAM_H
#define OCI_PROGRAM_H

#include "base/str.h"

struct err;

/*
 * Finds the file for args[0] along PATH of env (a default where there is none), seen from the
 * current root and folder. The caller owns *ret. Failures carry e->status: 127 `exec: "x":
 * executable file not found in $PATH`, `exec: "/x": stat /x: no such file or directory`, 126
 * `exec: "x": permission denied`.
 */
int program_find(const char *name, const struct strv *env, char **ret, struct err *e);

/*
 * Words and status of a failed execve of a program that was found: num is its errno. Returns
 * -num.
 */
int program_exec_error(const char *name, int num, struct err *e);

/* HOME of a user id in the container's /etc/passwd, or "/". The caller owns it. */
char *program_home(unsigned int uid);

#endif
