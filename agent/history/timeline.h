/* When the ticks of a shard were. Ticks are counted from the shard's first and never again. Nearly all follow each other at one step, so what is kept is
 * stretches of such ticks: a shard that is polled every ten seconds has one. */
#ifndef SONDE_AGENT_HISTORY_TIMELINE_H
#define SONDE_AGENT_HISTORY_TIMELINE_H

#include "base/arena.h"
#include "base/clock.h"

/* The ticks from `first` up to the next stretch: tick `first` was at `time`, each other a step later than the one before it. */
struct stretch {
  uint64_t first;
  msec_t time, step;
  bool gap; /* the target was down */
};
struct timeline {
  struct stretch *stretches;
  size_t count, capacity;
  uint64_t first, next; /* the ticks that are kept: first <= tick < next */
};

/* The next tick, later than all before. */
void timeline_add(struct timeline *t, msec_t time, bool gap);
/* The next `ticks` ticks, at s->time and on. */
void timeline_extend(struct timeline *t, const struct stretch *s, uint64_t ticks);
/* Of a tick that is kept. */
msec_t timeline_at(const struct timeline *t, uint64_t tick);
bool timeline_is_gap(const struct timeline *t, uint64_t tick);
/* The first tick later than `time`; t->next when there is none. */
uint64_t timeline_behind(const struct timeline *t, msec_t time);
/* Frees what only ticks before t->first needed. */
void timeline_trim(struct timeline *t);
/* first <= tick < next alone, in the arena; of ticks that are kept. */
struct timeline timeline_part(const struct timeline *t, uint64_t first, uint64_t next, struct arena *a);
/* Where the stretch of a tick lies, and up to which tick it goes. */
size_t timeline_find(const struct timeline *t, uint64_t tick);
static inline uint64_t timeline_end(const struct timeline *t, size_t stretch) {
  return stretch + 1 < t->count ? t->stretches[stretch + 1].first : t->next;
}
static inline bool timeline_is_empty(const struct timeline *t) {
  return t->first == t->next;
}
static inline size_t timeline_bytes(const struct timeline *t) {
  return t->capacity * sizeof *t->stretches;
}

#endif
