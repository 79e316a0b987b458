/* Series made by hand, as a source for evaluations. Their values are written as Prometheus' own tests write them: "1 2 0+10x5 _ _x3 stale NaN". */
#ifndef SONDE_TESTS_UNIT_PROMQL_FAKE_H
#define SONDE_TESTS_UNIT_PROMQL_FAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/promql/ast.h"
#include "base/mem.h"
#include "base/number.h"

#define S ((msec_t)1000)

struct fake_series {
  struct labels *labels;
  struct point *points;
  size_t count, capacity;
};
struct fake {
  struct fake_series *series;
  size_t count;
  double wall;               /* seconds to add to times */
  struct coverage *coverage; /* what each selection that matches something says */
  size_t coverage_count;
};

static inline void fake_clear(struct fake *f) {
  for (size_t i = 0; i < f->count; i++) {
    labels_unref(f->series[i].labels);
    free(f->series[i].points);
  }
  free(f->series);
  *f = (struct fake){0};
}

/* The labels of name{a="b"}; NULL when the text is no such thing. */
static inline struct labels *fake_labels(const char *text, struct fail *why) {
  struct label_pair pairs[64];
  struct labels *l = NULL;
  struct arena a;
  arena_init(&a);
  const struct expr *e = !strcmp(text, "{}") ? NULL : promql_parse(text, &a, why);
  if (!strcmp(text, "{}")) l = labels_new(NULL, 0);
  if (e && e->kind == EXPR_SELECTOR) {
    for (size_t i = 0; i < e->selector.count; i++)
      pairs[i] = (struct label_pair){e->selector.matchers[i].name, e->selector.matchers[i].value};
    l = labels_new(pairs, e->selector.count);
  }
  arena_done(&a);
  return l;
}

static inline struct fake_series *fake_series(struct fake *f, struct labels *labels) {
  for (size_t i = 0; i < f->count; i++)
    if (labels_equal(f->series[i].labels, labels)) {
      labels_unref(labels);
      return &f->series[i];
    }
  f->series = mem_resize(f->series, f->count + 1, sizeof *f->series);
  f->series[f->count] = (struct fake_series){.labels = labels};
  return &f->series[f->count++];
}

static inline void fake_point(struct fake_series *s, msec_t time, double value) {
  if (s->count == s->capacity) {
    s->capacity = MAX(s->capacity * 2, (size_t)16);
    s->points = mem_resize(s->points, s->capacity, sizeof *s->points);
  }
  s->points[s->count++] = (struct point){time, value};
}

/* One word: a value, or many. Returns the time behind it. */
static inline msec_t fake_word(struct fake_series *s, msec_t time, msec_t step, const char *word) {
  char *x = strchr(word, 'x'), *rest;
  size_t times = x ? (size_t)strtoul(x + 1, NULL, 10) + (*word != '_') : 1;
  if (x) *x = 0;
  if (*word == '_') return time + (msec_t)times * step;
  double value = !strcmp(word, "stale") ? stale_marker() : strtod(word, &rest);
  double more = strcmp(word, "stale") != 0 && *rest ? strtod(rest, NULL) : 0;
  for (; times > 0; times--, time += step, value = more == 0 ? value : value + more) fake_point(s, time, value);
  return time;
}

/* Adds points to a series, the first at time 0. False when `metric` is none. */
static inline bool fake_load(struct fake *f, msec_t step, const char *metric, const char *values, struct fail *why) {
  struct labels *labels = fake_labels(metric, why);
  if (!labels) return false;
  struct fake_series *s = fake_series(f, labels);
  SCOPED(mem_free) char *copy = mem_copy(values);
  msec_t time = 0;
  for (char *save = NULL, *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
    time = fake_word(s, time, step, word);
  return true;
}

static inline bool fake_matches(const struct labels *l, const struct matcher *matchers, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!matcher_matches(&matchers[i], labels_get(l, matchers[i].name))) return false;
  return true;
}

static inline bool fake_select(void *context, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                               struct selection *ret, struct fail *why) {
  struct fake *f = context;
  (void)why;
  *ret = (struct selection){.series = arena_alloc(a, f->count * sizeof *ret->series)};
  for (size_t i = 0; i < f->count; i++) {
    const struct fake_series *s = &f->series[i];
    size_t first = 0, last = s->count;
    if (!fake_matches(s->labels, matchers, count)) continue;
    while (first < last && s->points[first].time <= from) first++;
    while (first < last && s->points[last - 1].time > to) last--;
    if (first < last) ret->series[ret->count++] = (struct series){labels_ref(s->labels), s->points + first, last - first};
  }
  ret->coverage = f->coverage;
  ret->coverage_count = ret->count ? f->coverage_count : 0;
  return true;
}

static inline int fake_compare(const void *a, const void *b) {
  return labels_compare(((const struct element *)a)->labels, ((const struct element *)b)->labels);
}

/* The points of a series: value@seconds. */
static inline void fake_write_points(struct buf *out, const struct series *s) {
  char number[NUMBER_SIZE], seconds[NUMBER_SIZE];
  labels_write(out, s->labels);
  for (size_t i = 0; i < s->count; i++) {
    number_format(s->points[i].value, number);
    number_format((double)s->points[i].time / 1000, seconds);
    buf_printf(out, " %s@%s", number, seconds);
  }
  buf_puts(out, "\n");
}

/* Writes a value, a line an element, sorted: "7", or "up{job=\"a\"} 1", or "up{job=\"a\"} 1@0 1@10". */
static inline void fake_write(struct buf *out, struct value *v) {
  char number[NUMBER_SIZE];
  if (v->type == VALUE_SCALAR) number_format(v->scalar, number);
  if (v->type == VALUE_SCALAR || v->type == VALUE_STRING) buf_printf(out, "%s\n", v->type == VALUE_STRING ? v->string : number);
  for (size_t i = 0; i < v->count && v->type == VALUE_MATRIX; i++) fake_write_points(out, &v->series[i]);
  if (v->type != VALUE_VECTOR) return;
  if (v->count) qsort(v->elements, v->count, sizeof *v->elements, fake_compare);
  for (size_t i = 0; i < v->count; i++) {
    number_format(v->elements[i].value, number);
    labels_write(out, v->elements[i].labels);
    buf_printf(out, " %s\n", number);
  }
}

/* Evaluates and writes the value, or the sentence of what went wrong after "! ". */
static inline void fake_eval_steps(struct fake *f, const char *text, const struct steps *steps, struct buf *out) {
  const struct source source = {.select = fake_select, .context = f, .wall_offset = f->wall};
  struct evaluation notes;
  struct value v;
  struct fail why;
  struct arena a;
  arena_init(&a);
  const struct expr *e = promql_parse(text, &a, &why);
  if (e && promql_eval_steps(e, &source, steps, &promql_rule_bounds, &a, &v, &notes, &why)) {
    fake_write(out, &v);
    value_done(&v);
  } else {
    buf_printf(out, "! %s\n", why.text);
  }
  arena_done(&a);
}

static inline void fake_eval(struct fake *f, const char *text, msec_t at, struct buf *out) {
  fake_eval_steps(f, text, &(struct steps){at, at, 0}, out);
}

#endif
