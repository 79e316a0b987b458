/* A whole evaluation: an instant, or many steps, within bounds. */
#include <string.h>

#include "agent/promql/course.h"

enum { RULE_POINTS = SELECTION_POINTS_MAX, RULE_MEGABYTES = 256 };
const struct bounds promql_rule_bounds = {
    .points = RULE_POINTS, .cpu_seconds = 1, .bytes = (size_t)RULE_MEGABYTES << 20, .stop = NULL};

/* Series that differed only in what an operation took away would be one: Prometheus calls that an error, and so do we. */
static bool take_names(struct eval *ev, struct value *v) {
  struct label_sets *seen = label_sets_new(ev->lasting);
  for (size_t i = 0; i < v->count; i++) {
    struct element *x = &v->elements[i];
    struct labels *named = x->labels;
    if (v->unnamed[i]) {
      x->labels = labels_unnamed(named);
      labels_unref(named);
    }
    if (label_sets_number(seen, x->labels) != i) return eval_same_labels(ev);
  }
  return true;
}

static bool eval_instant(struct eval *ev, const struct expr *e, struct value *ret) {
  struct courses raw;
  if (e->type == VALUE_MATRIX) return courses_of_windows(ev, e, &raw) && courses_finish(ev, &raw, ret);
  if (!eval_expr(ev, e, ret)) return false;
  if (take_names(ev, ret)) return true;
  value_done(ret);
  return false;
}

static bool eval_steps(struct eval *ev, const struct expr *e, struct value *ret) {
  const struct steps *s = ev->steps;
  struct courses all;
  struct frame frame = {s->from, s->to, 0};
  if (s->step <= 0 || s->from > s->to) return fail(ev->fail, FAIL_CONFIG, "the steps of a query go forward in time");
  if ((size_t)((s->to - s->from) / s->step) >= ev->bounds->points)
    return fail(ev->fail, FAIL_LIMIT, "a query has at most %zu steps", ev->bounds->points);
  if (e->type != VALUE_SCALAR && e->type != VALUE_VECTOR)
    return fail(ev->fail, FAIL_CONFIG, "only a number or an instant vector has a value at each step, and this is %s",
                e->type == VALUE_MATRIX ? "a range; put a function like rate() around it" : "a string");
  return courses_collect(ev, e, &frame, s->step, &all) && courses_finish(ev, &all, ret);
}

bool promql_eval_steps(const struct expr *e, const struct source *source, const struct steps *steps, const struct bounds *bounds,
                       struct arena *a, struct value *ret, struct evaluation *notes, struct fail *f) {
  bool instant = steps->from == steps->to && !steps->step;
  struct frame now = {steps->from, steps->to, 0};
  struct eval ev = {
      .source = source,
      .arena = a,
      .lasting = a,
      .notes = notes,
      .fail = f,
      .at = steps->from,
      .frame = &now,
      .steps = steps,
      .bounds = bounds,
      .until = clock_cpu() + bounds->cpu_seconds,
      .bytes_max = a->bytes + bounds->bytes,
  };
  *notes = (struct evaluation){0};
  if (!(instant ? eval_instant(&ev, e, ret) : eval_steps(&ev, e, ret))) return false;
  notes->missing = ev.missing;
  notes->missing_count = ev.missing_count;
  notes->annotations = ev.annotations;
  notes->annotation_count = ev.annotation_count;
  return true;
}

bool promql_eval(const struct expr *e, const struct source *source, msec_t at, struct arena *a, struct value *ret,
                 struct evaluation *notes, struct fail *f) {
  return promql_eval_steps(e, source, &(struct steps){at, at, 0}, &promql_rule_bounds, a, ret, notes, f);
}
