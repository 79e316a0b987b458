/* What targets show, remembered: see history/history.h. A batch's samples are found by their place: a section that is carried over is known by its
 * address, a new one is compared, sample by sample, with the one before; only what moved is looked up. */
#include "history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/history/shard.h"
#include "base/buf.h"
#include "base/mem.h"

struct history *history_new(msec_t span, size_t bytes_max) {
  struct history *h = mem_zero(sizeof *h);
  pthread_mutex_init(&h->lock, NULL);
  atomic_init(&h->span, span);
  h->bytes_max = bytes_max;
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

void history_keep(struct history *h, msec_t span) {
  atomic_store(&h->span, span);
}

/* Frees the shards of targets that went so long ago that nobody asks for them. */
static void drop_old(struct history *h, msec_t now) {
  for (struct shard **at = &h->shards; *at;) {
    struct shard *s = *at;
    if (shard_is_over(s, now)) {
      *at = s->next;
      shard_free(s);
    } else {
      at = &s->next;
    }
  }
}

struct shard *history_add(struct history *h, struct identity *id) {
  struct shard *s = shard_new(h, id);
  pthread_mutex_lock(&h->lock);
  drop_old(h, clock_now());
  s->next = h->shards;
  h->shards = s;
  pthread_mutex_unlock(&h->lock);
  return s;
}

void shard_retire(struct shard *s) {
  pthread_mutex_lock(&s->lock);
  s->retired = clock_now();
  pthread_mutex_unlock(&s->lock);
}

/* Appending a batch */

struct naming {
  const struct shard *shard;
  const char *name, *suffix, *text;
  size_t length;
};

static struct labels *target_labels(const void *context) {
  const struct naming *n = context;
  char name[300];
  snprintf(name, sizeof name, "%s%s", n->name, n->suffix);
  const struct identity *id = n->shard->id;
  const struct label_pair extra[] = {{"__name__", name}, {"job", id->job}, {"instance", id->instance}, {"target", id->name}};
  return labels_from_text(n->text, n->length, extra, COUNTOF(extra));
}

static struct row *row_of(struct shard *s, const struct section *section, const struct sample *x) {
  SCOPED(buf_done) struct buf key;
  buf_init(&key, 65536);
  struct naming n = {s, x->family->name, suffix_text(x->suffix), section_text(section, x->labels), x->labels_length};
  buf_puts(&key, n.name);
  buf_puts(&key, n.suffix);
  buf_putc(&key, '{');
  buf_put(&key, n.text, n.length);
  return key.overflow ? NULL : shard_row(s, key.data, key.length, target_labels, &n);
}

static bool same_series(const struct section *a, const struct sample *x, const struct section *b, const struct sample *y) {
  return x->suffix == y->suffix && x->labels_length == y->labels_length &&
         (x->family == y->family || !strcmp(x->family->name, y->family->name)) &&
         !memcmp(section_text(a, x->labels), section_text(b, y->labels), x->labels_length);
}

/* The rows of a section's samples, from those of the section before it. */
static void place(struct shard *s, struct placed *p, struct section *section) {
  size_t count, old_count = 0;
  const struct sample *samples = section_samples(section, &count),
                      *old = p->section ? section_samples(p->section, &old_count) : NULL;
  struct row **rows = mem_resize(NULL, count + 1, sizeof(struct row *));
  for (size_t i = 0; i < count; i++)
    rows[i] = i < old_count && p->rows[i] && same_series(p->section, &old[i], section, &samples[i])
                  ? p->rows[i]
                  : row_of(s, section, &samples[i]);
  free(p->rows);
  section_unref(p->section);
  *p = (struct placed){.section = section_ref(section), .rows = rows, .count = count};
}

static struct placed *placed_of(struct shard *s, const struct section *section) {
  const char *part = section_part(section);
  for (size_t i = 0; i < COUNTOF(s->placed); i++)
    if (!s->placed[i].section || section_part(s->placed[i].section) == part) return &s->placed[i];
  return NULL;
}

static void append_section(struct shard *s, struct section *section) {
  struct placed *p = placed_of(s, section);
  if (!p) return;
  if (p->section != section) place(s, p, section);
  const struct sample *samples = section_samples(section, &(size_t){0});
  for (size_t i = 0; i < p->count; i++)
    if (p->rows[i]) shard_put(s, p->rows[i], samples[i].value);
}

/* What had a point in the column before and has none now has vanished. */
static void mark_vanished(struct shard *s) {
  for (size_t i = 0; i < s->row_count; i++) {
    struct row *r = s->rows[i];
    size_t before = (s->newest + s->capacity - 1) % s->capacity;
    if (r->present + 1 != s->ticks || s->used < 2 || is_stale(r->values[before])) continue;
    shard_put(s, r, stale_marker());
  }
}

static void append_up(struct shard *s, bool up) {
  struct naming n = {s, "up", "", "", 0};
  struct row *r = shard_row(s, "up{", 3, target_labels, &n);
  if (r) shard_put(s, r, up);
}

void shard_append(struct shard *s, const struct batch *b) {
  pthread_mutex_lock(&s->lock);
  if (!s->used || b->time > s->columns[s->newest].time) {
    shard_begin(s, b->time, !b->up);
    append_up(s, b->up);
    for (size_t i = 0; i < b->count; i++) append_section(s, b->sections[i]);
    if (b->up) mark_vanished(s);
  }
  pthread_mutex_unlock(&s->lock);
}

/* Series of the agent's own */

static struct labels *given_labels(const void *context) {
  const struct labels *l = context;
  return labels_new(l->pairs, l->count);
}

void history_append(struct history *h, const struct labels *labels, msec_t time, double value) {
  SCOPED(buf_done) struct buf key;
  buf_init(&key, 65536);
  labels_write(&key, labels);
  struct shard *s = h->own;
  pthread_mutex_lock(&s->lock);
  if (!s->used || time > s->columns[s->newest].time) shard_begin(s, time, false);
  struct row *r = key.overflow ? NULL : shard_row(s, key.data, key.length, given_labels, labels);
  if (r) shard_put(s, r, value);
  pthread_mutex_unlock(&s->lock);
}

struct history_stats history_stats(struct history *h) {
  return (struct history_stats){
      .series = atomic_load(&h->series), .bytes = atomic_load(&h->bytes), .refused = atomic_load(&h->refused)};
}
