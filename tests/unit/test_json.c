/* JSON: the strict grammar, exact integers, field tables and their messages. */
#include "base/json.h"

#include "base/err.h"
#include "tests/unit/tap.h"

static int parse(const char *text, cJSON **ret, struct err *e)
{
	return json_parse(text, strlen(text), "x.json", ret, e);
}

static void test_grammar(void)
{
	static const char *const good[] = {
		"{}",    "[]", " [1, -2.5e3, true, null, \"a\\u00e4\\n\"] ",
		"\"x\"", "0",  "{\"a\":{\"b\":[[],{}]}}",
	};
	static const struct {
		const char *text, *problem;
	} bad[] = {
		{ "", "expected a value" },
		{ "{} x", "more text after the value" },
		{ "{\"a\":1,}", "expected a member name" },
		{ "[1,]", "expected a value" },
		{ "[1 2]", "expected ',' or ']'" },
		{ "{\"a\" 1}", "expected ':'" },
		{ "01", "leading zero" },
		{ "1.", "without digits after the point" },
		{ "nul", "expected a value" },
		{ "\"a", "a string without its end" },
		{ "\"\\x\"", "unknown escape" },
		{ "\"\\u0000\"", "a NUL character" },
		{ "\"a\nb\"", "control character" },
		{ "'a'", "expected a value" },
		{ "[1", "expected ',' or ']'" },
		{ "\"\\ud800\"", "not valid Unicode" },
	};
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_json cJSON *j = NULL;

		is_int(parse(good[i], &j, &e), 0, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_json cJSON *j = NULL;

		is_int(parse(bad[i].text, &j, &e), -EBADMSG, bad[i].text);
		has_str(e.msg, bad[i].problem, "says why");
	}
	has_str(e.msg, "x.json: not valid JSON", "and names the source");
}

static void test_depth(void)
{
	auto_str struct str text = { 0 };
	auto_json cJSON *j = NULL;
	struct err e = { 0 };

	for (int i = 0; i < 200; i++)
		str_add_char(&text, '[');
	is_int(json_parse(text.data, text.len, "deep", &j, &e), -E2BIG, "deep nesting is refused");
	has_str(e.msg, "it nests too deep", "and the error says so");
}

static void test_integers(void)
{
	auto_json cJSON *j = NULL;
	auto_free char *text = NULL;
	struct err e = { 0 };

	is_int(parse("{\"a\":18446744073709551615,\"b\":9007199254740993,\"c\":-9223372036854775808,\"d\":1.5,"
		     "\"e\":\"\\u0001#\",\"f\":[12345678901234567]}",
		     &j, &e),
	       0, "large integers");
	ok(json_u64(j, "a", 0) == UINT64_MAX, "2^64-1 is exact");
	is_int(json_i64(j, "b", 0), INT64_C(9007199254740993), "2^53+1 is exact");
	is_int(json_i64(j, "c", 0), INT64_MIN, "-2^63 is exact");
	is_int(json_i64(j, "d", 7), 7, "a fraction is no integer");
	text = json_print(j, false);
	has_str(text, "\"a\":18446744073709551615,", "and they are printed as they came");
	has_str(text, "[12345678901234567]", "in arrays too");
}

struct inner {
	uint64_t soft;
	char *type;
};

struct outer {
	struct strv args;
	struct inner *list;
	size_t n_list;
	bool has_flag, flag;
	uint16_t small;
};

static const struct json_field inner_fields[] = {
	J(struct inner, json_load_u64, "soft", soft, .required = true),
	J(struct inner, json_load_string, "type", type),
	J_END,
};

static const struct json_field outer_fields[] = {
	J(struct outer, json_load_strv, "args", args),
	J(struct outer, json_load_array, "rlimits", list, .arg = inner_fields,
	  .elem_size = sizeof(struct inner), .count = offsetof(struct outer, n_list)),
	J(struct outer, json_load_bool, "flag", flag, J_PRESENT(struct outer, has_flag)),
	J(struct outer, json_load_u16, "small", small),
	J_END,
};

static void outer_clear(struct outer *o)
{
	strv_free(&o->args);
	for (size_t i = 0; i < o->n_list; i++)
		free(o->list[i].type);
	free(o->list);
	*o = (struct outer){ 0 };
}

static int load(const char *text, struct outer *o, struct err *e)
{
	struct json_at process = { .what = "config.json" };
	auto_json cJSON *j = NULL;
	int r = parse(text, &j, e);

	return r < 0 ? r : json_load(j, outer_fields, o, &process, e);
}

static void test_tables(void)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "[]", "config.json: expected an object, got an array" },
		{ "{\"args\":\"x\"}", "config.json: args: expected an array, got a string" },
		{ "{\"args\":[\"x\",1]}", "config.json: args[1]: expected a string, got a number" },
		{ "{\"rlimits\":[{\"soft\":1},{\"soft\":\"x\"}]}",
		  "config.json: rlimits[1].soft: expected a number, got a string" },
		{ "{\"rlimits\":[{}]}", "config.json: rlimits[0].soft: is missing" },
		{ "{\"small\":65536}", "config.json: small: expected an integer from 0 to 65535" },
		{ "{\"small\":-1}", "config.json: small: expected an integer from 0 to 65535" },
		{ "{\"flag\":0}", "config.json: flag: expected a boolean, got a number" },
	};
	struct outer o = { 0 };
	struct err e = { 0 };

	is_int(load("{\"args\":[\"a\",\"b\"],\"rlimits\":[{\"soft\":18446744073709551615,\"type\":\"T\"}],\"flag\":false,"
		    "\"other\":1,\"small\":null}",
		    &o, &e),
	       0, "an object by its table");
	is_int((int64_t)o.args.len, 2, "strings");
	ok(o.n_list == 1 && o.list[0].soft == UINT64_MAX && str_eq(o.list[0].type, "T"), "structs");
	ok(o.has_flag && !o.flag, "what is false is there all the same");
	outer_clear(&o);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		is_int(load(bad[i].text, &o, &e), -EBADMSG, bad[i].text);
		is_str(e.msg, bad[i].error, "names the field");
		outer_clear(&o);
	}
}

static void test_walk(void)
{
	auto_json cJSON *j = NULL, *built = json_object();
	auto_free char *text = NULL;
	auto_strv struct strv l = { 0 };
	struct err e = { 0 };

	is_int(parse("{\"A\":1,\"a\":2,\"config\":{\"Labels\":{\"x\":\"y\"},\"n\":null},\"a\":3}",
		     &j, &e),
	       0, "a tree");
	is_int(json_i64(j, "a", 0), 3, "case counts, the last of two counts");
	is_str(json_str(json_path(j, "config.Labels"), "x", ""), "y", "a path");
	ok(!json_get(json_get(j, "config"), "n"), "null is absent");
	strv_add(&l, "one");
	json_add_strv(built, "l", &l);
	json_add_u64(built, "u", UINT64_MAX);
	json_add_str(built, "none", NULL);
	text = json_print(built, true);
	is_str(text, "{\n  \"l\": [\"one\"],\n  \"u\": 18446744073709551615\n}",
	       "and one that is built");
}

int main(void)
{
	test_grammar();
	test_depth();
	test_integers();
	test_tables();
	test_walk();
	return tap_done();
}
