/* Finding series: which rows all matchers match, and what is needed to read them when no lock is held any more. */
#ifndef SONDE_AGENT_HISTORY_SEARCH_H
#define SONDE_AGENT_HISTORY_SEARCH_H

#include "agent/history/reading.h"

/* What is seen of a shard. */
struct view {
  const char *target;    /* "" for what history_append() brought */
  struct identity *id;   /* a reference, or NULL */
  struct timeline times; /* of the span */
  msec_t since;          /* as in struct coverage */
  bool watched;          /* a target that is watched now */
  bool over;             /* it is not any more, and its series ended in the span … */
  msec_t ended;          /* … then */
  bool earlier;          /* there are ticks before the span */
  bool was_up;           /* ever */
  bool matched;          /* a series, with or without points … */
  bool lacking;          /* … and one that has none in the span */
  bool gap, gap_now;     /* as in struct coverage */
  struct reading *readings;
  size_t count, capacity;
};
struct search {
  const struct matcher *matchers;
  size_t count;
  msec_t from, to;
  enum { SEARCH_SPAN, SEARCH_TO_WRITE_ALL, SEARCH_TO_WRITE_NEW } why; /* what is to be written counts as written from then on */
  struct arena *arena;
  struct view **views;
  size_t view_count, view_capacity;
  size_t looked_at, chunks;
  double until; /* CPU seconds of this thread */
  bool dear;    /* the matchers took too long */
};
/* Looks through all shards, without matchers for all there is; `matchers`, `count`, `from`, `to` and `arena` are set. False with a sentence; search_done() even then. */
bool search_run(struct search *s, struct history *h, struct fail *f) MUST_CHECK;
void search_done(struct search *s);
/* `items` with room for one more; a longer copy when it is full. */
void *search_room(struct arena *a, void *items, size_t count, size_t *capacity, size_t size);

#endif
