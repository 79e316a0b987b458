/* Evaluation over many steps: the lookback, subqueries, @ and offset, and that a long query is bounded. */
#include <stdatomic.h>

#include "tests/unit/promql/check.h"

static void each_step_has_its_value(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"x{k=\"a\"}", "1 2 3 4 5"}, {"x{k=\"b\"}", "_ _ 7 stale _ 9"}, {"c_total", "0+10x30"}, {"old", "3"}};
  static const struct steps_row rows[] = {
      {"x", 0, 50, 10, "x{k=\"a\"} 1@0 2@10 3@20 4@30 5@40 5@50\nx{k=\"b\"} 7@20 9@50\n"},
      {"x", 5, 25, 10, "x{k=\"a\"} 1@5 2@15 3@25\nx{k=\"b\"} 7@25\n"},
      {"x", 5, 29, 10, "x{k=\"a\"} 1@5 2@15 3@25\nx{k=\"b\"} 7@25\n"},
      {"x{k=\"a\"} offset 10s", 20, 30, 10, "x{k=\"a\"} 2@20 3@30\n"},
      {"sum(x)", 10, 30, 10, "{} 2@10 10@20 4@30\n"},
      {"x > 3", 0, 50, 10, "x{k=\"a\"} 4@30 5@40 5@50\nx{k=\"b\"} 7@20 9@50\n"},
      {"rate(c_total[30s])", 30, 50, 10, "{} 1@30 1@40 1@50\n"},
      {"count_over_time(x[20s])", 0, 50, 10, "{k=\"a\"} 1@0 2@10 2@20 2@30 2@40 1@50\n{k=\"b\"} 1@20 1@30 1@50\n"},
      {"old", 0, 400, 100, "old 3@0 3@100 3@200\n"}, /* five minutes of lookback */
      {"time()", 0, 20, 10, "{} 0@0 10@10 20@20\n"},
      {"1 + 1", 0, 10, 10, "{} 2@0 2@10\n"},
      {"x", 20, 20, 10, "x{k=\"a\"} 3@20\nx{k=\"b\"} 7@20\n"},
      {"-x{k=\"a\"} or -c_total", 50, 50, 1, "{} -50@50\n{k=\"a\"} -5@50\n"},
      {"x[20s]", 0, 20, 10,
       "! only a number or an instant vector has a value at each step, and this is a range; put a function like rate() around "
       "it\n"},
      {"\"a\"", 0, 20, 10, "! only a number or an instant vector has a value at each step, and this is a string\n"},
  };
  CHECK_STEPS(series, rows);
}

/* 1 and 2 a ten seconds: x{k="a"} is the time by 10, x{k="b"} twice that. */
static const struct series_row ramps[] = {{"x{k=\"a\"}", "0+1x1000"}, {"x{k=\"b\"}", "0+2x1000"}, {"c_total", "0+10x1000"}};

static void at_names_the_moment(void **state) {
  (void)state;
  static const struct eval_row rows[] = {
      {"x{k=\"a\"} @ 100", 10, "x{k=\"a\"} 10\n"},
      {"x{k=\"a\"} @ 100 offset 50s", 10, "x{k=\"a\"} 5\n"},
      {"x{k=\"a\"} offset 50s @ 100", 10, "x{k=\"a\"} 5\n"},
      {"x{k=\"a\"} @ 0 offset -50s", 10, "x{k=\"a\"} 5\n"},
      {"x{k=\"a\"} offset -50s @ 0", 10, "x{k=\"a\"} 5\n"},
      {"x{k=\"a\"} @ 100.9", 10, "x{k=\"a\"} 10\n"},
      {"x{k=\"a\"} @ 1m40s", 10, "x{k=\"a\"} 10\n"},
      {"-x @ 100", 10, "{k=\"a\"} -10\n{k=\"b\"} -20\n"},
      {"x @ -1", 10, ""},
      {"x{k=\"a\"} @ start()", 70, "x{k=\"a\"} 7\n"},
      {"x{k=\"a\"} @ end() offset 1m", 70, "x{k=\"a\"} 1\n"},
      {"sum_over_time(x{k=\"a\"}[100s] @ 100)", 10, "{k=\"a\"} 55\n"},
      {"sum_over_time(x{k=\"a\"}[100s] @ 100 offset 50s)", 25, "{k=\"a\"} 15\n"},
      {"sum_over_time(x{k=\"a\"}[100s] offset 50s @ 100)", 25, "{k=\"a\"} 15\n"},
      {"x{k=\"a\"} @ 100 + x @ 20", 25, "{k=\"a\"} 12\n"},
      {"sum_over_time(x{k=\"a\"}[100s:1s] @ 100)", 25, "{k=\"a\"} 460\n"},
      {"sum_over_time(x{k=\"a\"}[100s:1s] @ 100 offset 20s)", 25, "{k=\"a\"} 288\n"},
      {"sum_over_time((x @ 100)[100s:10s])", 200, "{k=\"a\"} 100\n{k=\"b\"} 200\n"},
      {"sum_over_time(sum_over_time(x{k=\"a\"}[100s] @ 100)[100s:25s] @ 50)", 0, "{k=\"a\"} 220\n"},
      {"sum_over_time(x{k=\"a\"}[100s] @ 100) + sum_over_time(x{k=\"a\"}[100s:10s] @ 100)", 0, "{k=\"a\"} 110\n"},
  };
  CHECK(ramps, rows);
}

static void at_stays_over_all_steps(void **state) {
  (void)state;
  static const struct steps_row rows[] = {
      {"x{k=\"a\"} @ 50", 0, 200, 100, "x{k=\"a\"} 5@0 5@100 5@200\n"},
      {"x{k=\"a\"} @ start()", 100, 300, 100, "x{k=\"a\"} 10@100 10@200 10@300\n"},
      {"x{k=\"a\"} @ end()", 100, 350, 100, "x{k=\"a\"} 35@100 35@200 35@300\n"}, /* the query's end, no step */
      {"x{k=\"a\"} - x{k=\"a\"} @ start()", 100, 300, 100, "{k=\"a\"} 0@100 10@200 20@300\n"},
      {"rate(c_total[1m] @ end())", 100, 300, 100, "{} 1@100 1@200 1@300\n"},
      {"max_over_time(x{k=\"a\"}[1m:10s] @ 100)", 0, 200, 100, "{k=\"a\"} 10@0 10@100 10@200\n"},
      {"sum_over_time((x{k=\"a\"} @ end())[1m:30s])", 100, 200, 50, "{k=\"a\"} 40@100 40@150 40@200\n"},
      {"topk(1, x @ end()) and x", 0, 100, 100, "x{k=\"b\"} 20@0 20@100\n"},
  };
  CHECK_STEPS(ramps, rows);
}

static void subqueries_step_on_the_clock(void **state) {
  (void)state;
  static const struct eval_row rows[] = {
      {"count_over_time(x{k=\"a\"}[1m:10s])", 100, "{k=\"a\"} 6\n"}, /* open on the left */
      {"count_over_time(x{k=\"a\"}[1m:10s])", 105, "{k=\"a\"} 6\n"},
      {"sum_over_time(x{k=\"a\"}[1m:10s])", 105, "{k=\"a\"} 45\n"},  /* 50, 60 … 100 */
      {"count_over_time(x{k=\"a\"}[50s:7s])", 100, "{k=\"a\"} 7\n"}, /* 56 … 98 */
      {"min_over_time(x{k=\"a\"}[50s:7s])", 100, "{k=\"a\"} 5\n"},
      {"count_over_time(x{k=\"a\"}[10m:])", 605, "{k=\"a\"} 10\n"}, /* a minute */
      {"count_over_time(x{k=\"a\"}[2m:10s])", 50, "{k=\"a\"} 6\n"}, /* there is nothing before 0 */
      {"sum_over_time(x{k=\"a\"}[1m:10s] offset 1m)", 160, "{k=\"a\"} 45\n"},
      {"x{k=\"a\"}[30s:10s]", 105, "x{k=\"a\"} 8@80 9@90 10@100\n"},
      {"-x{k=\"a\"} + 1", 10, "{k=\"a\"} 0\n"},
      {"(-x)[20s:10s]", 10, "{k=\"a\"} 0@0 -1@10\n{k=\"b\"} 0@0 -2@10\n"},
      {"last_over_time(x{k=\"a\"}[1m:10s])", 100, "x{k=\"a\"} 10\n"},
      {"last_over_time((-x{k=\"a\"})[1m:10s])", 100, "{k=\"a\"} -10\n"}, /* the name is gone */
      {"max_over_time(rate(c_total[30s])[1m:10s])", 100, "{} 1\n"},
      {"sum_over_time((1 + x{k=\"a\"})[30s:10s])", 100, "{k=\"a\"} 30\n"},
      {"max_over_time((time() - x{k=\"a\"} * 10)[1m:5s])", 100, "{k=\"a\"} 5\n"},
      {"max_over_time(sum(x)[30s:10s])", 100, "{} 30\n"},
      {"sum_over_time(max_over_time(x{k=\"a\"}[20s:10s])[40s:20s])", 100, "{k=\"a\"} 18\n"},
      {"avg_over_time(sum_over_time(x{k=\"a\"}[30s:10s])[1m:30s])", 120, "{k=\"a\"} 28.5\n"},
  };
  CHECK(ramps, rows);
}

static void subqueries_walk_along_with_the_steps(void **state) {
  (void)state;
  static const struct steps_row rows[] = {
      {"sum_over_time(x{k=\"a\"}[30s:10s])", 30, 60, 15, "{k=\"a\"} 6@30 9@45 15@60\n"},
      {"count_over_time(x{k=\"a\"}[20s:7s])", 20, 40, 10, "{k=\"a\"} 2@20 3@30 3@40\n"},
      {"max_over_time(sum_over_time(x{k=\"a\"}[20s])[30s:10s])", 50, 70, 10, "{k=\"a\"} 9@50 11@60 13@70\n"},
  };
  CHECK_STEPS(ramps, rows);
}

static void the_clock_is_the_walls(void **state) {
  (void)state;
  struct fake f;
  load(&f, ramps, 1);
  f.wall = 1600000003; /* at 7 the wall's clock stands at a multiple of 10 */
  static const struct eval_row rows[] = {
      {"x{k=\"a\"}[30s:10s]", 100, "x{k=\"a\"} 7@77 8@87 9@97\n"},
      {"x{k=\"a\"} @ 1600000103", 10, "x{k=\"a\"} 10\n"},
      {"x{k=\"a\"} @ 1600000102.9", 10, "x{k=\"a\"} 9\n"},
  };
  check(&f, rows, COUNTOF(rows));
  fake_clear(&f);
}

static void names_that_go_join_what_differed_in_them(void **state) {
  (void)state;
  static const struct series_row series[] = {{"a{k=\"1\"}", "1 stale 3"}, {"b{k=\"1\"}", "10 20 stale"}, {"c{k=\"1\"}", "_ 7"}};
  static const struct steps_row rows[] = {
      {"-a or -b", 0, 20, 10, "{k=\"1\"} -1@0 -20@10 -3@20\n"},
      {"-{__name__=~\"a|c\"}", 0, 10, 10, "{k=\"1\"} -1@0 -7@10\n"},
      {"-{__name__=~\"a|b\"}", 0, 10, 10, "! vector cannot contain metrics with the same labelset\n"},
      {"max_over_time((-a or -b)[20s:10s])", 20, 20, 1, "! vector cannot contain metrics with the same labelset\n"},
  };
  CHECK_STEPS(series, rows);
}

/* Bounds */

static bool steps(const char *text, struct steps s, const struct bounds *bounds, struct fail *why) {
  struct fake f;
  struct evaluation notes;
  struct value v;
  struct arena a;
  load(&f, ramps, COUNTOF(ramps));
  arena_init(&a);
  const struct source source = {.select = fake_select, .context = &f};
  const struct expr *e = promql_parse(text, &a, why);
  assert_non_null(e);
  bool good = promql_eval_steps(e, &source, &s, bounds, &a, &v, &notes, why);
  if (good) value_done(&v);
  arena_done(&a);
  fake_clear(&f);
  return good;
}

static void a_query_is_bounded(void **state) {
  (void)state;
  struct fail why;
  struct steps year = {0, (msec_t)365 * 86400 * S, S}, back = {5 * S, 4 * S, S};
  struct bounds b = promql_rule_bounds;
  assert_false(steps("x", year, &b, &why));
  assert_string_equal(why.text, "a query has at most 5000000 steps");
  assert_false(steps("x", back, &b, &why));
  assert_string_equal(why.text, "the steps of a query go forward in time");
  b.points = 20000;
  assert_true(steps("x", (struct steps){0, 1000 * S, S}, &b, &why));
  assert_false(steps("x", (struct steps){0, 19000 * S, S}, &b, &why)); /* 2001 points, and two at each step */
  assert_string_equal(why.text, "the expression selects more than 20000 points");
  assert_false(steps("count_over_time((1 + x)[1000s:1s])", (struct steps){0, 19000 * S, S}, &b, &why));
}

static void a_query_stops_when_it_is_told_to(void **state) {
  (void)state;
  struct fail why;
  atomic_bool stop;
  struct bounds b = promql_rule_bounds;
  atomic_init(&stop, false);
  b.stop = &stop;
  assert_true(steps("x", (struct steps){0, 10 * S, S}, &b, &why));
  atomic_store(&stop, true);
  assert_false(steps("x", (struct steps){0, 10 * S, S}, &b, &why));
  assert_int_equal(why.kind, FAIL_STOPPED);
}

static void eleven_thousand_steps_keep_only_their_values(void **state) {
  (void)state;
  struct fail why;
  struct bounds b = promql_rule_bounds;
  b.bytes = (size_t)4 << 20; /* of which the values take 1 */
  b.cpu_seconds = 10;
  assert_true(steps("sum by (k) (rate(x[1m]) + on(k) x * 2)", (struct steps){0, 11000 * S, S}, &b, &why));
}

#define TEST(name) cmocka_unit_test(name)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(each_step_has_its_value),
      TEST(at_names_the_moment),
      TEST(at_stays_over_all_steps),
      TEST(subqueries_step_on_the_clock),
      TEST(subqueries_walk_along_with_the_steps),
      TEST(the_clock_is_the_walls),
      TEST(names_that_go_join_what_differed_in_them),
      TEST(a_query_is_bounded),
      TEST(a_query_stops_when_it_is_told_to),
      TEST(eleven_thousand_steps_keep_only_their_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
