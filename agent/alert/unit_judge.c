/* Comparing, and saying what differs: see unit_judge.h. Both sides are written as lines in a fixed order and compared as text, so that what is shown is what
 * was compared. */
#include "agent/alert/unit_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"

enum { SAID_MAX = 1 << 20, DIGITS_EQUAL_TO_HALF = 16 };

void verdicts_init(struct verdicts *v, const struct unit_file *file, const struct unit_test *test) {
  *v = (struct verdicts){.file = file, .test = test};
  buf_init(&v->said, SAID_MAX);
}

bool verdicts_done(struct verdicts *v, struct buf *said) {
  bool passed = v->said.length == 0;
  if (!passed)
    buf_printf(said, "%s:%u: %s%s\n%s", v->file->path, v->test->line, v->test->name ? "test " : "test",
               v->test->name ? v->test->name : "", v->said.data);
  buf_done(&v->said);
  return passed;
}

void firing_init(struct firing *f) {
  *f = (struct firing){0};
}

void firing_add(struct firing *f, const struct alert *a) {
  if (f->count == f->capacity) {
    f->capacity = MAX(f->capacity * 2, (size_t)16);
    f->items = mem_resize(f->items, f->capacity, sizeof *f->items);
  }
  f->items[f->count++] = a;
}

void firing_done(struct firing *f) {
  free(f->items);
}

/* Lines, sorted */

struct lines {
  struct arena arena;
  char **items;
  size_t count, capacity;
};

static void lines_add(struct lines *l, const struct buf *line) {
  if (l->count == l->capacity) {
    l->capacity = MAX(l->capacity * 2, (size_t)16);
    l->items = mem_resize(l->items, l->capacity, sizeof *l->items);
  }
  l->items[l->count++] = arena_copy(&l->arena, line->data);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool lines_equal(struct lines *a, struct lines *b) {
  if (a->count) qsort(a->items, a->count, sizeof *a->items, by_text);
  if (b->count) qsort(b->items, b->count, sizeof *b->items, by_text);
  bool equal = a->count == b->count;
  for (size_t i = 0; equal && i < a->count; i++) equal = !strcmp(a->items[i], b->items[i]);
  return equal;
}

static void lines_done(struct lines *l) {
  arena_done(&l->arena);
  free(l->items);
}

static void put_lines(struct buf *out, const char *head, const struct lines *l) {
  buf_printf(out, "    %s:%s\n", head, l->count ? "" : " nothing");
  for (size_t i = 0; i < l->count; i++) buf_printf(out, "      %s\n", l->items[i]);
}

static void say(struct verdicts *v, const struct lines *expected, const struct lines *got) {
  put_lines(&v->said, "expected", expected);
  put_lines(&v->said, "got", got);
}

/* Alerts */

static struct labels *labels_of(const struct pairs *p, const char *alertname) {
  struct label_pair all[p->count + 1];
  size_t count = 0;
  for (size_t i = 0; i < p->count; i++) all[count++] = (struct label_pair){p->names[i], p->values[i]};
  if (alertname) all[count++] = (struct label_pair){"alertname", alertname};
  return labels_new(all, count);
}

static void add_alert(struct lines *l, const struct labels *labels, const struct labels *annotations) {
  SCOPED(buf_done) struct buf line;
  buf_init(&line, SAID_MAX);
  buf_puts(&line, "labels ");
  labels_write(&line, labels);
  buf_puts(&line, " annotations ");
  labels_write(&line, annotations);
  lines_add(l, &line);
}

void unit_alerts_judge(struct verdicts *v, const struct unit_alerts *expected, const struct firing *got) {
  struct lines theirs = {0}, ours = {0};
  char at[40];
  arena_init(&theirs.arena);
  arena_init(&ours.arena);
  for (size_t i = 0; i < expected->count; i++) {
    struct labels *labels = labels_of(&expected->expected[i].labels, expected->name);
    struct labels *annotations = labels_of(&expected->expected[i].annotations, NULL);
    add_alert(&theirs, labels, annotations);
    labels_unref(labels);
    labels_unref(annotations);
  }
  for (size_t i = 0; i < got->count; i++) add_alert(&ours, got->items[i]->labels, got->items[i]->annotations);
  if (!lines_equal(&theirs, &ours)) {
    buf_printf(&v->said, "  alertname: %s, time: %s\n", expected->name, duration_format(expected->at, at, sizeof at));
    say(v, &theirs, &ours);
  }
  lines_done(&theirs);
  lines_done(&ours);
}

/* Values */

static void add_sample(struct lines *l, const struct labels *labels, double value) {
  SCOPED(buf_done) struct buf line;
  char number[NUMBER_SIZE];
  buf_init(&line, SAID_MAX);
  labels_write(&line, labels);
  number_format(value, number);
  buf_printf(&line, " %s", number);
  lines_add(l, &line);
}

/* fuzzy_compare: equal but for the last bits. */
static bool is_near(double a, double b) {
  return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= fmax(fabs(a), fabs(b)) * DIGITS_EQUAL_TO_HALF * 2.2e-16;
}

/* The value that is expected of these labels, where it is near enough to the one that came. */
static double as_expected(const struct unit_expr *expected, const struct labels *labels, double value) {
  for (size_t i = 0; i < expected->count; i++)
    if (labels_equal(expected->expected[i].labels, labels) && is_near(expected->expected[i].value, value))
      return expected->expected[i].value;
  return value;
}

static void put_expr(struct verdicts *v, const struct unit_expr *e) {
  char at[40];
  buf_printf(&v->said, "  expr: %s, time: %s\n", e->text, duration_format(e->at, at, sizeof at));
}

void unit_value_judge(struct verdicts *v, const struct unit_expr *expected, const struct value *got, bool fuzzy) {
  struct lines theirs = {0}, ours = {0};
  struct labels *none = labels_new(NULL, 0);
  arena_init(&theirs.arena);
  arena_init(&ours.arena);
  for (size_t i = 0; i < expected->count; i++) add_sample(&theirs, expected->expected[i].labels, expected->expected[i].value);
  if (got->type == VALUE_SCALAR) add_sample(&ours, none, fuzzy ? as_expected(expected, none, got->scalar) : got->scalar);
  for (size_t i = 0; got->type == VALUE_VECTOR && i < got->count; i++) {
    const struct element *x = &got->elements[i];
    add_sample(&ours, x->labels, fuzzy ? as_expected(expected, x->labels, x->value) : x->value);
  }
  if (!lines_equal(&theirs, &ours)) {
    put_expr(v, expected);
    say(v, &theirs, &ours);
  }
  labels_unref(none);
  lines_done(&theirs);
  lines_done(&ours);
}

void unit_error_say(struct verdicts *v, const struct unit_expr *expected, const char *sentence) {
  put_expr(v, expected);
  buf_printf(&v->said, "    error: %s\n", sentence);
}

void unit_rule_say(struct verdicts *v, const char *rule, msec_t at, const char *sentence) {
  char time[40];
  if (v->rule_failed) return;
  v->rule_failed = true;
  buf_printf(&v->said, "  rule: %s, time: %s\n    error: %s\n", rule, duration_format(at, time, sizeof time), sentence);
}
