/* A past made by hand: batches from a few words, and series shown as text. Times are seconds. */
#ifndef SONDE_TESTS_UNIT_HISTORY_PAST_H
#define SONDE_TESTS_UNIT_HISTORY_PAST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "history/keep.h"

#define S      ((msec_t)1000)
#define MINUTE (60 * S)
#define MEGA   ((size_t)1 << 20)

static const struct family a_family = {.name = "a", .help = "A.", .type = METRIC_GAUGE, .labels = "k"};
static const struct family b_family = {.name = "b", .help = "B.", .type = METRIC_GAUGE, .labels = "k"};

static inline struct identity *past_identity(const char *name) {
  return identity_new(name, "test", "jobs", "host:1");
}

static inline struct shard *past_shard(struct history *h, const char *name) {
  struct identity *id = past_identity(name);
  struct shard *s = history_add(h, id);
  identity_unref(id);
  return s;
}

/* A section of `family` from "x=1 y=2 z": a sample for each word, with the label k; its value is what follows the "=", or 0. */
static inline struct section *past_section(const char *part, const struct family *family, const char *words) {
  SCOPED(mem_free) char *copy = mem_copy(words);
  struct section *s = section_new(part);
  for (char *save = NULL, *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
    char *value = strchr(word, '=');
    if (value) *value++ = 0;
    section_add(s, family, section_label_pairs(s, "k", word, NULL), value ? atof(value) : 0);
  }
  return section_finish(s);
}

/* Appends a batch and drops it. Sections that are NULL are left out; the references of the others are taken over. */
static inline void past_tick(struct shard *s, msec_t time, bool up, struct section *first, struct section *second) {
  struct identity *id = past_identity("any");
  struct batch *b = batch_new(id, 2);
  b->time = time;
  b->up = up;
  b->count = 0;
  if (first) b->sections[b->count++] = first;
  if (second) b->sections[b->count++] = second;
  shard_append(s, b);
  batch_unref(b);
  identity_unref(id);
}

/* An up batch with one section of a. */
static inline void past_a(struct shard *s, msec_t time, const char *words) {
  past_tick(s, time, true, past_section("part", &a_family, words), NULL);
}

static inline int past_compare(const void *a, const void *b) {
  return labels_compare(((const struct series *)a)->labels, ((const struct series *)b)->labels);
}

static inline void past_put_value(struct buf *out, double value) {
  char text[NUMBER_SIZE];
  number_format(value, text);
  buf_puts(out, is_stale(value) ? "stale" : text);
}

/* The metric's series and their points in the span, sorted: "k=x 10:1 20:stale; k=y 10:2". Valid until the next call. */
static inline const char *past_shown(struct history *h, const char *name, msec_t from, msec_t to) {
  static char shown[4000];
  const struct matcher m = {MATCH_EQUAL, "__name__", name, NULL};
  struct selection sel;
  struct fail f;
  struct arena a;
  SCOPED(buf_done) struct buf out;
  buf_init(&out, sizeof shown - 1);
  arena_init(&a);
  if (!history_select(h, &m, 1, from, to, &a, &sel, &f)) fail_msg("%s", f.text);
  if (sel.count) qsort(sel.series, sel.count, sizeof *sel.series, past_compare);
  for (size_t i = 0; i < sel.count; i++) {
    const char *k = labels_get(sel.series[i].labels, "k");
    buf_printf(&out, "%s%s%s", i ? "; " : "", *k ? "k=" : "", k);
    for (size_t n = 0; n < sel.series[i].count; n++) {
      buf_printf(&out, "%s%lld:", n || *k ? " " : "", (long long)(sel.series[i].points[n].time / S));
      past_put_value(&out, sel.series[i].points[n].value);
    }
  }
  selection_done(&sel);
  arena_done(&a);
  snprintf(shown, sizeof shown, "%s", out.length ? out.data : "");
  return shown;
}

#define ALWAYS 0, INT64_MAX

#endif
