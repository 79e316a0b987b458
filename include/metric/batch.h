/* What a target shows at one tick: its sections, and who it is. Both are shared by reference count. */
#ifndef SONDE_METRIC_BATCH_H
#define SONDE_METRIC_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/fail.h"
#include "metric/section_reader.h"

/* Who a target is: the identity of all its series. Immutable; shared by reference count. */
struct identity {
  const char *name, *kind, *job, *instance; /* job and instance become labels through service discovery */
  atomic_uint references;                   /* for identity_ref() and identity_unref() alone */
};
struct identity *identity_new(const char *name, const char *kind, const char *job, const char *instance);
struct identity *identity_ref(struct identity *id);
void identity_unref(struct identity *id);
bool identity_same(const struct identity *a, const struct identity *b); /* name, job and instance */

/* What a target shows at one tick. Immutable once published. When the target is down it holds the status section alone. */
struct batch {
  struct identity *id; /* a reference of the batch's own */
  msec_t time;         /* the tick */
  msec_t success;      /* when the last good poll ended; 0 for never */
  bool up;
  bool polled;     /* false before the first poll has ended */
  bool relayed;    /* its page is another exporter's: while it is down, there is none */
  struct fail why; /* when down, and when up but not well (a probe that failed, a server that is loading): what people read */
  atomic_uint references; /* for batch_ref() and batch_unref() alone */
  size_t count;
  struct section *sections[]; /* references of the batch's own; status section first */
};
/* A batch with room for `count` sections, to be filled and published; takes its own reference of `id`. */
struct batch *batch_new(struct identity *id, size_t count);
/* Seen, and as it should be. */
static inline bool batch_is_well(const struct batch *b) {
  return b->up && b->why.kind == FAIL_NONE;
}
struct batch *batch_ref(struct batch *b);
void batch_unref(struct batch *b); /* NULL allowed */

#endif
