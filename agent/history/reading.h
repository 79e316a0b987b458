/* Reading a row without its shard's lock: a reading holds references of the sealed chunks and a copy of the rest. */
#ifndef SONDE_AGENT_HISTORY_READING_H
#define SONDE_AGENT_HISTORY_READING_H

#include "agent/history/shard.h"

struct reading {
  struct labels *labels; /* a reference */
  struct chunk **chunks; /* references, oldest first … */
  size_t count;          /* … that have ticks of the span */
  unsigned char *open;   /* what was being packed: a copy … */
  size_t open_length;
  uint64_t open_first;
  uint32_t open_ticks;
  struct run last; /* … and what waited, up to the tick before `end` */
  uint64_t begin, end;
};
/* What the row holds of first <= tick < next, and perhaps some more, under the shard's lock. */
void reading_take(struct reading *ret, const struct row *r, uint64_t first, uint64_t next, struct arena *a);
void reading_done(struct reading *r);

/* Goes through the runs of a reading, in order, none left out. */
struct reader {
  const struct reading *of;
  size_t chunk; /* the next one */
  struct unpacker unpacker;
  uint64_t tick, until; /* where it is, and where the chunk ends */
};
void reader_init(struct reader *r, const struct reading *of);
/* The next run and its first tick. False at the end. */
bool reader_next(struct reader *r, uint64_t *ret_first, struct run *ret);

#endif
