/* The choice of statements: see ranking.h. */
#include "collectors/postgres/ranking.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/map.h"
#include "base/mem.h"

#define IDLE_MAX 10 /* observations that a statement stays in view without a reason */

struct ranking {
  size_t top;
  bool observed;
  struct observation *last; /* all of the last time */
  size_t last_count;
  struct map by_key;   /* into `last` */
  struct shown *shown; /* room for 5 * top: the shown and all newcomers */
  size_t shown_count;
  double other[STATEMENT_COUNTERS];
};

/* A list of the greatest, kept sorted. */
struct best {
  size_t room, count;
  struct {
    double score;
    size_t index;
  } * items;
};

static void best_offer(struct best *b, double score, size_t index) {
  if (score <= 0 || (b->count == b->room && score <= b->items[b->count - 1].score)) return;
  size_t i = b->count < b->room ? b->count++ : b->count - 1;
  for (; i > 0 && b->items[i - 1].score < score; i--) b->items[i] = b->items[i - 1];
  b->items[i].score = score;
  b->items[i].index = index;
}

struct ranking *ranking_new(size_t top) {
  struct ranking *r = mem_zero(sizeof *r);
  r->top = top;
  r->shown = mem_zero(MAX(top, 1) * 5 * sizeof *r->shown);
  return r;
}

static void shown_done(struct shown *s) {
  mem_free(&s->user);
  mem_free(&s->database);
  mem_free(&s->query);
}

void ranking_free(struct ranking *r) {
  if (!r) return;
  for (size_t i = 0; i < r->shown_count; i++) shown_done(&r->shown[i]);
  map_done(&r->by_key);
  free(r->shown);
  free(r->last);
  free(r);
}

static bool same_key(const struct statement_key *a, const struct statement_key *b) {
  return a->query == b->query && a->user == b->user && a->database == b->database;
}

static struct shown *find_shown(struct ranking *r, const struct statement_key *key) {
  for (size_t i = 0; i < r->shown_count; i++)
    if (same_key(&r->shown[i].last.key, key)) return &r->shown[i];
  return NULL;
}

/* What a statement did since the last time; after a reset of its counters, all that they say. */
static struct observation growth(const struct ranking *r, const struct observation *now) {
  struct observation grown = *now;
  const struct observation *before = map_find(&r->by_key, (const char *)&now->key, sizeof now->key);
  if (!before || now->counters[STATEMENT_CALLS] < before->counters[STATEMENT_CALLS]) return grown;
  for (size_t i = 0; i < STATEMENT_COUNTERS; i++) grown.counters[i] = MAX(now->counters[i] - before->counters[i], 0);
  return grown;
}

static void admit(struct ranking *r, const struct best *b, const struct observation *all) {
  for (size_t i = 0; i < b->count; i++) {
    const struct observation *o = &all[b->items[i].index];
    struct shown *s = find_shown(r, &o->key);
    if (!s) {
      s = &r->shown[r->shown_count++];
      *s = (struct shown){.last = *o};
    }
    s->idle = 0;
  }
}

static void keep(struct ranking *r, unsigned idle_max) {
  size_t kept = 0;
  for (size_t i = 0; i < r->shown_count; i++)
    if (r->shown[i].idle <= idle_max)
      r->shown[kept++] = r->shown[i];
    else
      shown_done(&r->shown[i]);
  r->shown_count = kept;
}

/* Where too many are shown, those that are idle for the longest go first; those in a list are at most 2 * top. */
static void expire(struct ranking *r) {
  unsigned idle_max = IDLE_MAX;
  for (keep(r, idle_max); r->shown_count > 3 * r->top && idle_max > 0;) keep(r, --idle_max);
}

/* The shown get their new counters; those that the server evicted are to go. */
static void refresh(struct ranking *r, const struct map *now) {
  for (size_t i = 0; i < r->shown_count; i++) {
    struct shown *s = &r->shown[i];
    const struct observation *o = map_find(now, (const char *)&s->last.key, sizeof s->last.key);
    if (o) s->last = *o;
    s->idle = o ? s->idle + 1 : UINT_MAX;
  }
}

static void choose(struct ranking *r, const struct observation *grown, const struct observation *all, size_t count) {
  struct best by_time = {.room = r->top}, by_mean = {.room = r->top};
  by_time.items = mem_zero(r->top * sizeof *by_time.items);
  by_mean.items = mem_zero(r->top * sizeof *by_mean.items);
  for (size_t i = 0; r->top > 0 && i < count; i++) {
    const double *g = grown[i].counters;
    best_offer(&by_time, g[STATEMENT_SECONDS], i);
    best_offer(&by_mean, g[STATEMENT_CALLS] > 0 ? g[STATEMENT_SECONDS] / g[STATEMENT_CALLS] : 0, i);
  }
  admit(r, &by_time, all);
  admit(r, &by_mean, all);
  free(by_time.items);
  free(by_mean.items);
  expire(r);
}

static void count_others(struct ranking *r, const struct observation *grown, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t c = 0; c < STATEMENT_COUNTERS && !find_shown(r, &grown[i].key); c++) r->other[c] += grown[i].counters[c];
}

void ranking_observe(struct ranking *r, struct observation *observations, size_t count) {
  struct map now = {0};
  struct observation *grown = mem_zero(MAX(count, 1) * sizeof *grown);
  for (size_t i = 0; i < count; i++) {
    *map_slot(&now, (const char *)&observations[i].key, sizeof observations[i].key) = &observations[i];
    grown[i] = growth(r, &observations[i]);
  }
  refresh(r, &now);
  choose(r, grown, observations, count);
  if (r->observed) /* the first time shows what happened before we looked */
    count_others(r, grown, count);
  free(grown);
  map_done(&r->by_key);
  free(r->last);
  r->last = observations;
  r->last_count = count;
  r->by_key = now;
  r->observed = true;
}

struct shown *ranking_shown(struct ranking *r, size_t *ret_count) {
  *ret_count = r->shown_count;
  return r->shown;
}

const double *ranking_other(const struct ranking *r) {
  return r->other;
}

void ranking_name(struct ranking *r, struct statement_key key, const char *user, const char *database, const char *query) {
  struct shown *s = find_shown(r, &key);
  if (!s || s->query) return;
  s->user = mem_copy(user);
  s->database = mem_copy(database);
  s->query = mem_copy(query);
}
