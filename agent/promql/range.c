/* Selectors, and functions over ranges: where an evaluation meets the past. */
#include <string.h>

#include "agent/promql/eval.h"

static const double covered_enough = 0.9; /* of a range, to be judged */

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

/* An instant is covered when the past has begun, a range when the past reaches back nearly as far. */
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
  const struct source *source = ev->source;
  msec_t to = ev->at - e->selector.back;
  if (!source->select(source->context, e->selector.matchers, e->selector.count, to - span, to, ev->arena, ret, ev->fail))
    return false;
  ev->notes->selected += ret->count;
  note_coverage(ev, e, ret);
  for (size_t i = 0; i < ret->count; i++) ev->points += ret->series[i].count;
  if (ev->points <= SELECTION_POINTS_MAX) return true;
  selection_done(ret);
  return fail(ev->fail, FAIL_LIMIT, "the expression selects more than %u points", SELECTION_POINTS_MAX);
}

/* The newest point of each series, unless it is a stale marker. */
bool eval_selector(struct eval *ev, const struct expr *e, struct value *ret) {
  struct selection s;
  if (e->type != VALUE_VECTOR) return fail(ev->fail, FAIL_CONFIG, "a range like x[5m] needs a function around it");
  if (!select_points(ev, e, PROMQL_LOOKBACK, &s)) return false;
  *ret = eval_vector(ev, s.count);
  for (size_t i = 0; i < s.count; i++) {
    const struct series *x = &s.series[i];
    if (x->count && !is_stale(x->points[x->count - 1].value))
      value_add(ret, labels_ref(x->labels), x->points[x->count - 1].value, false);
  }
  selection_done(&s);
  return true;
}

/* What a function sees of a series: copied only when there are stale markers to leave out. */
static void fill_window(struct eval *ev, const struct series *x, struct window *w) {
  size_t first = 0;
  while (first < x->count && !is_stale(x->points[first].value)) first++;
  w->points = x->points;
  w->count = first;
  if (first == x->count) return;
  struct point *kept = arena_alloc(ev->arena, x->count * sizeof *kept);
  memcpy(kept, x->points, first * sizeof *kept);
  for (size_t i = first; i < x->count; i++)
    if (!is_stale(x->points[i].value)) kept[w->count++] = x->points[i];
  w->points = kept;
}

bool eval_windows(struct eval *ev, const struct expr *range, window_fn *each, void *context) {
  struct selection s;
  if (!select_points(ev, range, range->selector.range, &s)) return false;
  msec_t to = ev->at - range->selector.back;
  for (size_t i = 0; i < s.count; i++) {
    struct window w = {.from = to - range->selector.range, .to = to};
    fill_window(ev, &s.series[i], &w);
    if (w.count) each(context, s.series[i].labels, false, &w);
  }
  selection_done(&s);
  return true;
}
