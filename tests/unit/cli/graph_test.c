/* Graphs in the terminal: what the eye compares must be right. */
#include "tests/unit/test.h"

#include <math.h>
#include <string.h>

#include "agent/cli/graph.h"

static const char *line(const double *values, size_t count) {
  static char out[1024];
  SCOPED(buf_done) struct buf b;
  buf_init(&b, sizeof out - 1);
  graph_line(&b, values, count);
  return strcpy(out, b.length ? b.data : "");
}

static void heights_are_in_proportion_and_gaps_stay_empty(void **state) {
  (void)state;
  assert_string_equal(line((double[]){0, 2, 4, 8, NAN, 8}, 6), "▁▂▄█ █");
  assert_string_equal(line((double[]){5, 5, 5}, 3), "███");
  assert_string_equal(line((double[]){NAN, INFINITY}, 2), "  ");
  assert_string_equal(line((double[]){0, 0}, 2), "▁▁");
}

static void values_close_together_are_told_apart(void **state) {
  (void)state;
  assert_string_equal(line((double[]){1000, 1001, 1002}, 3), "▁▄█");
}

static void a_graph_has_its_axes(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf b;
  buf_init(&b, 65536);
  graph_draw(&b, &(struct graph){(double[]){1, 2, 3, 4}, 4, 0, 60});
  assert_non_null(strstr(b.data, "        4 ┤"));
  assert_non_null(strstr(b.data, "        0 └────\n"));
  size_t rows = 0;
  for (const char *p = b.data; *p; p++) rows += *p == '\n';
  assert_int_equal(rows, GRAPH_HEIGHT + 2);
  buf_clear(&b);
  graph_draw(&b, &(struct graph){(double[]){NAN}, 1, 0, 0});
  assert_int_equal(b.length, 0);
}

static const char *draw(const double *values, size_t count) {
  static char out[8192];
  SCOPED(buf_done) struct buf b;
  buf_init(&b, sizeof out - 1);
  graph_draw(&b, &(struct graph){values, count, 0, 60});
  return strcpy(out, b.length ? b.data : "");
}

static void what_is_below_zero_hangs_from_it(void **state) {
  (void)state;
  const char *both = draw((double[]){4, 0, -4, NAN, -2}, 5);
  assert_non_null(strstr(both, "        4 ┤█    \n"));
  assert_non_null(
      strstr(both, "          │█▁   \n        0 ┤  █ █\n          │  █ █\n          │  █  \n          │  █  \n       -4 └"));
  assert_non_null(strstr(draw((double[]){6, -2}, 2), "        0 ┤ █\n          │ █\n       -2 └"));
  assert_non_null(strstr(draw((double[]){-3, -3}, 2), "        0 ┤██\n"));
  assert_non_null(strstr(draw((double[]){-8, -1}, 2), "        0 ┤██\n          │█ \n"));
}

static void labels_of_values_close_together_differ(void **state) {
  (void)state;
  const char *graph = draw((double[]){1e9, 1e9, 1e9, 1e9, 1e9 + 1, 1e9 + 2}, 6);
  assert_non_null(strstr(graph, "1.000000002G ┤"));
  assert_non_null(strstr(graph, "1.000000001G ┤"));
  assert_non_null(strstr(graph, "          1G └───\n")); /* three columns less, so that the terminal's width is kept */
}

static void large_numbers_are_short(void **state) {
  (void)state;
  static const struct {
    double value, span;
    const char *shown;
  } table[] = {{1500000, 0, "1.5M"},  {0.25, 0, "0.25"},      {-1234, 0, "-1.23k"}, {999999999.9, 0, "1G"},
               {INFINITY, 0, "+Inf"}, {-INFINITY, 0, "-Inf"}, {NAN, 0, "NaN"},      {1e30, 0, "1e+30"},
               {-1e-9, 0, "-1e-09"},  {1000.5, 1, "1.0005k"}, {0, 5, "0"},          {-1.5, INFINITY, "-1.5"}};
  char out[32];
  for (size_t i = 0; i < COUNTOF(table); i++)
    assert_string_equal(graph_number(table[i].value, table[i].span, out, sizeof out), table[i].shown);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(heights_are_in_proportion_and_gaps_stay_empty),
      cmocka_unit_test(values_close_together_are_told_apart),
      cmocka_unit_test(a_graph_has_its_axes),
      cmocka_unit_test(what_is_below_zero_hangs_from_it),
      cmocka_unit_test(labels_of_values_close_together_differ),
      cmocka_unit_test(large_numbers_are_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
