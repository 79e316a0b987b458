/* What is known of an expression without evaluating it. */
#include <math.h>
#include <string.h>

#include "agent/promql/ast.h"
#include "agent/promql/functions.h"

enum value_type promql_type(const struct expr *e) {
  return e->type;
}

/* Not the macro: it would ask for the span of a branch twice, at each level. */
static msec_t longer(msec_t a, msec_t b) {
  return MAX(a, b);
}

msec_t promql_span(const struct expr *e) {
  msec_t longest = 0;
  for (; e->kind == EXPR_BINARY; e = e->binary.left) longest = longer(longest, promql_span(e->binary.right));
  switch (e->kind) {
  case EXPR_SELECTOR:
    return longer(longest, (e->selector.range ? e->selector.range : PROMQL_LOOKBACK) + MAX(e->selector.when.back, 0));
  case EXPR_SUBQUERY:
    return longer(longest, promql_span(e->subquery.of) + e->subquery.range + MAX(e->subquery.when.back, 0));
  case EXPR_CALL:
    for (size_t i = 0; i < e->call.count; i++) longest = longer(longest, promql_span(e->call.args[i]));
    return longest;
  case EXPR_AGGREGATE:
    if (e->aggregate.parameter) longest = longer(longest, promql_span(e->aggregate.parameter));
    return longer(longest, promql_span(e->aggregate.of));
  case EXPR_NEGATE:
    return longer(longest, promql_span(e->negated));
  default:
    return longest;
  }
}

bool promql_is_ordered(const struct expr *e) {
  for (; e->kind == EXPR_BINARY; e = e->binary.left)
    if (promql_is_ordered(e->binary.right)) return true;
  if (e->kind == EXPR_NEGATE) return promql_is_ordered(e->negated);
  if (e->kind == EXPR_AGGREGATE) return e->aggregate.aggregator->picks != PICK_NONE;
  bool ordered = e->kind == EXPR_CALL && !strncmp(e->call.function->name, "sort", 4);
  for (size_t i = 0; e->kind == EXPR_CALL && i < e->call.count; i++) ordered = ordered || promql_is_ordered(e->call.args[i]);
  return ordered;
}

const char *selected_metric(const struct expr *e) {
  if (e->kind != EXPR_SELECTOR) return NULL;
  for (size_t i = 0; i < e->selector.count; i++) {
    const struct matcher *m = &e->selector.matchers[i];
    if (m->op == MATCH_EQUAL && !strcmp(m->name, "__name__")) return m->value;
  }
  return NULL;
}

void promql_metrics(const struct expr *e, void (*each)(const char *name, void *arg), void *arg) {
  for (; e->kind == EXPR_BINARY; e = e->binary.left) promql_metrics(e->binary.right, each, arg);
  if (selected_metric(e)) each(selected_metric(e), arg);
  if (e->kind == EXPR_SUBQUERY) promql_metrics(e->subquery.of, each, arg);
  if (e->kind == EXPR_NEGATE) promql_metrics(e->negated, each, arg);
  if (e->kind == EXPR_AGGREGATE) promql_metrics(e->aggregate.of, each, arg);
  for (size_t i = 0; e->kind == EXPR_CALL && i < e->call.count; i++) promql_metrics(e->call.args[i], each, arg);
}

bool promql_selector(const struct expr *e, const struct matcher **ret, size_t *ret_count) {
  if (e->kind != EXPR_SELECTOR || e->type != VALUE_VECTOR) return false;
  if (e->selector.when.anchor != ANCHOR_STEP || e->selector.when.back) return false;
  *ret = e->selector.matchers;
  *ret_count = e->selector.count;
  return true;
}

bool constant_number(const struct expr *e, double *ret) {
  double left, right;
  switch (e->kind) {
  case EXPR_NUMBER:
    *ret = e->number;
    return true;
  case EXPR_NEGATE:
    if (!constant_number(e->negated, &left)) return false;
    *ret = -left;
    return true;
  case EXPR_BINARY:
    return constant_number(e->binary.left, &left) && constant_number(e->binary.right, &right) &&
           binary_numbers(e, left, right, ret);
  default:
    return false;
  }
}

/* The comparison as it reads when its sides are exchanged. */
static enum token_kind mirrored(enum token_kind op) {
  switch (op) {
  case TOKEN_LESS:
    return TOKEN_GREATER;
  case TOKEN_LESS_EQUAL:
    return TOKEN_GREATER_EQUAL;
  case TOKEN_GREATER:
    return TOKEN_LESS;
  case TOKEN_GREATER_EQUAL:
    return TOKEN_LESS_EQUAL;
  default:
    return op;
  }
}

bool promql_comparison(const struct expr *e, struct comparison *ret) {
  while (e->kind == EXPR_BINARY && (e->binary.op == TOKEN_AND || e->binary.op == TOKEN_UNLESS))
    e = e->binary.left; /* the condition comes first */
  if (e->kind != EXPR_BINARY || !is_comparison(e->binary.op) || e->binary.returns_bool) return false;
  const struct expr *left = e->binary.left, *right = e->binary.right;
  double threshold;
  if (constant_number(right, &threshold))
    *ret = (struct comparison){left, token_name(e->binary.op), threshold};
  else if (constant_number(left, &threshold))
    *ret = (struct comparison){right, token_name(mirrored(e->binary.op)), threshold};
  else
    return false;
  return true;
}
