/*
 * Templates of users: "TEMPLATE" or "TEMPLATE\0JSON". Whatever they say, a run ends and stays in
 * its memory.
 */
#include "base/err.h"
#include "base/json.h"
#include "cli/template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char usual[] =
		"{\"Id\":\"abc\",\"State\":{\"Running\":true,\"Pid\":1,\"Health\":null},"
		"\"Env\":[\"A=1\",\"B\"],\"Labels\":{\"a\":\"one\"},\"Big\":18446744073709551615}";
	auto_free char *text = xstrndup((const char *)bytes, size);
	size_t len = strlen(text);
	auto_template struct template *t = NULL;
	auto_json cJSON *data = NULL;
	auto_str struct str out = { 0 };
	struct err e = { 0 };
	int r;

	if (len < size)
		r = json_parse((const char *)bytes + len + 1, size - len - 1, "data", &data, &e);
	else
		r = json_parse(usual, sizeof(usual) - 1, "data", &data, &e);
	if (r < 0 || template_parse(text, &t, &e) < 0 || template_run(t, data, &out, &e) < 0)
		return e.msg[0] ? 0 : -1; /* an error says something */
	return 0;
}
