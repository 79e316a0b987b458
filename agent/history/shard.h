/* The inside of history: a shard is a timeline of ticks, and a row of packed values for each series. All of it is under the shard's lock, but for what
 * is in sealed chunks: whoever holds a reference may read these without. */
#ifndef SONDE_AGENT_HISTORY_SHARD_H
#define SONDE_AGENT_HISTORY_SHARD_H

#include <pthread.h>

#include "agent/history/chunk.h"
#include "agent/history/timeline.h"
#include "base/map.h"
#include "history/history.h"

#define RETIRE_GRACE ((msec_t)1000) /* after which the series of a target that is not watched any more end */

/* The values of a series: sealed chunks, one that is being packed, and the newest value, which waits until it is known for how many ticks it stays.
 * They follow each other without a tick between. */
struct row {
  struct labels *labels;
  struct row *same_name; /* the next of the same metric name … */
  struct row *same_hash; /* … and of the same place in the shard's table */
  struct chunk *oldest, *newest;
  struct packer *open; /* NULL: nothing is packed yet */
  uint64_t end;        /* the tick behind the newest point; before the first chunk and from here on the series has no point */
  uint64_t bits;       /* the newest value … */
  uint32_t run;        /* … and of how many ticks up to `end`; 0: the row is new */
};

/* How the samples of a part were found last time. */
struct placed {
  struct section *section; /* a reference: what is carried over is known by its address, what is new is compared with it */
  struct row **rows;       /* of each sample; NULL for one that found no room */
  size_t count;
  uint64_t tick; /* when it was last shown */
  bool refused;  /* some found no room */
};

struct shard {
  pthread_mutex_t lock;
  struct history *history;
  struct shard *next;
  struct identity *id; /* NULL: the shard of history_append() */
  bool is_retired;     /* the target is not watched any more … */
  msec_t retired;      /* … and its series end here */
  bool was_up;         /* ever */
  struct timeline times;
  uint64_t written; /* the ticks before it are in the file, if the last history_save() was good */
  struct row **rows;
  size_t row_count, row_capacity;
  struct row *up;
  struct row **by_hash; /* chains of rows, by the hash of their labels */
  size_t hash_count;    /* a power of two, or 0 */
  struct map by_name;   /* the first row of a chain */
  struct placed *placed;
  size_t placed_count;
};

/* The file as it was left. */
struct written {
  uint64_t device, inode;
  uint64_t whole, length; /* bytes of what was written at once, and of all of it; 0: nothing is known to be there */
  uint64_t sum;
  msec_t wall_offset;
};

struct history {
  pthread_mutex_t lock; /* of the list; taken before a shard's */
  struct shard *shards, *own;
  _Atomic msec_t span;
  atomic_size_t bytes_max;
  atomic_size_t bytes, series, retired;
  atomic_size_t series_bytes; /* of `bytes`, what the series take that no eviction gives back while they go on */
  atomic_bool crowded;        /* a series was refused since somebody looked */
  _Atomic msec_t evict_again; /* not before */
  atomic_ulong samples, refused, shortened;
  struct written file; /* of who saves alone */
};

struct shard *shard_new(struct history *h, struct identity *id);
void shard_free(struct shard *s);
/* Opens a new tick at `time`; no row has a point in it yet. Ticks older than the span are given up. */
void shard_begin(struct shard *s, msec_t time, bool gap);
/* The row of these labels, NULL when there is none … */
struct row *shard_find(const struct shard *s, const struct labels *labels);
/* … and a new one, NULL when there is no room. Takes a reference of the labels. */
struct row *shard_add(struct shard *s, struct labels *labels);
/* The row's point in the newest tick; of several the last counts. */
void shard_put(struct shard *s, struct row *r, double value);
/* The same for a run from `tick` on, behind all that the row has. */
void shard_put_run(struct shard *s, struct row *r, uint64_t tick, struct run run);
/* Frees what only ticks that were given up needed: chunks, rows, and what `placed` did not show in the newest tick. */
void shard_sweep(struct shard *s);
void placed_done(struct shard *s, struct placed *p);
/* The first tick at which the row may have a point. */
uint64_t row_begin(const struct row *r);

/* Gives up the oldest ticks of all shards, and what belongs to them alone, until the bytes are within their bound; and for the sake of series that found
 * no room, those that ended. */
void history_evict(struct history *h, msec_t now);
/* Frees the shards that were retired before. */
void history_drop_retired(struct history *h, msec_t before);

#endif
