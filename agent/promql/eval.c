/* Evaluating an expression at one time. Every step is bounded: points by the selections, CPU and memory by a look at the thread's clock and at the
 * arena at each node. */
#include "agent/promql/eval.h"

#include <string.h>

#include "base/map.h"

enum { CPU_SECONDS_MAX = 1, MEGABYTES_MAX = 256 };

void value_done(struct value *v) {
  for (size_t i = 0; i < v->count; i++) labels_unref(v->elements[i].labels);
  *v = (struct value){0};
}

struct value eval_vector(struct eval *ev, size_t capacity) {
  return (struct value){
      .type = VALUE_VECTOR,
      .capacity = capacity,
      .elements = arena_alloc(ev->arena, capacity * sizeof(struct element)),
      .unnamed = arena_alloc(ev->arena, capacity * sizeof(bool)),
  };
}

void value_add(struct value *v, struct labels *labels, double value, bool unnamed) {
  v->unnamed[v->count] = unnamed;
  v->elements[v->count++] = (struct element){.labels = labels, .value = value};
}

void eval_append(struct eval *ev, struct value *v, struct labels *labels, double value, bool unnamed) {
  if (v->count == v->capacity) {
    struct value more = eval_vector(ev, v->capacity ? v->capacity * 2 : 16);
    if (v->count) {
      memcpy(more.elements, v->elements, v->count * sizeof *v->elements);
      memcpy(more.unnamed, v->unnamed, v->count * sizeof *v->unnamed);
    }
    more.count = v->count;
    *v = more;
  }
  value_add(v, labels_ref(labels), value, unnamed);
}

double eval_wall(const struct eval *ev) {
  return (double)ev->at / 1000 + ev->source->wall_offset;
}

/* Label sets */

static bool is_named(const struct grouping *g, const char *name) {
  for (size_t i = 0; i < g->count; i++)
    if (!strcmp(g->names[i], name)) return true;
  return false;
}

/* The set of the labels that are named, or of the others; the metric's name stays only when it is named or kept. */
static struct labels *filtered(struct labels *l, const struct grouping *g, bool only, bool keep_name) {
  struct label_pair pairs[l->count + 1];
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++) {
    const char *name = l->pairs[i].name;
    bool kept = only ? is_named(g, name) : !is_named(g, name) && (keep_name || strcmp(name, "__name__") != 0);
    if (kept) pairs[count++] = l->pairs[i];
  }
  return count == l->count ? labels_ref(l) : labels_new(pairs, count);
}

struct labels *labels_grouped(struct labels *l, const struct grouping *g) {
  return filtered(l, g, g->only, false);
}

struct labels *labels_without(struct labels *l, const struct grouping *g) {
  return filtered(l, g, false, true);
}

/* The tree */

static bool eval_negation(struct eval *ev, const struct expr *e, struct value *ret) {
  if (!eval_expr(ev, e->negated, ret)) return false;
  ret->scalar = -ret->scalar;
  for (size_t i = 0; i < ret->count; i++) {
    ret->elements[i].value = -ret->elements[i].value;
    ret->unnamed[i] = true;
  }
  return true;
}

static bool within_bounds(struct eval *ev) {
  if (clock_cpu() > ev->until) return fail(ev->fail, FAIL_LIMIT, "the evaluation took more than %d second of CPU", CPU_SECONDS_MAX);
  return ev->arena->bytes <= ev->bytes_max ||
         fail(ev->fail, FAIL_LIMIT, "the evaluation took more than %d MB of memory", MEGABYTES_MAX);
}

bool eval_expr(struct eval *ev, const struct expr *e, struct value *ret) {
  *ret = (struct value){.type = e->type};
  if (!within_bounds(ev)) return false;
  switch (e->kind) {
  case EXPR_NUMBER:
    ret->scalar = e->number;
    return true;
  case EXPR_STRING:
    ret->string = e->string;
    return true;
  case EXPR_SELECTOR:
    return eval_selector(ev, e, ret);
  case EXPR_CALL:
    return eval_call(ev, e, ret);
  case EXPR_AGGREGATE:
    return eval_aggregate(ev, e, ret);
  case EXPR_BINARY:
    return eval_binary(ev, e, ret);
  case EXPR_NEGATE:
    return eval_negation(ev, e, ret);
  }
  return false;
}

static void take_names(struct value *v) {
  static const struct grouping nothing = {0};
  for (size_t i = 0; i < v->count; i++) {
    struct element *x = &v->elements[i];
    if (!v->unnamed[i]) continue;
    struct labels *named = x->labels;
    x->labels = labels_grouped(named, &nothing);
    labels_unref(named);
  }
}

/* Series that differed only in what an operation took away would be one: Prometheus calls that an error, and so do we. */
static bool are_distinct(struct eval *ev, const struct value *v) {
  struct map seen = {0};
  bool distinct = true;
  for (size_t i = 0; i < v->count && distinct; i++) {
    size_t length;
    const char *key = labels_key(v->elements[i].labels, &length);
    void **slot = map_slot(&seen, key, length);
    distinct = !*slot;
    *slot = v->elements[i].labels;
  }
  map_done(&seen);
  return distinct || fail(ev->fail, FAIL_CONFIG, "the result has several series with the same labels");
}

bool promql_eval(const struct expr *e, const struct source *source, msec_t at, struct arena *a, struct value *ret,
                 struct evaluation *notes, struct fail *f) {
  *notes = (struct evaluation){0};
  struct eval ev = {
      .source = source,
      .arena = a,
      .notes = notes,
      .fail = f,
      .at = at,
      .until = clock_cpu() + CPU_SECONDS_MAX,
      .bytes_max = a->bytes + ((size_t)MEGABYTES_MAX << 20),
  };
  if (!eval_expr(&ev, e, ret)) return false;
  take_names(ret);
  notes->missing = ev.missing;
  notes->missing_count = ev.missing_count;
  if (are_distinct(&ev, ret)) return true;
  value_done(ret);
  return false;
}
