/* Readings: see reading.h. */
#include "agent/history/reading.h"

/* The oldest chunk that has a tick from `first` on; what is asked for is most often near the end. */
static struct chunk *find_chunk(const struct row *r, uint64_t first, size_t *ret_count) {
  struct chunk *c = r->newest;
  *ret_count = 0;
  if (!c || c->first + c->ticks <= first) return NULL;
  for (*ret_count = 1; c->older && c->first > first; c = c->older) ++*ret_count;
  return c;
}

static void take_chunks(struct reading *ret, const struct row *r, uint64_t first, uint64_t next, struct arena *a) {
  size_t most;
  struct chunk *c = find_chunk(r, first, &most);
  if (most) ret->chunks = arena_alloc(a, most * sizeof *ret->chunks);
  for (; c && c->first < next; c = c->newer)
    if (c->first + c->ticks > first) ret->chunks[ret->count++] = chunk_ref(c);
}

void reading_take(struct reading *ret, const struct row *r, uint64_t first, uint64_t next, struct arena *a) {
  *ret = (struct reading){.labels = labels_ref(r->labels), .begin = row_begin(r), .end = r->end};
  uint64_t last = r->end - r->run;
  if (r->run) ret->last = (struct run){.bits = r->bits, .ticks = r->run};
  if (first >= last) return;
  take_chunks(ret, r, first, next, a);
  if (!r->open || r->open->first >= next) return;
  ret->open_first = r->open->first;
  ret->open_ticks = r->open->ticks;
  ret->open_length = packer_length(r->open);
  ret->open = (unsigned char *)arena_copy_bytes(a, r->open->bytes, ret->open_length);
}

void reading_done(struct reading *r) {
  for (size_t i = 0; i < r->count; i++) chunk_unref(r->chunks[i]);
  labels_unref(r->labels);
  *r = (struct reading){.labels = NULL};
}

void reader_init(struct reader *r, const struct reading *of) {
  *r = (struct reader){.of = of};
}

/* Goes on to the next chunk, then to the open one, then to what waits; false when there is none. */
static bool enter_next(struct reader *r) {
  const struct reading *of = r->of;
  if (r->chunk > of->count) return false;
  if (r->chunk < of->count) {
    const struct chunk *c = of->chunks[r->chunk++];
    unpacker_init(&r->unpacker, c->bytes, c->length);
    r->tick = c->first;
    r->until = c->first + c->ticks;
    return true;
  }
  r->chunk++;
  unpacker_init(&r->unpacker, of->open, of->open_length);
  r->tick = of->open_first;
  r->until = of->open_first + of->open_ticks;
  return true;
}

bool reader_next(struct reader *r, uint64_t *ret_first, struct run *ret) {
  const struct reading *of = r->of;
  while (r->chunk <= of->count + 1) {
    if (r->tick < r->until && unpacker_next(&r->unpacker, ret)) {
      *ret_first = r->tick;
      r->tick += ret->ticks;
      return true;
    }
    if (!enter_next(r)) break;
  }
  if (r->chunk > of->count + 1 || !of->last.ticks) return false;
  r->chunk = of->count + 2;
  *ret_first = of->end - of->last.ticks;
  *ret = of->last;
  return true;
}
