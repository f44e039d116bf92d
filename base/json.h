/*
 * JSON from outside and JSON of our own, on cJSON. Reading goes by field tables into structs, with
 * errors that name the field ("config.json: process.rlimits[1].soft: expected a number, got a
 * string"); traps of cJSON are handled here: NUL in strings is refused, numbers keep 64 bits,
 * trailing bytes are an error, keys match by case, null counts as absent, and of a key that occurs
 * twice the last value counts.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;

#define JSON_DEPTH_MAX 128

static inline void cleanup_json(cJSON **j)
{
	cJSON_Delete(*j);
}

#define auto_json __attribute__((unused, cleanup(cleanup_json)))

/*
 * Parses text[len] whole. `what` names the source in errors ("config.json"). Integers above 2^53
 * keep their digits: they become cJSON_Raw nodes in the tree; json_get_i64/u64 know them. The
 * caller owns *ret. -EBADMSG: not JSON; -E2BIG: too deep.
 */
int json_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *e);

/* file_read + json_parse, at most limit bytes. A caller may match -ENOENT. */
int json_read_file(int dirfd, const char *path, size_t limit, cJSON **ret, struct err *e);

/*
 * Text of a tree (the caller owns it), compact or indented with tabs→ two spaces as cJSON prints
 * it.
 */
char *json_print(const cJSON *j, bool pretty);

/* file_replace of the printed tree. */
int json_write_file(int dirfd, const char *path, const cJSON *j, bool pretty, mode_t mode,
		    struct err *e);

/* -- walking by hand: all borrowed, NULL/default where absent or of another type -- */
const cJSON *json_get(const cJSON *obj, const char *key);     /* case-sensitive */
const cJSON *json_path(const cJSON *obj, const char *dotted); /* "config.Labels" */
const char *json_str(const cJSON *obj, const char *key, const char *dflt);
bool json_bool(const cJSON *obj, const char *key, bool dflt);
int64_t json_i64(const cJSON *obj, const char *key, int64_t dflt);
uint64_t json_u64(const cJSON *obj, const char *key, uint64_t dflt);

/* Value of one number node, exact; false where it is no integer in range. */
bool json_node_i64(const cJSON *n, int64_t *ret);
bool json_node_u64(const cJSON *n, uint64_t *ret);

/*
 * An array of strings appended to a list; a missing array is empty. -EBADMSG without message where
 * it is of another type.
 */
int json_get_strv(const cJSON *obj, const char *key, struct strv *ret);

/* -- building: never NULL, key is copied -- */
cJSON *json_object(void);
cJSON *json_array(void);
cJSON *json_add_object(cJSON *obj, const char *key);
cJSON *json_add_array(cJSON *obj, const char *key);
/* NULL value: nothing is added */
void json_add_str(cJSON *obj, const char *key, const char *value);
void json_add_bool(cJSON *obj, const char *key, bool value);
/* printed as an integer, all 64 bits */
void json_add_i64(cJSON *obj, const char *key, int64_t value);
void json_add_u64(cJSON *obj, const char *key, uint64_t value);
void json_add_null(cJSON *obj, const char *key);
void json_add_strv(cJSON *obj, const char *key, const struct strv *l); /* [] for an empty list */
void json_add(cJSON *obj, const char *key, cJSON *value);              /* takes value */
void json_push(cJSON *arr, cJSON *value);                              /* takes value */
void json_push_str(cJSON *arr, const char *value);

/* -- field tables -- */

/* What a loader knows of where it is: for messages. */
struct json_at {
	const char *what; /* "config.json" */
	const struct json_at *up;
	const char *key; /* member name, or NULL for an array element */
	size_t index;
};

struct json_field;

/* Loads node into *out (the member at the field's offset). */
typedef int json_loader(const cJSON *node, void *out, const struct json_field *f,
			const struct json_at *at, struct err *e);

/*
 * One member of a JSON object. A row per key; keys without a row are ignored unless .strict is
 * asked for.
 */
struct json_field {
	const char *key;
	json_loader *load;
	size_t offset;
	/* offset of a bool set true where the key occurs; 0 (with .has_present false): none */
	size_t present;
	bool has_present;
	bool required;
	const void *arg;  /* for the loader: a sub-table, an enum table, … */
	size_t elem_size; /* arrays of structs */
	size_t count;     /* arrays: offset of the size_t that holds the length */
};

#define J(type, loader, name, member, ...)                                                       \
	{                                                                                        \
		.key = (name), .load = (loader), .offset = offsetof(type, member), ##__VA_ARGS__ \
	}
#define J_PRESENT(type, member) .present = offsetof(type, member), .has_present = true
#define J_END               \
	{                   \
		.key = NULL \
	}

/*
 * Loads obj's members by a J_END-terminated table into *out (zeroed by the caller). -EBADMSG with
 * the field's name.
 */
int json_load(const cJSON *obj, const struct json_field *table, void *out, const struct json_at *at,
	      struct err *e);

/* Records "WHAT: path.to[3].key: FORMAT" and returns -EBADMSG. For checkers. */
int json_err(struct err *e, const struct json_at *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Loaders. The owner of the struct frees what they allocate. */
json_loader json_load_string;     /* char *            (owned) */
json_loader json_load_bool;       /* bool */
json_loader json_load_int;        /* int */
json_loader json_load_i64;        /* int64_t */
json_loader json_load_u64;        /* uint64_t */
json_loader json_load_u32;        /* uint32_t */
json_loader json_load_u16;        /* uint16_t */
json_loader json_load_strv;       /* struct strv       array of strings */
json_loader json_load_map;        /* struct strv       object of strings, as "key=value" in order */
json_loader json_load_object;     /* the struct itself, by table .arg */
json_loader json_load_object_ptr; /* struct T *      allocated (.elem_size), by table .arg */
/* struct T *        array of objects by table .arg, .elem_size, .count */
json_loader json_load_array;

#endif
