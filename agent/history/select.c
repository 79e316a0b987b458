/* Reading the past: the points of the series that all matchers match. Under a shard's lock only points are copied; label sets are shared. A gap of the
 * shard shows in a series as a stale marker where it begins. */
#include <string.h>

#include "agent/history/shard.h"

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
  size_t capacity, points;
};

static bool row_matches(const struct query *q, const struct row *r) {
  for (size_t i = 0; i < q->count; i++)
    if (!matcher_matches(&q->matchers[i], labels_get(r->labels, q->matchers[i].name))) return false;
  return true;
}

/* Copies the points of a row between the columns `first` and `last`, counted from the oldest. */
static void copy_points(struct query *q, const struct shard *s, const struct row *r, size_t first, size_t last,
                        struct series *out) {
  struct point *points = arena_alloc(q->arena, (last - first) * sizeof *points);
  size_t n = 0;
  for (size_t i = first; i < last; i++) {
    size_t at = (s->newest + s->capacity - s->used + 1 + i) % s->capacity;
    double value = r->values[at];
    bool ends = is_absent(value) && s->columns[at].gap && n && !is_stale(points[n - 1].value);
    if (ends) value = stale_marker();
    if (!is_absent(value)) points[n++] = (struct point){.time = s->columns[at].time, .value = value};
  }
  *out = (struct series){.points = points, .count = n};
  q->points += n;
}

static void add_row(struct query *q, const struct shard *s, const struct row *r, size_t first, size_t last) {
  struct selection *all = q->result;
  if (all->count == q->capacity) {
    size_t capacity = q->capacity ? q->capacity * 2 : 16;
    struct series *more = arena_alloc(q->arena, capacity * sizeof *more);
    if (all->count) memcpy(more, all->series, all->count * sizeof *more);
    all->series = more;
    q->capacity = capacity;
  }
  struct series *out = &all->series[all->count];
  copy_points(q, s, r, first, last, out);
  if (!out->count) return;
  out->labels = labels_ref(r->labels);
  all->count++;
}

/* The columns of the span, counted from the oldest; and whether the target was down in one of them, or in the last. */
static void columns_between(const struct query *q, const struct shard *s, size_t *first, size_t *last, bool *gap, bool *gap_now) {
  *first = s->used;
  *last = 0;
  *gap = *gap_now = false;
  for (size_t i = s->used; i-- > 0;) {
    const struct column *c = &s->columns[(s->newest + s->capacity - s->used + 1 + i) % s->capacity];
    if (c->time > q->to) continue;
    if (c->time <= q->from) break;
    if (!*last) {
      *last = i + 1;
      *gap_now = c->gap;
    }
    *first = i;
    *gap |= c->gap;
  }
}

static const struct matcher *name_matcher(const struct query *q) {
  for (size_t i = 0; i < q->count; i++)
    if (q->matchers[i].op == MATCH_EQUAL && !strcmp(q->matchers[i].name, "__name__")) return &q->matchers[i];
  return NULL;
}

static void read_shard(struct query *q, struct shard *s) {
  size_t first, last;
  bool gap, gap_now, matched = false;
  columns_between(q, s, &first, &last, &gap, &gap_now);
  const struct matcher *named = name_matcher(q);
  const struct row *chain = named ? map_find(&s->by_name, named->value, strlen(named->value)) : NULL;
  for (size_t i = 0; named ? chain != NULL : i < s->row_count; i++) {
    const struct row *r = named ? chain : s->rows[i];
    chain = r->same_name;
    if (!row_matches(q, r)) continue;
    matched = true;
    if (first < last) add_row(q, s, r, first, last);
  }
  if (!matched) return;
  q->result->gap |= gap;
  q->result->gap_now |= gap_now;
  q->result->since = MAX(q->result->since, s->since);
}

bool history_select(void *history, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                    struct selection *ret, struct fail *f) {
  struct history *h = history;
  struct query q = {.matchers = matchers, .count = count, .from = from, .to = to, .arena = a, .result = ret};
  *ret = (struct selection){0};
  pthread_mutex_lock(&h->lock);
  for (struct shard *s = h->shards; s && q.points <= SELECTION_POINTS_MAX; s = s->next) {
    pthread_mutex_lock(&s->lock);
    read_shard(&q, s);
    pthread_mutex_unlock(&s->lock);
  }
  pthread_mutex_unlock(&h->lock);
  if (q.points <= SELECTION_POINTS_MAX) return true;
  selection_done(ret);
  return fail(f, FAIL_LIMIT, "the selection holds more than %u points", SELECTION_POINTS_MAX);
}

void selection_done(struct selection *s) {
  for (size_t i = 0; i < s->count; i++) labels_unref(s->series[i].labels);
  *s = (struct selection){0};
}
