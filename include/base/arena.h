/* Memory that is freed at once. One arena belongs to one owner (a section, a configuration, an evaluation) and one thread at a time. */
#ifndef SONDE_BASE_ARENA_H
#define SONDE_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"

struct arena_chunk;
struct arena_deferred;
struct arena {
  struct arena_chunk *chunk; /* the newest; older ones hang behind it */
  struct arena_deferred *deferred;
  size_t bytes; /* what all chunks take, and what was charged */
};

void arena_init(struct arena *a);
void arena_done(struct arena *a);
/* Overwrites all that was ever allocated: for what held secrets, before arena_done(). */
void arena_wipe(struct arena *a);
/* `bytes` zeroed, aligned for any type; lives until arena_done(). */
void *arena_alloc(struct arena *a, size_t bytes);
/* arena_done(), or arena_wipe(), calls done(thing) first, the latest deferred before the earlier ones. */
void arena_defer(struct arena *a, void (*done)(void *), void *thing);
/* Counts memory that what is deferred here holds elsewhere. */
void arena_charge(struct arena *a, size_t bytes);
char *arena_copy(struct arena *a, const char *text);                      /* NULL gives NULL */
char *arena_copy_bytes(struct arena *a, const void *data, size_t length); /* plus a NUL */
char *arena_printf(struct arena *a, const char *format, ...) PRINTF(2, 3);

#endif
