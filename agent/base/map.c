/* Open addressing with linear steps: see base/map.h. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void map_done(struct map *m) {
  free(m->entries);
  *m = (struct map){0};
}

/* The entry of the key, or the empty one where it belongs. The table has room. */
static struct map_entry *probe(const struct map *m, const char *key, size_t length, uint64_t hash) {
  for (size_t i = hash & (m->capacity - 1);; i = (i + 1) & (m->capacity - 1)) {
    struct map_entry *e = &m->entries[i];
    if (!e->key || (e->hash == hash && e->length == length && !memcmp(e->key, key, length))) return e;
  }
}

void *map_find(const struct map *m, const char *key, size_t length) {
  return m->capacity ? probe(m, key, length, text_hash(key, length))->value : NULL;
}

static void grow(struct map *m) {
  struct map bigger = {.capacity = m->capacity ? m->capacity * 2 : 16, .count = m->count};
  bigger.entries = mem_zero(bigger.capacity * sizeof *bigger.entries);
  for (size_t i = 0; i < m->capacity; i++) {
    struct map_entry *e = &m->entries[i];
    if (e->key) *probe(&bigger, e->key, e->length, e->hash) = *e;
  }
  free(m->entries);
  *m = bigger;
}

void **map_slot(struct map *m, const char *key, size_t length) {
  if (m->count + 1 > m->capacity / 4 * 3) grow(m);
  uint64_t hash = text_hash(key, length);
  struct map_entry *e = probe(m, key, length, hash);
  if (!e->key) {
    *e = (struct map_entry){.key = key, .length = length, .hash = hash};
    m->count++;
  }
  return &e->value;
}
