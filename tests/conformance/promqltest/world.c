/* The series that the `load`s of a file have made, as a source for evaluations. */
#include "tests/conformance/promqltest/promqltest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct recorded {
  struct labels *labels;
  struct point *points; /* by time, once the load is over */
  size_t count, capacity;
  msec_t *histograms; /* where native histograms would be */
  size_t histogram_count, histogram_capacity;
  unsigned load; /* the last that gave points, and how many there were before it */
  size_t points_before, histograms_before;
};

void world_clear(struct world *w) {
  for (size_t i = 0; i < w->count; i++) {
    labels_unref(w->series[i].labels);
    free(w->series[i].points);
    free(w->series[i].histograms);
  }
  free(w->series);
  *w = (struct world){0};
}

void world_begin_load(struct world *w) {
  w->loads++;
}

static struct recorded *find(struct world *w, struct labels *labels) {
  for (size_t i = 0; i < w->count; i++)
    if (labels_equal(w->series[i].labels, labels)) return &w->series[i];
  if (w->count == w->capacity) {
    w->capacity = MAX(2 * w->capacity, (size_t)16);
    w->series = mem_resize(w->series, w->capacity, sizeof *w->series);
  }
  w->series[w->count] = (struct recorded){.labels = labels_ref(labels)};
  return &w->series[w->count++];
}

static void add_point(struct recorded *r, msec_t time, double value) {
  if (r->count == r->capacity) {
    r->capacity = MAX(2 * r->capacity, (size_t)16);
    r->points = mem_resize(r->points, r->capacity, sizeof *r->points);
  }
  r->points[r->count++] = (struct point){time, value};
}

static void add_histogram(struct recorded *r, msec_t time) {
  if (r->histogram_count == r->histogram_capacity) {
    r->histogram_capacity = MAX(2 * r->histogram_capacity, (size_t)16);
    r->histograms = mem_resize(r->histograms, r->histogram_capacity, sizeof *r->histograms);
  }
  r->histograms[r->histogram_count++] = time;
}

static int by_time(const void *a, const void *b) {
  msec_t x = ((const struct point *)a)->time, y = ((const struct point *)b)->time;
  return (x > y) - (x < y);
}

void world_load(struct world *w, const struct sequence *s, msec_t step) {
  struct recorded *r = find(w, s->labels);
  if (r->load == w->loads) {
    r->count = r->points_before;
    r->histogram_count = r->histograms_before;
  }
  r->load = w->loads;
  r->points_before = r->count;
  r->histograms_before = r->histogram_count;
  for (size_t i = 0; i < s->count; i++) {
    if (s->slots[i].kind == SLOT_NUMBER) add_point(r, (msec_t)i * step, s->slots[i].value);
    if (s->slots[i].kind == SLOT_HISTOGRAM) add_histogram(r, (msec_t)i * step);
  }
  if (r->points_before && r->count > r->points_before) qsort(r->points, r->count, sizeof *r->points, by_time);
}

/* The labels of the histogram that a series is a part of; NULL for none. */
static struct labels *histogram_labels(const struct labels *l) {
  static const char *const suffixes[] = {"_bucket", "_count", "_sum"};
  const char *name = labels_get(l, "__name__");
  size_t length = strlen(name), suffix = 0;
  for (size_t i = 0; i < COUNTOF(suffixes) && !suffix; i++)
    if (length > strlen(suffixes[i]) && !strcmp(name + length - strlen(suffixes[i]), suffixes[i])) suffix = strlen(suffixes[i]);
  if (!suffix) return NULL;
  SCOPED(mem_free) char *base = mem_copy_bytes(name, length - suffix);
  SCOPED(mem_free) struct label_pair *pairs = mem_resize(NULL, l->count, sizeof *pairs);
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++) {
    if (!strcmp(l->pairs[i].name, "le")) continue;
    pairs[count++] = (struct label_pair){l->pairs[i].name, strcmp(l->pairs[i].name, "__name__") ? l->pairs[i].value : base};
  }
  return labels_new(pairs, count);
}

void world_load_nhcb(struct world *w, const struct sequence *s, msec_t step) {
  struct labels *whole = histogram_labels(s->labels);
  if (!whole) return;
  struct recorded *r = find(w, whole);
  for (size_t i = 0; i < s->count; i++)
    if (s->slots[i].kind == SLOT_NUMBER) add_histogram(r, (msec_t)i * step);
  labels_unref(whole);
}

static bool matches(const struct labels *l, const struct matcher *matchers, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!matcher_matches(&matchers[i], labels_get(l, matchers[i].name))) return false;
  return true;
}

static bool has_histogram(const struct recorded *r, msec_t from, msec_t to) {
  for (size_t i = 0; i < r->histogram_count; i++)
    if (r->histograms[i] > from && r->histograms[i] <= to) return true;
  return false;
}

bool world_select(void *world, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                  struct selection *ret, struct fail *f) {
  struct world *w = world;
  (void)f;
  *ret = (struct selection){.series = arena_alloc(a, w->count * sizeof *ret->series)};
  for (size_t i = 0; i < w->count; i++) {
    const struct recorded *r = &w->series[i];
    size_t first = 0, last = r->count;
    if (!matches(r->labels, matchers, count)) continue;
    if (has_histogram(r, from, to)) w->touched = true;
    while (first < last && r->points[first].time <= from) first++;
    while (first < last && r->points[last - 1].time > to) last--;
    if (first < last) ret->series[ret->count++] = (struct series){labels_ref(r->labels), r->points + first, last - first};
  }
  return true;
}
