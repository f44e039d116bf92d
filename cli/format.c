/* --format: directives and rows on top of templates and tables. */
#include "cli/format.h"

#include <errno.h>

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/table.h"
#include "cli/template/template.h"

/* "\t" and "\n" as two characters become one; the caller owns the result. */
static char *unescape(const char *format)
{
	char *text = xstrdup(format), *to = text;

	for (const char *p = text; *p; p++) {
		if (p[0] == '\\' && (p[1] == 't' || p[1] == 'n'))
			*to++ = *++p == 't' ? '\t' : '\n';
		else
			*to++ = *p;
	}
	*to = 0;
	return text;
}

/* The row of titles: {{.ID}} becomes "CONTAINER ID". */
static cJSON *title_row(const struct format_column *columns)
{
	cJSON *row = json_object();

	for (; columns->key; columns++)
		json_add_str(row, columns->key, columns->title);
	json_add_str(row, ".labels", "");
	return row;
}

static int run_line(const struct template *t, const cJSON *row, struct str *out, struct err *e)
{
	if (template_run(t, row, out, e) < 0)
		return -EINVAL;
	str_add_char(out, '\n');
	return 0;
}

int format_rows(const char *format, const struct format_column *columns, const cJSON *rows, FILE *f,
		struct err *e)
{
	const char *cells = str_after(format, "table");
	bool table = cells && (cells[0] == ' ' || cells[0] == '\t');
	auto_free char *text = unescape(str_eq(format, "json") ? "{{json .}}"
					: table                ? cells + 1
							       : format);
	auto_template struct template *t = NULL;
	auto_json cJSON *titles = table ? title_row(columns) : NULL;
	auto_str struct str out = { 0 };
	const cJSON *row;

	if (template_parse(text, &t, e) < 0 || (table && run_line(t, titles, &out, e) < 0))
		return -EINVAL;
	cJSON_ArrayForEach(row, rows)
		if (run_line(t, row, &out, e) < 0)
			return -EINVAL;
	if (table)
		table_print(str_cstr(&out), f);
	else
		(void)fwrite(str_cstr(&out), 1, out.len, f);
	return 0;
}

int format_value(const char *format, const cJSON *value, FILE *f, struct err *e)
{
	auto_template struct template *t = NULL;
	auto_str struct str out = { 0 };

	if (template_parse(str_eq(format, "json") ? "{{json .}}" : format, &t, e) < 0 ||
	    run_line(t, value, &out, e) < 0)
		return -EINVAL;
	(void)fwrite(str_cstr(&out), 1, out.len, f);
	return 0;
}
