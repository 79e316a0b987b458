/* What the points of a range come to: their mean, their least, whether there are any. */
#include <math.h>

#include "agent/promql/eval.h"
#include "agent/promql/functions.h"
#include "agent/promql/statistics.h"

static bool avg_over_time(const struct window *w, double *ret) {
  struct mean m = {0};
  for (size_t i = 0; i < w->count; i++) mean_add(&m, w->points[i].value);
  *ret = mean_value(&m);
  return true;
}

static bool sum_over_time(const struct window *w, double *ret) {
  struct sum s = {0};
  for (size_t i = 0; i < w->count; i++) sum_add(&s, w->points[i].value);
  *ret = sum_value(&s);
  return true;
}

static bool min_over_time(const struct window *w, double *ret) {
  *ret = w->points[0].value;
  for (size_t i = 1; i < w->count; i++)
    if (w->points[i].value < *ret || isnan(*ret)) *ret = w->points[i].value;
  return true;
}

static bool max_over_time(const struct window *w, double *ret) {
  *ret = w->points[0].value;
  for (size_t i = 1; i < w->count; i++)
    if (w->points[i].value > *ret || isnan(*ret)) *ret = w->points[i].value;
  return true;
}

static bool count_over_time(const struct window *w, double *ret) {
  *ret = (double)w->count;
  return true;
}

static bool first_over_time(const struct window *w, double *ret) {
  *ret = w->points[0].value;
  return true;
}

static bool last_over_time(const struct window *w, double *ret) {
  *ret = w->points[w->count - 1].value;
  return true;
}

static bool present_over_time(const struct window *w, double *ret) {
  (void)w;
  *ret = 1;
  return true;
}

static bool stdvar_over_time(const struct window *w, double *ret) {
  struct variance v = {0};
  for (size_t i = 0; i < w->count; i++) variance_add(&v, w->points[i].value);
  *ret = variance_value(&v);
  return true;
}

static bool stddev_over_time(const struct window *w, double *ret) {
  bool any = stdvar_over_time(w, ret);
  *ret = sqrt(*ret);
  return any;
}

struct quantiles {
  struct eval *ev;
  const struct expr *share;
  double q;
  double *values; /* of one range at a time */
  size_t room;
  struct value *result;
};

static void over_window(void *context, struct labels *labels, bool unnamed, const struct window *w) {
  struct quantiles *o = context;
  (void)unnamed;
  warn_of_share(o->ev, o->share, o->q);
  if (w->count > o->room) {
    o->room = MAX(w->count, 2 * o->room);
    o->values = arena_alloc(o->ev->arena, o->room * sizeof *o->values);
  }
  for (size_t i = 0; i < w->count; i++) o->values[i] = w->points[i].value;
  eval_append(o->ev, o->result, labels, quantile_of(o->q, o->values, w->count), true);
}

static bool quantile_over_time(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  struct quantiles o = {.ev = ev, .share = e->call.args[0], .q = args[0].scalar, .result = ret};
  *ret = eval_vector(ev, 0);
  return eval_windows(ev, e->call.args[1], over_window, &o);
}

static const struct function rows[] = {
    {.name = "avg_over_time", OVER_RANGE, .window = avg_over_time},
    {.name = "sum_over_time", OVER_RANGE, .window = sum_over_time},
    {.name = "min_over_time", OVER_RANGE, .window = min_over_time},
    {.name = "max_over_time", OVER_RANGE, .window = max_over_time},
    {.name = "count_over_time", OVER_RANGE, .window = count_over_time},
    {.name = "first_over_time", OVER_RANGE, .keeps_name = true, .window = first_over_time},
    {.name = "last_over_time", OVER_RANGE, .keeps_name = true, .window = last_over_time},
    {.name = "present_over_time", OVER_RANGE, .window = present_over_time},
    {.name = "stddev_over_time", OVER_RANGE, .window = stddev_over_time},
    {.name = "stdvar_over_time", OVER_RANGE, .window = stdvar_over_time},
    {.name = "quantile_over_time",
     .result = VALUE_VECTOR,
     .args = {VALUE_SCALAR, VALUE_MATRIX},
     .arg_count = 2,
     .whole = quantile_over_time},
};
const struct functions over_time_functions = FUNCTIONS(rows);
