/* The points of the series that all matchers match, unpacked with no lock held. A gap of the shard shows in a series as a stale marker where it begins,
 * and so does the end of a retired shard. */
#include <stdlib.h>
#include <string.h>

#include "agent/history/search.h"
#include "base/mem.h"

/* Unpacks one row after another. */
struct unpacking {
  struct view *view;
  struct point *points; /* room for as many as the view has ticks, and two */
  size_t count;
  size_t stretch; /* where in the timeline it is */
};

static void add_stale(struct unpacking *u, msec_t time) {
  if (u->count && !is_stale(u->points[u->count - 1].value)) u->points[u->count++] = (struct point){time, stale_marker()};
}

/* Calls for each stretch that has ticks of first <= tick < next: these, and when the first of them was. */
static void add_stretches(struct unpacking *u, uint64_t first, uint64_t next, const struct run *run) {
  struct timeline *t = &u->view->times;
  first = MAX(first, t->first);
  next = MIN(next, t->next);
  while (first < next) {
    while (timeline_end(t, u->stretch) <= first) u->stretch++;
    const struct stretch *s = &t->stretches[u->stretch];
    uint64_t end = MIN(next, timeline_end(t, u->stretch));
    msec_t time = s->time + (msec_t)(first - s->first) * s->step;
    if (run && !run->absent) {
      double value = value_of(run->bits);
      for (; first < end; first++, time += s->step) u->points[u->count++] = (struct point){time, value};
    } else if (s->gap) {
      add_stale(u, time);
      u->view->gap = true;
      u->view->gap_now |= end == t->next;
    }
    first = end;
  }
}

static void unpack(struct unpacking *u, const struct reading *r) {
  struct view *v = u->view;
  struct reader reader;
  struct run run;
  uint64_t first, at = v->times.first;
  u->count = u->stretch = 0;
  reader_init(&reader, r);
  while (at < v->times.next && reader_next(&reader, &first, &run)) {
    if (first > at) add_stretches(u, at, first, NULL); /* before the series began */
    add_stretches(u, first, first + run.ticks, &run);
    at = MAX(at, first + run.ticks);
  }
  add_stretches(u, at, v->times.next, NULL);
  if (v->over) add_stale(u, v->ended);
}

/* Series that have no point at all show a gap as well. */
static void note_gap(struct view *v) {
  const struct timeline *t = &v->times;
  for (size_t i = 0; v->lacking && i < t->count; i++) v->gap |= t->stretches[i].gap;
  if (v->lacking && t->count) v->gap_now |= t->stretches[t->count - 1].gap;
}

static bool unpack_view(struct view *v, struct arena *a, struct selection *ret, size_t *capacity, size_t *points) {
  struct unpacking u = {.view = v};
  if (v->count) u.points = mem_resize(NULL, (size_t)(v->times.next - v->times.first) + 2, sizeof *u.points);
  for (size_t i = 0; i < v->count && *points <= SELECTION_POINTS_MAX; i++) {
    unpack(&u, &v->readings[i]);
    *points += u.count;
    if (!u.count) continue;
    ret->series = search_room(a, ret->series, ret->count, capacity, sizeof *ret->series);
    struct point *copy = arena_alloc(a, u.count * sizeof *copy);
    memcpy(copy, u.points, u.count * sizeof *copy);
    ret->series[ret->count++] = (struct series){labels_ref(v->readings[i].labels), copy, u.count};
  }
  free(u.points);
  note_gap(v);
  return *points <= SELECTION_POINTS_MAX;
}

static void add_coverage(struct view *v, struct selection *ret) {
  if (v->watched && v->matched && timeline_is_empty(&v->times)) v->gap = v->gap_now = v->earlier;
  if (v->watched && !v->matched && !v->was_up) v->matched = v->gap = v->gap_now = true;
  if (v->matched && !v->over)
    ret->coverage[ret->coverage_count++] =
        (struct coverage){.target = v->target, .since = v->since, .gap = v->gap, .gap_now = v->gap_now};
}

bool history_select(void *history, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                    struct selection *ret, struct fail *f) {
  struct search q = {.matchers = matchers, .count = count, .from = from, .to = to, .arena = a};
  size_t capacity = 0, points = 0;
  *ret = (struct selection){.count = 0};
  bool good = search_run(&q, history, f);
  if (good) ret->coverage = arena_alloc(a, (q.view_count + 1) * sizeof *ret->coverage);
  for (size_t i = 0; good && i < q.view_count; i++) {
    good = unpack_view(q.views[i], a, ret, &capacity, &points) ||
           fail(f, FAIL_LIMIT, "the selection holds more than %u points", SELECTION_POINTS_MAX);
    add_coverage(q.views[i], ret);
  }
  search_done(&q);
  if (!good) selection_done(ret);
  return good;
}

void selection_done(struct selection *s) {
  for (size_t i = 0; i < s->count; i++) labels_unref(s->series[i].labels);
  *s = (struct selection){.count = 0};
}

/* Whether a series has a point, not just its end. The newest one tells at once, when it is in the span. */
static bool has_point(const struct view *v, const struct reading *r) {
  struct reader reader;
  struct run run;
  uint64_t first;
  uint64_t stale = bits_of(stale_marker());
  if (r->end <= v->times.next && r->last.bits != stale) return true;
  reader_init(&reader, r);
  while (reader_next(&reader, &first, &run) && first < v->times.next)
    if (first + run.ticks > v->times.first && !run.absent && run.bits != stale) return true;
  return false;
}

bool history_series(struct history *h, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                    struct labels ***ret, size_t *ret_count, struct fail *f) {
  struct search q = {.matchers = matchers, .count = count, .from = from, .to = to, .arena = a};
  size_t most = 0;
  *ret_count = 0;
  bool good = search_run(&q, h, f);
  for (size_t i = 0; i < q.view_count; i++) most += q.views[i]->count;
  *ret = arena_alloc(a, (most + 1) * sizeof **ret);
  for (size_t i = 0; good && i < q.view_count; i++)
    for (size_t k = 0; k < q.views[i]->count; k++)
      if (has_point(q.views[i], &q.views[i]->readings[k])) (*ret)[(*ret_count)++] = labels_ref(q.views[i]->readings[k].labels);
  search_done(&q);
  return good;
}
