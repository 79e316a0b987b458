/* The inside of history: a shard is a ring of columns (one a tick) and a row of values for each series. */
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
  char *key; /* the metric's name and labels as the section has them: how the series is found again */
  struct labels *labels;
  double *values;        /* by column, as many as the shard has columns */
  uint64_t present;      /* the latest column it has a point in, counted from the shard's first */
  struct row *same_name; /* the next of the same metric name */
};

/* How the samples of a part were found last time. */
struct placed {
  struct section *section; /* a reference: what is carried over is known by its address, what is new is compared with it */
  struct row **rows;       /* of each sample; NULL for one that found no room */
  size_t count;
};

struct shard {
  pthread_mutex_t lock;
  struct history *history;
  struct shard *next;
  struct identity *id; /* NULL: the shard of history_append() */
  msec_t retired;      /* 0: lives */
  struct column *columns;
  size_t capacity, used, newest; /* `newest` is an index into the ring */
  uint64_t ticks;                /* columns since the first */
  msec_t since;                  /* the time of the first */
  struct row **rows;
  size_t row_count, row_capacity;
  struct map by_key, by_name; /* by_name: the first row of a chain */
  struct placed placed[32];
};

struct history {
  pthread_mutex_t lock; /* of the list */
  struct shard *shards, *own;
  _Atomic msec_t span;
  size_t bytes_max;
  atomic_size_t bytes, series;
  atomic_ulong refused;
};

struct shard *shard_new(struct history *h, struct identity *id);
void shard_free(struct shard *s);
/* A new column at `time`; the rows have nothing in it yet. */
void shard_begin(struct shard *s, msec_t time, bool gap);
/* The row of a key, made when it is new; NULL when there is no room. `labels` may be NULL: then `make` gives it. */
struct row *shard_row(struct shard *s, const char *key, size_t length, struct labels *(*make)(const void *), const void *context);
void shard_put(struct shard *s, struct row *r, double value);
/* True when nothing of it is younger than the span. */
bool shard_is_over(const struct shard *s, msec_t now);

bool is_absent(double value); /* a column in which the series has no point */

#endif
