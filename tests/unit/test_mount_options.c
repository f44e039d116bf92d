/* The option words of mounts, and the cleaning of destinations. */
#include <sys/mount.h>

#include "base/err.h"
#include "oci/mount.h"
#include "oci/mount_options.h"
#include "tests/unit/tap.h"

static struct mount_options parse(const char *words)
{
	auto_strv struct strv l = { 0 };
	struct mount_options o = { 0 };
	struct err e = { 0 };

	strv_split(&l, words, ',');
	if (mount_options_parse(&l, &o, &e) < 0)
		tap_bail(e.msg);
	return o;
}

static void test_attributes(void)
{
	static const struct {
		const char *words;
		uint64_t set, clr;
	} rows[] = {
		{ "ro", MOUNT_ATTR_RDONLY, 0 },
		{ "ro,rw", 0, MOUNT_ATTR_RDONLY },
		{ "rw,ro", MOUNT_ATTR_RDONLY, 0 },
		{ "nosuid,nodev,noexec", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		  0 },
		{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME & ~MOUNT_ATTR_NOATIME },
		{ "noatime,relatime", 0, MOUNT_ATTR__ATIME },
		{ "relatime,strictatime", MOUNT_ATTR_STRICTATIME,
		  MOUNT_ATTR__ATIME & ~MOUNT_ATTR_STRICTATIME },
		{ "nodiratime,diratime", 0, MOUNT_ATTR_NODIRATIME },
		{ "norelatime,defaults,silent,loud", 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_mount_options struct mount_options o = parse(rows[i].words);

		is_int((int64_t)o.attr.set, (int64_t)rows[i].set, rows[i].words);
		/* the kernel clears before it sets: bits in both do no harm */
		is_int((int64_t)(o.attr.clr & ~o.attr.set), (int64_t)rows[i].clr,
		       "and what it clears");
	}
}

static void test_recursive(void)
{
	auto_mount_options struct mount_options o = parse("rro,rnosuid,nodev,rbind,rnoatime");

	is_int((int64_t)o.rattr.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME,
	       "words with r are for the tree");
	is_int((int64_t)o.attr.set, MOUNT_ATTR_NODEV, "words without are for the mount");
	ok(o.bind && o.recursive, "rbind");
}

static void test_propagation(void)
{
	auto_mount_options struct mount_options o = parse("slave,rshared");
	auto_strv struct strv many = { 0 };
	struct mount_options x;
	struct err e = { 0 };

	is_int((int64_t)o.n_propagation, 2, "slave and then shared is both");
	is_int((int64_t)o.propagation[0], MS_SLAVE, "in their order");
	is_int((int64_t)o.propagation[1], MS_SHARED | MS_REC, "with r for the tree");
	strv_split(&many, "private,private,private,private,private", ',');
	is_int(mount_options_parse(&many, &x, &e), -EINVAL, "five are too many");
	has_str(e.msg, "more than 4 propagation options", "and it says so");
	is_int((int64_t)mount_propagation_parse("rslave"), MS_SLAVE | MS_REC,
	       "rootfsPropagation takes the same words");
	is_int((int64_t)mount_propagation_parse("ro"), 0, "and no others");
}

static void test_rest(void)
{
	auto_mount_options struct mount_options o =
		parse("size=64k,mode=1777,sync,dirsync,async,tmpcopyup,ridmap,iversion");
	auto_free char *data = mount_options_data(&o);

	is_str(data, "size=64k,mode=1777,iversion", "what is not known goes to the file system");
	is_str(mount_options_get(&o, "mode"), "1777", "and can be looked up");
	is_int((int64_t)o.super, MS_DIRSYNC, "flags of the super block, the last one wins");
	ok(o.copy_up && o.idmap && o.ridmap && !o.bind, "words of the runtime");
}

static void test_words_once(void)
{
	for (size_t i = 0; mount_options_word(i); i++)
		for (size_t k = 0; k < i; k++)
			if (str_eq(mount_options_word(i), mount_options_word(k)))
				ok(false, mount_options_word(i));
	ok(mount_options_word(60) && !mount_options_word(1000),
	   "the list of words has no word twice and an end");
}

static void test_clean_path(void)
{
	static const char *const rows[][2] = {
		{ "/dev/pts", "/dev/pts" },
		{ "dev", "/dev" },
		{ "//a//./b/", "/a/b" },
		{ "/", "/" },
		{ "", "/" },
		{ "/a/../../../b", "/b" },
		{ "../x", "/x" },
		{ "/a/b/../c", "/a/c" },
		{ "/..a/.b", "/..a/.b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *clean = mount_clean_path(rows[i][0]);

		is_str(clean, rows[i][1], rows[i][0]);
	}
}

int main(void)
{
	test_attributes();
	test_recursive();
	test_propagation();
	test_rest();
	test_words_once();
	test_clean_path();
	return tap_done();
}
