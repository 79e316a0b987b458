/* A table from byte strings to pointers. The keys are not copied: they live as long as the table or longer. */
#ifndef SONDE_BASE_MAP_H
#define SONDE_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_entry {
  const char *key; /* NULL: empty */
  size_t length;
  uint64_t hash;
  void *value;
};
struct map {
  struct map_entry *entries;
  size_t capacity, count; /* capacity is 0 or a power of two, at most three quarters full */
};

/* An empty map is one that is zeroed: struct map m = {0}. */
void map_done(struct map *m);
/* The value behind the key, or NULL. */
void *map_find(const struct map *m, const char *key, size_t length);
/* Where the value of the key is kept, NULL in it when the key is new. Valid until the next map_slot(). */
void **map_slot(struct map *m, const char *key, size_t length);

#endif
