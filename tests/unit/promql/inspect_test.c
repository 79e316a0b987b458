/* What is known of an expression before it is evaluated: how much past it needs, and what it compares with what. */
#include "tests/unit/test.h"

#include "tests/unit/promql/fake.h"

static const struct expr *parsed(struct arena *a, const char *text) {
  struct fail f;
  const struct expr *e = promql_parse(text, a, &f);
  if (!e) fail_msg("%s: %s", text, f.text);
  return e;
}

static void enough_past_is_kept_for_an_expression(void **state) {
  (void)state;
  static const struct {
    const char *text;
    msec_t span;
  } table[] = {
      {"1 + time()", 0},
      {"up", 300 * S},
      {"up offset 1h", 3900 * S},
      {"up offset -1h", 300 * S},
      {"rate(x[1m])", 60 * S},
      {"rate(x[1h] offset 30m)", 5400 * S},
      {"sum(rate(x[10m])) / sum(rate(x[30m])) > 1 and y", 1800 * S},
      {"y unless on(a) -max_over_time(x[2h])", 7200 * S},
      {"quantile_over_time(0.9, x[20m])", 1200 * S},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct arena a;
    arena_init(&a);
    msec_t span = promql_span(parsed(&a, table[i].text));
    if (span != table[i].span) fail_msg("%s needs %lld ms", table[i].text, (long long)span);
    arena_done(&a);
  }
}

static void a_deep_expression_is_looked_through_once(void **state) {
  (void)state;
  struct arena a;
  char text[400] = "";
  arena_init(&a);
  for (int i = 0; i < 98; i++) strcat(text, i % 2 ? "-" : "1+-");
  strcat(text, "x");
  assert_int_equal(promql_span(parsed(&a, text)), 300 * S); /* twice at each level, and this would not end */
  arena_done(&a);
}

static void a_threshold_is_found(void **state) {
  (void)state;
  static const struct {
    const char *text, *op;
    double threshold;
    size_t value_at; /* where the compared expression begins */
  } table[] = {
      {"up == 0", "==", 0, 0},
      {"(sum(x) > 0.9)", ">", 0.9, 1},
      {"time() - x > 60 * 60 * 48", ">", 172800, 0},
      {"x < -1", "<", -1, 0},
      {"5 < x", ">", 5, 4},
      {"5 >= x", "<=", 5, 5},
      {"x > 5 and y > 1", ">", 5, 0},
      {"x > 5 and y > 1 unless z", ">", 5, 0},
      {"x != 2 ^ 10", "!=", 1024, 0},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct arena a;
    struct comparison c;
    arena_init(&a);
    if (!promql_comparison(parsed(&a, table[i].text), &c)) fail_msg("%s: none found", table[i].text);
    assert_string_equal(c.op, table[i].op);
    assert_true(c.threshold == table[i].threshold);
    assert_int_equal(c.value->offset, table[i].value_at);
    arena_done(&a);
  }
}

static void what_is_no_threshold_is_not_taken_for_one(void **state) {
  (void)state;
  static const char *const texts[] = {"x",          "x > y", "x > bool 5", "x > 5 or y > 1",
                                      "x > time()", "x + 1", "-(x > 1)",   "sum(x > 1)"};
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    struct arena a;
    struct comparison c;
    arena_init(&a);
    if (promql_comparison(parsed(&a, texts[i]), &c)) fail_msg("%s: %s %g", texts[i], c.op, c.threshold);
    arena_done(&a);
  }
}

static void the_type_tells_what_a_rule_may_be(void **state) {
  (void)state;
  struct arena a;
  arena_init(&a);
  assert_int_equal(promql_type(parsed(&a, "1 + 1")), VALUE_SCALAR);
  assert_int_equal(promql_type(parsed(&a, "x + 1")), VALUE_VECTOR);
  assert_int_equal(promql_type(parsed(&a, "x[5m]")), VALUE_MATRIX);
  assert_int_equal(promql_type(parsed(&a, "'x'")), VALUE_STRING);
  arena_done(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(enough_past_is_kept_for_an_expression),
      cmocka_unit_test(a_deep_expression_is_looked_through_once),
      cmocka_unit_test(a_threshold_is_found),
      cmocka_unit_test(what_is_no_threshold_is_not_taken_for_one),
      cmocka_unit_test(the_type_tells_what_a_rule_may_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
