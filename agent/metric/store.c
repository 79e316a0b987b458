/* The latest batch of every target: see metric/store.h.
 *
 * One mutex guards the list of slots and what each shows. It is held for a pointer swap, or for taking a reference to each batch; batches are
 * released after it. A slot keeps the store alive, so that a runner that is stuck may publish at any later time: it is ignored. */
#include "metric/snapshot.h"
#include "metric/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/metric/references.h"
#include "base/mem.h"

struct slot {
  atomic_uint references;
  struct store *store; /* a reference */
  struct batch *batch; /* under the store's mutex, as is the next */
  bool retired;
};

struct store {
  atomic_uint references; /* the owner's and one of each slot */
  pthread_mutex_t mutex;
  struct slot **slots; /* in the order in which they were added; no references, a slot leaves the list when it retires */
  size_t count, capacity;
  uint64_t generation;
};

struct store *store_new(void) {
  struct store *s = mem_zero(sizeof *s);
  atomic_init(&s->references, 1);
  pthread_mutex_init(&s->mutex, NULL);
  return s;
}

static void store_unref(struct store *s) {
  if (!reference_drop(&s->references)) return;
  pthread_mutex_destroy(&s->mutex);
  free(s->slots);
  free(s);
}

void store_free(struct store *s) {
  if (!s) return;
  pthread_mutex_lock(&s->mutex);
  for (size_t i = 0; i < s->count; i++) s->slots[i]->retired = true;
  s->count = 0;
  pthread_mutex_unlock(&s->mutex);
  store_unref(s);
}

struct slot *store_add(struct store *s) {
  struct slot *slot = mem_zero(sizeof *slot);
  atomic_init(&slot->references, 1);
  slot->store = s;
  reference_take(&s->references);
  pthread_mutex_lock(&s->mutex);
  if (s->count == s->capacity) {
    s->capacity = s->capacity ? s->capacity * 2 : 8;
    s->slots = mem_resize(s->slots, s->capacity, sizeof(struct slot *));
  }
  s->slots[s->count++] = slot;
  pthread_mutex_unlock(&s->mutex);
  return slot;
}

void slot_publish(struct slot *slot, struct batch *b) {
  struct store *s = slot->store;
  struct batch *old = b;
  pthread_mutex_lock(&s->mutex);
  if (!slot->retired) {
    old = slot->batch;
    slot->batch = b;
    s->generation++;
  }
  pthread_mutex_unlock(&s->mutex);
  batch_unref(old);
}

/* Takes the slot off the list, if it is there. Under the mutex. */
static void take_off(struct store *s, const struct slot *slot) {
  size_t i = 0;
  while (i < s->count && s->slots[i] != slot) i++;
  if (i == s->count) return;
  memmove(s->slots + i, s->slots + i + 1, (s->count - i - 1) * sizeof(struct slot *));
  s->count--;
  s->generation++;
}

void slot_retire(struct slot *slot) {
  struct store *s = slot->store;
  pthread_mutex_lock(&s->mutex);
  take_off(s, slot);
  slot->retired = true;
  struct batch *old = slot->batch;
  slot->batch = NULL;
  pthread_mutex_unlock(&s->mutex);
  batch_unref(old);
  slot_unref(slot);
}

struct slot *slot_ref(struct slot *slot) {
  reference_take(&slot->references);
  return slot;
}

void slot_unref(struct slot *slot) {
  if (!slot || !reference_drop(&slot->references)) return;
  batch_unref(slot->batch);
  store_unref(slot->store);
  free(slot);
}

struct snapshot *store_snapshot(struct store *s) {
  pthread_mutex_lock(&s->mutex);
  struct snapshot *snapshot = mem_zero(sizeof *snapshot + s->count * sizeof(struct batch *));
  snapshot->generation = s->generation;
  for (size_t i = 0; i < s->count; i++)
    if (s->slots[i]->batch) snapshot->batches[snapshot->count++] = batch_ref(s->slots[i]->batch);
  pthread_mutex_unlock(&s->mutex);
  return snapshot;
}

void snapshot_free(struct snapshot *snapshot) {
  if (!snapshot) return;
  for (size_t i = 0; i < snapshot->count; i++) batch_unref(snapshot->batches[i]);
  free(snapshot);
}

uint64_t store_generation(struct store *s) {
  pthread_mutex_lock(&s->mutex);
  uint64_t generation = s->generation;
  pthread_mutex_unlock(&s->mutex);
  return generation;
}

struct batch *store_find(struct store *s, const char *name) {
  struct batch *found = NULL;
  pthread_mutex_lock(&s->mutex);
  for (size_t i = 0; i < s->count && !found; i++) {
    struct batch *b = s->slots[i]->batch;
    if (b && !strcmp(b->id->name, name)) found = batch_ref(b);
  }
  pthread_mutex_unlock(&s->mutex);
  return found;
}
