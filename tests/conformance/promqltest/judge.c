/* One case: evaluated as it is written, and in the ways that must give the same. An instant is also the middle of a range query around it; and with
 * all its selectors pinned to its time, it may be asked for at any other. */
#include "tests/conformance/promqltest/promqltest.h"

#include <string.h>

enum { MINUTE = 60000 };

/* One way to evaluate a case. */
struct attempt {
  const struct test_case *c;
  struct world *world;
  msec_t at;   /* of an instant */
  bool pinned; /* to the time of the case */
  bool around; /* as a range query */
  struct buf *said;
};

static bool is_excused(const struct attempt *t) {
  return t->world->touched || t->world->has_starts;
}

static void write_got(struct buf *out, const struct value *v) {
  for (size_t i = 0; i < v->count && v->type == VALUE_VECTOR; i++) {
    buf_puts(out, "\n    ");
    labels_write(out, v->elements[i].labels);
    buf_printf(out, " %g", v->elements[i].value);
  }
  for (size_t i = 0; i < v->count && v->type == VALUE_MATRIX; i++) {
    buf_puts(out, "\n    ");
    labels_write(out, v->series[i].labels);
    for (size_t k = 0; k < v->series[i].count; k++)
      buf_printf(out, " %g@%g", v->series[i].points[k].value, (double)v->series[i].points[k].time / 1000);
  }
}

static bool is_right(const struct attempt *t, const struct expr *e, const struct value *v, const struct evaluation *notes) {
  if (t->around && test_case_wishes(t->c, WISH_ORDERED)) return true; /* a range query sorts by labels */
  if (t->around) return compare_step(t->c, v, promql_type(e) == VALUE_SCALAR, t->at, t->said);
  return compare_annotations(t->c, notes, t->said) && compare_value(t->c, v, t->said);
}

static struct steps steps_of(const struct attempt *t) {
  if (t->c->range) return t->c->steps;
  if (t->around) return (struct steps){t->at - MINUTE, t->at + MINUTE, MINUTE};
  return (struct steps){t->at, t->at, 0};
}

static enum verdict evaluate(const struct attempt *t, const struct expr *e, struct arena *a) {
  const struct source source = {.select = world_select, .context = t->world};
  const struct steps steps = steps_of(t);
  struct evaluation notes;
  struct value v;
  struct fail why;
  if (!promql_eval_steps(e, &source, &steps, &promql_rule_bounds, a, &v, &notes, &why)) {
    if (test_case_wishes(t->c, WISH_FAIL)) return compare_failure(t->c, &why, t->said) ? PASSED : FAILED;
    buf_printf(t->said, "evaluation failed: %s", why.text);
    return FAILED;
  }
  bool right = !test_case_wishes(t->c, WISH_FAIL) && is_right(t, e, &v, &notes);
  if (test_case_wishes(t->c, WISH_FAIL)) buf_puts(t->said, "expected a failure, got a value");
  if (!right) write_got(t->said, &v);
  value_done(&v);
  return right ? PASSED : FAILED;
}

/* What does not parse: as it should be, or for a reason that is none of ours, or wrong. */
static enum verdict refused(const struct attempt *t, const struct fail *why, struct arena *a) {
  const char *excuse = excuse_of(t->c->expression, a);
  if (excuse) {
    buf_puts(t->said, excuse);
    return SKIPPED;
  }
  if (test_case_wishes(t->c, WISH_FAIL)) return compare_failure(t->c, why, t->said) ? PASSED : FAILED;
  buf_printf(t->said, "not understood: %s", why->text);
  return FAILED;
}

static void write_how(const struct attempt *t, struct buf *out) {
  if (t->pinned) buf_printf(out, "with @ %g asked at %g s, ", (double)t->c->steps.to / 1000, (double)t->at / 1000);
  if (t->around) buf_puts(out, "as a range query: ");
}

static enum verdict try_once(const struct attempt *t, bool *ret_pinnable, enum value_type *ret_type) {
  struct arena a;
  struct fail why;
  arena_init(&a);
  t->world->touched = false;
  write_how(t, t->said);
  struct expr *e = promql_parse(t->c->expression, &a, &why);
  enum verdict verdict = PASSED;
  if (e) *ret_type = promql_type(e);
  *ret_pinnable = e && (!t->pinned || pin_selectors(e, t->c->steps.to));
  if (!e)
    verdict = refused(t, &why, &a);
  else if (*ret_pinnable || !t->pinned)
    verdict = evaluate(t, e, &a);
  if (verdict == FAILED && is_excused(t)) {
    buf_clear(t->said);
    buf_puts(t->said, t->world->touched ? "native histograms" : "start timestamps");
    verdict = SKIPPED;
  }
  if (verdict == PASSED) buf_clear(t->said);
  arena_done(&a);
  return verdict;
}

/* start(), end(), range() and step() say what the query is, and so do not stay the same. */
static bool depends_on_query(const char *expression) {
  static const char *const words[] = {"start()", "end()", "range()", "step()"};
  for (size_t i = 0; i < COUNTOF(words); i++)
    if (strstr(expression, words[i])) return true;
  return false;
}

/* At one time: as an instant, then in the middle of a range. */
static enum verdict try_at(struct attempt *t, bool *ret_pinnable) {
  const struct test_case *c = t->c;
  enum value_type type = VALUE_SCALAR;
  t->around = false;
  enum verdict verdict = try_once(t, ret_pinnable, &type);
  bool steps = type == VALUE_SCALAR || type == VALUE_VECTOR;
  if (verdict != PASSED || c->range || !steps || test_case_wishes(c, WISH_FAIL) || depends_on_query(c->expression)) return verdict;
  if (t->pinned && !*ret_pinnable) return PASSED;
  t->around = true;
  return try_once(t, ret_pinnable, &type);
}

enum verdict judge(const struct test_case *c, struct world *w, struct buf *said) {
  static const double times[] = {-10, 0, 0.2, 1, 10}; /* of its own, at which a pinned case is asked for */
  static const msec_t near_zero[] = {-1000, 0, 1000};
  msec_t own = c->steps.to;
  bool pinnable;
  struct attempt t = {.c = c, .world = w, .at = own, .said = said};
  enum verdict verdict = try_at(&t, &pinnable);
  size_t count = c->range || depends_on_query(c->expression) ? 0 : own == 0 ? COUNTOF(near_zero) : COUNTOF(times);
  t.pinned = true;
  for (size_t i = 0; i < count && verdict == PASSED; i++) {
    t.at = own == 0 ? near_zero[i] : (msec_t)(times[i] * (double)own);
    verdict = try_at(&t, &pinnable);
    if (!pinnable) break;
  }
  return verdict;
}
