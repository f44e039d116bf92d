/*
 * Templates against what Go's text/template (and docker's functions) make of the same: a row a
 * template. And --format on rows, with its directives.
 */
#include "base/err.h"
#include "base/json.h"
#include "cli/format.h"
#include "cli/template/template.h"
#include "tests/unit/tap.h"

/* What docker inspect shows, in small; and values of every type. */
static const char data_text[] =
	"{\"Id\":\"abc\",\"Name\":\"/web\",\"State\":{\"Status\":\"running\",\"Running\":true,"
	"\"Dead\":false,\"Pid\":4711,"
	"\"Health\":null},\"Config\":{\"Env\":[\"A=1\",\"B=2\"],\"Cmd\":[\"nginx\",\"-g\","
	"\"daemon off;\"],"
	"\"Labels\":{\"b\":\"two\",\"a\":\"one\"},\"Entrypoint\":null,\"Empty\":[]},"
	"\"NetworkSettings\":{\"Ports\":{\"443/tcp\":null,\"80/tcp\":[{\"HostIp\":\"0.0.0.0\","
	"\"HostPort\":\"8080\"}]}},"
	"\"Big\":18446744073709551615,\"Ratio\":0.25,\"Nested\":[[1,2],[3]],\"Text\":\"a,b,c\"}";

static cJSON *data;

/* The output, or the error. */
static char *run(const char *text)
{
	auto_template struct template *t = NULL;
	auto_str struct str out = { 0 };
	struct err e = { 0 };

	if (template_parse(text, &t, &e) < 0 || template_run(t, data, &out, &e) < 0)
		return xstrdup(e.msg);
	return str_take(&out);
}

struct row {
	const char *text, *want;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *got = run(rows[i].text);

		is_str(got, rows[i].want, rows[i].text);
	}
}

static void test_values(void)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "no actions }} here", "no actions }} here" },
		{ "{{.Id}} {{.Name}}", "abc /web" },
		{ "{{ .State.Status }}", "running" },
		{ "{{.State.Pid}} {{.State.Running}} {{.Ratio}} {{.Big}}",
		  "4711 true 0.25 18446744073709551615" },
		{ "{{.ID}} {{.state.status}}", "abc running" },
		{ "{{.Config.Env}} {{.Nested}} {{.Config.Empty}}", "[A=1 B=2] [[1 2] [3]] []" },
		{ "{{.Config.Labels}}", "map[a:one b:two]" },
		{ "{{.Config.Labels.a}} {{.Config.Labels.nope}}", "one <no value>" },
		{ "{{.State.Health}}", "<nil>" },
		{ "{{\"quoted \\\"text\\\" \\u00e4\\x41\\101\\n\"}}", "quoted \"text\" äAA\n" },
		{ "{{`raw \\n`}}", "raw \\n" },
		{ "{{1}} {{-2}} {{0x1f}} {{1.5}} {{'a'}} {{true}} {{print nil}}",
		  "1 -2 31 1.5 97 true <nil>" },
		{ "{{(.State).Status}} {{(index .Config.Env 0)}}", "running A=1" },
		{ "{{json .State}}",
		  "{\"Status\":\"running\",\"Running\":true,\"Dead\":false,\"Pid\":4711,"
		  "\"Health\":null}" },
		{ "{{json .Config.Env}} {{json .Big}} {{json .Name}}",
		  "[\"A=1\",\"B=2\"] 18446744073709551615 \"/web\"" },
		{ "{{.Config.Env | json}}", "[\"A=1\",\"B=2\"]" },
	};

	check(rows, ARRAY_SIZE(rows));
}

static void test_statements(void)
{
	static const struct row rows[] = {
		{ "{{if .State.Running}}up{{end}}", "up" },
		{ "{{if .State.Dead}}dead{{else}}alive{{end}}", "alive" },
		{ "{{if .State.Dead}}1{{else if .State.Running}}2{{else}}3{{end}}", "2" },
		{ "{{if .State.Dead}}1{{else if .State.Health}}2{{else}}3{{end}}", "3" },
		{ "{{if .Config.Empty}}y{{else}}n{{end}}{{if 0}}y{{else}}n{{end}}{{if \"\"}}"
		  "y{{else}}n{{end}}",
		  "nnn" },
		{ "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none" },
		{ "{{if and .State.Health (eq .State.Health.Status \"healthy\")}}y{{else}}n{{end}}",
		  "n" },
		{ "{{range .Config.Env}}{{.}};{{end}}", "A=1;B=2;" },
		{ "{{range $i, $e := .Config.Env}}{{$i}}:{{$e}} {{end}}", "0:A=1 1:B=2 " },
		{ "{{range $e := .Config.Env}}{{$e}}{{.}}{{end}}", "A=1A=1B=2B=2" },
		{ "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a=one b=two " },
		{ "{{range .Config.Empty}}x{{else}}empty{{end}}", "empty" },
		{ "{{range .Config.Entrypoint}}x{{else}}empty{{end}}", "empty" },
		{ "{{range .Nested}}({{range .}}{{.}}{{end}}){{end}}", "(12)(3)" },
		{ "{{range $p, $c := .NetworkSettings.Ports}}{{$p}}{{if $c}}->{{(index $c "
		  "0).HostPort}}{{end}} {{end}}",
		  "443/tcp 80/tcp->8080 " },
		{ "{{range .Config.Cmd}}{{if eq . \"-g\"}}{{continue}}{{end}}[{{.}}]{{end}}",
		  "[nginx][daemon off;]" },
		{ "{{range .Config.Cmd}}{{if eq . \"-g\"}}{{break}}{{end}}[{{.}}]{{end}}",
		  "[nginx]" },
		{ "{{with .State}}{{.Status}} {{$.Id}}{{end}}", "running abc" },
		{ "{{with .State.Health}}x{{else}}unknown{{end}}", "unknown" },
		{ "{{with $s := .State}}{{$s.Pid}}{{end}}", "4711" },
		{ "{{$x := .Id}}{{$x}}{{$x = \"new\"}}{{$x}}", "abcnew" },
		{ "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}{{if true}}{{$x := 3}}{{$x}}{{end}"
		  "}{{$x}}",
		  "232" },
		{ "a {{- /* gone */ -}} b", "ab" },
		{ "a {{/* gone */}} b", "a  b" },
		{ "a  {{- \"x\" -}}  \n b", "axb" },
		{ "{{- 3}}{{-3}}", "3-3" },
	};

	check(rows, ARRAY_SIZE(rows));
}

static void test_functions(void)
{
	static const struct row rows[] = {
		{ "{{index .Config.Labels \"a\"}}[{{index .Config.Labels \"no\"}}]", "one[]" },
		{ "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}", "8080" },
		{ "{{index .NetworkSettings.Ports \"80/tcp\" 0 \"HostIp\"}}", "0.0.0.0" },
		{ "{{index .Nested 0 1}}", "2" },
		{ "{{len .Config.Env}} {{len .Name}} {{.State | len}} {{len .Config.Empty}}",
		  "2 4 5 0" },
		{ "{{slice .Id 1}} {{slice .Id 0 2}} {{slice .Config.Cmd 1 2}}", "bc ab [-g]" },
		{ "{{join .Config.Cmd \" \"}}|{{join .Config.Entrypoint \",\"}}|",
		  "nginx -g daemon off;||" },
		{ "{{split .Text \",\"}} {{index (split .Text \",\") 2}}", "[a b c] c" },
		{ "{{upper .Id}} {{lower \"ABC\"}} {{title \"two words\"}}", "ABC abc Two Words" },
		{ "{{.Id | upper | printf \"%s-%s\" \"x\"}}", "x-ABC" },
		{ "{{truncate .Name 2}}{{pad .Id 1 2}}|{{pad \"\" 1 2}}|", "/w abc  ||" },
		{ "{{eq .Id \"abc\"}} {{ne .Id \"abc\"}} {{eq .Id \"x\" \"abc\"}} {{eq 1 1.0}}",
		  "true false true true" },
		{ "{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 1 2}} {{lt \"a\" \"b\"}}",
		  "true true false false true" },
		{ "{{gt 9223372036854775807 9223372036854775806}}", "true" },
		{ "{{eq .State.Running true}} {{eq .State.Health nil}}", "true true" },
		{ "{{and 1 0 2}} {{and 1 2}} {{or 0 \"\" 3 4}} {{or 0 \"\"}}|{{not 0}}",
		  "0 2 3 |true" },
		{ "{{print 1 2 \"a\" \"b\" 3}}|{{println \"a\" 1}}|", "1 2ab3|a 1\n|" },
		{ "{{printf \"%s %v %d %5d|%-5d|%05d\" .Id .Config.Env 42 42 42 42}}",
		  "abc [A=1 B=2] 42    42|42   |00042" },
		{ "{{printf \"%q %x %X %t %.2f %g %e\" \"a\\\"b\" 255 \"hi\" true 0.126 0.25 1.5}}",
		  "\"a\\\"b\" ff 6869 true 0.13 0.25 1.500000e+00" },
		{ "{{printf \"%8.3s|%-8s|%%|%c|%o|%b|%+d\" \"abcdef\" \"é\" 65 8 5 7}}",
		  "     abc|é       |%|A|10|101|+7" },
		{ "{{printf \"%x\" -255}} {{printf \"%d\" .Big}}",
		  "-ff %!d(float64=18446744073709551615)" },
		{ "{{printf \"%d %s\" \"a\" 1}}", "%!d(string=a) %!s(int=1)" },
		{ "{{printf \"%d %d\" 1}} {{printf \"%d\" 1 2 \"x\"}} {{printf \"%\"}}",
		  "1 %!d(MISSING) 1%!(EXTRA int=2, string=x) %!(NOVERB)" },
	};

	check(rows, ARRAY_SIZE(rows));
}

static void test_parse_errors(void)
{
	static const struct row rows[] = {
		{ "{{", "template: 1:3: unclosed action" },
		{ "a\nb {{.Id", "template: 2:8: unclosed action" },
		{ "{{}}", "template: 1:3: missing value for command" },
		{ "{{.Id |}}", "template: 1:8: missing value for command" },
		{ "{{()}}", "template: 1:4: missing value for parenthesized pipeline" },
		{ "{{(.Id}}", "template: 1:7: unexpected end of operand" },
		{ "{{.Id)}}", "template: 1:6: unexpected ')' in operand" },
		{ "{{nope .Id}}", "template: 1:3: function 'nope' not defined" },
		{ "{{$x}}", "template: 1:3: undefined variable '$x'" },
		{ "{{if true}}{{$x := 1}}{{end}}{{$x}}",
		  "template: 1:32: undefined variable '$x'" },
		{ "{{if true}}x", "template: 1:3: no {{end}} for this action" },
		{ "x{{end}}", "template: 1:4: unexpected {{end}}" },
		{ "{{else}}", "template: 1:3: unexpected {{else}}" },
		{ "{{if 1}}{{else}}{{else}}{{end}}", "template: 1:19: expected end; found else" },
		{ "{{range 1, 2}}{{end}}", "template: 1:10: unexpected ',' in operand" },
		{ "{{break}}", "template: 1:3: {{break}} outside {{range}}" },
		{ "{{define \"x\"}}", "template: 1:3: {{define}} is not supported here" },
		{ "{{\"abc}}", "template: 1:3: unterminated quoted string" },
		{ "{{\"\\z\"}}", "template: 1:4: invalid escape in a quoted string" },
		{ "{{\"\\u0000\"}}", "template: 1:4: invalid escape in a quoted string" },
		{ "{{/* x }}", "template: 1:3: unclosed comment" },
		{ "{{/* x */ y}}", "template: 1:3: comment ends before closing delimiter" },
		{ "{{12x}}", "template: 1:3: bad number syntax" },
		{ "{{.Id;}}", "template: 1:6: unexpected ';' in an action" },
		{ "{{\"a\".Id}}", "template: 1:6: unexpected '.Id' in operand" },
		{ "{{.Id | 3}}", "template: 1:9: non executable command in pipeline" },
		{ "{{end x}}", "template: 1:7: unexpected 'x' in end" },
	};

	check(rows, ARRAY_SIZE(rows));
}

static void test_run_errors(void)
{
	static const struct row rows[] = {
		{ "{{.Nope}}", "template: 1:3: at <.Nope>: map has no entry for key \"Nope\"" },
		{ "{{.State.Nope}}",
		  "template: 1:3: at <.State.Nope>: map has no entry for key \"Nope\"" },
		{ "{{.Id.Nope}}",
		  "template: 1:3: at <.Id.Nope>: can't evaluate field Nope in type string" },
		{ "{{.State.Health.Status}}",
		  "template: 1:3: at <.State.Health.Status>: nil pointer evaluating .Status" },
		{ "{{.Id 1}}", "template: 1:3: can't give argument to non-function .Id" },
		{ "{{1 | .Id}}", "template: 1:7: can't give argument to non-function .Id" },
		{ "{{.Label \"a\"}}", "template: 1:3: can't give argument to non-function .Label" },
		{ "{{len 3}}", "template: 1:3: at <len 3>: error calling len: len of type int" },
		{ "{{len .State.Health}}",
		  "template: 1:3: at <len .State.Health>: error calling len: len of untyped nil" },
		{ "{{index .Nested 7}}",
		  "template: 1:3: at <index .Nested 7>: error calling index: index out of range: "
		  "7" },
		{ "{{index .Nested \"a\"}}",
		  "template: 1:3: at <index .Nested \"a\">: error calling index: expected int; "
		  "got string" },
		{ "{{index nil 1}}",
		  "template: 1:3: at <index nil 1>: error calling index: index of untyped nil" },
		{ "{{index 5 1}}",
		  "template: 1:3: at <index 5 1>: error calling index: can't index item of type "
		  "int" },
		{ "{{eq 1 \"1\"}}",
		  "template: 1:3: at <eq 1 \"1\">: error calling eq: incompatible types for "
		  "comparison: int and string" },
		{ "{{lt true false}}",
		  "template: 1:3: at <lt true false>: error calling lt: incompatible types for "
		  "comparison: bool and bool" },
		{ "{{not}}", "template: 1:3: wrong number of args for not: want 1, got 0" },
		{ "{{not 1 2}}", "template: 1:3: wrong number of args for not: want 1, got 2" },
		{ "{{eq 1}}",
		  "template: 1:3: wrong number of args for eq: want at least 2, got 1" },
		{ "{{slice .Id 1 2 3}}",
		  "template: 1:3: wrong number of args for slice: want at most 3, got 4" },
		{ "{{slice .Id 4}}",
		  "template: 1:3: at <slice .Id 4>: error calling slice: index out of range: 4" },
		{ "{{slice .Id 2 1}}",
		  "template: 1:3: at <slice .Id 2 1>: error calling slice: invalid slice index: 2 "
		  "> 1" },
		{ "{{upper 3}}",
		  "template: 1:3: at <upper 3>: error calling upper: expected string; got int" },
		{ "{{join .Id \",\"}}",
		  "template: 1:3: at <join .Id \",\">: error calling join: expected list; got "
		  "string" },
		{ "{{range .Id}}{{end}}", "template: 1:9: range can't iterate over type string" },
		{ "{{printf \"%99999d\" 1}}",
		  "template: 1:3: at <printf \"%99999d\" 1>: error calling printf: width or "
		  "precision above 10000" },
	};

	check(rows, ARRAY_SIZE(rows));
}

/* Nothing a template says can make it run for ever or overflow the stack. */
static void test_bounds(void)
{
	auto_str struct str deep = { 0 }, many = { 0 }, wide = { 0 };
	auto_free char *got = NULL;

	for (int i = 0; i < 100000; i++)
		str_add_char(&deep, '(');
	str_add(&many, "{{range .Config.Cmd}}");
	got = run("x{{range .Config.Cmd}}");
	has_str(got, "no {{end}}", "an open range");
	str_cut(&many, 0);
	for (int i = 0; i < 20; i++)
		str_add(&many, "{{range $.Config.Cmd}}");
	for (int i = 0; i < 20; i++)
		str_add(&many, "{{end}}");
	replace_ptr(&got, run(str_cstr(&many)));
	has_str(got, "goes on for too long", "3^20 turns end with an error");
	str_addf(&wide, "{{%s", str_cstr(&deep));
	replace_ptr(&got, run(str_cstr(&wide)));
	has_str(got, "nested too deeply", "parentheses have a bound");
	str_cut(&wide, 0);
	for (int i = 0; i < 1000; i++)
		str_add(&wide, "{{if true}}");
	replace_ptr(&got, run(str_cstr(&wide)));
	has_str(got, "nested too deeply", "blocks have a bound");
	str_cut(&wide, 0);
	for (int i = 0; i < 100; i++)
		str_addf(&wide, "{{$v%d := 1}}", i);
	replace_ptr(&got, run(str_cstr(&wide)));
	has_str(got, "more than 64 variables", "variables have a bound");
}

static const struct format_column columns[] = {
	{ "ID", "CONTAINER ID" },
	{ "Names", "NAMES" },
	{ NULL, NULL },
};

/* What --format prints for two rows, or the error. */
static char *print_rows(const char *format)
{
	static const char text[] =
		"[{\"ID\":\"1\",\"Names\":\"web\",\".labels\":{\"k\":\"v\"}},"
		"{\"ID\":\"1234567890abcdef\",\"Names\":\"dätä\",\".labels\":{}}]";
	auto_json cJSON *rows = cJSON_Parse(text);
	auto_free char *out = NULL;
	size_t len;
	struct err e = { 0 };
	FILE *f = open_memstream(&out, &len);
	int r;

	if (!f || !rows)
		tap_bail("set-up");
	r = format_rows(format, columns, rows, f, &e);
	(void)fclose(f);
	return r < 0 ? xstrdup(e.msg) : take_ptr(&out);
}

static void test_formats(void)
{
	static const struct row rows[] = {
		{ "{{.ID}}", "1\n1234567890abcdef\n" },
		{ "{{.ID}}\\t{{.Names}}", "1\tweb\n1234567890abcdef\tdätä\n" },
		{ "table {{.ID}}\\t{{.Names}}",
		  "CONTAINER ID       NAMES\n1                  web\n1234567890abcdef   dätä\n" },
		{ "table {{.Names}}\t{{.ID}}",
		  "NAMES   CONTAINER ID\nweb     1\ndätä    1234567890abcdef\n" },
		{ "json", "{\"ID\":\"1\",\"Names\":\"web\"}\n{\"ID\":\"1234567890abcdef\","
			  "\"Names\":\"dätä\"}\n" },
		{ "{{json .}}", "{\"ID\":\"1\",\"Names\":\"web\"}\n{\"ID\":\"1234567890abcdef\","
				"\"Names\":\"dätä\"}\n" },
		{ "{{.Label \"k\"}}.", "v.\n.\n" },
		{ "table {{.Label \"k\"}}", "k\nv\n\n" },
		{ "{{.}}", "map[ID:1 Names:web]\nmap[ID:1234567890abcdef Names:dätä]\n" },
		{ "tableau", "tableau\ntableau\n" },
		{ "{{.Foo}}", "template: 1:3: at <.Foo>: map has no entry for key \"Foo\"" },
		{ "table {{.Foo}}", "template: 1:3: at <.Foo>: map has no entry for key \"Foo\"" },
		{ "{{.ID", "template: 1:6: unclosed action" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = print_rows(rows[i].text);

		is_str(got, rows[i].want, rows[i].text);
	}
}

int main(void)
{
	struct err e = { 0 };

	if (json_parse(data_text, strlen(data_text), "data", &data, &e) < 0)
		tap_bail(e.msg);
	test_values();
	test_statements();
	test_functions();
	test_parse_errors();
	test_run_errors();
	test_bounds();
	test_formats();
	cJSON_Delete(data);
	return tap_done();
}
