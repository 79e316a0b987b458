/* Identities and batches: see metric/batch.h. An identity is one block, its strings behind it. */
#include "metric/batch.h"

#include <stdlib.h>
#include <string.h>

#include "agent/metric/references.h"
#include "base/mem.h"

/* Copies `text` to *at, moves *at behind it, and returns the copy. */
static const char *place(char **at, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

struct identity *identity_new(const char *name, const char *kind, const char *job, const char *instance) {
  struct identity *id = mem_zero(sizeof *id + strlen(name) + strlen(kind) + strlen(job) + strlen(instance) + 4);
  char *at = (char *)(id + 1);
  id->name = place(&at, name);
  id->kind = place(&at, kind);
  id->job = place(&at, job);
  id->instance = place(&at, instance);
  atomic_init(&id->references, 1);
  return id;
}

struct identity *identity_ref(struct identity *id) {
  reference_take(&id->references);
  return id;
}

void identity_unref(struct identity *id) {
  if (id && reference_drop(&id->references)) free(id);
}

bool identity_same(const struct identity *a, const struct identity *b) {
  return !strcmp(a->name, b->name) && !strcmp(a->job, b->job) && !strcmp(a->instance, b->instance);
}

struct batch *batch_new(struct identity *id, size_t count) {
  struct batch *b = mem_zero(sizeof *b + count * sizeof(struct section *));
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
