/* Means, variances and quantiles where plain arithmetic loses them. */
#include "tests/unit/test.h"

#include <math.h>

#include "agent/promql/statistics.h"
#include "base/attr.h"

struct row {
  double values[6];
  size_t count;
  double result;
};

static void same(double got, double wanted) {
  if (isnan(wanted) ? !isnan(got) : got != wanted) fail_msg("%.17g instead of %.17g", got, wanted);
}

static void a_mean_neither_overflows_nor_forgets_the_small(void **state) {
  (void)state;
  static const struct row rows[] = {
      {{1, 2, 6}, 3, 3},
      {{1e308, 1e308, 1e308}, 3, 1e308},
      {{-1e308, 1e308, 1e308, -1e308}, 4, 0},
      {{1, 1e100, 1, -1e100}, 4, 0.5}, /* plain addition would say 0 */
      {{INFINITY, 1}, 2, INFINITY},
      {{INFINITY, -INFINITY}, 2, NAN},
      {{1, NAN}, 2, NAN},
      {{7}, 1, 7},
      {{0}, 0, NAN},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct mean m = {0};
    for (size_t k = 0; k < rows[i].count; k++) mean_add(&m, rows[i].values[k]);
    same(mean_value(&m), rows[i].result);
  }
}

static void a_variance_of_large_values_is_not_lost(void **state) {
  (void)state;
  static const struct row rows[] = {
      {{1, 2, 3, 4}, 4, 1.25}, {{1e8 + 4, 1e8 + 7, 1e8 + 13, 1e8 + 16}, 4, 22.5}, /* the squares alone would have lost it */
      {{5, 5, 5}, 3, 0},       {{3}, 1, 0},
      {{INFINITY}, 1, NAN},    {{0}, 0, NAN},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct variance v = {0};
    for (size_t k = 0; k < rows[i].count; k++) variance_add(&v, rows[i].values[k]);
    same(variance_value(&v), rows[i].result);
  }
}

static void a_quantile_lies_between_its_neighbours(void **state) {
  (void)state;
  double values[] = {4, 1, NAN, 3, 2};
  same(quantile_of(0.5, values, 5), 2);
  same(quantile_of(0.875, values, 5), 3.5);
  same(quantile_of(1, values, 5), 4);
  same(quantile_of(0, values, 5), NAN); /* NaN is the least */
  same(quantile_of(-0.1, values, 5), -INFINITY);
  same(quantile_of(1.1, values, 5), INFINITY);
  same(quantile_of(NAN, values, 5), NAN);
  same(quantile_of(0.5, values, 0), NAN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_mean_neither_overflows_nor_forgets_the_small),
      cmocka_unit_test(a_variance_of_large_values_is_not_lost),
      cmocka_unit_test(a_quantile_lies_between_its_neighbours),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
