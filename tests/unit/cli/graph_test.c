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

static void large_numbers_are_short(void **state) {
  (void)state;
  char out[32];
  assert_string_equal(graph_number(1500000, out, sizeof out), "1.5M");
  assert_string_equal(graph_number(0.25, out, sizeof out), "0.25");
  assert_string_equal(graph_number(-1234, out, sizeof out), "-1.23k");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(heights_are_in_proportion_and_gaps_stay_empty),
      cmocka_unit_test(values_close_together_are_told_apart),
      cmocka_unit_test(a_graph_has_its_axes),
      cmocka_unit_test(large_numbers_are_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
