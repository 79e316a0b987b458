/* The lint: see promql/lint.h. Every expression within the whole is looked at once, from the inside out, by every check; what is known of its value
 * (labels, whether it can have elements) goes up to the next. */
#include "agent/promql/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static check_fn *const checks[] = {
    check_known,        /* a metric that nobody gives */
    check_selected,     /* a selector that asks for a label which the metric has not */
    check_alternatives, /* sides of `or` none of which selects anything */
    check_grouping,     /* by (…) with a label that is misspelt */
    check_matching,     /* sides of an operator that never match */
    check_counter,      /* rate() of a gauge */
    check_gauge,        /* delta() of a counter */
    check_info,         /* changes() of what never changes */
    check_range,        /* a range that spans too few values */
    check_age,          /* a sample older than an instant looks back */
    check_latency,      /* a sum of seconds that is taken for a latency */
};

void lint_say(struct lint *l, enum lint_severity severity, bool never, size_t offset, const char *format, ...) {
  struct lint_result *r = l->result;
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  for (size_t i = 0; i < r->count; i++)
    if (!strcmp(r->findings[i].text, text)) return;
  if (r->count == LINT_FINDINGS_MAX) return;
  r->findings[r->count++] = (struct lint_finding){severity, offset, never, arena_copy(l->arena, text)};
}

bool selected_facts(const struct lint *l, const struct expr *e, struct metric_facts *ret) {
  const char *name = selected_metric(e);
  *ret = (struct metric_facts){0};
  return name && l->known->find(l->known->context, name, ret);
}

bool is_call(const struct expr *e, const char *name) {
  return e->kind == EXPR_CALL && !strcmp(e->call.function->name, name);
}

const struct expr *call_operand(const struct expr *e) {
  for (size_t i = 0; i < e->call.count; i++)
    if (e->call.args[i]->type == VALUE_VECTOR || e->call.args[i]->type == VALUE_MATRIX) return e->call.args[i];
  return NULL;
}

/* What never has an element stays so through what is done with it; absent() alone makes something of nothing. */
static bool stays_never(const struct expr *e, const struct operands *in) {
  switch (e->kind) {
  case EXPR_CALL:
    return in->left.never && e->type == VALUE_VECTOR && strncmp(e->call.function->name, "absent", 6) != 0;
  case EXPR_BINARY:
    if (e->binary.op == TOKEN_OR) return in->left.never && in->right.never;
    return in->left.never || (in->right.never && e->binary.op != TOKEN_UNLESS);
  default:
    return in->left.never;
  }
}

/* Both sides of an `or` select: one is there for those who have not what the other asks for. Beside a constant, as in x or vector(0), there is no choice. */
bool are_alternatives(const struct expr *e) {
  return e->kind == EXPR_BINARY && e->binary.op == TOKEN_OR && promql_span(e->binary.left) && promql_span(e->binary.right);
}

static struct shape visit(struct lint *l, const struct expr *e);

static void visit_operands(struct lint *l, const struct expr *e, struct operands *ret) {
  switch (e->kind) {
  case EXPR_SUBQUERY:
    ret->left = visit(l, e->subquery.of);
    break;
  case EXPR_CALL:
    for (size_t i = 0; i < e->call.count; i++) {
      struct shape arg = visit(l, e->call.args[i]);
      if (e->call.args[i] == call_operand(e)) ret->left = arg;
    }
    break;
  case EXPR_AGGREGATE:
    if (e->aggregate.parameter) visit(l, e->aggregate.parameter);
    ret->left = visit(l, e->aggregate.of);
    break;
  case EXPR_BINARY: {
    bool alternatives = are_alternatives(e);
    l->alternatives += alternatives;
    ret->left = visit(l, e->binary.left);
    ret->right = visit(l, e->binary.right);
    l->alternatives -= alternatives;
    break;
  }
  case EXPR_NEGATE:
    ret->left = visit(l, e->negated);
    break;
  default:
    break;
  }
}

/* What is 0 for ever, compared with a number that it never compares with. */
static bool compares_zero(const struct expr *e, const struct operands *in) {
  double number, result;
  if (e->kind != EXPR_BINARY || !is_comparison(e->binary.op) || e->binary.returns_bool) return false;
  if (in->left.zero && constant_number(e->binary.right, &number)) return !binary_numbers(e, 0, number, &result);
  return in->right.zero && constant_number(e->binary.left, &number) && !binary_numbers(e, number, 0, &result);
}

static struct shape visit(struct lint *l, const struct expr *e) {
  struct operands in = {0};
  struct shape shape = {0};
  visit_operands(l, e, &in);
  for (size_t i = 0; i < COUNTOF(checks); i++) shape.never |= checks[i](l, e, &in);
  shape.never = shape.never || stays_never(e, &in) || compares_zero(e, &in);
  shape.zero = never_changes(e);
  shape.labels = infer_labels(l, e, &in);
  return shape;
}

void promql_lint(const struct expr *e, const struct lint_knowledge *known, struct arena *a, struct lint_result *ret) {
  struct lint l = {.known = known, .arena = a, .result = ret};
  *ret = (struct lint_result){0};
  struct shape shape = visit(&l, e);
  ret->never = shape.never;
  ret->labels = shape.labels;
}
