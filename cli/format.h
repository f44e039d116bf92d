/*
 * --format as docker users write it, for commands that list rows (ps, images) or show one thing
 * (inspect, info, version): templates over JSON, "table …" with a title line, and "json".
 */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include <cjson/cJSON.h>
#include <stdio.h>

struct err;

/* A key that templates of a listing may use, and its title in tables. */
struct format_column {
	const char *key;   /* "ID" */
	const char *title; /* "CONTAINER ID" */
};

/*
 * Prints rows (an array of objects that hold every key of columns, NULL-key-terminated) to f.
 * format is
 *	"table TEMPLATE"   columns with a title line; cells are separated by \t
 *	"json"             each row as JSON, a line each
 *	TEMPLATE           once a row, a line each
 * In the first and last, \t and \n as two characters are taken for the blanks.
 * A row may have further members. -EINVAL: "template: 1:14: …".
 */
int format_rows(const char *format, const struct format_column *columns, const cJSON *rows, FILE *f,
		struct err *e);

/* Prints one value by a template, or "json", and a newline to f. */
int format_value(const char *format, const cJSON *value, FILE *f, struct err *e);

#endif
