/* The latest batch of every target. Publishing swaps a reference; readers take references under a short lock and work without it.
 * Each target has a slot. A retired slot ignores what a late runner still publishes. Slots keep the order in which they were added. */
#ifndef SONDE_METRIC_STORE_H
#define SONDE_METRIC_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "metric/batch.h"

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

#endif
