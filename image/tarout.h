/*
 * Writes a tar: ustar headers, and pax ones (POSIX.1-2017 pax, "pax Interchange Format") only for
 * entries that need them. Numeric owners, no names. Output goes out in large pieces; file data is
 * handed from file to file by the kernel where it is large.
 */
#ifndef IMAGE_TAROUT_H
#define IMAGE_TAROUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/str.h"

struct err;

struct tar_out {
	int fd; /* borrowed */
	char *buf;
	size_t len;
};

/* What a header says. The type is that of st.st_mode, or a hard link. */
struct tar_entry {
	const char *path;         /* without a leading slash; "" is the root */
	const char *hardlink;     /* path of the entry that this one is another name of, or NULL */
	const char *symlink;      /* target of a symlink */
	struct stat st;           /* mode, owner, size, time, device numbers */
	const struct str *xattrs; /* pax records of xattrs, made by tar_xattr(), or NULL */
};

void tar_begin(struct tar_out *t, int fd);
void tar_free(struct tar_out *t);

#define auto_tar __attribute__((cleanup(tar_free)))

/* Appends one xattr as a pax record "LEN SCHILY.xattr.NAME=VALUE\n". */
void tar_xattr(struct str *records, const char *name, const void *value, size_t len);

/* The header of an entry that has no data: all but regular files with a size. */
int tar_header(struct tar_out *t, const struct tar_entry *entry, struct err *e);

/*
 * A regular file: header and the data of in_fd, exactly st.st_size bytes (a file that has shrunk
 * meanwhile is filled with zeros). With holes of 1 MiB and more it is written as GNU tar's sparse
 * format 1.0, which GNU tar, libarchive and Go read.
 */
int tar_file(struct tar_out *t, const struct tar_entry *entry, int in_fd, struct err *e);

/* The end mark, and what is still in the buffer. */
int tar_end(struct tar_out *t, struct err *e);

#endif
