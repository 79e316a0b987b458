/* One number out of many, for aggregations and functions over ranges alike. A struct that is zeroed has seen nothing. */
#ifndef SONDE_AGENT_PROMQL_STATISTICS_H
#define SONDE_AGENT_PROMQL_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/promql/sum.h"

/* The mean: the sum by the count, and once a sum overflows a mean that is moved by each value. */
struct mean {
  struct sum sum; /* the mean itself with `moved` */
  double count;
  bool moved;
};
void mean_add(struct mean *m, double x);
double mean_value(const struct mean *m); /* NaN of nothing */

/* The variance (of the whole population), by Welford. */
struct variance {
  struct sum mean, squares;
  double count;
};
void variance_add(struct variance *v, double x);
double variance_value(const struct variance *v); /* NaN of nothing */

/* The value below which a share `q` of the values lies, weighed between the two nearest; NaN is the least of all. Sorts the values. Without
 * values and for a `q` of NaN it is NaN, for one below 0 -Inf, above 1 +Inf. */
double quantile_of(double q, double *values, size_t count);

#endif
