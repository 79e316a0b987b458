/* An expression over many steps: see course.h. Each step has an arena of its own, so that what eleven thousand steps throw away is never held at once;
 * what they keep (selected points, derived label sets, the values) lies in the lasting one. */
#include "agent/promql/course.h"

#include <stdlib.h>
#include <string.h>

static void *longer(struct arena *a, const void *items, size_t *capacity, size_t size) {
  size_t old = *capacity;
  *capacity = old ? old * 2 : 16;
  void *more = arena_alloc(a, *capacity * size);
  if (old) memcpy(more, items, old * size);
  return more;
}

static bool add(struct eval *ev, struct courses *c, struct labels *labels, bool unnamed, double value) {
  size_t number = label_sets_number(c->labels, labels);
  if (number == c->capacity) c->items = longer(ev->lasting, c->items, &c->capacity, sizeof *c->items);
  struct course *course = &c->items[number];
  if (course->count && course->points[course->count - 1].time == ev->at) return eval_same_labels(ev);
  if (course->count == course->capacity)
    course->points = longer(ev->lasting, course->points, &course->capacity, sizeof *course->points);
  course->points[course->count++] = (struct point){ev->at, value};
  course->unnamed |= unnamed;
  return true;
}

static bool collect_step(struct eval *ev, const struct expr *e, struct labels *none, struct courses *ret) {
  struct value v;
  bool ok = eval_expr(ev, e, &v);
  if (!ok) return false;
  if (v.type == VALUE_SCALAR) ok = add(ev, ret, none, false, v.scalar);
  for (size_t i = 0; i < v.count && ok; i++) ok = add(ev, ret, v.elements[i].labels, v.unnamed[i], v.elements[i].value);
  ev->points += v.type == VALUE_SCALAR ? 1 : v.count;
  value_done(&v);
  return ok && eval_goes_on(ev, 0);
}

bool courses_collect(struct eval *ev, const struct expr *e, const struct frame *frame, msec_t step, struct courses *ret) {
  const struct frame *outer = ev->frame;
  struct arena *outer_arena = ev->arena;
  msec_t at = ev->at;
  size_t held = ev->held;
  struct labels *none = labels_new(NULL, 0);
  bool ok = true;
  *ret = (struct courses){.labels = label_sets_new(ev->lasting)};
  ev->frame = frame;
  if (outer_arena != ev->lasting) ev->held += outer_arena->bytes;
  for (ev->at = frame->from; ok && ev->at <= frame->to; ev->at += step) {
    struct arena scratch;
    arena_init(&scratch);
    ev->arena = &scratch;
    ok = collect_step(ev, e, none, ret);
    arena_done(&scratch);
  }
  labels_unref(none);
  ev->frame = outer;
  ev->arena = outer_arena;
  ev->at = at;
  ev->held = held;
  return ok;
}

struct raw {
  struct eval *ev;
  struct courses *all;
};

static void add_window(void *context, struct labels *labels, bool unnamed, const struct window *w) {
  const struct raw *r = context;
  struct courses *c = r->all;
  size_t number = label_sets_number(c->labels, labels);
  if (number == c->capacity) c->items = longer(r->ev->lasting, c->items, &c->capacity, sizeof *c->items);
  struct point *points = arena_alloc(r->ev->lasting, w->count * sizeof *points);
  memcpy(points, w->points, w->count * sizeof *points);
  c->items[number] = (struct course){.unnamed = unnamed, .points = points, .count = w->count};
}

bool courses_of_windows(struct eval *ev, const struct expr *range, struct courses *ret) {
  *ret = (struct courses){.labels = label_sets_new(ev->lasting)};
  return eval_windows(ev, range, add_window, &(struct raw){ev, ret});
}

/* Joins two courses of different steps, each in order. */
static bool join(struct eval *ev, struct series *into, const struct course *c) {
  struct point *all = arena_alloc(ev->lasting, (into->count + c->count) * sizeof *all);
  size_t n = 0, i = 0, k = 0;
  while (i < into->count || k < c->count) {
    bool other = i == into->count || (k < c->count && c->points[k].time < into->points[i].time);
    if (!other && k < c->count && c->points[k].time == into->points[i].time) return eval_same_labels(ev);
    all[n++] = other ? c->points[k++] : into->points[i++];
  }
  into->points = all;
  into->count = n;
  return true;
}

static int by_labels(const void *a, const void *b) {
  return labels_compare(((const struct series *)a)->labels, ((const struct series *)b)->labels);
}

bool courses_finish(struct eval *ev, const struct courses *c, struct value *ret) {
  struct label_sets *finals = label_sets_new(ev->lasting);
  *ret = (struct value){.type = VALUE_MATRIX, .series = arena_alloc(ev->lasting, c->labels->count * sizeof *ret->series)};
  for (size_t i = 0; i < c->labels->count; i++) {
    const struct course *course = &c->items[i];
    struct labels *l = course->unnamed ? labels_unnamed(c->labels->sets[i]) : labels_ref(c->labels->sets[i]);
    size_t number = label_sets_number(finals, l);
    struct series *s = &ret->series[number];
    if (number == ret->count) {
      *s = (struct series){.labels = l, .points = course->points, .count = course->count};
      ret->count++;
      continue;
    }
    labels_unref(l);
    if (join(ev, s, course)) continue;
    value_done(ret);
    return false;
  }
  if (ret->count) qsort(ret->series, ret->count, sizeof *ret->series, by_labels);
  return true;
}
