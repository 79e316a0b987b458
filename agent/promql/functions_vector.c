/* Functions of a vector as a whole, and of the time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/promql/eval.h"
#include "agent/promql/functions.h"

static bool now(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  (void)e, (void)args;
  ret->scalar = eval_wall(ev, ev->at);
  return true;
}

static bool pi(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  (void)ev, (void)e, (void)args;
  ret->scalar = M_PI;
  return true;
}

static bool scalar(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  (void)ev, (void)e;
  ret->scalar = args[0].count == 1 ? args[0].elements[0].value : NAN;
  return true;
}

static bool vector(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  (void)e;
  *ret = eval_vector(ev, 1);
  value_add(ret, labels_new(NULL, 0), args[0].scalar, false);
  return true;
}

/* The time of a sample */

/* Who is called for each window. */
struct caller {
  struct eval *ev;
  struct value *result;
};

static void add_time(void *context, struct labels *labels, bool unnamed, const struct window *w) {
  struct caller *c = context;
  (void)unnamed;
  eval_append(c->ev, c->result, labels, eval_wall(c->ev, w->points->time), true);
}

/* Of a selector when each sample was taken; what an operation gives is of now. */
static bool timestamp(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  const struct expr *of = e->call.args[0];
  struct caller c = {ev, ret};
  (void)args;
  *ret = eval_vector(ev, 0);
  if (of->kind == EXPR_SELECTOR) return eval_windows(ev, of, add_time, &c);
  if (!eval_expr(ev, of, ret)) return false;
  for (size_t i = 0; i < ret->count; i++) {
    ret->elements[i].value = eval_wall(ev, ev->at);
    ret->unnamed[i] = true;
  }
  return true;
}

/* What is not there */

/* Is the label of the matcher certain? Of several matchers of one label in Prometheus the first = counts, and only when it is the last. */
static bool is_certain(const struct expr *of, size_t i) {
  const struct matcher *m = &of->selector.matchers[i];
  bool certain = m->op == MATCH_EQUAL && strcmp(m->name, "__name__") != 0;
  for (size_t k = 0; k < of->selector.count && certain; k++) {
    const struct matcher *other = &of->selector.matchers[k];
    bool counts = k > i || (k < i && other->op == MATCH_EQUAL);
    certain = !counts || strcmp(other->name, m->name) != 0;
  }
  return certain;
}

/* The labels that what is not there would have. */
static struct labels *demanded(const struct expr *of) {
  size_t most = of->kind == EXPR_SELECTOR ? of->selector.count : 0, count = 0;
  struct label_pair pairs[most + 1];
  for (size_t i = 0; i < most; i++) {
    const struct matcher *m = &of->selector.matchers[i];
    if (is_certain(of, i)) pairs[count++] = (struct label_pair){m->name, m->value};
  }
  return labels_new(pairs, count);
}

static void say_absent(struct eval *ev, const struct expr *of, bool absent, struct value *ret) {
  *ret = eval_vector(ev, 1);
  if (absent) value_add(ret, demanded(of), 1, false);
}

static bool absent(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  say_absent(ev, e->call.args[0], args[0].count == 0, ret);
  return true;
}

static void see(void *context, struct labels *labels, bool unnamed, const struct window *w) {
  (void)labels, (void)unnamed, (void)w;
  *(bool *)context = true;
}

static bool absent_over_time(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  bool seen = false;
  (void)args;
  if (!eval_windows(ev, e->call.args[0], see, &seen)) return false;
  say_absent(ev, e->call.args[0], !seen, ret);
  return true;
}

/* Order */

struct rank {
  double value; /* in which the lesser goes first */
  size_t index;
};

/* NaN last; equals stay as they were. */
static int by_rank(const void *a, const void *b) {
  const struct rank *x = a, *y = b;
  if (isnan(x->value) != isnan(y->value)) return isnan(x->value) - isnan(y->value);
  if (x->value < y->value || x->value > y->value) return x->value < y->value ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static void sorted(struct eval *ev, const struct value *of, double direction, struct value *ret) {
  struct rank *ranks = arena_alloc(ev->arena, of->count * sizeof *ranks);
  for (size_t i = 0; i < of->count; i++) ranks[i] = (struct rank){direction * of->elements[i].value, i};
  if (of->count) qsort(ranks, of->count, sizeof *ranks, by_rank);
  *ret = eval_vector(ev, of->count);
  for (size_t i = 0; i < of->count; i++) {
    const struct element *x = &of->elements[ranks[i].index];
    value_add(ret, labels_ref(x->labels), x->value, of->unnamed[ranks[i].index]);
  }
}

/* Over many steps there is no order but that of the labels. */
static void warn_of_steps(struct eval *ev, const struct expr *e) {
  if (ev->frame->from == ev->frame->to) return;
  eval_annotate(ev, e, true, "sort is ineffective for range queries since results are always ordered by labels");
}

static bool sort_up(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  warn_of_steps(ev, e);
  sorted(ev, &args[0], 1, ret);
  return true;
}

static bool sort_down(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  warn_of_steps(ev, e);
  sorted(ev, &args[0], -1, ret);
  return true;
}

static const struct function rows[] = {
    {.name = "time", .result = VALUE_SCALAR, .whole = now},
    {.name = "pi", .result = VALUE_SCALAR, .whole = pi},
    {.name = "scalar", .result = VALUE_SCALAR, .args = {VALUE_VECTOR}, .arg_count = 1, .whole = scalar},
    {.name = "vector", .result = VALUE_VECTOR, .args = {VALUE_SCALAR}, .arg_count = 1, .whole = vector},
    {.name = "timestamp", OVER_VECTOR, .lazy = true, .whole = timestamp},
    {.name = "absent", OVER_VECTOR, .whole = absent},
    {.name = "absent_over_time", OVER_RANGE, .whole = absent_over_time},
    {.name = "sort", OVER_VECTOR, .whole = sort_up},
    {.name = "sort_desc", OVER_VECTOR, .whole = sort_down},
};
const struct functions vector_functions = FUNCTIONS(rows);
