/*
 * Go's text/template, the part that docker's users write, on JSON values
 * (pkg.go.dev/text/template; functions of docker/cli templates): actions with pipelines and
 * variables, if/else/range/with/break/continue, comments, trim markers, the built-in functions
 * but call, html, js and urlquery, and json, join, split, lower, upper, title, pad, truncate. Not
 * here: define, block, template. Differences: a member is also found in another case (.ID for
 * "Id"); JSON null prints as "<nil>"; members whose key begins with a '.' are private to rows and
 * are not printed.
 */
#ifndef CLI_TEMPLATE_TEMPLATE_H
#define CLI_TEMPLATE_TEMPLATE_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct err;
struct str;
struct template;

/* Parses text; the caller owns *ret. -EINVAL "template: LINE:COLUMN: what is wrong". */
int template_parse(const char *text, struct template **ret, struct err *e);
void template_free(struct template *t);

static inline void cleanup_template(struct template **t)
{
	template_free(*t);
}

#define auto_template __attribute__((unused, cleanup(cleanup_template)))

/* Appends what t makes of data to out (also up to the place of an error). -EINVAL as above. */
int template_run(const struct template *t, const cJSON *data, struct str *out, struct err *e);

#endif
