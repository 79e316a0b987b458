/* Evaluating an expression at one step, and what all that takes part in it shares. Points are bounded by the selections, CPU, memory and the wish to stop by a look
 * at each node and within every loop that may be long. */
#include "agent/promql/eval.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void value_done(struct value *v) {
  for (size_t i = 0; i < v->count && v->elements; i++) labels_unref(v->elements[i].labels);
  for (size_t i = 0; i < v->count && v->series; i++) labels_unref(v->series[i].labels);
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

double eval_wall(const struct eval *ev, msec_t time) {
  return (double)(time + llround(ev->source->wall_offset * 1000)) / 1000; /* rounded once: midnight is not the day before */
}

/* Bounds, notes, and what lasts */

enum { NODE_WORK = 50, ANNOTATIONS_MAX = 32, ANNOTATION_BYTES_MAX = 2000 };

bool eval_goes_on(struct eval *ev, size_t work) {
  const struct bounds *b = ev->bounds;
  size_t bytes = ev->held + ev->lasting->bytes + (ev->arena == ev->lasting ? 0 : ev->arena->bytes);
  if (b->stop && atomic_load_explicit(b->stop, memory_order_relaxed))
    return fail(ev->fail, FAIL_STOPPED, "the evaluation was stopped before its end");
  if (ev->points > b->points) return fail(ev->fail, FAIL_LIMIT, "the expression selects more than %zu points", b->points);
  if (bytes > ev->bytes_max) return fail(ev->fail, FAIL_LIMIT, "the evaluation took more than %zu MB of memory", b->bytes >> 20);
  ev->work += work;
  if (ev->work < EVAL_MUCH_WORK) return true;
  ev->work = 0;
  return clock_cpu() <= ev->until || fail(ev->fail, FAIL_TIMEOUT, "the evaluation took more than %g second%s of CPU",
                                          b->cpu_seconds, b->cpu_seconds == 1 ? "" : "s");
}

struct annotation *eval_annotate(struct eval *ev, const struct expr *e, bool warning, const char *format, ...) {
  SCOPED(buf_done) struct buf text;
  va_list args;
  buf_init(&text, ANNOTATION_BYTES_MAX);
  va_start(args, format);
  buf_vprintf(&text, format, args);
  va_end(args);
  if (text.overflow) return NULL;
  for (size_t i = 0; i < ev->annotation_count; i++)
    if (ev->annotations[i].offset == e->offset && !strcmp(ev->annotations[i].text, text.data)) return &ev->annotations[i];
  if (!ev->annotations) ev->annotations = arena_alloc(ev->lasting, ANNOTATIONS_MAX * sizeof *ev->annotations);
  if (ev->annotation_count == ANNOTATIONS_MAX) return NULL;
  struct annotation *a = &ev->annotations[ev->annotation_count++];
  *a = (struct annotation){.warning = warning, .offset = e->offset, .text = arena_copy(ev->lasting, text.data)};
  return a;
}

bool eval_same_labels(struct eval *ev) {
  return fail(ev->fail, FAIL_CONFIG, "vector cannot contain metrics with the same labelset");
}

void *eval_node(struct eval *ev, const struct expr *e, size_t size, bool *ret_new) {
  if (e->id >= ev->node_count) {
    size_t count = MAX(2 * ev->node_count, e->id + 16);
    void **more = arena_alloc(ev->lasting, count * sizeof *more);
    if (ev->node_count) memcpy(more, ev->nodes, ev->node_count * sizeof *more);
    ev->nodes = more;
    ev->node_count = count;
  }
  *ret_new = !ev->nodes[e->id];
  if (*ret_new) ev->nodes[e->id] = arena_alloc(ev->lasting, size);
  return ev->nodes[e->id];
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

static bool eval_kind(struct eval *ev, const struct expr *e, struct value *ret) {
  switch (e->kind) {
  case EXPR_NUMBER:
    ret->scalar = e->number;
    return true;
  case EXPR_STRING:
    ret->string = e->string;
    return true;
  case EXPR_SELECTOR:
    return eval_selector(ev, e, ret);
  case EXPR_SUBQUERY:
    return fail(ev->fail, FAIL_CONFIG, "a subquery like x[5m:1m] needs a function around it");
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

bool eval_expr(struct eval *ev, const struct expr *e, struct value *ret) {
  *ret = (struct value){.type = e->type};
  if (eval_goes_on(ev, NODE_WORK) && eval_kind(ev, e, ret)) return true;
  value_done(ret);
  return false;
}
