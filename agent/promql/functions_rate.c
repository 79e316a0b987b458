/* How fast something changes. rate and its kin extrapolate to the edges of the range as Prometheus does: a range that begins or ends far from its first or
 * last point is not stretched, and a counter never below zero. */
#include <math.h>

#include "agent/promql/functions.h"
#include "agent/promql/sum.h"

static double seconds(msec_t span) {
  return (double)span / 1000;
}

/* How much a counter (or gauge) changed over the range; per second with `per_second`. */
static bool extrapolated(const struct window *w, bool counter, bool per_second, double *ret) {
  if (w->count < 2) return false;
  const struct point *first = &w->points[0], *last = &w->points[w->count - 1];
  double change = last->value - first->value;
  for (size_t i = 1; counter && i < w->count; i++)
    if (w->points[i].value < w->points[i - 1].value) change += w->points[i - 1].value;
  double sampled = seconds(last->time - first->time), average = sampled / (double)(w->count - 1), near = average * 1.1;
  double to_start = seconds(first->time - w->from), to_end = seconds(w->to - last->time);
  if (to_start >= near) to_start = average / 2;
  if (counter && change > 0 && first->value >= 0) to_start = fmin(to_start, sampled * (first->value / change));
  if (to_end >= near) to_end = average / 2;
  *ret = change * ((sampled + to_start + to_end) / sampled);
  if (per_second) *ret /= seconds(w->to - w->from);
  return true;
}

static bool rate(const struct window *w, double *ret) {
  return extrapolated(w, true, true, ret);
}
static bool increase(const struct window *w, double *ret) {
  return extrapolated(w, true, false, ret);
}
static bool delta(const struct window *w, double *ret) {
  return extrapolated(w, false, false, ret);
}

static bool irate(const struct window *w, double *ret) {
  if (w->count < 2) return false;
  const struct point *last = &w->points[w->count - 1], *before = last - 1;
  double change = last->value < before->value ? last->value : last->value - before->value;
  *ret = change / seconds(last->time - before->time);
  return true;
}

static bool idelta(const struct window *w, double *ret) {
  if (w->count < 2) return false;
  *ret = w->points[w->count - 1].value - w->points[w->count - 2].value;
  return true;
}

static bool changes(const struct window *w, double *ret) {
  *ret = 0;
  for (size_t i = 1; i < w->count; i++) {
    double a = w->points[i - 1].value, b = w->points[i].value;
    *ret += a != b && !(isnan(a) && isnan(b));
  }
  return true;
}

static bool resets(const struct window *w, double *ret) {
  *ret = 0;
  for (size_t i = 1; i < w->count; i++) *ret += w->points[i].value < w->points[i - 1].value;
  return true;
}

/* The straight line nearest to the points: its slope a second, and its height at `origin`. */
struct line {
  double slope, height;
};

static bool is_level(const struct window *w) {
  for (size_t i = 1; i < w->count; i++)
    if (w->points[i].value != w->points[0].value) return false;
  return true;
}

static struct line fit(const struct window *w, msec_t origin) {
  struct sum x = {0}, y = {0}, xy = {0}, xx = {0};
  double n = (double)w->count;
  if (is_level(w)) return isinf(w->points[0].value) ? (struct line){NAN, NAN} : (struct line){0, w->points[0].value};
  for (size_t i = 0; i < w->count; i++) {
    double at = seconds(w->points[i].time - origin), value = w->points[i].value;
    sum_add(&x, at);
    sum_add(&y, value);
    sum_add(&xy, at * value);
    sum_add(&xx, at * at);
  }
  double covariance = sum_value(&xy) - sum_value(&x) * sum_value(&y) / n;
  double slope = covariance / (sum_value(&xx) - sum_value(&x) * sum_value(&x) / n);
  return (struct line){slope, sum_value(&y) / n - slope * sum_value(&x) / n};
}

static bool deriv(const struct window *w, double *ret) {
  if (w->count < 2) return false;
  *ret = fit(w, w->points[0].time).slope;
  return true;
}

static bool predict_linear(const struct window *w, double *ret) {
  if (w->count < 2) return false;
  struct line l = fit(w, w->at);
  *ret = l.slope * w->parameters[0] + l.height;
  return true;
}

static const struct function rows[] = {
    {.name = "rate", OVER_RANGE, .counter = true, .window = rate},
    {.name = "increase", OVER_RANGE, .counter = true, .window = increase},
    {.name = "delta", OVER_RANGE, .window = delta},
    {.name = "irate", OVER_RANGE, .window = irate},
    {.name = "idelta", OVER_RANGE, .window = idelta},
    {.name = "changes", OVER_RANGE, .window = changes},
    {.name = "resets", OVER_RANGE, .window = resets},
    {.name = "deriv", OVER_RANGE, .window = deriv},
    {.name = "predict_linear",
     .result = VALUE_VECTOR,
     .args = {VALUE_MATRIX, VALUE_SCALAR},
     .arg_count = 2,
     .window = predict_linear},
};
const struct functions rate_functions = FUNCTIONS(rows);
