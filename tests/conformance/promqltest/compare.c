/* What came, beside what a case expects. Numbers are equal within a millionth of their size, a NaN equals a NaN. */
#include "tests/conformance/promqltest/promqltest.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"

static const double epsilon = 1e-6;

static bool near(double a, double b) {
  if (is_stale(a) || is_stale(b)) return is_stale(a) && is_stale(b);
  if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
  if (a == b) return true;
  double sum = fabs(a) + fabs(b), difference = fabs(a - b);
  if (a == 0 || b == 0 || sum < DBL_MIN) return difference < epsilon * DBL_MIN;
  return difference / MIN(sum, DBL_MAX) < epsilon;
}

static bool differs(struct buf *said, const char *format, ...) PRINTF(2, 3);
static bool differs(struct buf *said, const char *format, ...) {
  va_list args;
  va_start(args, format);
  buf_vprintf(said, format, args);
  va_end(args);
  return false;
}

/* The expected series with these labels; the later of two, as a map would have it. */
static const struct sequence *expected(const struct test_case *c, const struct labels *l) {
  for (size_t i = c->series_count; i-- > 0;)
    if (labels_equal(c->series[i].labels, l)) return &c->series[i];
  return NULL;
}

static const char *number(double value, char *out) {
  if (is_stale(value)) return "stale";
  number_format(value, out);
  return out;
}

static bool named(struct buf *said, const char *what, const struct labels *l) {
  buf_puts(said, what);
  buf_putc(said, ' ');
  labels_write(said, l);
  return false;
}

static bool wrong_number(struct buf *said, const struct labels *l, double want, double got) {
  char a[NUMBER_SIZE], b[NUMBER_SIZE];
  buf_printf(said, "expected %s, got %s", number(want, a), number(got, b));
  return l ? named(said, " for", l) : false;
}

/* Of the series that are expected, the first that `found` does not mark. */
static bool all_found(const struct test_case *c, const bool *found, struct buf *said) {
  for (size_t i = 0; i < c->series_count; i++)
    if (!found[i]) return named(said, "expected but missing:", c->series[i].labels);
  return true;
}

static void mark(const struct test_case *c, const struct sequence *s, bool *found) {
  for (size_t i = 0; i < c->series_count; i++)
    if (labels_equal(c->series[i].labels, s->labels)) found[i] = true;
}

static bool compare_elements(const struct test_case *c, const struct element *elements, size_t count, struct buf *said) {
  SCOPED(mem_free) bool *found = mem_zero(c->series_count + 1);
  char text[NUMBER_SIZE];
  if (c->is_scalar) return differs(said, "expected a scalar, got a vector of %zu", count);
  if (c->string) return differs(said, "expected a string, got a vector of %zu", count);
  for (size_t i = 0; i < count; i++) {
    const struct sequence *want = expected(c, elements[i].labels);
    if (!want) return named(said, "not expected:", elements[i].labels) || differs(said, " %s", number(elements[i].value, text));
    if (test_case_wishes(c, WISH_ORDERED) && want != &c->series[i]) return named(said, "in another order:", want->labels);
    if (!want->count || want->slots[0].kind != SLOT_NUMBER) return named(said, "expected no number for", want->labels);
    if (!near(want->slots[0].value, elements[i].value))
      return wrong_number(said, want->labels, want->slots[0].value, elements[i].value);
    mark(c, want, found);
  }
  return all_found(c, found, said);
}

static bool compare_scalar(const struct test_case *c, double value, struct buf *said) {
  char text[NUMBER_SIZE];
  if (!c->is_scalar) return differs(said, "expected no scalar, got %s", number(value, text));
  return near(c->scalar, value) || wrong_number(said, NULL, c->scalar, value);
}

static bool compare_points(const struct test_case *c, const struct sequence *want, const struct series *got, struct buf *said) {
  size_t next = 0;
  for (size_t i = 0; i < want->count; i++) {
    msec_t time = c->steps.from + (msec_t)i * c->steps.step;
    if (want->slots[i].kind == SLOT_NOTHING) continue;
    if (want->slots[i].kind == SLOT_HISTOGRAM) return named(said, "expected histograms for", got->labels);
    if (time > c->steps.to) return named(said, "more values are expected than there are steps for", got->labels);
    if (next == got->count || got->points[next].time != time)
      return named(said, "no value", got->labels) || differs(said, " at %g s", (double)time / 1000);
    if (near(want->slots[i].value, got->points[next].value)) {
      next++;
      continue;
    }
    wrong_number(said, got->labels, want->slots[i].value, got->points[next].value);
    return differs(said, " at %g s", (double)time / 1000);
  }
  if (next == got->count) return true;
  return named(said, "not expected:", got->labels) || differs(said, " at %g s", (double)got->points[next].time / 1000);
}

static bool compare_matrix(const struct test_case *c, const struct value *v, struct buf *said) {
  SCOPED(mem_free) bool *found = mem_zero(c->series_count + 1);
  if (c->is_scalar || c->string) return differs(said, "expected a scalar or a string, got series");
  if (test_case_wishes(c, WISH_ORDERED)) return differs(said, "expected an order, got values over time");
  for (size_t i = 0; i < v->count; i++) {
    const struct sequence *want = expected(c, v->series[i].labels);
    if (i > 0 && labels_compare(v->series[i - 1].labels, v->series[i].labels) >= 0)
      return named(said, "not in the order of labels:", v->series[i].labels);
    if (!want) return named(said, "not expected:", v->series[i].labels);
    if (!compare_points(c, want, &v->series[i], said)) return false;
    mark(c, want, found);
  }
  return all_found(c, found, said);
}

bool compare_value(const struct test_case *c, const struct value *v, struct buf *said) {
  switch (v->type) {
  case VALUE_SCALAR:
    return compare_scalar(c, v->scalar, said);
  case VALUE_STRING:
    if (!c->string) return differs(said, "expected no string, got \"%s\"", v->string);
    return !strcmp(c->string, v->string) || differs(said, "expected \"%s\", got \"%s\"", c->string, v->string);
  case VALUE_VECTOR:
    return compare_elements(c, v->elements, v->count, said);
  case VALUE_MATRIX:
    return compare_matrix(c, v, said);
  }
  return false;
}

bool compare_step(const struct test_case *c, const struct value *v, bool is_scalar, msec_t at, struct buf *said) {
  SCOPED(mem_free) struct element *elements = mem_resize(NULL, v->count + 1, sizeof *elements);
  size_t count = 0;
  if (v->type != VALUE_MATRIX) return differs(said, "a range query gives values over time");
  for (size_t i = 0; i < v->count; i++)
    for (size_t k = 0; k < v->series[i].count; k++)
      if (v->series[i].points[k].time == at)
        elements[count++] = (struct element){v->series[i].labels, v->series[i].points[k].value};
  if (!is_scalar) return compare_elements(c, elements, count, said);
  return count == 1 ? compare_scalar(c, elements[0].value, said) : differs(said, "a scalar has %zu values at one step", count);
}

/* Annotations and failures */

static bool fits(const struct expectation *e, const char *text) {
  if (e->message) return !strcmp(e->message, text);
  return !e->regex || regex_match(e->regex, text, strlen(text));
}

/* As Prometheus shows it: PromQL info: … (1:6) */
static void write_annotation(struct buf *out, const struct test_case *c, const struct annotation *a) {
  size_t line = 1, column = 1;
  for (size_t i = 0; i < a->offset && c->expression[i]; i++) {
    column = c->expression[i] == '\n' ? 1 : column + 1;
    line += c->expression[i] == '\n';
  }
  buf_clear(out);
  buf_printf(out, "PromQL %s: %s (%zu:%zu)", a->warning ? "warning" : "info", a->text, line, column);
}

static bool any_fits(const struct test_case *c, const struct evaluation *notes, const struct expectation *e, struct buf *text) {
  for (size_t i = 0; i < notes->annotation_count; i++) {
    if (notes->annotations[i].warning != (e->wish == WISH_WARN)) continue;
    write_annotation(text, c, &notes->annotations[i]);
    if (fits(e, text->data)) return true;
  }
  return false;
}

/* An annotation of a kind that is expected fits one of the expectations, or none was expected of its kind. */
static bool is_welcome(const struct test_case *c, const struct annotation *a, struct buf *text) {
  enum wish wish = a->warning ? WISH_WARN : WISH_INFO;
  write_annotation(text, c, a);
  if (test_case_wishes(c, a->warning ? WISH_NO_WARN : WISH_NO_INFO)) return false;
  if (!test_case_wishes(c, wish)) return true;
  for (size_t i = 0; i < c->expectation_count; i++)
    if (c->expectations[i].wish == wish && fits(&c->expectations[i], text->data)) return true;
  return false;
}

bool compare_annotations(const struct test_case *c, const struct evaluation *notes, struct buf *said) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 4096);
  for (size_t i = 0; i < notes->annotation_count; i++)
    if (!is_welcome(c, &notes->annotations[i], &text)) return differs(said, "not expected: %s", text.data);
  for (size_t i = 0; i < c->expectation_count; i++) {
    const struct expectation *e = &c->expectations[i];
    if ((e->wish != WISH_WARN && e->wish != WISH_INFO) || any_fits(c, notes, e, &text)) continue;
    differs(said, "expected %s", e->wish == WISH_WARN ? "a warning" : "an info");
    if (e->message) differs(said, " '%s'", e->message);
    return differs(said, ", got %s", text.length ? text.data : "none");
  }
  return true;
}

/* A sentence of the parser begins with a place, "1:5: ", where Prometheus shows it apart. */
static const char *without_place(const char *sentence) {
  int length = 0;
  sscanf(sentence, "%*u:%*u: %n", &length);
  return sentence + length;
}

bool compare_failure(const struct test_case *c, const struct fail *f, struct buf *said) {
  for (size_t i = 0; i < c->expectation_count; i++) {
    const struct expectation *e = &c->expectations[i];
    if (e->wish != WISH_FAIL || fits(e, without_place(f->text))) continue;
    return differs(said, "expected the error '%s', got '%s'", e->message ? e->message : "of the regex", f->text);
  }
  return true;
}
