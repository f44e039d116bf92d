/* Go's json.MarshalIndent(v, "", "    "). */
#include "cli/pretty.h"

#include "base/json.h"
#include "base/str.h"

static void print_value(struct str *out, const cJSON *j, int level);

static void new_line(struct str *out, int level)
{
	str_addf(out, "\n%*s", 4 * level, "");
}

/* A text as JSON prints it. */
static void print_text(struct str *out, const char *text)
{
	auto_json cJSON *node = cJSON_CreateStringReference(text);
	auto_free char *printed = NULL;

	if (!node)
		mem_exhausted();
	printed = json_print(node, false);
	str_add(out, printed);
}

static void print_children(struct str *out, const cJSON *j, int level)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, j) {
		if (item != j->child)
			str_add_char(out, ',');
		new_line(out, level + 1);
		if (cJSON_IsObject(j)) {
			print_text(out, item->string);
			str_add(out, ": ");
		}
		print_value(out, item, level + 1);
	}
	new_line(out, level);
}

/* level is bounded by JSON_DEPTH_MAX, or by what we built ourselves. */
static void print_value(struct str *out, const cJSON *j, int level)
{
	auto_free char *printed = NULL;

	if (!cJSON_IsObject(j) && !cJSON_IsArray(j)) {
		printed = json_print(j, false);
		str_add(out, printed);
		return;
	}
	str_add_char(out, cJSON_IsObject(j) ? '{' : '[');
	if (j->child)
		print_children(out, j, level);
	str_add_char(out, cJSON_IsObject(j) ? '}' : ']');
}

void pretty_print(struct str *out, const cJSON *j)
{
	print_value(out, j, 0);
}
