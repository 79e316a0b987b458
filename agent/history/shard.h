/* The inside of history: a shard is a ring of columns, one a tick, and a ring of values for each series. Ticks are counted from the shard's
 * first and never again; tick t lies at t % capacity of every ring. All of it is under the shard's lock. */
#ifndef SONDE_AGENT_HISTORY_SHARD_H
#define SONDE_AGENT_HISTORY_SHARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "history/history.h"

struct column {
  msec_t time;
  bool gap; /* the target was down */
};

struct row {
  struct labels *labels;
  double *values;        /* a ring as long as the columns' */
  uint64_t begin, end;   /* it holds the ticks begin <= t < end; before and behind the series has no point */
  struct row *same_name; /* the next of the same metric name */
  size_t key_length;
  char key[]; /* the metric's name and labels as the section has them: how the series is found again */
};

/* How the samples of a part were found last time. */
struct placed {
  struct section *section; /* a reference: what is carried over is known by its address, what is new is compared with it */
  struct row **rows;       /* of each sample; NULL for one that found no room */
  size_t count;
  uint64_t tick; /* when it was last shown */
};

struct shard {
  pthread_mutex_t lock;
  struct history *history;
  struct shard *next;
  struct identity *id; /* NULL: the shard of history_append() */
  msec_t retired;      /* when its series end; 0: the target is watched */
  bool was_up;         /* ever */
  struct column *columns;
  size_t capacity;           /* of the rings; 0 before the first tick */
  uint64_t first, next_tick; /* the ticks that are kept: first <= t < next_tick */
  struct row **rows;
  size_t row_count, row_capacity;
  struct map by_key, by_name; /* by_name: the first row of a chain */
  struct placed *placed;
  size_t placed_count;
};

struct history {
  pthread_mutex_t lock; /* of the list; taken before a shard's */
  struct shard *shards, *own;
  _Atomic msec_t span;
  size_t bytes_max;
  atomic_size_t bytes, series, retired;
  atomic_ulong refused, shortened;
};

struct shard *shard_new(struct history *h, struct identity *id);
void shard_free(struct shard *s);
/* Opens a new tick at `time`; no row has a point in it yet. Ticks older than the span are given up. */
void shard_begin(struct shard *s, msec_t time, bool gap);
/* The row of a key, NULL when it is new … */
struct row *shard_find(const struct shard *s, const char *key, size_t length);
/* … and a new one, NULL when there is no room. Takes over the labels. */
struct row *shard_add(struct shard *s, const char *key, size_t length, struct labels *labels);
/* The row's point in the newest tick. */
void shard_put(struct shard *s, struct row *r, double value);
/* Gives up the rows that have no point left, now and then; what `placed` did not show in the newest tick is forgotten. */
void shard_sweep(struct shard *s);
void placed_done(struct shard *s, struct placed *p);

static inline struct column *column_at(const struct shard *s, uint64_t tick) {
  return &s->columns[tick % s->capacity];
}
static inline bool shard_is_empty(const struct shard *s) {
  return s->first == s->next_tick;
}
/* A value that is none: the series has no point in this tick. */
bool is_absent(double value);
double row_value(const struct shard *s, const struct row *r, uint64_t tick);

#endif
