/* A shard: columns in a ring, a row of values for each series. See shard.h. Rows that have had no point for the whole span are given up when the ring
 * comes round, so that churning labels cost what they are worth. All of it runs under the shard's lock. */
#include "agent/history/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAPACITY = 32 };

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

static const uint64_t stale_bits = 0x7ff0000000000002u, absent_bits = 0x7ff00000000000aau;

double stale_marker(void) {
  return from_bits(stale_bits);
}
bool is_stale(double value) {
  return has_bits(value, stale_bits);
}
bool is_absent(double value) {
  return has_bits(value, absent_bits);
}

struct shard *shard_new(struct history *h, struct identity *id) {
  struct shard *s = mem_zero(sizeof *s);
  pthread_mutex_init(&s->lock, NULL);
  s->history = h;
  s->id = id ? identity_ref(id) : NULL;
  return s;
}

static void charge(struct shard *s, size_t bytes) {
  atomic_fetch_add(&s->history->bytes, bytes);
}
static void refund(struct shard *s, size_t bytes) {
  atomic_fetch_sub(&s->history->bytes, bytes);
}

static size_t row_bytes(const struct shard *s, const struct row *r) {
  return sizeof *r + strlen(r->key) * 3 + 64 * r->labels->count + s->capacity * sizeof *r->values;
}

static void row_free(struct shard *s, struct row *r) {
  refund(s, row_bytes(s, r));
  atomic_fetch_sub(&s->history->series, 1);
  labels_unref(r->labels);
  free(r->values);
  free(r->key);
  free(r);
}

void shard_free(struct shard *s) {
  for (size_t i = 0; i < COUNTOF(s->placed); i++) {
    section_unref(s->placed[i].section);
    free(s->placed[i].rows);
  }
  for (size_t i = 0; i < s->row_count; i++) row_free(s, s->rows[i]);
  map_done(&s->by_key);
  map_done(&s->by_name);
  free(s->rows);
  free(s->columns);
  identity_unref(s->id);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

/* The ring straightened out into one of `capacity` columns. */
static void *straightened(const struct shard *s, const void *ring, size_t size, size_t capacity) {
  char *longer = mem_resize(NULL, capacity, size);
  for (size_t i = 0; i < s->used; i++) {
    size_t from = (s->newest + s->capacity - s->used + 1 + i) % s->capacity;
    memcpy(longer + i * size, (const char *)ring + from * size, size);
  }
  return longer;
}

static void grow(struct shard *s) {
  size_t capacity = s->capacity ? s->capacity * 2 : FIRST_CAPACITY;
  struct column *columns = straightened(s, s->columns, sizeof *columns, capacity);
  for (size_t i = 0; i < s->row_count; i++) {
    struct row *r = s->rows[i];
    double *values = straightened(s, r->values, sizeof *values, capacity);
    free(r->values);
    r->values = values;
  }
  charge(s, (capacity - s->capacity) * (sizeof *columns + s->row_count * sizeof(double)));
  free(s->columns);
  s->columns = columns;
  s->newest = s->used ? s->used - 1 : capacity - 1;
  s->capacity = capacity;
}

/* Rows without a point in any column are freed; the tables are made anew. */
static void sweep(struct shard *s) {
  size_t kept = 0;
  map_done(&s->by_key);
  map_done(&s->by_name);
  for (size_t i = 0; i < s->row_count; i++) {
    struct row *r = s->rows[i];
    if (r->present + s->used < s->ticks) {
      row_free(s, r);
      continue;
    }
    s->rows[kept++] = r;
    *map_slot(&s->by_key, r->key, strlen(r->key)) = r;
    const char *name = labels_get(r->labels, "__name__");
    void **first = map_slot(&s->by_name, name, strlen(name));
    r->same_name = *first;
    *first = r;
  }
  s->row_count = kept;
  for (size_t i = 0; i < COUNTOF(s->placed); i++) { /* they may point at rows that are gone */
    section_unref(s->placed[i].section);
    free(s->placed[i].rows);
    s->placed[i] = (struct placed){0};
  }
}

static size_t oldest(const struct shard *s) {
  return (s->newest + s->capacity - s->used + 1) % s->capacity;
}

void shard_begin(struct shard *s, msec_t time, bool gap) {
  msec_t span = atomic_load(&s->history->span);
  if (!s->ticks) s->since = time;
  while (s->used > 1 && s->columns[oldest(s)].time < time - span) s->used--;
  if (s->used == s->capacity) grow(s);
  s->newest = (s->newest + 1) % s->capacity;
  s->used++;
  s->ticks++;
  s->columns[s->newest] = (struct column){.time = time, .gap = gap};
  for (size_t i = 0; i < s->row_count; i++) s->rows[i]->values[s->newest] = from_bits(absent_bits);
  if (s->ticks % s->capacity == 0) sweep(s);
}

void shard_put(struct shard *s, struct row *r, double value) {
  r->values[s->newest] = value;
  r->present = s->ticks;
}

static struct row *add_row(struct shard *s, const char *key, size_t length, struct labels *labels) {
  struct row *r = mem_zero(sizeof *r);
  r->key = mem_copy_bytes(key, length);
  r->labels = labels;
  r->values = mem_resize(NULL, s->capacity, sizeof *r->values);
  for (size_t i = 0; i < s->capacity; i++) r->values[i] = from_bits(absent_bits);
  if (s->row_count == s->row_capacity) {
    s->row_capacity = MAX(s->row_capacity * 2, (size_t)64);
    s->rows = mem_resize(s->rows, s->row_capacity, sizeof *s->rows);
  }
  s->rows[s->row_count++] = r;
  charge(s, row_bytes(s, r));
  atomic_fetch_add(&s->history->series, 1);
  return r;
}

struct row *shard_row(struct shard *s, const char *key, size_t length, struct labels *(*make)(const void *), const void *context) {
  struct row *known = map_find(&s->by_key, key, length);
  if (known) return known;
  if (atomic_load(&s->history->bytes) > s->history->bytes_max) {
    atomic_fetch_add(&s->history->refused, 1);
    return NULL;
  }
  struct row *r = add_row(s, key, length, make(context));
  *map_slot(&s->by_key, r->key, length) = r;
  const char *name = labels_get(r->labels, "__name__");
  void **first = map_slot(&s->by_name, name, strlen(name));
  r->same_name = *first;
  *first = r;
  return r;
}

bool shard_is_over(const struct shard *s, msec_t now) {
  return s->retired && (!s->used || s->columns[s->newest].time < now - atomic_load(&s->history->span));
}
