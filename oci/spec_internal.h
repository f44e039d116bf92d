/*
 * Between the spec*.c files: the top table, loaders that config.json needs beyond base/json.h,
 * and freeing by table.
 */
#ifndef OCI_SPEC_INTERNAL_H
#define OCI_SPEC_INTERNAL_H

#include "base/json.h"

struct spec;
struct spec_process;
struct spec_resources;

/* Tables, one a JSON object (spec_tables.c, spec_linux.c, spec_resources.c). */
extern const struct json_field spec_config_table[];
extern const struct json_field spec_process_table[];
extern const struct json_field spec_linux_table[];
extern const struct json_field spec_resources_table[];
extern const struct json_field spec_idmap_table[];
extern const struct json_field
	spec_hooks_table[]; /* into struct spec; state.json keeps hooks in the same form */

/* Loaders (spec_load.c). */
json_loader spec_load_word;  /* char *  one of the NULL-terminated words in .arg */
json_loader spec_check_word; /* nothing is kept: the value must be one of the words in .arg */
json_loader spec_check_i64;  /* nothing is kept: the value must be an integer */
json_loader spec_load_chars; /* char *  of a struct spec_pattern in .arg */
json_loader spec_load_words; /* struct strv  each one of the words in .arg */
json_loader spec_load_u32s;  /* uint32_t *  with .count */
json_loader
	/* struct T *  an object of objects; T begins with char *key; .arg, .elem_size, .count */
	spec_load_keyed;
json_loader spec_load_namespaces; /* struct spec_ns[NS_KINDS] */

/* What a string may be: prefix, then only bytes of `set` (NULL: any but a newline), then suffix. */
struct spec_pattern {
	const char *prefix;
	const char *set;
	const char *text; /* how messages name it */
};

/* Frees all that the table's loaders have allocated in *base. */
void spec_fields_free(const struct json_field *table, void *base);

/* Meaning beyond types (spec_check.c). */
int spec_check(const struct spec *s, const char *what, struct err *e);
int spec_check_process(const struct spec_process *p, const struct json_at *at, struct err *e);
int spec_check_resources(const struct spec_resources *r, const struct json_at *at, struct err *e);

#endif
