/* What targets show, remembered: see history/history.h. A batch's samples are found by their place: a section that is carried over is known by its
 * address, a new one is compared, sample by sample, with the one before; only what is new is looked up. */
#include "history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/history/shard.h"
#include "base/mem.h"
#include "history/keep.h"

enum { SWEEP_TICKS = 32 };

struct history *history_new(msec_t span, size_t bytes_max) {
  struct history *h = mem_zero(sizeof *h);
  pthread_mutex_init(&h->lock, NULL);
  atomic_init(&h->span, span);
  atomic_init(&h->bytes_max, bytes_max);
  atomic_init(&h->evict_again, INT64_MIN);
  h->own = shard_new(h, NULL);
  h->shards = h->own;
  return h;
}

void history_free(struct history *h) {
  if (!h) return;
  while (h->shards) {
    struct shard *next = h->shards->next;
    shard_free(h->shards);
    h->shards = next;
  }
  pthread_mutex_destroy(&h->lock);
  free(h);
}

void history_keep(struct history *h, msec_t span, size_t bytes_max) {
  atomic_store(&h->span, span);
  atomic_store(&h->bytes_max, bytes_max);
}

/* The shards of targets */

/* Takes a retired shard of that identity back. */
static bool revive(struct shard *s, struct identity *id) {
  pthread_mutex_lock(&s->lock);
  bool found = s->is_retired && identity_same(s->id, id);
  if (found) {
    s->is_retired = false;
    identity_unref(s->id);
    s->id = identity_ref(id);
  }
  pthread_mutex_unlock(&s->lock);
  if (found) atomic_fetch_sub(&s->history->retired, 1);
  return found;
}

struct shard *history_add(struct history *h, struct identity *id) {
  pthread_mutex_lock(&h->lock);
  struct shard *s = h->shards;
  while (s && !revive(s, id)) s = s->next;
  if (!s) {
    s = shard_new(h, id);
    s->next = h->shards;
    h->shards = s;
  }
  pthread_mutex_unlock(&h->lock);
  return s;
}

void shard_retire(struct shard *s, msec_t now) {
  struct history *h = s->history;
  pthread_mutex_lock(&s->lock);
  s->is_retired = true;
  s->retired = now + RETIRE_GRACE;
  for (size_t i = 0; i < s->placed_count; i++) placed_done(s, &s->placed[i]);
  s->placed_count = 0;
  pthread_mutex_unlock(&s->lock);
  atomic_fetch_add(&h->retired, 1);
}

/* Appending a batch */

/* The row of a series that was not found by its place. */
static struct row *look_up(struct shard *s, const char *name, const char *suffix, const char *text, size_t length) {
  char whole[300];
  snprintf(whole, sizeof whole, "%s%s", name, suffix);
  const struct label_pair extra[] = {
      {"__name__", whole}, {"job", s->id->job}, {"instance", s->id->instance}, {"target", s->id->name}};
  struct labels *labels = labels_from_text(text, length, extra, COUNTOF(extra));
  struct row *known = shard_find(s, labels), *r = known ? known : shard_add(s, labels);
  labels_unref(labels);
  return r;
}

static bool same_series(const struct section *a, const struct sample *x, const struct section *b, const struct sample *y) {
  return x->suffix == y->suffix && x->labels_length == y->labels_length &&
         (x->family == y->family || !strcmp(x->family->name, y->family->name)) &&
         !memcmp(section_text(a, x->labels), section_text(b, y->labels), x->labels_length);
}

/* Where in the section before the sample stands: at `at`, or a little further when some have vanished. `count` when not there. */
static size_t seek(const struct placed *p, const struct sample *old, size_t count, size_t at, const struct section *section,
                   const struct sample *x) {
  size_t end = MIN(at + 8, count);
  while (at < end && !same_series(p->section, &old[at], section, x)) at++;
  return at < end ? at : count;
}

/* Finds the rows of a section's samples. */
static void place(struct shard *s, struct placed *p, struct section *section) {
  size_t count, old_count = 0, at = 0;
  const struct sample *samples = section_samples(section, &count);
  const struct sample *old = p->section ? section_samples(p->section, &old_count) : NULL;
  struct row **rows = mem_resize(NULL, count, sizeof(struct row *));
  bool refused = false;
  atomic_fetch_add(&s->history->bytes, count * sizeof(struct row *));
  for (size_t i = 0; i < count; i++) {
    const struct sample *x = &samples[i];
    size_t found = seek(p, old, old_count, at, section, x);
    if (found < old_count) at = found + 1;
    rows[i] = found < old_count ? p->rows[found] : NULL;
    if (!rows[i]) rows[i] = look_up(s, x->family->name, suffix_text(x->suffix), section_text(section, x->labels), x->labels_length);
    refused |= !rows[i];
  }
  section_ref(section); /* it may be the one before: what was refused is tried again */
  placed_done(s, p);
  *p = (struct placed){.section = section, .rows = rows, .count = count, .refused = refused};
}

static struct placed *placed_of(struct shard *s, const struct section *section) {
  for (size_t i = 0; i < s->placed_count; i++)
    if (section_part(s->placed[i].section) == section_part(section)) return &s->placed[i];
  s->placed = mem_resize(s->placed, s->placed_count + 1, sizeof *s->placed);
  s->placed[s->placed_count] = (struct placed){0};
  return &s->placed[s->placed_count++];
}

static void append_section(struct shard *s, struct section *section) {
  struct placed *p = placed_of(s, section);
  if (p->section != section || p->refused) place(s, p, section);
  p->tick = s->times.next - 1;
  const struct sample *samples = section_samples(section, &(size_t){0});
  for (size_t i = 0; i < p->count; i++)
    if (p->rows[i]) shard_put(s, p->rows[i], samples[i].value);
}

/* What had a point in the tick before and has none now has vanished. */
static void mark_vanished(struct shard *s) {
  uint64_t now = s->times.next - 1;
  for (size_t i = 0; i < s->row_count; i++) {
    struct row *r = s->rows[i];
    if (r->end == now && r->run && !is_stale(value_of(r->bits))) shard_put(s, r, stale_marker());
  }
}

static size_t count_samples(const struct batch *b) {
  size_t sum = 1, count;
  for (size_t i = 0; i < b->count; i++) {
    section_samples(b->sections[i], &count);
    sum += count;
  }
  return sum;
}

static void append_batch(struct shard *s, const struct batch *b) {
  shard_begin(s, b->time, !b->up);
  if (!s->up) s->up = look_up(s, "up", "", "", 0);
  for (size_t i = 0; i < b->count; i++) append_section(s, b->sections[i]);
  if (s->up) shard_put(s, s->up, b->up);
  s->was_up |= b->up;
  if (b->up) mark_vanished(s); /* what is not seen in a gap has not vanished */
  if (s->times.next % SWEEP_TICKS == 0) shard_sweep(s);
  atomic_fetch_add_explicit(&s->history->samples, count_samples(b), memory_order_relaxed);
}

static bool is_newer(const struct shard *s, msec_t time) {
  return timeline_is_empty(&s->times) || time > timeline_at(&s->times, s->times.next - 1);
}

void shard_append(struct shard *s, const struct batch *b) {
  pthread_mutex_lock(&s->lock);
  if (is_newer(s, b->time)) append_batch(s, b);
  pthread_mutex_unlock(&s->lock);
  history_drop_retired(s->history, b->time - atomic_load(&s->history->span));
  history_evict(s->history, b->time);
}

/* Series of the agent's own */

void history_append(struct history *h, struct labels *labels, msec_t time, double value) {
  struct shard *s = h->own;
  pthread_mutex_lock(&s->lock);
  if (is_newer(s, time)) {
    shard_begin(s, time, false);
    if (s->times.next % SWEEP_TICKS == 0) shard_sweep(s);
  }
  struct row *r = NULL;
  if (time == timeline_at(&s->times, s->times.next - 1)) {
    r = shard_find(s, labels);
    if (!r) r = shard_add(s, labels);
  }
  if (r) shard_put(s, r, value);
  pthread_mutex_unlock(&s->lock);
  atomic_fetch_add_explicit(&h->samples, r != NULL, memory_order_relaxed);
  history_evict(h, time);
}
