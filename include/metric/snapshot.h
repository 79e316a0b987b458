/* The store as its readers see it: references, taken under a short lock and used without it. */
#ifndef SONDE_METRIC_SNAPSHOT_H
#define SONDE_METRIC_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "metric/batch.h"

struct store;

/* The state of all targets at one time, in slot order. */
struct snapshot {
  uint64_t generation; /* of the store; changes with every publication */
  size_t count;
  struct batch *batches[]; /* references */
};
struct snapshot *store_snapshot(struct store *s);
void snapshot_free(struct snapshot *snapshot);
uint64_t store_generation(struct store *s);
/* A reference to the batch of one target, NULL when there is none of that name. */
struct batch *store_find(struct store *s, const char *name);

#endif
