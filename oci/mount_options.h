/*
 * The option words of a mount (config.md, "Linux mount options"): one table turns them into flags
 * of the new mount API; what it does not know is data for the file system.
 */
#ifndef OCI_MOUNT_OPTIONS_H
#define OCI_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;

#define MOUNT_PROPAGATIONS_MAX 4

/* MOUNT_ATTR_… bits to set and to clear; clearing comes first, as in struct mount_attr. */
struct mount_bits {
	uint64_t set, clr;
};

/* The words of one mount, taken apart. Zero-initialised is "no options". */
struct mount_options {
	struct mount_bits attr;  /* for the mount itself */
	struct mount_bits rattr; /* for it and all mounts below it (mount_setattr, Linux 5.12) */
	unsigned long propagation[MOUNT_PROPAGATIONS_MAX]; /* MS_SHARED | MS_REC …, in order */
	size_t n_propagation;
	unsigned long super;     /* MS_SYNCHRONOUS …: of the super block, for mount(2) */
	struct strv super_words; /* the same as fsconfig words: "sync" */
	struct strv data;        /* "size=64k", "newinstance" */
	bool bind, recursive;    /* bind, or rbind */
	bool remount;
	bool copy_up; /* tmpcopyup */
	bool idmap, ridmap;
};

/* Takes the words of l apart, last one wins. -EINVAL with a message: too many propagation words. */
int mount_options_parse(const struct strv *l, struct mount_options *ret, struct err *e);
void mount_options_clear(struct mount_options *o);

#define auto_mount_options __attribute__((cleanup(mount_options_clear)))

/* The words joined by commas, as mount(2) wants its data. The caller owns it. */
char *mount_options_data(const struct mount_options *o);

/* The value of the data word "NAME=VALUE" (borrowed), or NULL. */
const char *mount_options_get(const struct mount_options *o, const char *name);

/* MS_… flags of mount(2) that mean the same as MOUNT_ATTR_… bits. */
unsigned long mount_attr_to_ms(uint64_t attr);

/* "shared", "rslave", …: MS_… flags; 0 where the word is none of them. */
unsigned long mount_propagation_parse(const char *word);

/* The n-th word of the table, for `features`; NULL at the end. */
const char *mount_options_word(size_t n);

#endif
