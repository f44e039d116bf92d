/* TOML 1.0: what comes out as JSON, and what is an error on which line. */
#include "base/toml.h"

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "tests/unit/tap.h"

static void gives(const char *text, const char *want, const char *what)
{
	struct err e = { 0 };
	auto_json cJSON *j = NULL;
	int rc = toml_parse(text, strlen(text), "t", &j, &e);
	auto_free char *got = rc == 0 ? json_print(j, false) : xstrdup(e.msg);

	is_str(got, want, what);
}

static void test_values(void)
{
	gives("", "{}", "nothing");
	gives("a = 1\nb=-2 # c\n\n# d\r\nc = true\r\n", "{\"a\":1,\"b\":-2,\"c\":true}",
	      "numbers, booleans, comments, both line ends");
	gives("a = 0xff\nb = 0o17\nc = 0b101\nd = 1_000", "{\"a\":255,\"b\":15,\"c\":5,\"d\":1000}",
	      "other bases, underscores");
	gives("a = 9223372036854775807", "{\"a\":9223372036854775807}", "64 bits");
	gives("a = 1.5\nb = 1e3", "{\"a\":1.5,\"b\":1000}", "floats");
	gives("a = \"x\\ty\\\"\\\\\\u00e9\\U0001F600\"", "{\"a\":\"x\\ty\\\"\\\\é😀\"}",
	      "basic string and escapes");
	gives("a = 'C:\\x'", "{\"a\":\"C:\\\\x\"}", "literal string");
	gives("a = \"\"\"\nx\n\"y\" \\\n   z\"\"\"\"", "{\"a\":\"x\\n\\\"y\\\" z\\\"\"}",
	      "multi-line string");
	gives("a = '''\nx\\n'y\n'''", "{\"a\":\"x\\\\n'y\\n\"}", "multi-line literal");
	gives("a = [ 1, # one\n 2,\n]\nb = [[\"x\"], []]", "{\"a\":[1,2],\"b\":[[\"x\"],[]]}",
	      "arrays over lines");
	gives("a = { b = 1, c.d = 'x' }", "{\"a\":{\"b\":1,\"c\":{\"d\":\"x\"}}}", "inline tables");
}

static void test_tables(void)
{
	gives("[a]\nx = 1\n[a.b]\ny = 2\n[c]", "{\"a\":{\"x\":1,\"b\":{\"y\":2}},\"c\":{}}",
	      "tables");
	gives("[[r]]\nl = 'a'\n[[r.m]]\nl = 'b'\n[[r.m]]\nl = 'c'\n[[r]]\nl = 'd'\n",
	      "{\"r\":[{\"l\":\"a\",\"m\":[{\"l\":\"b\"},{\"l\":\"c\"}]},{\"l\":\"d\"}]}",
	      "arrays of tables in arrays of tables");
	gives("a.b = 1\na.c = 2\n\"d e\".'f' = 3", "{\"a\":{\"b\":1,\"c\":2},\"d e\":{\"f\":3}}",
	      "dotted and quoted keys");
	gives("[a.b]\nx = 1\n[a]\ny = 2", "{\"a\":{\"b\":{\"x\":1},\"y\":2}}",
	      "a parent after its child");
	gives("\xef\xbb\xbf"
	      "a = 1",
	      "{\"a\":1}", "a byte order mark");
}

static void test_errors(void)
{
	gives("a = ", "t:1: expected a value", "no value");
	gives("\na", "t:2: expected '=' after the key 'a'", "no equals sign");
	gives("a = 1 2", "t:1: unexpected '2' after the value", "two values");
	gives("a = 1\na = 2", "t:2: 'a' is given twice", "a key twice");
	gives("[a]\n[a]", "t:2: table 'a' is given twice", "a table twice");
	gives("a = {}\n[a]", "t:2: table 'a' is given twice", "an inline table opened");
	gives("a = []\n[[a]]", "t:2: 'a' is no array of tables", "an array extended");
	gives("a = 1\n[a.b]", "t:2: 'a' is no table", "a number as a table");
	gives("a.b = 1\n[a]", "t:2: table 'a' is given twice", "a table made by dots opened");
	gives("[a.b]\n[x]\n[a]\nb.c = 1", "t:4: table 'b' cannot be extended here",
	      "a table extended by dots");
	gives("a = \"x", "t:1: string without its end", "an open string");
	gives("a = \"x\ny\"", "t:1: string without its end", "a line end in a string");
	gives("a = \"\\q\"", "t:1: unknown escape '\\q'", "an unknown escape");
	gives("a = \"\\ud800\"", "t:1: escape of a character that cannot be", "a surrogate");
	gives("a = \"\\u0000\"", "t:1: escape of a character that cannot be", "a NUL");
	gives("a = \"\x01\"", "t:1: control byte in a string", "a control byte");
	gives("a = yes", "t:1: 'yes' is no value; a string needs quotes", "a bare word");
	gives("a = 1979-05-27", "t:1: '1979-05-27': dates and times are not taken", "a date");
	gives("a = 99999999999999999999", "t:1: '99999999999999999999' is out of range",
	      "a number too large");
	gives("a = 012", "t:1: '012' is no value", "a leading zero");
	gives("a = 1__0", "t:1: '1__0' is no value", "two underscores");
	gives("a = [1 2]", "t:1: expected ',' or ']' in an array", "an array without comma");
	gives("a = [1,", "t:1: expected a value", "an open array");
	gives("a = { b = 1, }", "t:1: ',' before the end of an inline table",
	      "a comma at the end of an inline table");
	gives("[a", "t:1: expected ']' after the name of the table", "an open header");
	gives("[]", "t:1: expected a key", "an empty header");
}

static void test_depth(void)
{
	char text[3000];

	memset(text, '[', sizeof(text) - 1);
	memcpy(text, "a = ", 4);
	text[sizeof(text) - 1] = '\0';
	gives(text, "t:1: nested deeper than 32", "arrays without end");
}

int main(void)
{
	test_values();
	test_tables();
	test_errors();
	test_depth();
	return tap_done();
}
