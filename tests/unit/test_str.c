/* Strings, lists, numbers, sizes, times, ids and clean messages. */
#include "base/str.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/id.h"
#include "base/rand.h"
#include "tests/unit/tap.h"

static void test_numbers(void)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "-1", 0, -1 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
	};
	unsigned int mode = 0;
	uint32_t u = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t v = 0;

		is_int(str_to_i64(rows[i].text, &v), rows[i].r, rows[i].text);
		is_int(v, rows[i].value, "its value");
	}
	is_int(str_to_u32("4294967296", &u), -ERANGE, "2^32 is no 32-bit number");
	is_int(str_to_mode("4755", &mode), 0, "a mode");
	is_int(mode, 04755, "is octal");
	is_int(str_to_mode("17777", &mode), -ERANGE, "five octal digits are too many");
	is_int(str_to_mode("888", &mode), -EINVAL, "8 is not octal");
}

static void test_bytes(void)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} rows[] = {
		{ "512", 0, 512 },         { "1b", 0, 1 },          { "64k", 0, 65536 },
		{ "10M", 0, 10485760 },    { "2g", 0, 2147483648 }, { "1.5GiB", 0, 1610612736 },
		{ "100MB", 0, 104857600 }, { "1 k", 0, 1024 },      { "20000000t", -ERANGE, 0 },
		{ "", -EINVAL, 0 },        { "x", -EINVAL, 0 },     { "-1", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 },      { "1kk", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t v = 0;

		is_int(str_to_bytes(rows[i].text, &v), rows[i].r, rows[i].text);
		is_int((int64_t)v, (int64_t)rows[i].value, "its bytes");
	}
}

static void test_lists(void)
{
	auto_strv struct strv l = { 0 };
	auto_free char *joined = NULL;

	strv_split(&l, "b,a,,c", ',');
	is_int((int64_t)l.len, 4, "an empty piece counts");
	strv_remove(&l, 2);
	strv_sort(&l);
	strv_insert(&l, 1, "aa");
	joined = strv_join(&l, " ");
	is_str(joined, "a aa b c", "sorted, inserted and joined");
	ok(!l.v[l.len], "ends with NULL");
	strv_free(&l);
	strv_env_put(&l, "A=1");
	strv_env_set(&l, "AB", "2");
	strv_env_put(&l, "A=3");
	is_int((int64_t)l.len, 2, "a variable is replaced");
	is_str(strv_env_get(&l, "A"), "3", "by its new value");
	is_str(strv_env_get(&l, "B"), NULL, "what is not there is NULL");
}

static void test_clean(void)
{
	static const struct {
		const char *text, *clean;
	} rows[] = {
		{ "plain", "plain" },
		{ "a\nb\x1b[2J", "a\\x0ab\\x1b[2J" },
		{ "\xc3\xa4 \xe2\x98\x83 \xf0\x9f\x90\xb3",
		  "\xc3\xa4 \xe2\x98\x83 \xf0\x9f\x90\xb3" },
		{ "\xff\xc0\xaf", "\\xff\\xc0\\xaf" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "cut \xe2\x98", "cut \\xe2\\x98" },
	};
	struct err e = { 0 };
	char small[6];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char out[64];

		err_clean(out, sizeof(out), rows[i].text);
		is_str(out, rows[i].clean, rows[i].clean);
	}
	err_clean(small, sizeof(small), "abc\xe2\x98\x83");
	is_str(small, "abc", "a character is kept whole or not at all");
	is_int(err_set(&e, EINVAL, "no such %s", "thing"), -EINVAL, "a recorded error");
	is_int(err_prefix(&e, "image '%s'", "x"), -EINVAL, "keeps its number under a prefix");
	is_str(e.msg, "image 'x': no such thing", "the noun comes first");
	errno = ENOENT;
	is_int(err_sys(&e, "open '%s'", "f"), -ENOENT, "errno's value comes back");
	is_str(e.msg, "open 'f': No such file or directory", "and its text last");
	is_int(err_set(NULL, EINVAL, "ignored"), -EINVAL, "without a place to record");
}

static void test_clock(void)
{
	char buf[CLOCK_TEXT_MAX];
	int64_t ns = 0;

	is_str(clock_rfc3339(1700000000123456789, buf), "2023-11-14T22:13:20.123456789Z", "a time");
	is_int(clock_parse_rfc3339(buf, &ns), 0, "is read back");
	is_int(ns, 1700000000123456789, "to the nanosecond");
	is_int(clock_parse_rfc3339("2023-11-14T23:13:20+01:00", &ns), 0, "an offset");
	is_int(ns, 1700000000000000000, "is taken off");
	is_int(clock_parse_rfc3339("0001-01-01T00:00:00Z", &ns), 0, "Go's zero time");
	is_int(ns, INT64_MIN, "is the earliest there is");
	is_int(clock_parse_rfc3339("2023-13-14T22:13:20Z", &ns), -EINVAL, "a 13th month");
	is_int(clock_parse_rfc3339("yesterday", &ns), -EINVAL, "words");
	is_int(clock_parse_duration("1h2m3.5s", &ns), 0, "a duration");
	is_int(ns, 3723500000000, "of all its parts");
	is_int(clock_parse_duration("300ms", &ns), 0, "milliseconds");
	is_int(ns, 300000000, "are no minutes");
	is_int(clock_parse_duration("10", &ns), 0, "a plain number");
	is_int(ns, 10000000000, "is seconds");
	is_int(clock_parse_duration("1x", &ns), -EINVAL, "an unknown unit");
	is_int(clock_parse_duration("", &ns), -EINVAL, "nothing");
	is_str(clock_age(90 * INT64_C(1000000000), buf, sizeof(buf)), "About a minute",
	       "docker's words");
	is_str(clock_age(7200 * INT64_C(1000000000), buf, sizeof(buf)), "2 hours", "for an age");
}

static void test_ids(void)
{
	char id[65], text[DIGEST_TEXT_MAX];
	struct err e = { 0 };

	rand_id(id);
	ok(str_is_hex(id, 64), "an id is 64 hexadecimal digits");
	ok(id_name_ok("web_1.a-b") && !id_name_ok("-web") && !id_name_ok("") &&
		   !id_name_ok("a/b") && !id_name_ok(".."),
	   "names");
	ok(id_container_ok("a+b_c.d-e") && !id_container_ok("..") && !id_container_ok(".a") &&
		   !id_container_ok("a/b"),
	   "container ids");
	is_int(digest_of("abc", 3, text, &e), 0, "a digest");
	is_str(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	       "of abc");
	ok(digest_ok(text), "is one");
	is_int(digest_check("sha256:../../x", &e), -EINVAL, "a path is none");
	has_str(e.msg, "invalid digest 'sha256:../../x'", "and the error quotes it");
	ok(!digest_ok("sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
	   "nor are capitals");
	ok(!digest_ok("md5:900150983cd24fb0d6963f7d28e17f72"), "nor another algorithm");
}

int main(void)
{
	test_numbers();
	test_bytes();
	test_lists();
	test_clean();
	test_clock();
	test_ids();
	return tap_done();
}
