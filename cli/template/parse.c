/*
 * From text to tree. Variables are numbered here: each has a slot, and a block gives its slots
 * back at its end, so that a run needs no look-up by name and an unknown variable is an error
 * before anything is printed.
 */
#include <errno.h>
#include <stdarg.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/template/node.h"

struct parser {
	struct template *t;
	size_t at;           /* in the source */
	struct token tok;    /* the one to look at, inside an action */
	bool trim;           /* the last action ended with -}} */
	unsigned int depth;  /* of blocks and parentheses */
	unsigned int ranges; /* of which loops */
	size_t stop_at;      /* of the {{end}} or {{else that ended a list */
	size_t n_vars;
	const char *vars[TEMPLATE_VARS_MAX]; /* names in the source, with $ */
	size_t var_len[TEMPLATE_VARS_MAX];
};

/* What ended a list. */
enum stop { STOP_EOF, STOP_END, STOP_ELSE };

static int parse_list(struct parser *p, struct node **ret, enum stop *ret_stop, struct err *e);
static int parse_pipe(struct parser *p, enum token_kind until, struct node **ret, struct err *e);

int template_error(const struct template *t, size_t at, struct err *e, const char *fmt, ...)
{
	auto_free char *text = NULL;
	unsigned int line = 1, column = 1;
	va_list ap;

	for (size_t i = 0; i < at && t->source[i]; i++) {
		column = t->source[i] == '\n' ? 1 : column + 1;
		line += t->source[i] == '\n';
	}
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		mem_exhausted();
	va_end(ap);
	return err_set(e, EINVAL, "template: %u:%u: %s", line, column, text);
}

static struct node *new_node(struct parser *p, enum node_kind kind, size_t at)
{
	struct node *n = xzalloc(sizeof(*n));

	n->kind = kind;
	n->at = at;
	n->made = p->t->made;
	p->t->made = n;
	return n;
}

static int next(struct parser *p, struct err *e)
{
	return lex_token(p->t, &p->at, &p->tok, e);
}

static bool is_word(const struct token *tok, const char *word)
{
	return tok->kind == TOKEN_WORD && tok->len == strlen(word) &&
	       memcmp(tok->text, word, tok->len) == 0;
}

static int unexpected(struct parser *p, const char *where, struct err *e)
{
	const struct token *tok = &p->tok;

	if (tok->kind == TOKEN_END)
		(void)template_error(p->t, tok->at, e, "unexpected end of %s", where);
	else
		(void)template_error(p->t, tok->at, e, "unexpected '%.*s' in %s",
				     (int)(tok->end - tok->at), p->t->source + tok->at, where);
	return -EINVAL;
}

static int deeper(struct parser *p, struct err *e)
{
	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return template_error(p->t, p->at, e, "nested too deeply");
	return 0;
}

/* -- variables -- */

static int declare(struct parser *p, const struct token *name, size_t *ret_slot, struct err *e)
{
	if (p->n_vars == TEMPLATE_VARS_MAX)
		return template_error(p->t, name->at, e, "more than %d variables",
				      TEMPLATE_VARS_MAX);
	p->vars[p->n_vars] = name->text;
	p->var_len[p->n_vars] = name->len;
	*ret_slot = p->n_vars++;
	return 0;
}

static int find_var(struct parser *p, const struct token *name, size_t *ret_slot, struct err *e)
{
	for (size_t i = p->n_vars; i-- > 0;) {
		if (p->var_len[i] == name->len && memcmp(p->vars[i], name->text, name->len) == 0) {
			*ret_slot = i;
			return 0;
		}
	}
	return template_error(p->t, name->at, e, "undefined variable '%.*s'", (int)name->len,
			      name->text);
}

/* -- expressions -- */

static int parse_word(struct parser *p, struct node **ret, struct err *e)
{
	const struct token *tok = &p->tok;
	struct node *n;

	if (is_word(tok, "true") || is_word(tok, "false")) {
		n = new_node(p, NODE_CONST, tok->at);
		n->value = cJSON_CreateBool(is_word(tok, "true"));
		if (!n->value || !cJSON_AddItemToArray(p->t->consts, n->value))
			mem_exhausted();
	} else if (is_word(tok, "nil")) {
		n = new_node(p, NODE_NIL, tok->at);
	} else {
		n = new_node(p, NODE_FUNCTION, tok->at);
		n->function = function_find(tok->text, tok->len);
		if (!n->function)
			return template_error(p->t, tok->at, e, "function '%.*s' not defined",
					      (int)tok->len, tok->text);
	}
	*ret = n;
	return 0;
}

static int parse_parenthesis(struct parser *p, struct node **ret, struct err *e)
{
	size_t at = p->tok.at;

	if (deeper(p, e) < 0 || next(p, e) < 0 || parse_pipe(p, TOKEN_CLOSE, ret, e) < 0)
		return -EINVAL;
	p->depth--;
	(*ret)->at = at;
	return 0;
}

/* The first part of an operand; the token stays its last one. */
static int parse_primary(struct parser *p, struct node **ret, struct err *e)
{
	const struct token *tok = &p->tok;

	switch (tok->kind) {
	case TOKEN_WORD:
		return parse_word(p, ret, e);
	case TOKEN_OPEN:
		return parse_parenthesis(p, ret, e);
	case TOKEN_DOT:
		*ret = new_node(p, NODE_DOT, tok->at);
		return 0;
	case TOKEN_FIELD:
		*ret = new_node(p, NODE_FIELD, tok->at);
		(*ret)->name = xstrndup(tok->text, tok->len);
		return 0;
	case TOKEN_VAR:
		*ret = new_node(p, NODE_VAR, tok->at);
		return find_var(p, tok, &(*ret)->slot[0], e);
	case TOKEN_CONST:
		*ret = new_node(p, NODE_CONST, tok->at);
		(*ret)->value = tok->value;
		return 0;
	default:
		return unexpected(p, "operand", e);
	}
}

/* An operand with the fields that follow it without a blank; reads the token behind it. */
static int parse_operand(struct parser *p, struct node **ret, struct err *e)
{
	struct node *n = NULL;

	if (parse_primary(p, &n, e) < 0 || !n)
		return -EINVAL;
	n->end = p->tok.end;
	if (next(p, e) < 0)
		return -EINVAL;
	while (p->tok.kind == TOKEN_FIELD && !p->tok.space) {
		struct node *field = new_node(p, NODE_FIELD, n->at);

		if (n->kind == NODE_CONST || n->kind == NODE_NIL || n->kind == NODE_DOT)
			return unexpected(p, "operand", e);
		field->base = n;
		field->name = xstrndup(p->tok.text, p->tok.len);
		field->end = p->tok.end;
		n = field;
		if (next(p, e) < 0)
			return -EINVAL;
	}
	*ret = n;
	return 0;
}

/* Operands up to a '|' or the end of the pipeline. */
static int parse_command(struct parser *p, enum token_kind until, struct node **ret, struct err *e)
{
	struct node *cmd = new_node(p, NODE_COMMAND, p->tok.at), **tail = &cmd->list;
	bool first = true;

	while (p->tok.kind != until && p->tok.kind != TOKEN_PIPE) {
		if (!first && !p->tok.space && p->tok.kind != TOKEN_OPEN)
			return unexpected(p, "operand", e);
		if (parse_operand(p, tail, e) < 0)
			return -EINVAL;
		cmd->end = (*tail)->end;
		tail = &(*tail)->next;
		first = false;
	}
	if (!cmd->list)
		return template_error(p->t, p->tok.at, e, "missing value for %s",
				      until == TOKEN_CLOSE ? "parenthesized pipeline" : "command");
	*ret = cmd;
	return 0;
}

/* What is set: new variables for ":=", known ones for "=". */
static int set_slots(struct parser *p, struct node *pipe, const struct token *names, unsigned int n,
		     bool fresh, struct err *e)
{
	for (unsigned int i = 0; i < n; i++) {
		int r = fresh ? declare(p, &names[i], &pipe->slot[i], e)
			      : find_var(p, &names[i], &pipe->slot[i], e);

		if (r < 0)
			return r;
	}
	pipe->n_vars = n;
	return next(p, e);
}

/* "$x :=", "$k, $v :=" (range), "$x =" in front of a pipeline, if it is there. */
static int parse_assignment(struct parser *p, struct node *pipe, bool range, struct err *e)
{
	struct token names[2] = { p->tok };
	struct token first = p->tok;
	unsigned int n = 1;
	size_t at = p->at;

	if (first.kind != TOKEN_VAR)
		return 0;
	if (next(p, e) < 0)
		return -EINVAL;
	if (p->tok.kind == TOKEN_COMMA && range) {
		if (next(p, e) < 0)
			return -EINVAL;
		if (p->tok.kind != TOKEN_VAR)
			return unexpected(p, "range", e);
		names[n++] = p->tok;
		if (next(p, e) < 0)
			return -EINVAL;
		if (p->tok.kind != TOKEN_DECLARE && p->tok.kind != TOKEN_ASSIGN)
			return unexpected(p, "range", e);
	}
	if (p->tok.kind == TOKEN_DECLARE || p->tok.kind == TOKEN_ASSIGN)
		return set_slots(p, pipe, names, n, p->tok.kind == TOKEN_DECLARE, e);
	p->at = at; /* a plain operand: go back */
	p->tok = first;
	return 0;
}

/* Commands up to `until`, which stays the token looked at. */
static int parse_commands(struct parser *p, enum token_kind until, struct node *pipe, struct err *e)
{
	struct node **tail = &pipe->list;

	for (;;) {
		if (parse_command(p, until, tail, e) < 0)
			return -EINVAL;
		pipe->end = (*tail)->end;
		if (tail != &pipe->list &&
		    ((*tail)->list->kind == NODE_CONST || (*tail)->list->kind == NODE_NIL ||
		     (*tail)->list->kind == NODE_DOT))
			return template_error(p->t, (*tail)->at, e,
					      "non executable command in pipeline");
		tail = &(*tail)->next;
		if (p->tok.kind != TOKEN_PIPE)
			return 0;
		if (next(p, e) < 0)
			return -EINVAL;
		if (p->tok.kind == until)
			return template_error(p->t, p->tok.at, e, "missing value for command");
	}
}

static int parse_pipe(struct parser *p, enum token_kind until, struct node **ret, struct err *e)
{
	*ret = new_node(p, NODE_PIPE, p->tok.at);
	return parse_commands(p, until, *ret, e);
}

/* -- actions -- */

/* The end of an action has just been read: how does the text go on? */
static void after_action(struct parser *p)
{
	p->trim = p->t->source[p->tok.at] == '-';
}

static int expect_end(struct parser *p, const char *where, struct err *e)
{
	if (next(p, e) < 0)
		return -EINVAL;
	if (p->tok.kind != TOKEN_END)
		return unexpected(p, where, e);
	after_action(p);
	return 0;
}

/* The pipeline of an action, with assignments, up to }}. */
static int parse_action_pipe(struct parser *p, bool range, struct node **ret, struct err *e)
{
	*ret = new_node(p, NODE_PIPE, p->tok.at);
	if (parse_assignment(p, *ret, range, e) < 0 || parse_commands(p, TOKEN_END, *ret, e) < 0)
		return -EINVAL;
	after_action(p);
	return 0;
}

static int parse_block(struct parser *p, enum node_kind kind, struct node **ret, struct err *e);

/* Behind {{else: either }} and a list up to {{end}}, or a block that shares our {{end}}. */
static int parse_else(struct parser *p, struct node *block, struct err *e)
{
	enum stop stop;

	if (next(p, e) < 0)
		return -EINVAL;
	if (block->kind == NODE_IF && is_word(&p->tok, "if"))
		return parse_block(p, NODE_IF, &block->other, e);
	if (block->kind == NODE_WITH && is_word(&p->tok, "with"))
		return parse_block(p, NODE_WITH, &block->other, e);
	if (p->tok.kind != TOKEN_END)
		return unexpected(p, "else", e);
	after_action(p);
	if (parse_list(p, &block->other, &stop, e) < 0)
		return -EINVAL;
	if (stop == STOP_ELSE)
		return template_error(p->t, p->stop_at, e, "expected end; found else");
	if (stop == STOP_EOF)
		return template_error(p->t, block->at, e, "no {{end}} for this action");
	return 0;
}

/* if, range, with: the word is the token looked at. Reads up to and with {{end}}. */
static int parse_block(struct parser *p, enum node_kind kind, struct node **ret, struct err *e)
{
	struct node *block = new_node(p, kind, p->tok.at);
	size_t n_vars = p->n_vars;
	enum stop stop;

	*ret = block;
	if (deeper(p, e) < 0 || next(p, e) < 0)
		return -EINVAL;
	p->ranges += kind == NODE_RANGE;
	if (parse_action_pipe(p, kind == NODE_RANGE, &block->pipe, e) < 0 ||
	    parse_list(p, &block->list, &stop, e) < 0)
		return -EINVAL;
	p->ranges -= kind == NODE_RANGE;
	if (stop == STOP_EOF)
		return template_error(p->t, block->at, e, "no {{end}} for this action");
	if (stop == STOP_ELSE && parse_else(p, block, e) < 0)
		return -EINVAL;
	p->n_vars = n_vars;
	p->depth--;
	return 0;
}

static int parse_loop_word(struct parser *p, enum node_kind kind, struct node **ret, struct err *e)
{
	*ret = new_node(p, kind, p->tok.at);
	if (!p->ranges)
		return template_error(p->t, p->tok.at, e, "{{%s}} outside {{range}}",
				      kind == NODE_BREAK ? "break" : "continue");
	return expect_end(p, kind == NODE_BREAK ? "break" : "continue", e);
}

/* One action; p->at is behind {{. *ret stays NULL for {{end}} and {{else, which set *ret_stop. */
static int parse_action(struct parser *p, struct node **ret, enum stop *ret_stop, struct err *e)
{
	static const char *const missing[] = { "define", "block", "template" };
	int r;

	if (next(p, e) < 0)
		return -EINVAL;
	p->stop_at = p->tok.at;
	if (is_word(&p->tok, "end")) {
		*ret_stop = STOP_END;
		return expect_end(p, "end", e);
	}
	if (is_word(&p->tok, "else")) {
		*ret_stop = STOP_ELSE;
		return 0;
	}
	if (is_word(&p->tok, "if"))
		return parse_block(p, NODE_IF, ret, e);
	if (is_word(&p->tok, "range"))
		return parse_block(p, NODE_RANGE, ret, e);
	if (is_word(&p->tok, "with"))
		return parse_block(p, NODE_WITH, ret, e);
	if (is_word(&p->tok, "break"))
		return parse_loop_word(p, NODE_BREAK, ret, e);
	if (is_word(&p->tok, "continue"))
		return parse_loop_word(p, NODE_CONTINUE, ret, e);
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		if (is_word(&p->tok, missing[i]))
			return template_error(p->t, p->tok.at, e, "{{%s}} is not supported here",
					      missing[i]);
	*ret = new_node(p, NODE_ACTION, p->tok.at);
	r = parse_action_pipe(p, false, &(*ret)->pipe, e);
	(*ret)->end = p->tok.at;
	return r;
}

/*
 * A comment: p->at is behind {{ (and its trim mark). True where it is one; then p->at is behind
 * it.
 */
static int parse_comment(struct parser *p, bool *ret, struct err *e)
{
	const char *s = p->t->source, *end;
	size_t len;

	*ret = str_starts(s + p->at, "/*");
	if (!*ret)
		return 0;
	end = strstr(s + p->at + 2, "*/");
	if (!end)
		return template_error(p->t, p->at, e, "unclosed comment");
	p->tok.at = (size_t)(end - s) + 2;
	if (s[p->tok.at] == ' ')
		p->tok.at++;
	if (!lex_at_end(s, p->tok.at, &p->trim, &len))
		return template_error(p->t, p->at, e, "comment ends before closing delimiter");
	p->at = p->tok.at + len;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * Text up to the next {{ or the end, trimmed as its neighbours ask; NULL where nothing is left.
 * p->at ends behind {{ and its mark.
 */
static struct node *parse_text(struct parser *p, bool *ret_action)
{
	const char *s = p->t->source, *open = strstr(s + p->at, "{{");
	size_t from = p->at, to = open ? (size_t)(open - s) : strlen(s);
	struct node *n = NULL;

	*ret_action = open != NULL;
	p->at = to + (open ? 2 : 0);
	while (p->trim && from < to && is_blank(s[from]))
		from++;
	p->trim = false;
	if (open && s[p->at] == '-' && is_blank(s[p->at + 1])) {
		p->at += 2;
		while (to > from && is_blank(s[to - 1]))
			to--;
	}
	if (to > from) {
		n = new_node(p, NODE_TEXT, from);
		n->text = s + from;
		n->len = to - from;
	}
	return n;
}

static int parse_list(struct parser *p, struct node **ret, enum stop *ret_stop, struct err *e)
{
	struct node **tail = ret;

	*ret_stop = STOP_EOF;
	for (;;) {
		bool action, comment;
		struct node *text = parse_text(p, &action);

		if (text) {
			*tail = text;
			tail = &text->next;
		}
		if (!action)
			return 0;
		if (parse_comment(p, &comment, e) < 0)
			return -EINVAL;
		if (comment)
			continue;
		if (parse_action(p, tail, ret_stop, e) < 0)
			return -EINVAL;
		if (!*tail)
			return 0;
		tail = &(*tail)->next;
	}
}

int template_parse(const char *text, struct template **ret, struct err *e)
{
	auto_template struct template *t = xzalloc(sizeof(*t));
	struct parser p = { .t = t, .n_vars = 1, .vars = { "$" }, .var_len = { 1 } };
	enum stop stop;

	t->source = xstrdup(text);
	t->consts = json_array();
	if (parse_list(&p, &t->list, &stop, e) < 0)
		return -EINVAL;
	if (stop != STOP_EOF)
		return template_error(t, p.stop_at, e, "unexpected {{%s}}",
				      stop == STOP_END ? "end" : "else");
	*ret = take_ptr(&t);
	return 0;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	while (t->made) {
		struct node *n = t->made;

		t->made = n->made;
		free(n->name);
		free(n);
	}
	cJSON_Delete(t->consts);
	free(t->source);
	free(t);
}
