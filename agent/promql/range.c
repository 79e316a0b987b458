/* Selectors, ranges and subqueries: where an evaluation meets the past. The series of each are selected once, for all steps of its frame, and then the steps
 * walk along them: in every track the window moves from the past to the present. */
#include <math.h>
#include <string.h>

#include "agent/promql/course.h"

enum { MINUTE = 60000 };
static const double covered_enough = 0.9; /* of a range, to be judged */

struct track {
  struct labels *labels;
  bool unnamed;
  const struct point *points;
  size_t count;
  size_t first, end; /* the window's points: first <= i < end */
};
struct tracks {
  struct track *items;
  size_t count;
};

/* Coverage */

/* Notes what is missing of a target. */
static void note(struct eval *ev, const char *target, bool gap, bool warming) {
  size_t i = 0;
  while (i < ev->missing_count && strcmp(ev->missing[i].target, target) != 0) i++;
  if (i == ev->missing_capacity) {
    ev->missing_capacity = MAX(ev->missing_capacity * 2, (size_t)16);
    struct missing *more = arena_alloc(ev->lasting, ev->missing_capacity * sizeof *more);
    if (i) memcpy(more, ev->missing, i * sizeof *more);
    ev->missing = more;
  }
  if (i == ev->missing_count) ev->missing[ev->missing_count++] = (struct missing){.target = target};
  ev->missing[i].gap |= gap;
  ev->missing[i].warming |= warming;
}

/* An instant is covered when the past has begun, a range when the past reaches back nearly as far. What a time in the past was is as it is. */
static void note_coverage(struct eval *ev, const struct expr *e, const struct selection *s) {
  msec_t range = e->selector.range + ev->frame->reach, back = e->selector.when.back;
  msec_t enough = (msec_t)(covered_enough * (double)range) + back;
  for (size_t i = 0; i < s->coverage_count && e->selector.when.anchor != ANCHOR_TIME; i++) {
    const struct coverage *c = &s->coverage[i];
    bool gap = range ? c->gap : c->gap_now, warming = ev->frame->to - enough < c->since;
    if (!gap && !warming) continue;
    note(ev, c->target, gap, warming);
    ev->notes->gap |= gap;
    ev->notes->warming |= warming;
    if (warming) ev->notes->warm_at = MAX(ev->notes->warm_at, c->since + enough + ev->steps->to - ev->frame->to);
  }
}

/* Tracks */

/* The moment that is looked at when the step is at `at`. */
static msec_t moment(const struct eval *ev, const struct when *w, msec_t at) {
  switch (w->anchor) {
  case ANCHOR_STEP:
    return at - w->back;
  case ANCHOR_START:
    return ev->steps->from - w->back;
  case ANCHOR_END:
    return ev->steps->to - w->back;
  case ANCHOR_TIME:
    return (msec_t)llround((w->time - ev->source->wall_offset) * 1000) - w->back;
  }
  return at;
}

/* A range does not see stale markers: copies the points only when there are some. */
static void without_stale(struct eval *ev, struct track *t) {
  size_t kept = 0;
  while (kept < t->count && !is_stale(t->points[kept].value)) kept++;
  if (kept == t->count) return;
  struct point *copy = arena_alloc(ev->lasting, t->count * sizeof *copy);
  memcpy(copy, t->points, kept * sizeof *copy);
  for (size_t i = kept; i < t->count; i++)
    if (!is_stale(t->points[i].value)) copy[kept++] = t->points[i];
  t->points = copy;
  t->count = kept;
}

static void drop_selection(void *selection) {
  selection_done(selection);
}

static bool select_tracks(struct eval *ev, const struct expr *e, struct tracks *ret) {
  const struct source *source = ev->source;
  const struct when *when = &e->selector.when;
  msec_t span = e->selector.range ? e->selector.range : PROMQL_LOOKBACK;
  msec_t from = moment(ev, when, ev->frame->from) - span, to = moment(ev, when, ev->frame->to);
  struct selection *s = arena_alloc(ev->lasting, sizeof *s);
  if (!source->select(source->context, e->selector.matchers, e->selector.count, from, to, ev->lasting, s, ev->fail)) return false;
  arena_defer(ev->lasting, drop_selection, s);
  ev->notes->selected += s->count;
  note_coverage(ev, e, s);
  for (size_t i = 0; i < s->count; i++) ev->points += s->series[i].count;
  if (!eval_goes_on(ev, EVAL_MUCH_WORK)) return false;
  *ret = (struct tracks){.items = arena_alloc(ev->lasting, s->count * sizeof *ret->items), .count = s->count};
  for (size_t i = 0; i < s->count; i++) {
    struct track *t = &ret->items[i];
    *t = (struct track){.labels = s->series[i].labels, .points = s->series[i].points, .count = s->series[i].count};
    if (e->selector.range) without_stale(ev, t);
  }
  return true;
}

/* The first of the wall clock's multiples of `step` that is later than `time`. */
static msec_t aligned(const struct eval *ev, msec_t time, msec_t step) {
  msec_t wall = time + (msec_t)llround(ev->source->wall_offset * 1000), over = wall % step;
  return time - over + (over < 0 ? 0 : step);
}

static bool subquery_tracks(struct eval *ev, const struct expr *e, struct tracks *ret) {
  const struct when *when = &e->subquery.when;
  msec_t otherwise = ev->source->resolution ? ev->source->resolution : MINUTE;
  msec_t step = e->subquery.resolution ? e->subquery.resolution : otherwise;
  struct frame inner = {
      .from = aligned(ev, moment(ev, when, ev->frame->from) - e->subquery.range, step),
      .to = moment(ev, when, ev->frame->to),
      .reach = ev->frame->reach + e->subquery.range,
  };
  struct courses all;
  if (!courses_collect(ev, e->subquery.of, &inner, step, &all)) return false;
  *ret = (struct tracks){.items = arena_alloc(ev->lasting, all.labels->count * sizeof *ret->items), .count = all.labels->count};
  for (size_t i = 0; i < ret->count; i++) {
    const struct course *c = &all.items[i];
    ret->items[i] = (struct track){.labels = all.labels->sets[i], .unnamed = c->unnamed, .points = c->points, .count = c->count};
  }
  return true;
}

static struct tracks *tracks_of(struct eval *ev, const struct expr *e) {
  bool new;
  struct tracks *t = eval_node(ev, e, sizeof *t, &new);
  if (!new) return t;
  return (e->kind == EXPR_SUBQUERY ? subquery_tracks(ev, e, t) : select_tracks(ev, e, t)) ? t : NULL;
}

/* Moves the window to the points with from < time <= to, none of which is earlier than where it is. */
static void move(struct track *t, msec_t from, msec_t to) {
  while (t->end < t->count && t->points[t->end].time <= to) t->end++;
  while (t->first < t->end && t->points[t->first].time <= from) t->first++;
}

/* Looking */

static bool is_instant(const struct expr *e) {
  return e->kind == EXPR_SELECTOR && !e->selector.range;
}

/* The newest point of a window, unless it is a stale marker. */
static const struct point *newest(const struct track *t) {
  const struct point *p = t->first < t->end ? &t->points[t->end - 1] : NULL;
  return p && !is_stale(p->value) ? p : NULL;
}

bool eval_selector(struct eval *ev, const struct expr *e, struct value *ret) {
  struct tracks *all = tracks_of(ev, e);
  if (!all || !eval_goes_on(ev, all->count)) return false;
  msec_t to = moment(ev, &e->selector.when, ev->at);
  *ret = eval_vector(ev, all->count);
  for (size_t i = 0; i < all->count; i++) {
    struct track *t = &all->items[i];
    move(t, to - PROMQL_LOOKBACK, to);
    const struct point *p = newest(t);
    if (p) value_add(ret, labels_ref(t->labels), p->value, false);
  }
  return true;
}

bool eval_windows(struct eval *ev, const struct expr *e, window_fn *each, void *context) {
  struct tracks *all = tracks_of(ev, e);
  bool subquery = e->kind == EXPR_SUBQUERY, instant = is_instant(e);
  if (!all) return false;
  msec_t range = subquery ? e->subquery.range : instant ? PROMQL_LOOKBACK : e->selector.range;
  msec_t to = moment(ev, subquery ? &e->subquery.when : &e->selector.when, ev->at);
  for (size_t i = 0; i < all->count; i++) {
    struct track *t = &all->items[i];
    move(t, to - range, to);
    struct window w = {.points = t->points + t->first, .count = t->end - t->first, .from = to - range, .to = to, .at = ev->at};
    if (instant) {
      w.points = newest(t);
      w.count = w.points != NULL;
    }
    if (w.count) each(context, t->labels, t->unnamed, &w);
    if (!eval_goes_on(ev, w.count)) return false;
  }
  return true;
}
