/* The functions, a row each. Those over a range see its points in order, stale ones left out; rate and its kin extrapolate to the edges of the range as
 * Prometheus does: a range that begins or ends far from its first or last point is not stretched, and a counter never below zero. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/promql/eval.h"
#include "agent/promql/sum.h"
#include "base/mem.h"

static double sum_of_parts(const struct window *w, double parts) {
  struct sum s = {0, 0};
  for (size_t i = 0; i < w->count; i++) sum_add(&s, w->points[i].value / parts);
  return sum_value(&s);
}

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

static bool changes(const struct window *w, double *ret) {
  *ret = 0;
  for (size_t i = 1; i < w->count; i++) {
    double a = w->points[i - 1].value, b = w->points[i].value;
    *ret += a != b && !(isnan(a) && isnan(b));
  }
  return true;
}

static bool avg_over_time(const struct window *w, double *ret) {
  double sum = sum_of_parts(w, 1);
  *ret = isinf(sum) ? sum_of_parts(w, (double)w->count) : sum / (double)w->count; /* a sum may overflow, a mean does not */
  return true;
}

static bool sum_over_time(const struct window *w, double *ret) {
  *ret = sum_of_parts(w, 1);
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
  double mean = 0, squares = 0;
  for (size_t i = 0; i < w->count; i++) {
    double away = w->points[i].value - mean;
    mean += away / (double)(i + 1);
    squares += away * (w->points[i].value - mean);
  }
  *ret = squares / (double)w->count;
  return true;
}

static bool stddev_over_time(const struct window *w, double *ret) {
  bool any = stdvar_over_time(w, ret);
  *ret = sqrt(*ret);
  return any;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  if (isnan(x) || isnan(y)) return isnan(y) - isnan(x); /* NaN sorts first */
  return (x > y) - (x < y);
}

static bool quantile_over_time(const struct window *w, double *ret) {
  double q = w->parameters[0];
  if (isnan(q) || q < 0 || q > 1) {
    *ret = isnan(q) ? q : q < 0 ? -INFINITY : INFINITY;
    return true;
  }
  SCOPED(mem_free) double *sorted = mem_resize(NULL, w->count, sizeof *sorted);
  for (size_t i = 0; i < w->count; i++) sorted[i] = w->points[i].value;
  qsort(sorted, w->count, sizeof *sorted, by_value);
  double rank = q * (double)(w->count - 1), below = floor(rank), weight = rank - below;
  size_t low = (size_t)below, high = MIN(low + 1, w->count - 1);
  *ret = sorted[low] * (1 - weight) + sorted[high] * weight;
  return true;
}

static bool now(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  (void)e, (void)args;
  ret->scalar = eval_wall(ev);
  return true;
}

#define OVER_RANGE .result = VALUE_VECTOR, .args = {VALUE_MATRIX}, .arg_count = 1
static const struct function functions[] = {
    {.name = "rate", OVER_RANGE, .window = rate},
    {.name = "increase", OVER_RANGE, .window = increase},
    {.name = "delta", OVER_RANGE, .window = delta},
    {.name = "irate", OVER_RANGE, .window = irate},
    {.name = "changes", OVER_RANGE, .window = changes},
    {.name = "avg_over_time", OVER_RANGE, .window = avg_over_time},
    {.name = "sum_over_time", OVER_RANGE, .window = sum_over_time},
    {.name = "min_over_time", OVER_RANGE, .window = min_over_time},
    {.name = "max_over_time", OVER_RANGE, .window = max_over_time},
    {.name = "count_over_time", OVER_RANGE, .window = count_over_time},
    {.name = "last_over_time", OVER_RANGE, .keeps_name = true, .window = last_over_time},
    {.name = "present_over_time", OVER_RANGE, .window = present_over_time},
    {.name = "stddev_over_time", OVER_RANGE, .window = stddev_over_time},
    {.name = "stdvar_over_time", OVER_RANGE, .window = stdvar_over_time},
    {.name = "quantile_over_time",
     .result = VALUE_VECTOR,
     .args = {VALUE_SCALAR, VALUE_MATRIX},
     .arg_count = 2,
     .window = quantile_over_time},
    {.name = "time", .result = VALUE_SCALAR, .whole = now},
};

const struct function *function_find(const char *name, size_t length) {
  for (size_t i = 0; i < COUNTOF(functions); i++)
    if (strlen(functions[i].name) == length && !strncmp(functions[i].name, name, length)) return &functions[i];
  return NULL;
}

/* What Prometheus has and the tables here do not yet: functions, then aggregators. */
static const char known_elsewhere[] =
    " abs absent absent_over_time acos acosh asin asinh atan atanh ceil clamp clamp_max clamp_min cos cosh day_of_month day_of_week"
    " day_of_year days_in_month deg deriv double_exponential_smoothing end exp first_over_time floor histogram_avg histogram_count"
    " histogram_fraction histogram_quantile histogram_quantiles histogram_stddev histogram_stdvar histogram_sum holt_winters hour "
    "idelta"
    " info label_join label_replace ln log10 log2 mad_over_time max_of min_of minute month pi predict_linear rad range resets "
    "round scalar"
    " sgn sin sinh sort sort_by_label sort_by_label_desc sort_desc sqrt start step tan tanh timestamp ts_of_first_over_time"
    " ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time vector year"
    " limit_ratio limitk ";

bool promql_is_known_elsewhere(const char *name) {
  char word[64];
  int length = snprintf(word, sizeof word, " %s ", name);
  return length > 0 && (size_t)length < sizeof word && strcasestr(known_elsewhere, word) != NULL;
}
