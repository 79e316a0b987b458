/* Means, variances and quantiles: see statistics.h. */
#include "agent/promql/statistics.h"

#include <stdlib.h>

#include "base/attr.h"

void mean_add(struct mean *m, double x) {
  struct sum next = m->sum;
  double before = m->count++;
  sum_add(&next, x);
  if (!m->moved && (before == 0 || !isinf(next.total))) {
    m->sum = next;
    return;
  }
  if (!m->moved) m->sum = (struct sum){m->sum.total / before, m->sum.lost / before};
  m->moved = true;
  m->sum = (struct sum){m->sum.total * (before / m->count), m->sum.lost * (before / m->count)};
  sum_add(&m->sum, x / m->count);
}

double mean_value(const struct mean *m) {
  return m->moved ? sum_value(&m->sum) : m->sum.total / m->count + m->sum.lost / m->count;
}

void variance_add(struct variance *v, double x) {
  double away = x - sum_value(&v->mean);
  v->count++;
  sum_add(&v->mean, away / v->count);
  sum_add(&v->squares, away * (x - sum_value(&v->mean)));
}

double variance_value(const struct variance *v) {
  return sum_value(&v->squares) / v->count;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  if (isnan(x) || isnan(y)) return isnan(y) - isnan(x); /* NaN sorts first */
  return (x > y) - (x < y);
}

double quantile_of(double q, double *values, size_t count) {
  if (count == 0 || isnan(q)) return NAN;
  if (q < 0) return -INFINITY;
  if (q > 1) return INFINITY;
  qsort(values, count, sizeof *values, by_value);
  double rank = q * (double)(count - 1), below = floor(rank), weight = rank - below;
  size_t low = (size_t)below, high = MIN(low + 1, count - 1);
  return values[low] * (1 - weight) + values[high] * weight;
}
