/*
 * The engine's parsers and formats: environment files, users, mounts, detach keys, logs, records,
 * names.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "engine/create.h"
#include "engine/detach_keys.h"
#include "engine/envfile.h"
#include "engine/json_log.h"
#include "engine/log_entry.h"
#include "engine/mounts.h"
#include "engine/passwd.h"
#include "engine/record.h"
#include "tests/unit/tap.h"

/* -- environment -- */

static const char *parse_env(const char *text, struct strv *env, struct err *e)
{
	static char joined[1000];
	auto_free char *all = NULL;

	strv_free(env);
	*e = (struct err){ 0 };
	if (envfile_parse(text, strlen(text), "file", env, e) < 0)
		return e->msg;
	all = strv_join(env, "|");
	(void)snprintf(joined, sizeof(joined), "%s", all);
	return joined;
}

static void test_envfile(void)
{
	auto_strv struct strv env = { 0 };
	struct err e = { 0 };

	(void)setenv("POD_TEST_A", "from outside", 1);
	(void)setenv("POD_TEST_B", "b", 1);
	(void)unsetenv("POD_TEST_NONE");
	is_str(parse_env("A=1\nB=two words\n\n# comment\n  C=\r\nA=3", &env, &e),
	       "A=3|B=two words|C=",
	       "env file: comments, blanks before a name, a carriage return, the later entry wins");
	is_str(parse_env("\xEF\xBB\xBF"
			 "A='quoted' # kept\n",
			 &env, &e),
	       "A='quoted' # kept",
	       "env file: quotes and a later # are of the value, a byte order mark is not");
	is_str(parse_env("POD_TEST_A\nPOD_TEST_NONE\n", &env, &e), "POD_TEST_A=from outside",
	       "env file: a name alone takes the caller's value, or nothing");
	is_str(parse_env("A=1\nB C=2\n", &env, &e), "file:2: variable 'B C' contains whitespaces",
	       "env file: blanks in a name");
	is_str(parse_env("=2\n", &env, &e), "file:1: no variable name on line '=2'",
	       "env file: no name");
	strv_free(&env);
	is_int(envfile_put(&env, "POD_TEST_*", &e), 0, "-e with a star");
	is_str(strv_env_get(&env, "POD_TEST_A"), "from outside", "takes all that begin so");
	is_str(strv_env_get(&env, "POD_TEST_B"), "b", "each of them");
	is_int(envfile_put(&env, "", &e), -EINVAL, "-e '' is refused");
	is_int(envfile_parse("A=\0B\n", 5, "file", &env, &e), -EINVAL,
	       "env file: a NUL is refused");
}

/* -- users -- */

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken\n"
			     "evil:x:4294967296:0::/:\n"
			     "minus:x:-1:0::/:\n"
			     "app:x:1000:100:App:/srv/app:/bin/sh\n"
			     "1234:x:77:77::/n:\n"
			     "last:x:5:6::relative";
static const char group[] =
	"root:x:0:\nusers:x:100:other\naudio:x:29:app,other\nvideo:x:44:xapp,app\nwrap:x:4294967325:app\n";

/* "uid:gid groups home" or the error. */
static const char *lookup(const char *user, const struct strv *add)
{
	struct passwd_user u = { 0 };
	static char text[1200];
	struct err e = { 0 };
	int n;

	if (passwd_lookup_text(passwd, group, user, add, &u, &e) < 0) {
		(void)snprintf(text, sizeof(text), "%s", e.msg);
		return text;
	}
	n = snprintf(text, sizeof(text), "%u:%u", u.uid, u.gid);
	for (size_t i = 0; i < u.n_groups; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %u", u.groups[i]);
	(void)snprintf(text + n, sizeof(text) - (size_t)n, " %s", u.home);
	passwd_user_clear(&u);
	return text;
}

static void test_passwd(void)
{
	auto_strv struct strv add = { 0 };

	is_str(lookup("", NULL), "0:0 /root", "no user is root, with root's home");
	is_str(lookup("app", NULL), "1000:100 29 44 /srv/app", "a name has its groups");
	is_str(lookup("1000", NULL), "1000:100 29 44 /srv/app", "a number is looked up too");
	is_str(lookup("app:root", NULL), "1000:0 /srv/app",
	       "a group that is given is the only one");
	is_str(lookup("4242:4243", NULL), "4242:4243 /", "numbers need no entry");
	is_str(lookup("4242", NULL), "4242:0 /",
	       "a number without an entry has group 0, as docker has it");
	is_str(lookup("1234", NULL), "1234:0 /",
	       "digits are a number even where a user is called so");
	is_str(lookup("last", NULL), "5:6 /", "a home that is no absolute path is none");
	strv_add(&add, "audio");
	strv_add(&add, "4000");
	strv_add(&add, "audio");
	is_str(lookup("0:0", &add), "0:0 29 4000 /root", "added groups, each once");
	is_str(lookup("nobody", NULL),
	       "unable to find user nobody: no matching entries in passwd file", "unknown name");
	is_str(lookup("app:nobody", NULL),
	       "unable to find group nobody: no matching entries in group file", "unknown group");
	/* CVE-2024-40635: nothing wraps round to root */
	is_str(lookup("4294967296", NULL), "user '4294967296': ids go from 0 to 2147483647",
	       "2^32 is not root");
	is_str(lookup("2147483648", NULL), "user '2147483648': ids go from 0 to 2147483647",
	       "2^31 is refused");
	is_str(lookup("0:4294967296", NULL), "group '4294967296': ids go from 0 to 2147483647",
	       "nor as a group");
	is_str(lookup("99999999999999999999", NULL),
	       "user '99999999999999999999': ids go from 0 to 2147483647",
	       "nor what overflows 64 bits");
	has_str(lookup("evil", NULL), "unable to find user evil",
		"a line with such a number is none");
	has_str(lookup("minus", NULL), "unable to find user minus",
		"nor one with a negative number");
	has_str(lookup("-1", NULL), "unable to find user -1", "-1 is a name");
	has_str(lookup(" 0", NULL), "unable to find user  0", "' 0' is a name");
	has_str(lookup("0x0", NULL), "unable to find user 0x0", "'0x0' is a name");
	has_str(lookup("+0", NULL), "unable to find user +0", "'+0' is a name");
	has_str(lookup("root:", NULL), "expected USER[:GROUP]", "an empty group");
	has_str(lookup("a:b:c", NULL), "expected USER[:GROUP]", "two colons");
}

/* -- mounts -- */

static const char *mounted(int (*add)(struct record *, const char *, struct err *),
			   const char *text)
{
	auto_record struct record *r = record_new();
	static char out[1200];
	struct err e = { 0 };
	auto_free char *options = NULL;
	const struct record_mount *m;

	if (add(r, text, &e) < 0) {
		(void)snprintf(out, sizeof(out), "%s", e.msg);
		return out;
	}
	m = &r->mounts[0];
	options = strv_join(&m->options, ",");
	(void)snprintf(out, sizeof(out), "%s %s %s %s%s%s%s", m->type, m->source ? m->source : "-",
		       m->destination, options, m->read_only ? " ro" : "",
		       m->anonymous ? " anonymous" : "", m->no_copy ? " nocopy" : "");
	return out;
}

static void test_mounts(void)
{
	auto_record struct record *r = record_new();
	struct err e = { 0 };

	is_str(mounted(mounts_add_volume, "/a/./b//:/c/"), "bind /a/b /c ",
	       "-v: a path of the host, tidied");
	is_str(mounted(mounts_add_volume, "data:/c:ro,nocopy"), "volume data /c  ro nocopy",
	       "-v: a volume by name");
	is_str(mounted(mounts_add_volume, "/c"), "volume - /c  anonymous",
	       "-v: an anonymous volume");
	is_str(mounted(mounts_add_volume, "/a:/c:rslave,z"), "bind /a /c rslave",
	       "-v: propagation; labels mean nothing");
	has_str(mounted(mounts_add_volume, "a/b:/c"), "includes invalid characters",
		"-v: a relative path is no name");
	has_str(mounted(mounts_add_volume, "/a:c"), "must be absolute",
		"-v: a relative destination");
	has_str(mounted(mounts_add_volume, "/a:/c/../d"), "must not contain '..'",
		"-v: '..' inside");
	has_str(mounted(mounts_add_volume, "/a:/"), "destination can't be '/'",
		"-v: the root itself");
	has_str(mounted(mounts_add_volume, "/a:/c:bogus"), "invalid mode: bogus",
		"-v: an unknown word");
	has_str(mounted(mounts_add_volume, ":/c"), "an empty section", "-v: an empty source");
	has_str(mounted(mounts_add_volume, "/a:/b:ro:x"), "expected [SOURCE:]",
		"-v: too many parts");
	is_str(mounted(mounts_add_tmpfs, "/t:size=1m,exec"), "tmpfs - /t size=1m,exec,nosuid,nodev",
	       "--tmpfs: docker's defaults but for what is asked");
	has_str(mounted(mounts_add_tmpfs, "/t:bogus=1"), "invalid tmpfs option",
		"--tmpfs: an unknown word");
	is_str(mounted(mounts_add_long,
		       "type=bind,src=/a,dst=/b,readonly,bind-propagation=rshared"),
	       "bind /a /b rshared ro", "--mount: bind");
	is_str(mounted(mounts_add_long, "target=/b"), "volume - /b  anonymous",
	       "--mount: a volume is the default");
	is_str(mounted(mounts_add_long, "type=tmpfs,destination=/b,tmpfs-size=10,readonly=false"),
	       "tmpfs - /b size=10,noexec,nosuid,nodev", "--mount: tmpfs");
	has_str(mounted(mounts_add_long, "type=tmpfs,dst=/b,bind-propagation=shared"), "cannot mix",
		"--mount: a key of another type");
	has_str(mounted(mounts_add_long, "type=bind,dst=/b"), "source is required",
		"--mount: bind without source");
	has_str(mounted(mounts_add_long, "type=bind,src=/a"), "target is required",
		"--mount: no destination");
	has_str(mounted(mounts_add_long, "type=x,dst=/b"), "invalid mount type",
		"--mount: an unknown type");
	has_str(mounted(mounts_add_long, "dst=/b,ro=perhaps"), "invalid value for readonly",
		"--mount: not a bool");
	is_int(mounts_add_volume(r, "/a:/c", &e), 0, "the first mount at a place");
	is_int(mounts_add_tmpfs(r, "/c/", &e), -EINVAL, "a second one is refused");
	is_str(e.msg, "duplicate mount point: /c", "and told");
	is_int(mounts_add_device(r, "/dev/null:/dev/mine:r", &e), 0, "--device");
	is_str(r->devices[0].container, "/dev/mine", "with a name inside");
	is_str(r->devices[0].access, "r", "and access");
	is_int(mounts_add_device(r, "/dev/null:x", &e), -EINVAL,
	       "--device: a relative name inside");
	is_int(mounts_add_ulimit(r, "nofile=10:20", &e), 0, "--ulimit");
	is_int(r->ulimits[0].hard, 20, "hard limit");
	is_int(mounts_add_ulimit(r, "nofile=unlimited", &e), 0, "--ulimit unlimited");
	is_int(r->ulimits[1].soft, -1, "is -1");
	is_int(mounts_add_ulimit(r, "nofile=20:10", &e), -EINVAL, "--ulimit: soft above hard");
	is_int(mounts_add_ulimit(r, "nosuch=1", &e), -EINVAL, "--ulimit: unknown");
}

/* -- detach keys -- */

static void feed(struct detach_keys *k, const char *in, char *out, bool *ret_done)
{
	unsigned char buf[100];
	size_t len;

	*ret_done = detach_keys_filter(k, (const unsigned char *)in, strlen(in), buf, &len);
	memcpy(out, buf, len);
	out[len] = '\0';
}

static void test_detach_keys(void)
{
	struct detach_keys k;
	struct err e = { 0 };
	char out[100];
	bool done;

	is_int(detach_keys_parse(NULL, &k, &e), 0, "the default");
	feed(&k,
	     "ab\x10"
	     "c",
	     out, &done);
	is_str(out,
	       "ab\x10"
	       "c",
	       "ctrl-p and another key both come through");
	ok(!done, "and do not detach");
	feed(&k, "x\x10", out, &done);
	is_str(out, "x", "ctrl-p is held back");
	feed(&k, "\x11y", out, &done);
	is_str(out, "", "ctrl-q after it shows nothing");
	ok(done, "and detaches");
	is_int(detach_keys_parse("a,a,b", &k, &e), 0, "keys that repeat");
	feed(&k, "aaab", out, &done);
	is_str(out, "a", "only what is no part of them comes out");
	ok(done, "and they are found");
	is_int(detach_keys_parse("", &k, &e), 0, "none");
	feed(&k, "\x10\x11", out, &done);
	is_str(out, "\x10\x11", "then all comes through");
	is_int(detach_keys_parse("ctrl-[,ctrl-@,Q", &k, &e), 0, "other keys");
	is_int(k.keys[0], 27, "ctrl-[ is escape");
	is_int(k.keys[1], 0, "ctrl-@ is NUL");
	is_int(detach_keys_parse("ctrl-pp", &k, &e), -EINVAL, "nonsense");
	has_str(e.msg, "'ctrl-pp' is neither", "is quoted");
}

/* -- logs -- */

static void entries(const char *text, size_t len, struct str *all, size_t *ret_n)
{
	struct log_entry entry = { 0 };
	const char *end = text + len;

	*ret_n = 0;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (log_entry_parse(text, (size_t)(newline - text), &entry) < 0)
			break;
		str_add_mem(all, str_cstr(&entry.text), entry.text.len);
		(*ret_n)++;
		text = newline + 1;
	}
	str_free(&entry.text);
}

static void test_log_entry(void)
{
	static const char odd[] =
		"nul \0 quote \" slash \\ tab \t bell \a utf \xc3\xa9 not \xff\xfe\n";
	struct log_entry entry = { 0 };
	auto_str struct str line = { 0 };

	json_log_entry(&line, "stderr", odd, sizeof(odd) - 1, 1700000000123456789);
	is_int(log_entry_parse(line.data, line.len - 1, &entry), 0, "an entry is read back");
	is_mem(entry.text.data, entry.text.len, odd, sizeof(odd) - 1, "every byte of it");
	ok(entry.is_stderr, "with its stream");
	is_int(entry.time_ns, 1700000000123456789, "and its time");
#define PARSE(s) log_entry_parse(s, sizeof(s) - 1, &entry)
	is_int(PARSE("{\"log\":\"\\u00e9\\ud83d\\ude00\\ud800\"}"), 0,
	       "escapes of docker's writer");
	is_str(entry.text.data, "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd", "pairs, and half a pair");
	is_int(PARSE("{\"log\":\"a\",\"attrs\":\"x\",\"stream\":\"stdout\"}"), 0,
	       "an unknown member");
	is_int(PARSE("{\"log\":\"a"), -EBADMSG, "cut short");
	is_int(PARSE("{\"log\":\"a\"} x"), -EBADMSG, "with more behind it");
	is_int(PARSE("{\"log\":\"\\x\"}"), -EBADMSG, "a wrong escape");
	is_int(PARSE("{\"log\":1}"), -EBADMSG, "not a string");
	is_int(PARSE(""), -EBADMSG, "empty");
	str_free(&entry.text);
}

static void test_json_log(void)
{
	struct json_log log = { 0 };
	struct json_log_stream out = { .name = "stdout" };
	auto_str struct str file = { 0 }, all = { 0 };
	auto_free char *big = xzalloc(40001);
	char path[] = "/tmp/pod-test-log-XXXXXX";
	auto_fd int dir = -1;
	struct err e = { 0 };
	size_t n;

	if (!mkdtemp(path))
		tap_bail("make a folder");
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_int(json_log_open(dir, "log", &log, &e), 0, "a log is made");
	json_log_add(&log, &out, "one\ntw", 6, 1);
	json_log_add(&log, &out, "o\nthree", 7, 2);
	is_int(out.partial.len, 5, "a beginning of a line is kept");
	is_int(file_read(dir, "log", 1 << 20, &file, &e), 0, "and the file");
	entries(file.data, file.len, &all, &n);
	is_str(all.data, "one\ntwo\n", "holds the whole lines");
	is_int(n, 2, "an entry each");
	json_log_end(&log, &out, 3);
	str_cut(&file, 0);
	str_cut(&all, 0);
	(void)file_read(dir, "log", 1 << 20, &file, &e);
	entries(file.data, file.len, &all, &n);
	is_str(all.data, "one\ntwo\nthree", "the end of the stream brings the rest");
	memset(big, 'x', 40000);
	json_log_add(&log, &out, big, 40000, 4);
	json_log_add(&log, &out, "\n", 1, 5);
	str_cut(&file, 0);
	str_cut(&all, 0);
	(void)file_read(dir, "log", 1 << 20, &file, &e);
	entries(file.data, file.len, &all, &n);
	is_int(n, 6, "a long line is three entries of at most 16 KiB");
	is_int(all.len, 13 + 40001, "without a byte lost");
	json_log_end(&log, &out, 6);
	json_log_close(&log);
	/* a crash in the middle of a write */
	n = file.len;
	{
		auto_fd int fd = openat(dir, "log", O_WRONLY | O_APPEND | O_CLOEXEC);

		(void)!write(fd, "{\"log\":\"cut", 11);
	}
	is_int(json_log_open(dir, "log", &log, &e), 0, "a torn log is opened");
	json_log_close(&log);
	str_cut(&file, 0);
	(void)file_read(dir, "log", 1 << 20, &file, &e);
	is_int(file.len, n, "and mended");
	(void)unlinkat(dir, "log", 0);
	(void)rmdir(path);
}

/* -- records -- */

static void test_record(void)
{
	auto_record struct record *r = record_new(), *back = NULL;
	char path[] = "/tmp/pod-test-record-XXXXXX";
	auto_fd int dir = -1;
	struct err e = { 0 };

	if (!mkdtemp(path))
		tap_bail("make a folder");
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->id = xstrdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	r->name = xstrdup("web");
	r->created_ns = 1700000000123456789;
	strv_add(&r->env, "A=b=c");
	strv_add(&r->labels, "empty=");
	r->shm_size = UINT64_MAX;
	r->has_oom_score_adj = true;
	is_int(mounts_add_volume(r, "/a:/b:ro", &e), 0, "a mount");
	is_int(mounts_add_ulimit(r, "core=0", &e), 0, "a limit");
	is_int(record_write(dir, r, false, &e), 0, "a record is written");
	is_int(record_read(dir, &back, &e), 0, "and read");
	is_int(back->created_ns, r->created_ns, "64-bit numbers keep their digits");
	ok(back->shm_size == UINT64_MAX, "up to the last");
	is_str(back->env.v[0], "A=b=c", "lists");
	is_str(back->labels.v[0], "empty=", "labels");
	ok(back->has_oom_score_adj && back->oom_score_adj == 0, "a zero that means something");
	is_str(back->mounts[0].source, "/a", "mounts");
	ok(back->mounts[0].read_only, "their flags");
	is_int(back->stop_timeout, 10, "defaults");
	is_str(back->tz, "", "absent texts are empty, not NULL");
	is_int(back->ulimits[0].hard, 0, "limits of zero");
	(void)unlinkat(dir, "record.json", 0);
	(void)rmdir(path);
	record_free(back);
	back = NULL;
	is_int(record_parse("{\"id\":\"x\",\"name\":\"y\"}", 21, &back, &e), -EBADMSG,
	       "an id that is none");
	is_int(record_parse("{\"name\":\"y\"}", 12, &back, &e), -EBADMSG, "no id");
	is_int(record_parse("[]", 2, &back, &e), -EBADMSG, "no object");
}

static void test_random_name(void)
{
	auto_free char *a = create_random_name(0), *b = create_random_name(0),
		       *c = create_random_name(0), *d = create_random_name(3);

	ok(strchr(a, '_') && strchr(a, '_') != a && strchr(a, '_')[1], "adjective_surname");
	ok(!str_eq(a, b) || !str_eq(b, c), "another each time");
	ok(str_ends(d, "3"), "with a digit where the others are taken");
}

int main(void)
{
	test_envfile();
	test_passwd();
	test_mounts();
	test_detach_keys();
	test_log_entry();
	test_json_log();
	test_record();
	test_random_name();
	return tap_done();
}
