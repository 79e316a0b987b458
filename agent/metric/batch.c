/* Identities and batches: see metric/batch.h. */
#include "metric/batch.h"

#include <stdlib.h>

#include "agent/metric/references.h"
#include "base/mem.h"

struct identity *identity_new(const char *name, const char *kind, const char *job, const char *instance) {
  struct identity *id = mem_zero(sizeof *id);
  id->name = mem_copy(name);
  id->kind = mem_copy(kind);
  id->job = mem_copy(job);
  id->instance = mem_copy(instance);
  atomic_init(&id->references, 1);
  return id;
}

struct identity *identity_ref(struct identity *id) {
  reference_take(&id->references);
  return id;
}

void identity_unref(struct identity *id) {
  if (!id || !reference_drop(&id->references)) return;
  free((char *)(uintptr_t)id->name);
  free((char *)(uintptr_t)id->kind);
  free((char *)(uintptr_t)id->job);
  free((char *)(uintptr_t)id->instance);
  free(id);
}

struct batch *batch_new(struct identity *id, size_t count) {
  struct batch *b = mem_zero(sizeof *b + count * sizeof *b->sections);
  b->id = identity_ref(id);
  b->count = count;
  atomic_init(&b->references, 1);
  return b;
}

struct batch *batch_ref(struct batch *b) {
  reference_take(&b->references);
  return b;
}

void batch_unref(struct batch *b) {
  if (!b || !reference_drop(&b->references)) return;
  for (size_t i = 0; i < b->count; i++) section_unref(b->sections[i]);
  identity_unref(b->id);
  free(b);
}
