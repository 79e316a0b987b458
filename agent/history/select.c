/* Reading the past: the points of the series that all matchers match. Under a shard's lock series are matched and points copied, nothing else; label
 * sets are shared. A gap of the shard shows in a series as a stale marker where it begins, and so does the end of a retired shard. */
#include <string.h>

#include "agent/history/shard.h"

/* A regular expression may be dear: more than this of CPU would hold up the target. Copying is not to blame, so it has an allowance for each point,
 * far more than it takes. */
static const double match_seconds_max = 0.25, point_seconds = 1e-6;
enum { LOOK_AT_CLOCK = 32 }; /* after so many series */

/* Columns further apart than this, and than three times the step before, have a hole between them: the machine slept, the process was stopped. */
#define HOLE_MIN ((msec_t)60000)

bool matcher_matches(const struct matcher *m, const char *value) {
  switch (m->op) {
  case MATCH_EQUAL:
    return !strcmp(value, m->value);
  case MATCH_NOT_EQUAL:
    return strcmp(value, m->value) != 0;
  case MATCH_REGEX:
    return regex_match(m->regex, value, strlen(value));
  case MATCH_NOT_REGEX:
    return !regex_match(m->regex, value, strlen(value));
  }
  return false;
}

struct query {
  const struct matcher *matchers;
  size_t count;
  msec_t from, to;
  struct arena *arena;
  struct selection *result;
  size_t series_capacity, coverage_capacity, points, looked_at;
  double until; /* CPU seconds of this thread */
  bool dear;
};

/* What is seen of a shard. */
struct view {
  const struct shard *shard;
  uint64_t first, last; /* the ticks of the span: first <= t < last */
  bool matched;         /* a series, with or without points … */
  bool gap, gap_now;    /* … and one of these has no point in a gap, or in the gap that is still open */
};

/* `items` with room for one more; a longer copy when it is full. */
static void *with_room(struct arena *a, void *items, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return items;
  *capacity = *capacity ? *capacity * 2 : 16;
  void *more = arena_alloc(a, *capacity * size);
  if (count) memcpy(more, items, count * size);
  return more;
}

static bool row_matches(struct query *q, const struct row *r) {
  if (++q->looked_at % LOOK_AT_CLOCK == 0) q->dear |= clock_cpu() > q->until + (double)q->points * point_seconds;
  for (size_t i = 0; i < q->count; i++)
    if (!matcher_matches(&q->matchers[i], labels_get(r->labels, q->matchers[i].name))) return false;
  return true;
}

static void add_stale(struct point *points, size_t *count, msec_t time) {
  if (*count && !is_stale(points[*count - 1].value)) points[(*count)++] = (struct point){time, stale_marker()};
}

/* Copies the points of a row; returns how many they are. There is room for one more than the view has ticks. */
static size_t copy_points(struct view *v, const struct row *r, msec_t to, struct point *points) {
  const struct shard *s = v->shard;
  size_t count = 0;
  for (uint64_t t = v->first; t < v->last; t++) {
    const struct column *c = column_at(s, t);
    double value = row_value(s, r, t);
    if (!is_absent(value)) {
      points[count++] = (struct point){c->time, value};
    } else if (c->gap) {
      add_stale(points, &count, c->time);
      v->gap = true;
      v->gap_now |= t + 1 == v->last;
    }
  }
  if (s->retired && s->retired <= to) add_stale(points, &count, s->retired);
  return count;
}

static void add_row(struct query *q, struct view *v, const struct row *r) {
  struct selection *all = q->result;
  v->matched = true;
  if (v->first == v->last) return;
  struct point *points = arena_alloc(q->arena, (size_t)(v->last - v->first + 1) * sizeof *points);
  size_t count = copy_points(v, r, q->to, points);
  if (!count) return;
  all->series = with_room(q->arena, all->series, all->count, &q->series_capacity, sizeof *all->series);
  all->series[all->count++] = (struct series){labels_ref(r->labels), points, count};
  q->points += count;
}

static bool within_bounds(const struct query *q) {
  return q->points <= SELECTION_POINTS_MAX && !q->dear;
}

static const struct matcher *name_matcher(const struct query *q) {
  for (size_t i = 0; i < q->count; i++)
    if (q->matchers[i].op == MATCH_EQUAL && !strcmp(q->matchers[i].name, "__name__")) return &q->matchers[i];
  return NULL;
}

static void read_rows(struct query *q, struct view *v) {
  const struct shard *s = v->shard;
  const struct matcher *named = name_matcher(q);
  if (named) {
    const struct row *r = map_find(&s->by_name, named->value, strlen(named->value));
    for (; r && within_bounds(q); r = r->same_name)
      if (row_matches(q, r)) add_row(q, v, r);
    return;
  }
  for (size_t i = 0; i < s->row_count && within_bounds(q); i++)
    if (row_matches(q, s->rows[i])) add_row(q, v, s->rows[i]);
}

/* Coverage */

/* The first tick later than `time`. */
static uint64_t tick_behind(const struct shard *s, msec_t time) {
  uint64_t low = s->first, high = s->next_tick;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (column_at(s, middle)->time > time)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* Nothing was missed between this tick and the one before it. */
static bool goes_on(const struct shard *s, uint64_t t) {
  if (t == s->first || column_at(s, t - 1)->gap) return false;
  msec_t step = column_at(s, t)->time - column_at(s, t - 1)->time;
  if (step < HOLE_MIN || t - 1 == s->first) return true;
  return step <= 3 * (column_at(s, t - 1)->time - column_at(s, t - 2)->time);
}

static msec_t covered_since(const struct query *q, const struct view *v) {
  const struct shard *s = v->shard;
  uint64_t t = v->first;
  while (t < v->last && column_at(s, t)->gap) t++;
  if (t < v->last) return goes_on(s, t) ? q->from : column_at(s, t)->time;
  bool begins_later = t < s->next_tick && t == s->first;
  return begins_later ? column_at(s, t)->time : q->from; /* else it is a gap, which says enough */
}

/* A target that never answered may have any series that bears its identity. */
static bool may_match(const struct query *q, const struct identity *id) {
  const struct { const char *name, *value; } own[] = {{"job", id->job}, {"instance", id->instance}, {"target", id->name}};
  for (size_t i = 0; i < q->count; i++)
    for (size_t k = 0; k < COUNTOF(own); k++)
      if (!strcmp(q->matchers[i].name, own[k].name) && !matcher_matches(&q->matchers[i], own[k].value)) return false;
  return true;
}

static void add_coverage(struct query *q, struct view *v) {
  const struct shard *s = v->shard;
  struct selection *all = q->result;
  bool watched = s->id && !s->retired;
  if (watched && v->matched && v->first == v->last) v->gap = v->gap_now = s->first < v->first;
  if (watched && !v->matched && !s->was_up) v->matched = v->gap = v->gap_now = may_match(q, s->id);
  if (!v->matched || (s->retired && s->retired <= q->to)) return;
  all->coverage = with_room(q->arena, all->coverage, all->coverage_count, &q->coverage_capacity, sizeof *all->coverage);
  all->coverage[all->coverage_count++] = (struct coverage){
      .target = s->id ? arena_copy(q->arena, s->id->name) : "",
      .since = covered_since(q, v),
      .gap = v->gap,
      .gap_now = v->gap_now,
  };
}

static void read_shard(struct query *q, const struct shard *s) {
  struct view v = {.shard = s, .first = tick_behind(s, q->from), .last = tick_behind(s, q->to)};
  read_rows(q, &v);
  add_coverage(q, &v);
}

bool history_select(void *history, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                    struct selection *ret, struct fail *f) {
  struct history *h = history;
  struct query q = {.matchers = matchers, .count = count, .from = from, .to = to, .arena = a, .result = ret};
  q.until = clock_cpu() + match_seconds_max;
  *ret = (struct selection){0};
  pthread_mutex_lock(&h->lock);
  for (struct shard *s = h->shards; s && within_bounds(&q); s = s->next) {
    pthread_mutex_lock(&s->lock);
    read_shard(&q, s);
    pthread_mutex_unlock(&s->lock);
  }
  pthread_mutex_unlock(&h->lock);
  if (within_bounds(&q)) return true;
  selection_done(ret);
  if (q.dear)
    return fail(f, FAIL_LIMIT, "finding the series took more than %g s of CPU: a regular expression is too dear",
                match_seconds_max);
  return fail(f, FAIL_LIMIT, "the selection holds more than %u points", SELECTION_POINTS_MAX);
}

void selection_done(struct selection *s) {
  for (size_t i = 0; i < s->count; i++) labels_unref(s->series[i].labels);
  *s = (struct selection){0};
}
