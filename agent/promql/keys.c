/* Label sets by number: see keys.h. A set brings its hash along, and is mostly the very one that was asked for at the step before. */
#include "agent/promql/keys.h"

#include <string.h>

bool grouping_names(const struct grouping *g, const char *name) {
  for (size_t i = 0; i < g->count; i++)
    if (!strcmp(g->names[i], name)) return true;
  return false;
}

bool labels_names_metric(const char *name) {
  return !strcmp(name, "__name__") || !strcmp(name, "__type__") || !strcmp(name, "__unit__");
}

struct labels *labels_grouped(struct labels *l, const struct grouping *g) {
  struct label_pair pairs[l->count + 1];
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++) {
    const char *name = l->pairs[i].name;
    bool named = grouping_names(g, name), kept = g->only ? named : !named && strcmp(name, "__name__") != 0;
    if (kept) pairs[count++] = l->pairs[i];
  }
  return count == l->count ? labels_ref(l) : labels_new(pairs, count);
}

struct labels *labels_unnamed(struct labels *l) {
  struct label_pair pairs[l->count + 1];
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++)
    if (!labels_names_metric(l->pairs[i].name)) pairs[count++] = l->pairs[i];
  return count == l->count ? labels_ref(l) : labels_new(pairs, count);
}

/* Numbers */

struct set_slot {
  uint64_t hash;
  size_t number; /* plus 1; 0: free */
};
enum { FIRST_SLOTS = 16 };

static void drop_references(void *table) {
  struct label_sets *t = table;
  for (size_t i = 0; i < t->count; i++) labels_unref(t->sets[i]);
}

static struct set_slot *free_slot(const struct label_sets *t, uint64_t hash) {
  size_t i = hash & (t->slot_count - 1);
  while (t->slots[i].number) i = (i + 1) & (t->slot_count - 1);
  return &t->slots[i];
}

static void make_room(struct label_sets *t, size_t slot_count) {
  t->slot_count = slot_count;
  t->slots = arena_alloc(t->arena, slot_count * sizeof *t->slots);
  t->sets = arena_alloc(t->arena, slot_count / 2 * sizeof(struct labels *));
}

static void grow(struct label_sets *t) {
  const struct label_sets old = *t;
  make_room(t, old.slot_count * 2);
  memcpy(t->sets, old.sets, old.count * sizeof(struct labels *));
  for (size_t i = 0; i < old.slot_count; i++)
    if (old.slots[i].number) *free_slot(t, old.slots[i].hash) = old.slots[i];
}

struct label_sets *label_sets_new(struct arena *a) {
  struct label_sets *t = arena_alloc(a, sizeof *t);
  t->arena = a;
  make_room(t, FIRST_SLOTS);
  arena_defer(a, drop_references, t);
  return t;
}

static size_t add(struct label_sets *t, struct labels *l) {
  if (t->count == t->slot_count / 2) grow(t);
  t->sets[t->count] = labels_ref(l);
  arena_charge(t->arena, sizeof *l + l->count * sizeof *l->pairs + l->text_length);
  *free_slot(t, l->hash) = (struct set_slot){l->hash, ++t->count};
  return t->count - 1;
}

size_t label_sets_number(struct label_sets *t, struct labels *l) {
  for (size_t i = l->hash & (t->slot_count - 1); t->slots[i].number; i = (i + 1) & (t->slot_count - 1))
    if (t->slots[i].hash == l->hash && labels_equal(t->sets[t->slots[i].number - 1], l)) return t->slots[i].number - 1;
  return add(t, l);
}

void keys_init(struct keys *k, struct arena *a, derive_fn *derive, const struct grouping *g) {
  *k = (struct keys){.derive = derive, .grouping = g, .sources = label_sets_new(a), .keys = label_sets_new(a)};
}

static size_t derive(struct keys *k, struct labels *l) {
  struct labels *key = k->derive(l, k->grouping);
  size_t number = label_sets_number(k->keys, key);
  labels_unref(key);
  return number;
}

size_t keys_source(struct keys *k, struct labels *l) {
  size_t known = k->sources->count, source = label_sets_number(k->sources, l);
  if (source < known) return source;
  if (source == k->capacity) {
    k->capacity = k->capacity ? k->capacity * 2 : FIRST_SLOTS;
    size_t *more = arena_alloc(k->sources->arena, k->capacity * sizeof *more);
    if (source) memcpy(more, k->key_of, source * sizeof *more);
    k->key_of = more;
  }
  k->key_of[source] = derive(k, l);
  return source;
}
