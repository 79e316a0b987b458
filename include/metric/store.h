/* The latest batch of every target. Publishing swaps a reference; readers take references under a short lock and work without it.
 * Each target has a slot. A retired slot ignores what a late runner still publishes. Slots keep the order in which they were added. */
#ifndef SONDE_METRIC_STORE_H
#define SONDE_METRIC_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"
#include "metric/section.h"

/* Who a target is: the identity of all its series. Immutable; shared by reference count. */
struct identity {
  const char *name, *kind, *job, *instance; /* job and instance become labels through service discovery */
  atomic_uint references;                   /* for identity_ref() and identity_unref() alone */
};
struct identity *identity_new(const char *name, const char *kind, const char *job, const char *instance);
struct identity *identity_ref(struct identity *id);
void identity_unref(struct identity *id);

/* What a target shows at one tick. Immutable once published. When the target is down it holds the status section alone. */
struct batch {
  struct identity *id;    /* a reference of the batch's own */
  msec_t time;            /* the tick */
  msec_t success;         /* when the last good poll ended; 0 for never */
  bool up;
  bool polled;            /* false before the first poll has ended */
  struct fail why;        /* when down: what people read */
  atomic_uint references; /* for batch_ref() and batch_unref() alone */
  size_t count;
  struct section *sections[]; /* references of the batch's own; status section first */
};
/* A batch with room for `count` sections, to be filled and published; takes its own reference of `id`. */
struct batch *batch_new(struct identity *id, size_t count);
struct batch *batch_ref(struct batch *b);
void batch_unref(struct batch *b); /* NULL allowed */

struct store;
struct slot;
struct store *store_new(void);
void store_free(struct store *s);
/* Adds a target; nothing is shown of it until the first publication. The slot belongs to the caller until slot_retire(). */
struct slot *store_add(struct store *s);
/* Shows `b` from now on. Takes over the caller's reference. */
void slot_publish(struct slot *slot, struct batch *b);
/* Takes the target off the store and drops the caller's hold of the slot. A runner that is stuck keeps one with slot_ref(). */
void slot_retire(struct slot *slot);
struct slot *slot_ref(struct slot *slot);
void slot_unref(struct slot *slot);

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
