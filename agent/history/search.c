/* Finding series: see search.h. Under a shard's lock series are matched and references taken, nothing else. */
#include "agent/history/search.h"

#include <string.h>

/* A regular expression may be dear: more than this of CPU would hold up the target. Taking references is not to blame, so it has an allowance for each
 * chunk, far more than it takes. */
static const double match_seconds_max = 0.25, chunk_seconds = 1e-6;
enum { LOOK_AT_CLOCK = 32 }; /* after so many series */

/* Ticks further apart than this, and than three times the step before, have a hole between them: the machine slept, the process was stopped. */
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

void *search_room(struct arena *a, void *items, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return items;
  *capacity = *capacity ? *capacity * 2 : 16;
  void *more = arena_alloc(a, *capacity * size);
  if (count) memcpy(more, items, count * size);
  return more;
}

/* Rows */

static bool row_matches(struct search *q, const struct row *r) {
  if (q->count && ++q->looked_at % LOOK_AT_CLOCK == 0) q->dear |= clock_cpu() > q->until + (double)q->chunks * chunk_seconds;
  for (size_t i = 0; i < q->count; i++)
    if (!matcher_matches(&q->matchers[i], labels_get(r->labels, q->matchers[i].name))) return false;
  return true;
}

static void look_at(struct search *q, struct view *v, const struct row *r) {
  if (!row_matches(q, r)) return;
  v->matched = true;
  if (r->end <= v->times.first || row_begin(r) >= v->times.next || !r->run) {
    v->lacking = true;
    return;
  }
  v->readings = search_room(q->arena, v->readings, v->count, &v->capacity, sizeof *v->readings);
  reading_take(&v->readings[v->count], r, v->times.first, v->times.next, q->arena);
  q->chunks += v->readings[v->count++].count + 1;
}

static const struct matcher *name_matcher(const struct search *q) {
  for (size_t i = 0; i < q->count; i++)
    if (q->matchers[i].op == MATCH_EQUAL && !strcmp(q->matchers[i].name, "__name__")) return &q->matchers[i];
  return NULL;
}

/* Rows of a name are linked from the newest on; people, and first() in a template, expect them as they came. */
static void put_oldest_first(struct view *v) {
  for (size_t i = 0; i < v->count / 2; i++) {
    struct reading other = v->readings[i];
    v->readings[i] = v->readings[v->count - 1 - i];
    v->readings[v->count - 1 - i] = other;
  }
}

static void look_at_rows(struct search *q, struct view *v, const struct shard *s) {
  const struct matcher *named = name_matcher(q);
  if (named) {
    const struct row *r = map_find(&s->by_name, named->value, strlen(named->value));
    for (; r && !q->dear; r = r->same_name) look_at(q, v, r);
    put_oldest_first(v);
    return;
  }
  for (size_t i = 0; i < s->row_count && !q->dear; i++) look_at(q, v, s->rows[i]);
}

/* Shards */

/* Nothing was missed between this tick and the one before it. */
static bool goes_on(const struct timeline *t, uint64_t tick) {
  if (tick == t->first || timeline_is_gap(t, tick - 1)) return false;
  msec_t step = timeline_at(t, tick) - timeline_at(t, tick - 1);
  if (step < HOLE_MIN || tick - 1 == t->first) return true;
  return step <= 3 * (timeline_at(t, tick - 1) - timeline_at(t, tick - 2));
}

static msec_t covered_since(const struct search *q, const struct timeline *t, uint64_t first, uint64_t next) {
  uint64_t tick = first;
  while (tick < next && timeline_is_gap(t, tick)) tick = timeline_end(t, timeline_find(t, tick));
  if (tick < next) return goes_on(t, tick) ? q->from : timeline_at(t, tick);
  bool begins_later = tick < t->next && tick == t->first;
  return begins_later ? timeline_at(t, tick) : q->from; /* else it is a gap, which says enough */
}

/* All series of a target bear its identity. */
static bool may_match(const struct search *q, const struct identity *id) {
  const struct { const char *name, *value; } own[] = {{"job", id->job}, {"instance", id->instance}, {"target", id->name}};
  for (size_t i = 0; i < q->count; i++)
    for (size_t k = 0; k < COUNTOF(own); k++)
      if (!strcmp(q->matchers[i].name, own[k].name) && !matcher_matches(&q->matchers[i], own[k].value)) return false;
  return true;
}

static void look_at_shard(struct search *q, struct shard *s) {
  const struct timeline *t = &s->times;
  if (s->id && !may_match(q, s->id)) return;
  uint64_t first = q->why == SEARCH_TO_WRITE_NEW ? MAX(s->written, t->first) : timeline_behind(t, q->from);
  uint64_t next = MAX(timeline_behind(t, q->to), first);
  if (q->why != SEARCH_SPAN) s->written = next;
  struct view *v = arena_alloc(q->arena, sizeof *v);
  *v = (struct view){
      .target = s->id ? arena_copy(q->arena, s->id->name) : "",
      .id = s->id ? identity_ref(s->id) : NULL,
      .times = timeline_part(t, first, next, q->arena),
      .since = covered_since(q, t, first, next),
      .watched = s->id && !s->is_retired,
      .over = s->is_retired && s->retired <= q->to,
      .ended = s->retired,
      .earlier = t->first < first,
      .was_up = s->was_up,
  };
  look_at_rows(q, v, s);
  q->views = search_room(q->arena, q->views, q->view_count, &q->view_capacity, sizeof(struct view *));
  q->views[q->view_count++] = v;
}

bool search_run(struct search *q, struct history *h, struct fail *f) {
  q->until = clock_cpu() + match_seconds_max;
  pthread_mutex_lock(&h->lock);
  for (struct shard *s = h->shards; s && !q->dear; s = s->next) {
    pthread_mutex_lock(&s->lock);
    look_at_shard(q, s);
    pthread_mutex_unlock(&s->lock);
  }
  pthread_mutex_unlock(&h->lock);
  return !q->dear ||
         fail(f, FAIL_LIMIT, "finding the series took more than %g s of CPU: a regular expression is too dear", match_seconds_max);
}

void search_done(struct search *q) {
  for (size_t i = 0; i < q->view_count; i++) {
    for (size_t k = 0; k < q->views[i]->count; k++) reading_done(&q->views[i]->readings[k]);
    identity_unref(q->views[i]->id);
  }
  q->view_count = 0;
}
