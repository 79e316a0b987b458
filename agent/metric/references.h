/* Counting references across threads. */
#ifndef SONDE_METRIC_REFERENCES_H
#define SONDE_METRIC_REFERENCES_H

#include <stdatomic.h>
#include <stdbool.h>

static inline void reference_take(atomic_uint *references) {
  atomic_fetch_add_explicit(references, 1, memory_order_relaxed);
}

/* True when that was the last one; then all that others did before they let go is visible. */
static inline bool reference_drop(atomic_uint *references) {
  return atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) == 1;
}

#endif
