/* Small pieces of the command line: sizes, filters, columns, indented JSON, changes to a config. */
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/change.h"
#include "cli/filter.h"
#include "cli/pretty.h"
#include "cli/table.h"
#include "cli/units.h"
#include "tests/unit/tap.h"

static void test_sizes(void)
{
	static const struct {
		int64_t bytes;
		const char *want;
	} rows[] = {
		{ 0, "0B" },
		{ 1, "1B" },
		{ 999, "999B" },
		{ 1000, "1kB" },
		{ 1234, "1.23kB" },
		{ 999499, "999kB" },
		{ 999500, "1MB" },
		{ 7812345, "7.81MB" },
		{ 187000000, "187MB" },
		{ 1500000000, "1.5GB" },
		{ INT64_MAX, "9.22EB" },
	};
	char buf[UNITS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_str(units_size(rows[i].bytes, buf), rows[i].want, rows[i].want);
}

static void test_times(void)
{
	char buf[UNITS_MAX];

	(void)setenv("TZ", "UTC", 1);
	is_str(units_time(1723486865000000000, buf), "2024-08-12 18:21:05 +0000 UTC", "a time");
	is_str(units_ago(0, buf), "N/A", "no time");
	is_str(units_ago(clock_now_ns() - 7200000000000, buf), "2 hours ago", "an age");
}

static bool is_equal(const char *value, const void *data)
{
	return strcmp(value, data) == 0;
}

static void test_filters(void)
{
	static const char *const known[] = { "name", "label", NULL };
	auto_strv struct strv args = { 0 }, labels = { 0 };
	struct err e = { 0 };
	bool on = false;

	is_int(filter_check(&args, known, &e), 0, "no filter");
	ok(filter_any(&args, "name", is_equal, "x"), "lets all through");
	strv_add(&args, "name=a");
	strv_add(&args, "name=b=c");
	strv_add(&args, "label=k");
	strv_add(&args, "label=l=v");
	is_int(filter_check(&args, known, &e), 0, "known keys");
	ok(filter_any(&args, "name", is_equal, "a") && filter_any(&args, "name", is_equal, "b=c"),
	   "values of a key are alternatives");
	ok(!filter_any(&args, "name", is_equal, "c"), "and nothing else");
	strv_add(&labels, "k=1");
	ok(!filter_all(&args, "label", filter_label, &labels), "labels have to be there all");
	strv_add(&labels, "l=v");
	ok(filter_all(&args, "label", filter_label, &labels), "with their values, where asked for");
	labels.v[1][2] = 'w';
	ok(!filter_all(&args, "label", filter_label, &labels), "another value does not do");
	labels.v[0][1] = 'k';
	ok(!filter_label("k", &labels), "'kk' is no 'k'");
	strv_add(&args, "nam=x");
	is_int(filter_check(&args, known, &e), -EINVAL, "an unknown key");
	is_str(e.msg, "invalid filter 'nam=x': known are name, label", "is named");
	replace_ptr(&args.v[4], xstrdup("name"));
	is_int(filter_check(&args, known, &e), -EINVAL, "no value");
	is_str(e.msg, "invalid filter 'name': expected name=value", "is said");
	is_int(filter_bool("dangling", "True", &on, &e), 0, "a bool");
	ok(on, "is true");
	is_int(filter_bool("dangling", "si", &on, &e), -EINVAL, "no bool");
	is_str(e.msg, "invalid filter 'dangling=si': neither true nor false", "is said");
}

/* What prints into a stream, as text. */
static char *table(const char *text)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	if (!f)
		tap_bail("open_memstream");
	table_print(text, f);
	(void)fclose(f);
	return out;
}

static void test_table(void)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "alone\n", "alone\n" },
		{ "a\tb\nlong\tc\n", "a      b\nlong   c\n" },
		{ "a\t\tc\n\tbb\tc\n", "a        c\n    bb   c\n" },
		{ "ä\tb\nxy\tc\n", "ä    b\nxy   c\n" },
		{ "no newline\tat the end", "no newline   at the end" },
		{ "short\nlong line without cells\na\tb\n",
		  "short\nlong line without cells\na   b\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = table(rows[i][0]);

		is_str(got, rows[i][1], "columns");
	}
}

static void test_pretty(void)
{
	auto_json cJSON *j =
		cJSON_Parse("{\"a\":[],\"b\":{},\"c\":[1,\"x\\n\",null],\"d\\\"\":{\"e\":true}}");
	auto_str struct str out = { 0 };

	pretty_print(&out, j);
	is_str(out.data,
	       "{\n    \"a\": [],\n    \"b\": {},\n    \"c\": [\n        1,\n        \"x\\n\",\n"
	       "        null\n    ],\n    \"d\\\"\": {\n        \"e\": true\n    }\n}",
	       "as Go indents");
}

/* The config after the changes, NULL-terminated, or the first error. */
static char *change(const char *const *texts)
{
	auto_json cJSON *config = json_object();
	struct err e = { 0 };

	for (; *texts; texts++)
		if (change_apply(config, *texts, &e) < 0)
			return xstrdup(e.msg);
	return json_print(config, false);
}

static void test_changes(void)
{
	static const struct {
		const char *texts[4];
		const char *want;
	} rows[] = {
		{ { "CMD [\"a\", \"b c\"]" }, "{\"Cmd\":[\"a\",\"b c\"]}" },
		{ { "cmd a && b" }, "{\"Cmd\":[\"/bin/sh\",\"-c\",\"a && b\"]}" },
		{ { "CMD=[\"x\"]" }, "{\"Cmd\":[\"x\"]}" },
		{ { "CMD [\"a\", 1]" }, "{\"Cmd\":[\"/bin/sh\",\"-c\",\"[\\\"a\\\", 1]\"]}" },
		{ { "ENV A=1 B='x y' C=a\\ b", "ENV A=2" },
		  "{\"Env\":[\"A=2\",\"B=x y\",\"C=a b\"]}" },
		{ { "ENV OLD the rest" }, "{\"Env\":[\"OLD=the rest\"]}" },
		{ { "LABEL a=1", "LABEL a=2 \"b c\"=d" },
		  "{\"Labels\":{\"a\":\"2\",\"b c\":\"d\"}}" },
		{ { "EXPOSE 80 8000-8010/udp", "EXPOSE 80/tcp" },
		  "{\"ExposedPorts\":{\"8000-8010/udp\":{},\"80/tcp\":{}}}" },
		{ { "VOLUME /a /b", "VOLUME [\"/c d\"]" },
		  "{\"Volumes\":{\"/a\":{},\"/b\":{},\"/c d\":{}}}" },
		{ { "WORKDIR /a", "WORKDIR b/c", "WORKDIR d" }, "{\"WorkingDir\":\"/a/b/c/d\"}" },
		{ { "WORKDIR a" }, "{\"WorkingDir\":\"/a\"}" },
		{ { "  USER  me:us  ", "STOPSIGNAL SIGQUIT", "ONBUILD RUN x" },
		  "{\"User\":\"me:us\",\"StopSignal\":\"SIGQUIT\",\"OnBuild\":[\"RUN x\"]}" },
		{ { "ENV =1" }, "change 'ENV =1': a name is missing before '='" },
		{ { "ENV A=1 B" }, "change 'ENV A=1 B': 'B' lacks '=VALUE'" },
		{ { "ENV A='x" }, "change 'ENV A='x': a quote is not closed" },
		{ { "EXPOSE 80/icmp" }, "change 'EXPOSE 80/icmp': '80/icmp' is no port" },
		{ { "USER" }, "change 'USER': USER wants an argument" },
		{ { "COPY a b" },
		  "change 'COPY a b': unknown instruction; known are CMD, ENTRYPOINT, ENV, EXPOSE, "
		  "LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = change(rows[i].texts);

		is_str(got, rows[i].want, rows[i].texts[0]);
	}
}

int main(void)
{
	test_sizes();
	test_times();
	test_filters();
	test_table();
	test_pretty();
	test_changes();
	return tap_done();
}
