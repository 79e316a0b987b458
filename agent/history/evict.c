/* Keeping within the bytes. What is oldest goes first, over all shards alike: all of them forget the time before one horizon, which moves up by a part
 * of the past at each step. What a target shows now is never given up. */
#include "agent/history/shard.h"
#include "history/keep.h"

enum { STEPS = 16 }; /* of the past, one goes at a time */

/* After a look that may have been in vain; a look goes over all series, and there may be a hundred appends a second. */
#define PAUSE ((msec_t)10000)

/* A series that ended longer ago gives way to one that found no room; one that ended since may still be asked for, or go on. */
#define ENDED_MIN ((msec_t)600000)

/* The time of the ticks that could be given up. */
struct extent {
  msec_t oldest, newest;
  bool any;
};

static void extend(struct extent *e, msec_t oldest, msec_t newest) {
  e->oldest = e->any ? MIN(e->oldest, oldest) : oldest;
  e->newest = e->any ? MAX(e->newest, newest) : newest;
  e->any = true;
}

static struct extent extent_of(struct history *h, bool all) {
  struct extent e = {.any = false};
  for (struct shard *s = h->shards; s; s = s->next) {
    pthread_mutex_lock(&s->lock);
    const struct timeline *t = &s->times;
    uint64_t ticks = t->next - t->first;
    if (ticks > 1 || (ticks && all)) extend(&e, timeline_at(t, t->first), timeline_at(t, t->next - 1));
    if (ticks == 1 && s->is_retired) extend(&e, s->retired, s->retired);
    pthread_mutex_unlock(&s->lock);
  }
  return e;
}

static bool is_over(struct shard *s, msec_t before) {
  pthread_mutex_lock(&s->lock);
  bool over = s->is_retired && s->retired < before;
  pthread_mutex_unlock(&s->lock);
  return over;
}

static size_t drop_retired(struct history *h, msec_t before) {
  size_t dropped = 0;
  for (struct shard **at = &h->shards; *at;) {
    struct shard *s = *at;
    if (is_over(s, before)) {
      *at = s->next;
      shard_free(s);
      dropped++;
    } else {
      at = &s->next;
    }
  }
  atomic_fetch_sub(&h->retired, dropped);
  return dropped;
}

void history_drop_retired(struct history *h, msec_t before) {
  if (!atomic_load(&h->retired)) return;
  pthread_mutex_lock(&h->lock);
  drop_retired(h, before);
  pthread_mutex_unlock(&h->lock);
}

/* Gives up the ticks that are not later than the horizon, but for the newest. */
static size_t shorten(struct shard *s, msec_t horizon) {
  pthread_mutex_lock(&s->lock);
  struct timeline *t = &s->times;
  uint64_t first = MIN(timeline_behind(t, horizon), t->next - 1);
  size_t given_up = !timeline_is_empty(t) && first > t->first ? (size_t)(first - t->first) : 0;
  if (given_up) {
    t->first = first;
    shard_sweep(s);
  }
  pthread_mutex_unlock(&s->lock);
  return given_up;
}

static bool give_up(struct history *h, msec_t horizon) {
  size_t gone = drop_retired(h, horizon), ticks = 0;
  for (struct shard *s = h->shards; s; s = s->next) ticks += shorten(s, horizon);
  atomic_fetch_add(&h->shortened, ticks);
  return gone || ticks;
}

/* Lets *ret be the time at which the first of the series that are over ended. */
static void find_ended(struct shard *s, msec_t *ret) {
  const struct timeline *t = &s->times;
  pthread_mutex_lock(&s->lock);
  if (!timeline_is_empty(t) && !timeline_is_gap(t, t->next - 1)) {
    uint64_t end = t->next;
    for (size_t i = 0; i < s->row_count; i++) end = MIN(end, MAX(s->rows[i]->end, t->first + 1));
    if (end < t->next || s->is_retired) *ret = MIN(*ret, timeline_at(t, end - 1));
  }
  pthread_mutex_unlock(&s->lock);
}

/* A series found no room: those that ended long ago give way, with all that is as old. */
static void make_way(struct history *h) {
  struct extent e = extent_of(h, true);
  msec_t ended = INT64_MAX;
  for (struct shard *s = h->shards; s; s = s->next) find_ended(s, &ended);
  if (e.any && ended <= e.newest - ENDED_MIN) give_up(h, MIN(ended + (e.newest - ended) / STEPS, e.newest - ENDED_MIN));
}

static bool is_over_full(const struct history *h) {
  return atomic_load_explicit(&h->bytes, memory_order_relaxed) > atomic_load_explicit(&h->bytes_max, memory_order_relaxed);
}

void history_evict(struct history *h, msec_t now) {
  if (!is_over_full(h) && !atomic_load_explicit(&h->crowded, memory_order_relaxed)) return;
  if (now < atomic_load_explicit(&h->evict_again, memory_order_relaxed)) return;
  pthread_mutex_lock(&h->lock);
  bool crowded = atomic_exchange(&h->crowded, false), more = true;
  if (crowded) make_way(h);
  while (more && is_over_full(h)) {
    struct extent e = extent_of(h, false);
    more = e.any && give_up(h, e.oldest + MAX((e.newest - e.oldest) / STEPS, (msec_t)1));
  }
  if (crowded || !more) atomic_store(&h->evict_again, now + PAUSE);
  pthread_mutex_unlock(&h->lock);
}

/* Here, since it is the same look over all shards. */
struct history_stats history_stats(struct history *h) {
  pthread_mutex_lock(&h->lock);
  struct extent e = extent_of(h, true);
  pthread_mutex_unlock(&h->lock);
  return (struct history_stats){
      .series = atomic_load(&h->series),
      .bytes = atomic_load(&h->bytes),
      .bytes_max = atomic_load(&h->bytes_max),
      .span = atomic_load(&h->span),
      .reach = e.newest - e.oldest,
      .samples = atomic_load(&h->samples),
      .refused = atomic_load(&h->refused),
      .shortened = atomic_load(&h->shortened),
  };
}
