/* Memory that is freed at once: see base/arena.h. Chunks double from 1 KB to 64 KB; what is larger gets a chunk of its own. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct arena_chunk {
  struct arena_chunk *older;
  size_t used, size;
  alignas(max_align_t) unsigned char data[];
};

struct arena_deferred {
  struct arena_deferred *earlier;
  void (*done)(void *);
  void *thing;
};

enum { FIRST_CHUNK = 1024, LARGEST_CHUNK = 65536 };

void arena_init(struct arena *a) {
  *a = (struct arena){0};
}

void arena_defer(struct arena *a, void (*done)(void *), void *thing) {
  struct arena_deferred *d = arena_alloc(a, sizeof *d);
  *d = (struct arena_deferred){.earlier = a->deferred, .done = done, .thing = thing};
  a->deferred = d;
}

void arena_charge(struct arena *a, size_t bytes) {
  a->bytes += bytes;
}

static void call_deferred(struct arena *a) {
  for (; a->deferred; a->deferred = a->deferred->earlier) a->deferred->done(a->deferred->thing);
}

void arena_done(struct arena *a) {
  call_deferred(a);
  while (a->chunk) {
    struct arena_chunk *older = a->chunk->older;
    free(a->chunk);
    a->chunk = older;
  }
  a->bytes = 0;
}

void arena_wipe(struct arena *a) {
  call_deferred(a); /* while what they point to is there */
  for (struct arena_chunk *c = a->chunk; c; c = c->older) mem_wipe(c->data, c->used);
}

static void add_chunk(struct arena *a, size_t least) {
  size_t size = a->chunk ? MIN(a->chunk->size * 2, (size_t)LARGEST_CHUNK) : FIRST_CHUNK;
  size = MAX(size, least);
  struct arena_chunk *c = mem_zero(sizeof *c + size);
  c->size = size;
  c->older = a->chunk;
  a->chunk = c;
  a->bytes += sizeof *c + size;
}

void *arena_alloc(struct arena *a, size_t bytes) {
  size_t unit = alignof(max_align_t);
  if (bytes > SIZE_MAX / 2) (void)mem_resize(NULL, SIZE_MAX, 2); /* ends the program as any impossible allocation does */
  size_t rounded = (bytes + unit - 1) / unit * unit;
  if (!a->chunk || rounded > a->chunk->size - a->chunk->used) add_chunk(a, rounded);
  void *p = a->chunk->data + a->chunk->used;
  a->chunk->used += rounded;
  return p;
}

char *arena_copy(struct arena *a, const char *text) {
  return text ? arena_copy_bytes(a, text, strlen(text)) : NULL;
}

char *arena_copy_bytes(struct arena *a, const void *data, size_t length) {
  char *copy = arena_alloc(a, length + 1);
  if (length) memcpy(copy, data, length);
  return copy;
}

char *arena_printf(struct arena *a, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (length < 0) length = 0;
  char *text = arena_alloc(a, (size_t)length + 1);
  va_start(args, format);
  vsnprintf(text, (size_t)length + 1, format, args);
  va_end(args);
  return text;
}
