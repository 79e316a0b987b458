/* A shard's rings: see shard.h. They grow while the span needs more columns and there is room for them, and shrink when it needs far fewer. A row that
 * was not written for some ticks catches up when it is written again, so that an append touches only what it brings. Rows without a point in any
 * column are given up now and then: churning labels cost what they are worth. */
#include "agent/history/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAPACITY = 32 };

static const uint64_t stale_bits = 0x7ff0000000000002u, absent_bits = 0x7ff00000000000aau;

static double from_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static bool has_bits(double value, uint64_t bits) {
  uint64_t mine;
  memcpy(&mine, &value, sizeof mine);
  return mine == bits;
}

double stale_marker(void) {
  return from_bits(stale_bits);
}
bool is_stale(double value) {
  return has_bits(value, stale_bits);
}
bool is_absent(double value) {
  return has_bits(value, absent_bits);
}

static void charge(struct shard *s, size_t bytes) {
  atomic_fetch_add_explicit(&s->history->bytes, bytes, memory_order_relaxed);
}
static void refund(struct shard *s, size_t bytes) {
  atomic_fetch_sub_explicit(&s->history->bytes, bytes, memory_order_relaxed);
}

/* A row, its place in the tables, its labels. */
static size_t row_bytes(const struct shard *s, const struct row *r) {
  size_t tables = sizeof(struct row *) + 2 * sizeof(struct map_entry);
  size_t labels = sizeof *r->labels + r->labels->count * sizeof *r->labels->pairs + r->labels->text_length;
  return sizeof *r + r->key_length + tables + labels + s->capacity * sizeof *r->values;
}

struct shard *shard_new(struct history *h, struct identity *id) {
  struct shard *s = mem_zero(sizeof *s);
  pthread_mutex_init(&s->lock, NULL);
  s->history = h;
  s->id = id ? identity_ref(id) : NULL;
  charge(s, sizeof *s);
  return s;
}

static void row_free(struct shard *s, struct row *r) {
  refund(s, row_bytes(s, r));
  atomic_fetch_sub(&s->history->series, 1);
  labels_unref(r->labels);
  free(r->values);
  free(r);
}

void placed_done(struct shard *s, struct placed *p) {
  refund(s, p->count * sizeof(struct row *));
  section_unref(p->section);
  free(p->rows);
}

void shard_free(struct shard *s) {
  for (size_t i = 0; i < s->placed_count; i++) placed_done(s, &s->placed[i]);
  for (size_t i = 0; i < s->row_count; i++) row_free(s, s->rows[i]);
  refund(s, sizeof *s + s->capacity * sizeof *s->columns);
  map_done(&s->by_key);
  map_done(&s->by_name);
  free(s->placed);
  free(s->rows);
  free(s->columns);
  identity_unref(s->id);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

/* The rings */

double row_value(const struct shard *s, const struct row *r, uint64_t tick) {
  return tick >= r->begin && tick < r->end ? r->values[tick % s->capacity] : from_bits(absent_bits);
}

static void resize(struct shard *s, size_t capacity) {
  size_t old_bytes = s->capacity * (sizeof(struct column) + s->row_count * sizeof(double));
  struct column *columns = mem_resize(NULL, capacity, sizeof *columns);
  for (uint64_t t = s->first; t < s->next_tick; t++) columns[t % capacity] = *column_at(s, t);
  for (size_t i = 0; i < s->row_count; i++) {
    struct row *r = s->rows[i];
    double *values = mem_resize(NULL, capacity, sizeof *values);
    for (uint64_t t = MAX(r->begin, s->first); t < r->end; t++) values[t % capacity] = r->values[t % s->capacity];
    free(r->values);
    r->values = values;
  }
  free(s->columns);
  s->columns = columns;
  s->capacity = capacity;
  charge(s, capacity * (sizeof *columns + s->row_count * sizeof(double)));
  refund(s, old_bytes);
}

static bool has_room(const struct shard *s, size_t bytes) {
  return atomic_load_explicit(&s->history->bytes, memory_order_relaxed) + bytes <= s->history->bytes_max;
}

/* Room for one more column: the rings grow by half, or the oldest column goes before its time. */
static void make_room(struct shard *s) {
  size_t more = s->capacity ? s->capacity / 2 : FIRST_CAPACITY;
  if (s->next_tick - s->first < s->capacity) return;
  if (!s->capacity || has_room(s, more * (sizeof(struct column) + s->row_count * sizeof(double)))) {
    resize(s, s->capacity + more);
  } else {
    s->first++;
    atomic_fetch_add(&s->history->shortened, 1);
  }
}

void shard_begin(struct shard *s, msec_t time, bool gap) {
  msec_t span = atomic_load_explicit(&s->history->span, memory_order_relaxed);
  /* One that is as old as the span stays, to tell that all of the span is covered. */
  while (s->first + 1 < s->next_tick && column_at(s, s->first + 1)->time <= time - span) s->first++;
  make_room(s);
  *column_at(s, s->next_tick++) = (struct column){.time = time, .gap = gap};
}

void shard_put(struct shard *s, struct row *r, double value) {
  uint64_t now = s->next_tick - 1;
  if (r->end <= s->first) r->begin = r->end = now;
  for (; r->end < now; r->end++) r->values[r->end % s->capacity] = from_bits(absent_bits);
  r->values[now % s->capacity] = value;
  r->end = now + 1;
}

/* The rows */

struct row *shard_find(const struct shard *s, const char *key, size_t length) {
  return map_find(&s->by_key, key, length);
}

static void enter(struct shard *s, struct row *r) {
  const char *name = labels_get(r->labels, "__name__");
  *map_slot(&s->by_key, r->key, r->key_length) = r;
  void **first = map_slot(&s->by_name, name, strlen(name));
  r->same_name = *first;
  *first = r;
}

struct row *shard_add(struct shard *s, const char *key, size_t length, struct labels *labels) {
  struct row *r = mem_zero(sizeof *r + length);
  r->labels = labels;
  r->key_length = length;
  memcpy(r->key, key, length);
  if (!has_room(s, row_bytes(s, r))) {
    atomic_fetch_add(&s->history->refused, 1);
    labels_unref(labels);
    free(r);
    return NULL;
  }
  r->values = mem_resize(NULL, s->capacity, sizeof *r->values);
  if (s->row_count == s->row_capacity) {
    s->row_capacity = MAX(s->row_capacity * 2, (size_t)64);
    s->rows = mem_resize(s->rows, s->row_capacity, sizeof(struct row *));
  }
  s->rows[s->row_count++] = r;
  charge(s, row_bytes(s, r));
  atomic_fetch_add(&s->history->series, 1);
  enter(s, r);
  return r;
}

static bool is_dead(const struct shard *s, const struct row *r) {
  return r->end <= s->first;
}

static void forget_placed(struct shard *s) {
  size_t kept = 0;
  for (size_t i = 0; i < s->placed_count; i++)
    if (s->placed[i].tick + 1 == s->next_tick)
      s->placed[kept++] = s->placed[i];
    else
      placed_done(s, &s->placed[i]);
  s->placed_count = kept;
}

static void drop_dead(struct shard *s) {
  size_t kept = 0;
  map_done(&s->by_key);
  map_done(&s->by_name);
  for (size_t i = 0; i < s->row_count; i++) {
    struct row *r = s->rows[i];
    if (is_dead(s, r)) {
      row_free(s, r);
      continue;
    }
    s->rows[kept++] = r;
    enter(s, r);
  }
  s->row_count = kept;
}

void shard_sweep(struct shard *s) {
  size_t i = 0, used = (size_t)(s->next_tick - s->first);
  if (s->next_tick % (s->capacity / 2)) return;
  forget_placed(s);
  while (i < s->row_count && !is_dead(s, s->rows[i])) i++;
  if (i < s->row_count) drop_dead(s);
  if (s->capacity > FIRST_CAPACITY && used < s->capacity / 4) resize(s, s->capacity / 2);
}
