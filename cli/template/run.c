/* Walks the tree with dot, variables and data; appends what it makes. */
#include <errno.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/template/node.h"

/* What a list of nodes ended with. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

static int run_list(struct run *r, const struct node *list, const cJSON *dot, struct err *e);
static int eval_pipe(struct run *r, const struct node *pipe, const cJSON *dot, const cJSON **ret,
		     struct err *e);

const cJSON *run_temp(struct run *r, cJSON *value)
{
	if (!value || !cJSON_AddItemToArray(r->temps, value))
		mem_exhausted();
	return value;
}

const cJSON *run_temp_str(struct run *r, const char *text)
{
	r->steps += strlen(text) / 64;
	return run_temp(r, cJSON_CreateString(text));
}

const cJSON *run_temp_i64(struct run *r, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	return run_temp(r, cJSON_CreateRaw(text));
}

const cJSON *run_temp_bool(struct run *r, bool b)
{
	return run_temp(r, cJSON_CreateBool(b));
}

static int step(struct run *r, const struct node *n, struct err *e)
{
	if (++r->steps > TEMPLATE_STEPS_MAX || r->out->len > TEMPLATE_OUT_MAX)
		return template_error(r->t, n->at, e, "goes on for too long");
	return 0;
}

/* "at <.Foo>: " before the reason, and the place before that. */
static int fail_at(struct run *r, const struct node *n, struct err *e)
{
	struct err reason;

	if (!e)
		return -EINVAL;
	reason = *e;
	return template_error(r->t, n->at, e, "at <%.*s>: %s", (int)(n->end - n->at),
			      r->t->source + n->at, reason.msg);
}

/* -- expressions -- */

static int eval_operand(struct run *r, const struct node *n, const cJSON *dot, const cJSON **ret,
			struct err *e)
{
	const cJSON *base = dot;

	if (step(r, n, e) < 0)
		return -EINVAL;
	switch (n->kind) {
	case NODE_DOT:
		*ret = dot;
		return 0;
	case NODE_VAR:
		*ret = r->vars[n->slot[0]];
		return 0;
	case NODE_CONST:
		*ret = n->value;
		return 0;
	case NODE_PIPE:
		return eval_pipe(r, n, dot, ret, e);
	case NODE_FIELD:
		if (n->base && eval_operand(r, n->base, dot, &base, e) < 0)
			return -EINVAL;
		return value_field(base, n->name, ret, e) < 0 ? fail_at(r, n, e) : 0;
	case NODE_FUNCTION: { /* without arguments, inside another command's */
		struct node cmd = { .kind = NODE_COMMAND, .at = n->at, .end = n->end };
		struct node alone = *n;
		struct node pipe = { .kind = NODE_PIPE, .at = n->at, .end = n->end, .list = &cmd };

		alone.next = NULL;
		cmd.list = &alone;
		return eval_pipe(r, &pipe, dot, ret, e);
	}
	default: /* NODE_NIL */
		*ret = NULL;
		return 0;
	}
}

/* and, or: the first argument that decides, the last otherwise. */
static int eval_lazy(struct run *r, const struct node *cmd, const cJSON *dot,
		     const cJSON *const *final, const cJSON **ret, struct err *e)
{
	bool stop_at = cmd->list->function->name[0] == 'o';

	for (const struct node *n = cmd->list->next; n; n = n->next) {
		if (eval_operand(r, n, dot, ret, e) < 0)
			return -EINVAL;
		if (value_true(*ret) == stop_at)
			return 0;
	}
	if (final)
		*ret = *final;
	return 0;
}

static int count_operands(const struct node *list)
{
	int n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

static int eval_function(struct run *r, const struct node *cmd, const cJSON *dot,
			 const cJSON *const *final, const cJSON **ret, struct err *e)
{
	const struct function *f = cmd->list->function;
	const cJSON *argv[FUNCTION_ARGS_MAX];
	int want = count_operands(cmd->list->next) + (final != NULL), argc = 0;

	if (want < f->min || (f->max >= 0 && want > f->max) || want > FUNCTION_ARGS_MAX)
		return template_error(r->t, cmd->at, e,
				      "wrong number of args for %s: want %s%d, got %d", f->name,
				      f->min == f->max ? ""
				      : want < f->min  ? "at least "
						       : "at most ",
				      want < f->min ? f->min
				      : f->max >= 0 ? f->max
						    : FUNCTION_ARGS_MAX,
				      want);
	if (f->lazy)
		return eval_lazy(r, cmd, dot, final, ret, e);
	for (const struct node *n = cmd->list->next; n; n = n->next)
		if (eval_operand(r, n, dot, &argv[argc++], e) < 0)
			return -EINVAL;
	if (final)
		argv[argc++] = *final;
	if (f->call(r, f, argc, argv, ret, e) < 0) {
		(void)err_prefix(e, "error calling %s", f->name);
		return fail_at(r, cmd, e);
	}
	return 0;
}

/*
 * docker's one method, of rows: .Label "key". A row keeps its labels in the private member
 * ".labels"; in the row of titles that is a text, and the key is its own title.
 */
static int eval_label(struct run *r, const struct node *cmd, const cJSON *dot, const cJSON **ret,
		      struct err *e)
{
	const struct node *field = cmd->list;
	const cJSON *labels = cJSON_IsObject(dot) ? json_get(dot, ".labels") : NULL, *key = NULL;

	if (field->kind != NODE_FIELD || field->base || strcmp(field->name, "Label") != 0 ||
	    field->next->next || !labels)
		return template_error(r->t, cmd->at, e, "can't give argument to non-function %.*s",
				      (int)(field->end - field->at), r->t->source + field->at);
	if (eval_operand(r, field->next, dot, &key, e) < 0)
		return -EINVAL;
	if (!key || !cJSON_IsString(key))
		return template_error(r->t, cmd->at, e,
				      "wrong type for .Label: expected string; got %s",
				      value_type(key));
	*ret = cJSON_IsString(labels) ? key : json_get(labels, key->valuestring);
	if (!*ret)
		*ret = run_temp_str(r, "");
	return 0;
}

/* final: address of what came through the '|', NULL at the beginning of a pipeline. */
static int eval_command(struct run *r, const struct node *cmd, const cJSON *dot,
			const cJSON *const *final, const cJSON **ret, struct err *e)
{
	if (cmd->list->kind == NODE_FUNCTION)
		return eval_function(r, cmd, dot, final, ret, e);
	if (cmd->list->next && !final)
		return eval_label(r, cmd, dot, ret, e);
	if (cmd->list->next || final)
		return template_error(r->t, cmd->at, e, "can't give argument to non-function %.*s",
				      (int)(cmd->list->end - cmd->list->at),
				      r->t->source + cmd->list->at);
	return eval_operand(r, cmd->list, dot, ret, e);
}

/* The value of a pipeline; its variables are the caller's to set. */
static int eval_pipe(struct run *r, const struct node *pipe, const cJSON *dot, const cJSON **ret,
		     struct err *e)
{
	const cJSON *value = NULL;

	for (const struct node *cmd = pipe->list; cmd; cmd = cmd->next) {
		const cJSON *final = value;

		if (step(r, cmd, e) < 0 ||
		    eval_command(r, cmd, dot, cmd == pipe->list ? NULL : &final, &value, e) < 0)
			return -EINVAL;
	}
	*ret = value;
	return 0;
}

/* -- statements -- */

static int run_action(struct run *r, const struct node *n, const cJSON *dot, struct err *e)
{
	const cJSON *value = NULL;

	if (eval_pipe(r, n->pipe, dot, &value, e) < 0)
		return -EINVAL;
	if (n->pipe->n_vars)
		r->vars[n->pipe->slot[0]] = value;
	else
		value_print(r->out, value);
	return FLOW_ON;
}

static int run_if(struct run *r, const struct node *n, const cJSON *dot, struct err *e)
{
	const cJSON *value = NULL;

	if (eval_pipe(r, n->pipe, dot, &value, e) < 0)
		return -EINVAL;
	if (n->pipe->n_vars)
		r->vars[n->pipe->slot[0]] = value;
	if (!value_true(value))
		return run_list(r, n->other, dot, e);
	return run_list(r, n->list, n->kind == NODE_WITH ? value : dot, e);
}

/* One turn: sets $i, $v and dot. */
static int run_turn(struct run *r, const struct node *n, const cJSON *item, int64_t index,
		    struct err *e)
{
	const struct node *pipe = n->pipe;

	if (pipe->n_vars == 2)
		r->vars[pipe->slot[0]] = item->string ? run_temp_str(r, item->string)
						      : run_temp_i64(r, index);
	if (pipe->n_vars)
		r->vars[pipe->slot[pipe->n_vars - 1]] = item;
	return run_list(r, n->list, item, e);
}

static int by_key(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static int run_range(struct run *r, const struct node *n, const cJSON *dot, struct err *e)
{
	const cJSON *value = NULL, *item;
	auto_free const cJSON **items = NULL;
	size_t count, i = 0;

	if (eval_pipe(r, n->pipe, dot, &value, e) < 0)
		return -EINVAL;
	if (value && !cJSON_IsNull(value) && !cJSON_IsArray(value) && !cJSON_IsObject(value))
		return template_error(r->t, n->pipe->at, e, "range can't iterate over type %s",
				      value_type(value));
	if (!value_true(value))
		return run_list(r, n->other, dot, e);
	count = (size_t)cJSON_GetArraySize(value);
	items = xcalloc(count, sizeof(*items));
	cJSON_ArrayForEach(item, value)
		items[i++] = item;
	if (cJSON_IsObject(value)) /* maps go by sorted keys */
		/* NOLINT(bugprone-sizeof-expression) */
		qsort(items, count, sizeof(*items), by_key);
	for (i = 0; i < count; i++) {
		int flow = run_turn(r, n, items[i], (int64_t)i, e);

		if (flow < 0)
			return flow;
		if (flow == FLOW_BREAK)
			break;
	}
	return FLOW_ON;
}

static int run_node(struct run *r, const struct node *n, const cJSON *dot, struct err *e)
{
	switch (n->kind) {
	case NODE_TEXT:
		str_add_mem(r->out, n->text, n->len);
		return FLOW_ON;
	case NODE_ACTION:
		return run_action(r, n, dot, e);
	case NODE_RANGE:
		return run_range(r, n, dot, e);
	case NODE_BREAK:
		return FLOW_BREAK;
	case NODE_CONTINUE:
		return FLOW_CONTINUE;
	default:
		return run_if(r, n, dot, e);
	}
}

/* Returns a flow or -EINVAL. */
static int run_list(struct run *r, const struct node *list, const cJSON *dot, struct err *e)
{
	for (const struct node *n = list; n; n = n->next) {
		int flow = step(r, n, e) < 0 ? -EINVAL : run_node(r, n, dot, e);

		if (flow != FLOW_ON)
			return flow;
	}
	return FLOW_ON;
}

int template_run(const struct template *t, const cJSON *data, struct str *out, struct err *e)
{
	auto_json cJSON *temps = json_array();
	struct run r = { .t = t, .out = out, .temps = temps, .vars = { data } };

	return run_list(&r, t->list, data, e);
}
