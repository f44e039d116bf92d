/*
 * Option words of mounts: a table and the loop over it. Runs in init and wherever a config is
 * checked; touches nothing but memory.
 */
#include "oci/mount_options.h"

#include <errno.h>
#include <sys/mount.h>

#include "base/err.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW /* Linux 5.14 */
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW /* Linux 5.10 */
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

enum word_kind {
	WORD_NOTHING,     /* the kernel's default, or nothing that the new API has */
	WORD_ATTR,        /* bits of the mount */
	WORD_RATTR,       /* the same for the whole tree */
	WORD_SUPER,       /* flag of the super block */
	WORD_PROPAGATION, /* set: MS_ flags */
	WORD_BIND,        /* set: recursive */
	WORD_REMOUNT,
	WORD_COPY_UP,
	WORD_IDMAP, /* set: recursive */
	WORD_DATA,  /* a flag of the file system that the specification names */
};

struct word {
	const char *name;
	enum word_kind kind;
	uint64_t set, clr;
};

#define ATTR(name, set, clr)                   \
	{ name, WORD_ATTR, set, clr },         \
	{                                      \
		"r" name, WORD_RATTR, set, clr \
	}

/*
 * Access times are one of three values, not bits: each word that chooses one clears the field
 * first. "norelatime" and "nostrictatime" only undo their opposite.
 */
static const struct word words[] = {
	ATTR("ro", MOUNT_ATTR_RDONLY, 0),
	ATTR("rw", 0, MOUNT_ATTR_RDONLY),
	ATTR("nosuid", MOUNT_ATTR_NOSUID, 0),
	ATTR("suid", 0, MOUNT_ATTR_NOSUID),
	ATTR("nodev", MOUNT_ATTR_NODEV, 0),
	ATTR("dev", 0, MOUNT_ATTR_NODEV),
	ATTR("noexec", MOUNT_ATTR_NOEXEC, 0),
	ATTR("exec", 0, MOUNT_ATTR_NOEXEC),
	ATTR("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0),
	ATTR("symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW),
	ATTR("noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME),
	ATTR("atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME),
	ATTR("relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME),
	ATTR("strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME),
	ATTR("nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME),
	ATTR("nodiratime", MOUNT_ATTR_NODIRATIME, 0),
	ATTR("diratime", 0, MOUNT_ATTR_NODIRATIME),
	{ "norelatime", WORD_NOTHING, 0, 0 },
	{ "rnorelatime", WORD_NOTHING, 0, 0 },
	{ "sync", WORD_SUPER, MS_SYNCHRONOUS, 0 },
	{ "async", WORD_SUPER, 0, MS_SYNCHRONOUS },
	{ "dirsync", WORD_SUPER, MS_DIRSYNC, 0 },
	{ "lazytime", WORD_SUPER, MS_LAZYTIME, 0 },
	{ "nolazytime", WORD_SUPER, 0, MS_LAZYTIME },
	{ "mand", WORD_SUPER, MS_MANDLOCK, 0 },
	{ "nomand", WORD_SUPER, 0, MS_MANDLOCK },
	{ "iversion", WORD_DATA, MS_I_VERSION, 0 },
	{ "noiversion", WORD_DATA, 0, MS_I_VERSION },
	{ "acl", WORD_DATA, 0, 0 },
	{ "noacl", WORD_DATA, 0, 0 },
	{ "silent", WORD_NOTHING, 0, 0 },
	{ "loud", WORD_NOTHING, 0, 0 },
	{ "defaults", WORD_NOTHING, 0, 0 },
	{ "private", WORD_PROPAGATION, MS_PRIVATE, 0 },
	{ "rprivate", WORD_PROPAGATION, MS_PRIVATE | MS_REC, 0 },
	{ "shared", WORD_PROPAGATION, MS_SHARED, 0 },
	{ "rshared", WORD_PROPAGATION, MS_SHARED | MS_REC, 0 },
	{ "slave", WORD_PROPAGATION, MS_SLAVE, 0 },
	{ "rslave", WORD_PROPAGATION, MS_SLAVE | MS_REC, 0 },
	{ "unbindable", WORD_PROPAGATION, MS_UNBINDABLE, 0 },
	{ "runbindable", WORD_PROPAGATION, MS_UNBINDABLE | MS_REC, 0 },
	{ "bind", WORD_BIND, false, 0 },
	{ "rbind", WORD_BIND, true, 0 },
	{ "remount", WORD_REMOUNT, 0, 0 },
	{ "tmpcopyup", WORD_COPY_UP, 0, 0 },
	{ "idmap", WORD_IDMAP, false, 0 },
	{ "ridmap", WORD_IDMAP, true, 0 },
};

static const struct word *word_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].name, name))
			return &words[i];
	return NULL;
}

/* A later word undoes what an earlier one asked for the same bits. */
static void bits_add(struct mount_bits *b, const struct word *w)
{
	b->set = (b->set & ~w->clr) | w->set;
	b->clr = (b->clr & ~w->set) | w->clr;
}

static void super_add(struct mount_options *o, const struct word *w)
{
	o->super = (o->super & ~(unsigned long)w->clr) | (unsigned long)w->set;
	strv_add(&o->super_words, w->name);
}

static int word_apply(const struct word *w, struct mount_options *o, struct err *e)
{
	switch (w->kind) {
	case WORD_NOTHING:
		break;
	case WORD_ATTR:
		bits_add(&o->attr, w);
		break;
	case WORD_RATTR:
		bits_add(&o->rattr, w);
		break;
	case WORD_SUPER:
		super_add(o, w);
		break;
	case WORD_PROPAGATION:
		if (o->n_propagation == MOUNT_PROPAGATIONS_MAX)
			return err_set(e, EINVAL, "more than %d propagation options",
				       MOUNT_PROPAGATIONS_MAX);
		o->propagation[o->n_propagation++] = (unsigned long)w->set;
		break;
	case WORD_BIND:
		o->bind = true;
		o->recursive = w->set;
		break;
	case WORD_REMOUNT:
		o->remount = true;
		break;
	case WORD_COPY_UP:
		o->copy_up = true;
		break;
	case WORD_IDMAP:
		o->idmap = true;
		o->ridmap = w->set;
		break;
	case WORD_DATA:
		strv_add(&o->data, w->name);
		break;
	}
	return 0;
}

int mount_options_parse(const struct strv *l, struct mount_options *ret, struct err *e)
{
	struct mount_options o = { 0 };

	for (size_t i = 0; i < l->len; i++) {
		const struct word *w = word_find(l->v[i]);
		int r = 0;

		if (w)
			r = word_apply(w, &o, e);
		else if (*l->v[i])
			strv_add(&o.data, l->v[i]);
		if (r < 0) {
			mount_options_clear(&o);
			return r;
		}
	}
	*ret = o;
	return 0;
}

void mount_options_clear(struct mount_options *o)
{
	strv_free(&o->data);
	strv_free(&o->super_words);
	*o = (struct mount_options){ 0 };
}

char *mount_options_data(const struct mount_options *o)
{
	return strv_join(&o->data, ",");
}

const char *mount_options_get(const struct mount_options *o, const char *name)
{
	return strv_env_get(&o->data, name);
}

unsigned long mount_attr_to_ms(uint64_t attr)
{
	static const struct {
		uint64_t attr;
		unsigned long ms;
	} map[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	unsigned long ms = 0;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (attr & map[i].attr)
			ms |= map[i].ms;
	switch (attr & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_NOATIME:
		return ms | MS_NOATIME;
	case MOUNT_ATTR_STRICTATIME:
		return ms | MS_STRICTATIME;
	default:
		return ms | MS_RELATIME;
	}
}

unsigned long mount_propagation_parse(const char *word)
{
	const struct word *w = word_find(word);

	return w && w->kind == WORD_PROPAGATION ? (unsigned long)w->set : 0;
}

const char *mount_options_word(size_t n)
{
	return n < ARRAY_SIZE(words) ? words[n].name : NULL;
}
