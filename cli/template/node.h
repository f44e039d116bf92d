/*
 * What the parts of the template engine share: tokens, the parsed tree, a run. Private to
 * cli/template.
 */
#ifndef CLI_TEMPLATE_NODE_H
#define CLI_TEMPLATE_NODE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/template/template.h"

struct err;

/* -- tokens (lex.c) -- */

enum token_kind {
	TOKEN_END,   /* of the action: }} */
	TOKEN_DOT,   /* . alone */
	TOKEN_FIELD, /* .Name; text without the dot */
	TOKEN_VAR,   /* $ or $name; text with the $ */
	TOKEN_WORD,  /* function, keyword, true, false, nil */
	TOKEN_CONST, /* string, number, character: value */
	TOKEN_PIPE,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_DECLARE, /* := */
	TOKEN_ASSIGN,  /* = */
	TOKEN_COMMA,
};

struct token {
	enum token_kind kind;
	size_t at, end;   /* in the source */
	bool space;       /* blanks stood before it */
	const char *text; /* in the source, not terminated */
	size_t len;
	cJSON *value; /* CONST: owned by the template */
};

/* -- the tree (parse.c) -- */

enum node_kind {
	NODE_TEXT,   /* text, len */
	NODE_ACTION, /* pipe */
	NODE_IF,     /* pipe, list, other */
	NODE_RANGE,
	NODE_WITH,
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_PIPE,    /* list: commands; n_vars, slot: what it sets */
	NODE_COMMAND, /* list: operands, the first may be a function */
	NODE_DOT,
	NODE_FIELD, /* base (NULL: dot), name */
	NODE_VAR,   /* slot[0] */
	NODE_CONST, /* value */
	NODE_NIL,
	NODE_FUNCTION, /* function */
};

struct function;

struct node {
	enum node_kind kind;
	size_t at, end;    /* in the source: for messages */
	struct node *next; /* in its list */
	struct node *pipe;
	struct node *list;
	struct node *other; /* {{else}} */
	struct node *base;
	const char *text;
	size_t len;
	char *name;
	cJSON *value;
	const struct function *function;
	size_t slot[2]; /* variables that a pipeline sets, or the one that is read */
	unsigned int n_vars;
	struct node *made; /* the node made before this one: what template_free() walks */
};

#define TEMPLATE_VARS_MAX 64
#define TEMPLATE_DEPTH_MAX 64

struct template
{
	char *source;
	struct node *list; /* top level */
	struct node *made; /* all nodes, newest first */
	cJSON *consts;     /* array that owns the constants */
};

/* Records "template: LINE:COLUMN: FORMAT" for an offset in the source. -EINVAL. */
int template_error(const struct template *t, size_t at, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Reads the token at *at of an action and moves *at behind it. */
int lex_token(struct template *t, size_t *at, struct token *ret, struct err *e);
/* True where the action ends at `at` with " -}}" or "}}"; *ret_len is the length of that. */
bool lex_at_end(const char *source, size_t at, bool *ret_trim, size_t *ret_len);

/* -- a run (run.c) -- */

/* Bounds what a template may do: a nested range over hostile JSON ends with an error. */
#define TEMPLATE_STEPS_MAX 1000000
#define TEMPLATE_OUT_MAX ((size_t)64 << 20)

/* A value is a JSON node: of the data, of the template, or of .temps. NULL is "no value". */
struct run {
	const struct template *t;
	struct str *out;
	cJSON *temps; /* array that owns intermediate results */
	const cJSON *vars[TEMPLATE_VARS_MAX];
	size_t steps;
};

/* Gives a made value to the run; never NULL. */
const cJSON *run_temp(struct run *r, cJSON *value);
const cJSON *run_temp_str(struct run *r, const char *text);
const cJSON *run_temp_i64(struct run *r, int64_t n);
const cJSON *run_temp_bool(struct run *r, bool b);

/* -- values (value.c) -- */

bool value_true(const cJSON *v);
bool value_is_number(const cJSON *v);
bool value_i64(const cJSON *v, int64_t *ret);
double value_double(const cJSON *v);
/* "int", "string", "map", … for messages. */
const char *value_type(const cJSON *v);
/* Go's %v. */
void value_print(struct str *out, const cJSON *v);
/* .name of v. -EINVAL: reason only. */
int value_field(const cJSON *v, const char *name, const cJSON **ret, struct err *e);

/* -- functions (function.c, printf.c) -- */

#define FUNCTION_ARGS_MAX 32

struct function {
	const char *name;
	int min, max; /* number of arguments; max -1: FUNCTION_ARGS_MAX */
	bool lazy;    /* and, or: the caller evaluates arguments one by one */
	/* Reason only in *e on failure. */
	int (*call)(struct run *r, const struct function *f, int argc, const cJSON *const *argv,
		    const cJSON **ret, struct err *e);
};

const struct function *function_find(const char *name, size_t len);

/* Go's fmt.Sprintf on values. */
int printf_values(struct str *out, int argc, const cJSON *const *argv, struct err *e);

#endif
