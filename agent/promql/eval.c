/* Evaluating an expression at one time: selectors, functions over ranges, numbers. Aggregation and binary operators have files of their own.
 * Every step is bounded: points by the selection, CPU by a look at the thread's clock at each node. */
#include "agent/promql/eval.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/map.h"

enum { CPU_SECONDS_MAX = 1 };
static const double covered_enough = 0.9; /* of a range, to be judged */

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void value_done(struct value *v) {
  for (size_t i = 0; i < v->count; i++) labels_unref(v->elements[i].labels);
  *v = (struct value){0};
}

struct value eval_vector(struct eval *ev, size_t capacity) {
  return (struct value){.type = VALUE_VECTOR, .elements = arena_alloc(ev->arena, capacity * sizeof(struct element))};
}

void value_add(struct value *v, struct labels *labels, double value) {
  v->elements[v->count++] = (struct element){.labels = labels, .value = value};
}

static bool is_named(const struct grouping *g, const char *name) {
  for (size_t i = 0; i < g->count; i++)
    if (!strcmp(g->names[i], name)) return true;
  return false;
}

struct labels *labels_grouped(const struct labels *l, const struct grouping *g) {
  struct label_pair pairs[l->count ? l->count : 1];
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++)
    if (g->only ? is_named(g, l->pairs[i].name) : strcmp(l->pairs[i].name, "__name__") && !is_named(g, l->pairs[i].name))
      pairs[count++] = l->pairs[i];
  return labels_new(pairs, count);
}

struct labels *labels_without_name(struct labels *l) {
  static const struct grouping nothing = {0};
  return *labels_get(l, "__name__") ? labels_grouped(l, &nothing) : labels_ref(l);
}

/* Selectors */

/* Notes what is missing of a target. */
static void note(struct eval *ev, const char *target, bool gap, bool warming) {
  size_t i = 0;
  while (i < ev->missing_count && strcmp(ev->missing[i].target, target) != 0) i++;
  if (i == ev->missing_capacity) {
    ev->missing_capacity = MAX(ev->missing_capacity * 2, (size_t)16);
    struct missing *more = arena_alloc(ev->arena, ev->missing_capacity * sizeof *more);
    if (i) memcpy(more, ev->missing, i * sizeof *more);
    ev->missing = more;
  }
  if (i == ev->missing_count) ev->missing[ev->missing_count++] = (struct missing){.target = target};
  ev->missing[i].gap |= gap;
  ev->missing[i].warming |= warming;
}

/* An instant is covered from the beginning of the past on, a range when the past reaches back nearly as far. */
static void note_coverage(struct eval *ev, const struct expr *e, const struct selection *s) {
  msec_t enough = (msec_t)(covered_enough * (double)e->selector.range) + e->selector.back;
  for (size_t i = 0; i < s->coverage_count; i++) {
    const struct coverage *c = &s->coverage[i];
    bool gap = e->selector.range ? c->gap : c->gap_now, warming = ev->at - enough < c->since;
    if (!gap && !warming) continue;
    note(ev, c->target, gap, warming);
    ev->notes->gap |= gap;
    ev->notes->warming |= warming;
    if (warming) ev->notes->warm_at = MAX(ev->notes->warm_at, c->since + enough);
  }
}

/* The points of a selector's last `span`. */
static bool select_points(struct eval *ev, const struct expr *e, msec_t span, struct selection *ret) {
  msec_t to = ev->at - e->selector.back;
  if (!ev->source->select(ev->source->context, e->selector.matchers, e->selector.count, to - span, to, ev->arena, ret, ev->fail))
    return false;
  ev->notes->selected += ret->count;
  note_coverage(ev, e, ret);
  for (size_t i = 0; i < ret->count; i++) ev->points += ret->series[i].count;
  if (ev->points <= SELECTION_POINTS_MAX) return true;
  selection_done(ret);
  return fail(ev->fail, FAIL_LIMIT, "the expression selects more than %u points", SELECTION_POINTS_MAX);
}

static bool eval_instant(struct eval *ev, const struct expr *e, struct value *ret) {
  struct selection s;
  if (!select_points(ev, e, PROMQL_LOOKBACK, &s)) return false;
  *ret = eval_vector(ev, s.count);
  for (size_t i = 0; i < s.count; i++) {
    const struct series *series = &s.series[i];
    if (series->count && !is_stale(series->points[series->count - 1].value))
      value_add(ret, labels_ref(series->labels), series->points[series->count - 1].value);
  }
  selection_done(&s);
  return true;
}

static struct window window_of(struct eval *ev, const struct expr *e, const struct series *series) {
  struct point *kept = arena_alloc(ev->arena, series->count * sizeof *kept);
  msec_t to = ev->at - e->selector.back;
  struct window w = {.points = kept, .from = to - e->selector.range, .to = to};
  for (size_t i = 0; i < series->count; i++)
    if (!is_stale(series->points[i].value)) kept[w.count++] = series->points[i];
  return w;
}

static bool eval_window(struct eval *ev, const struct expr *call, double parameter, const struct expr *range, struct value *ret) {
  struct selection s;
  if (!select_points(ev, range, range->selector.range, &s)) return false;
  *ret = eval_vector(ev, s.count);
  for (size_t i = 0; i < s.count; i++) {
    struct window w = window_of(ev, range, &s.series[i]);
    double value;
    w.parameter = parameter;
    if (!w.count || !call->call.function->window(&w, &value)) continue;
    struct labels *l = s.series[i].labels;
    value_add(ret, call->call.function->keeps_name ? labels_ref(l) : labels_without_name(l), value);
  }
  selection_done(&s);
  return true;
}

static bool eval_call(struct eval *ev, const struct expr *e, struct value *ret) {
  const struct function *function = e->call.function;
  double parameter = 0;
  if (function->plain) {
    *ret = (struct value){.type = VALUE_SCALAR, .scalar = function->plain((double)ev->at / 1000 + ev->source->wall_offset)};
    return true;
  }
  if (e->call.count == 2) {
    struct value first;
    if (!eval_expr(ev, e->call.args[0], &first)) return false;
    parameter = first.scalar;
  }
  return eval_window(ev, e, parameter, e->call.args[e->call.count - 1], ret);
}

static bool eval_negation(struct eval *ev, const struct expr *e, struct value *ret) {
  if (!eval_expr(ev, e->negated, ret)) return false;
  ret->scalar = -ret->scalar;
  for (size_t i = 0; i < ret->count; i++) {
    struct labels *named = ret->elements[i].labels;
    ret->elements[i] = (struct element){.labels = labels_without_name(named), .value = -ret->elements[i].value};
    labels_unref(named);
  }
  return true;
}

bool eval_expr(struct eval *ev, const struct expr *e, struct value *ret) {
  *ret = (struct value){.type = e->type};
  if (cpu_seconds() > ev->until)
    return fail(ev->fail, FAIL_LIMIT, "the evaluation took more than %d second of CPU", CPU_SECONDS_MAX);
  switch (e->kind) {
  case EXPR_NUMBER:
    ret->scalar = e->number;
    return true;
  case EXPR_STRING:
    ret->string = e->string;
    return true;
  case EXPR_SELECTOR:
    return e->type == VALUE_VECTOR ? eval_instant(ev, e, ret)
                                   : fail(ev->fail, FAIL_CONFIG, "a range like x[5m] needs a function around it");
  case EXPR_CALL:
    return eval_call(ev, e, ret);
  case EXPR_AGGREGATE:
    return eval_aggregate(ev, e, ret);
  case EXPR_BINARY:
    return eval_binary(ev, e, ret);
  case EXPR_NEGATE:
    return eval_negation(ev, e, ret);
  }
  return fail(ev->fail, FAIL_CONFIG, "unknown expression");
}

/* Two series that differed only in what an operation took away would be one: Prometheus calls that an error, and so do we. */
static bool all_distinct(struct eval *ev, const struct value *v) {
  struct map seen = {0};
  bool distinct = true;
  for (size_t i = 0; i < v->count && distinct; i++) {
    void **slot = map_slot(&seen, (const char *)&v->elements[i].labels->hash, sizeof(uint64_t));
    const struct labels *other = *slot;
    distinct = !other || !labels_equal(other, v->elements[i].labels);
    *slot = v->elements[i].labels;
  }
  map_done(&seen);
  return distinct || fail(ev->fail, FAIL_CONFIG, "the result has several series with the same labels");
}

bool promql_eval(const struct expr *e, const struct source *source, msec_t at, struct arena *a, struct value *ret,
                 struct evaluation *notes, struct fail *f) {
  *notes = (struct evaluation){0};
  struct eval ev = {.source = source, .arena = a, .notes = notes, .fail = f, .at = at, .until = cpu_seconds() + CPU_SECONDS_MAX};
  if (!eval_expr(&ev, e, ret)) return false;
  notes->missing = ev.missing;
  notes->missing_count = ev.missing_count;
  if (ret->type != VALUE_VECTOR || all_distinct(&ev, ret)) return true;
  value_done(ret);
  return false;
}

/* What is known of an expression without evaluating it */

msec_t promql_span(const struct expr *e) {
  msec_t longest = 0;
  switch (e->kind) {
  case EXPR_SELECTOR:
    return (e->selector.range ? e->selector.range : PROMQL_LOOKBACK) + MAX(e->selector.back, 0);
  case EXPR_CALL:
    for (size_t i = 0; i < e->call.count; i++) longest = MAX(longest, promql_span(e->call.args[i]));
    return longest;
  case EXPR_AGGREGATE:
    return promql_span(e->aggregate.of);
  case EXPR_BINARY:
    return MAX(promql_span(e->binary.left), promql_span(e->binary.right));
  case EXPR_NEGATE:
    return promql_span(e->negated);
  case EXPR_NUMBER:
  case EXPR_STRING:
    return 0;
  }
  return 0;
}

bool promql_comparison(const struct expr *e, struct comparison *ret) {
  while (e->kind == EXPR_BINARY && (e->binary.op == TOKEN_AND || e->binary.op == TOKEN_UNLESS))
    e = e->binary.left; /* the condition comes first */
  if (e->kind != EXPR_BINARY || e->binary.op < TOKEN_EQUAL || e->binary.op > TOKEN_GREATER_EQUAL ||
      e->binary.right->kind != EXPR_NUMBER)
    return false;
  *ret = (struct comparison){.value = e->binary.left, .op = token_name(e->binary.op), .threshold = e->binary.right->number};
  return true;
}
