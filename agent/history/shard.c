/* A shard's rows: see shard.h. An append that changes nothing costs a count; a value that changed is packed behind the one before it. A row that was not
 * written for some ticks catches up when it is written again, so that an append touches only what it brings. What ticks that were given up leave
 * behind is freed now and then. */
#include "agent/history/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void charge(struct shard *s, size_t bytes) {
  atomic_fetch_add_explicit(&s->history->bytes, bytes, memory_order_relaxed);
}
static void refund(struct shard *s, size_t bytes) {
  atomic_fetch_sub_explicit(&s->history->bytes, bytes, memory_order_relaxed);
}

struct shard *shard_new(struct history *h, struct identity *id) {
  struct shard *s = mem_zero(sizeof *s);
  pthread_mutex_init(&s->lock, NULL);
  s->history = h;
  s->id = id ? identity_ref(id) : NULL;
  charge(s, sizeof *s);
  return s;
}

/* A row, its place in the tables, its labels. */
static size_t row_bytes(const struct labels *l) {
  size_t tables = 3 * sizeof(struct row *); /* in `rows`, and in `by_hash` */
  return sizeof(struct row) + tables + sizeof *l + l->count * sizeof *l->pairs + l->text_length;
}

/* The values */

uint64_t row_begin(const struct row *r) {
  if (r->oldest) return r->oldest->first;
  return r->open ? r->open->first : r->end - r->run;
}

static void drop_oldest(struct shard *s, struct row *r) {
  struct chunk *c = r->oldest;
  r->oldest = c->newer;
  *(r->oldest ? &r->oldest->older : &r->newest) = NULL;
  refund(s, chunk_bytes(c));
  chunk_unref(c);
}

static void drop_open(struct shard *s, struct row *r) {
  if (!r->open) return;
  refund(s, packer_bytes(r->open));
  free(r->open);
  r->open = NULL;
}

/* Frees what lies before a tick. */
static void row_trim(struct shard *s, struct row *r, uint64_t first) {
  while (r->oldest && r->oldest->first + r->oldest->ticks <= first) drop_oldest(s, r);
  if (!r->oldest && r->end - r->run <= first) drop_open(s, r);
}

static void seal(struct shard *s, struct row *r) {
  struct packer *p = r->open;
  struct chunk *c = chunk_new(p->bytes, packer_length(p), p->first, p->ticks);
  charge(s, chunk_bytes(c));
  c->older = r->newest;
  *(r->newest ? &r->newest->newer : &r->oldest) = c;
  r->newest = c;
  packer_restart(p, p->first + p->ticks);
}

static void pack(struct shard *s, struct row *r, struct run run, uint64_t first) {
  size_t before = r->open ? packer_bytes(r->open) : 0;
  if (!r->open) r->open = packer_new(first);
  r->open = packer_put(r->open, run);
  if (packer_bytes(r->open) != before) charge(s, packer_bytes(r->open) - before);
  if (packer_is_full(r->open)) seal(s, r);
}

/* Packs what waits, and that there was nothing since, so that the tick `now` can follow. */
static void catch_up(struct shard *s, struct row *r, uint64_t now) {
  if (!r->run) return;
  pack(s, r, (struct run){.bits = r->bits, .ticks = r->run}, r->end - r->run);
  if (r->end < now) pack(s, r, (struct run){.absent = true, .ticks = (uint32_t)(now - r->end)}, r->end);
}

void shard_put_run(struct shard *s, struct row *r, uint64_t tick, struct run run) {
  if (r->end == tick && r->bits == run.bits && r->run && r->run <= UINT32_MAX - run.ticks) {
    r->run += run.ticks;
    r->end += run.ticks;
    return;
  }
  if (r->end <= s->times.first) { /* all of it has been given up */
    row_trim(s, r, r->end);
    drop_open(s, r);
    r->run = 0;
  }
  catch_up(s, r, tick);
  r->bits = run.bits;
  r->run = run.ticks;
  r->end = tick + run.ticks;
}

void shard_put(struct shard *s, struct row *r, double value) {
  uint64_t now = s->times.next - 1;
  if (r->end > now) { /* again in this tick */
    r->end--;
    r->run--;
  }
  shard_put_run(s, r, now, (struct run){.bits = bits_of(value), .ticks = 1});
}

/* The ticks */

void shard_begin(struct shard *s, msec_t time, bool gap) {
  size_t before = timeline_bytes(&s->times);
  msec_t span = atomic_load_explicit(&s->history->span, memory_order_relaxed);
  timeline_add(&s->times, time, gap);
  /* One that is as old as the span stays, to tell that all of the span is covered. */
  uint64_t within = timeline_behind(&s->times, time - span);
  if (within > s->times.first + 1) s->times.first = within - 1;
  charge(s, timeline_bytes(&s->times) - before);
}

/* The rows */

struct row *shard_find(const struct shard *s, const struct labels *labels) {
  struct row *r = s->hash_count ? s->by_hash[labels->hash & (s->hash_count - 1)] : NULL;
  while (r && !labels_equal(r->labels, labels)) r = r->same_hash;
  return r;
}

static void enter_hash(struct shard *s, struct row *r) {
  struct row **first = &s->by_hash[r->labels->hash & (s->hash_count - 1)];
  r->same_hash = *first;
  *first = r;
}

static void enter_name(struct shard *s, struct row *r) {
  const char *name = labels_get(r->labels, "__name__");
  void **first = map_slot(&s->by_name, name, strlen(name));
  r->same_name = *first;
  *first = r;
}

/* Enters all rows into a table that has room for them and one more. */
static void hash_rows(struct shard *s) {
  while (s->hash_count <= s->row_count) s->hash_count = MAX(s->hash_count * 2, (size_t)16);
  free(s->by_hash);
  s->by_hash = mem_zero(s->hash_count * sizeof(struct row *));
  for (size_t i = 0; i < s->row_count; i++) enter_hash(s, s->rows[i]);
}

/* Three quarters of the room are for series, the rest is for what they bring. */
static bool has_room(const struct history *h, size_t bytes) {
  size_t most = atomic_load_explicit(&h->bytes_max, memory_order_relaxed) / 4 * 3;
  return atomic_load_explicit(&h->series_bytes, memory_order_relaxed) + bytes <= most;
}

struct row *shard_add(struct shard *s, struct labels *labels) {
  struct history *h = s->history;
  size_t bytes = row_bytes(labels);
  if (!has_room(h, bytes)) {
    atomic_fetch_add(&h->refused, 1);
    atomic_store(&h->crowded, true);
    return NULL;
  }
  struct row *r = mem_zero(sizeof *r);
  r->labels = labels_ref(labels);
  if (s->row_count == s->row_capacity) {
    s->row_capacity = MAX(s->row_capacity * 2, (size_t)64);
    s->rows = mem_resize(s->rows, s->row_capacity, sizeof(struct row *));
  }
  s->rows[s->row_count++] = r;
  if (s->row_count > s->hash_count)
    hash_rows(s);
  else
    enter_hash(s, r);
  enter_name(s, r);
  charge(s, bytes);
  atomic_fetch_add(&h->series_bytes, bytes);
  atomic_fetch_add(&h->series, 1);
  return r;
}

static void row_free(struct shard *s, struct row *r) {
  size_t bytes = row_bytes(r->labels);
  while (r->oldest) drop_oldest(s, r);
  drop_open(s, r);
  refund(s, bytes);
  atomic_fetch_sub(&s->history->series_bytes, bytes);
  atomic_fetch_sub(&s->history->series, 1);
  if (s->up == r) s->up = NULL;
  labels_unref(r->labels);
  free(r);
}

/* Sweeping */

void placed_done(struct shard *s, struct placed *p) {
  refund(s, p->count * sizeof(struct row *));
  section_unref(p->section);
  free(p->rows);
}

static void forget_placed(struct shard *s) {
  size_t kept = 0;
  for (size_t i = 0; i < s->placed_count; i++)
    if (s->placed[i].tick + 1 == s->times.next)
      s->placed[kept++] = s->placed[i];
    else
      placed_done(s, &s->placed[i]);
  s->placed_count = kept;
}

static void drop_dead(struct shard *s) {
  size_t kept = 0;
  map_done(&s->by_name);
  for (size_t i = 0; i < s->row_count; i++) {
    struct row *r = s->rows[i];
    if (r->end <= s->times.first) {
      row_free(s, r);
      continue;
    }
    s->rows[kept++] = r;
    enter_name(s, r);
  }
  s->row_count = kept;
  hash_rows(s);
}

void shard_sweep(struct shard *s) {
  size_t before = timeline_bytes(&s->times), dead = 0;
  bool is_down = !timeline_is_empty(&s->times) && timeline_is_gap(&s->times, s->times.next - 1);
  forget_placed(s);
  for (size_t i = 0; i < s->row_count; i++) {
    row_trim(s, s->rows[i], s->times.first);
    dead += s->rows[i]->end <= s->times.first;
  }
  if (dead && !is_down) drop_dead(s); /* what is not seen in a gap has not vanished */
  timeline_trim(&s->times);
  refund(s, before - timeline_bytes(&s->times));
}

void shard_free(struct shard *s) {
  for (size_t i = 0; i < s->placed_count; i++) placed_done(s, &s->placed[i]);
  for (size_t i = 0; i < s->row_count; i++) row_free(s, s->rows[i]);
  refund(s, sizeof *s + timeline_bytes(&s->times));
  free(s->by_hash);
  map_done(&s->by_name);
  free(s->placed);
  free(s->rows);
  free(s->times.stretches);
  identity_unref(s->id);
  pthread_mutex_destroy(&s->lock);
  free(s);
}
