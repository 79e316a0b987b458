/* Parsing: what is refused is refused with its place and in words that help; what cannot be bounded later is bounded here. */
#include "tests/unit/test.h"

#include "tests/unit/promql/fake.h"

static bool parses(const char *text, struct fail *f) {
  struct arena a;
  arena_init(&a);
  bool good = promql_parse(text, &a, f) != NULL;
  arena_done(&a);
  return good;
}

struct refusal {
  const char *text, *sentence;
};

static void check(const struct refusal *table, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct fail f = {0};
    if (parses(table[i].text, &f)) fail_msg("accepted: %s", table[i].text);
    if (strcmp(f.text, table[i].sentence) != 0)
      fail_msg("%s\n  is refused with  %s\n  instead of       %s", table[i].text, f.text, table[i].sentence);
  }
}

static void what_is_experimental_is_named(void **state) {
  (void)state;
  static const struct refusal table[] = {
      {"x[step()]", "1:3: step() in a duration is not supported"},
      {"x[max(5m, 1m)]", "1:3: max() in a duration is not supported"},
      {"x offset -range()", "1:11: range() in a duration is not supported"},
      {"rate(x[5m] smoothed)", "1:12: smoothed is experimental in Prometheus, and not supported"},
      {"x anchored", "1:3: anchored is experimental in Prometheus, and not supported"},
      {"x + on(a) fill(0) y", "1:11: fill() is experimental in Prometheus, and not supported"},
      {"x + fill_left(0) y", "1:5: fill_left() is experimental in Prometheus, and not supported"},
      {"x / on(a) group_left fill_right(1) y", "1:22: fill_right() is experimental in Prometheus, and not supported"},
      {"sum(mad_over_time(x[1h])) > 1", "1:5: mad_over_time() is experimental in Prometheus, and not supported"},
      {"histogram_sum(x)", "1:1: histogram_sum() works on native histograms, which are not supported"},
  };
  check(table, COUNTOF(table));
}

static void what_is_wrong_is_said_where_it_is(void **state) {
  (void)state;
  static const struct refusal table[] = {
      {"", "1:1: the expression ends where a metric, a function, a number or ( is expected"},
      {"up ==", "1:6: the expression ends where a metric, a function, a number or ( is expected"},
      {"up\n  == # nothing\n", "3:1: the expression ends where a metric, a function, a number or ( is expected"},
      {")", "1:1: a metric, a function, a number or ( is expected here, not ')'"},
      {"1 + (2", "1:7: the expression ends where ')' is expected"},
      {"x y", "1:3: an operator or the end is expected here, not 'y'"},
      {"1 2", "1:3: an operator or the end is expected here, not '2'"},
      {"x{", "1:3: the expression ends where a label name is expected"},
      {"x{a}", "1:4: one of = != =~ !~ is expected here, not '}'"},
      {"x{a=b}", "1:5: a string is expected here, not 'b'"},
      {"x{a=\"b\" c=\"d\"}", "1:9: ',' or '}' is expected here, not 'c'"},
      {"x{a:b=\"c\"}", "1:3: a label name is expected here, not 'a:b'"},
      {"x{a=~\"(\"}", "1:6: the regular expression is wrong at character 2: missing closing parenthesis"},
      {"x{__name__=\"y\"}", "1:3: the metric's name is given twice"},
      {"{\"x\", \"y\"}", "1:7: the metric's name is given twice"},
      {"{}", "1:1: a selector needs a name or a matcher that does not match the empty text"},
      {"{a!=\"b\", c=~\".*\"}", "1:1: a selector needs a name or a matcher that does not match the empty text"},
      {"x[]", "1:3: a duration like 5m is expected here, not ']'"},
      {"x[5m", "1:5: the expression ends where ']' is expected"},
      {"x[0s]", "1:3: a range is longer than nothing"},
      {"x[5m - 300]", "1:3: a range is longer than nothing"},
      {"x[5m / 0]", "1:3: this duration is too long"},
      {"x[5m + y]", "1:3: a duration is made of numbers and durations alone"},
      {"x[5m * ]", "1:8: a metric, a function, a number or ( is expected here, not ']'"},
      {"x[5m > bool 1m]", "1:6: ']' is expected here, not '>'"},
      {"x offset (5m", "1:13: the expression ends where ')' is expected"},
      {"x[1.5h]", "1:3: '1.5h' is neither a number nor a duration like 5m or 1h30m"},
      {"x[30m1h]", "1:3: '30m1h' is neither a number nor a duration like 5m or 1h30m"},
      {"x offset y", "1:10: a duration like 5m is expected here, not 'y'"},
      {"x offset 99999y", "1:10: this duration is too long"},
      {"sum(x) offset 5m", "1:8: offset stands directly behind a selector, its range or a subquery: x[5m] offset 1h"},
      {"(x) offset 5m", "1:5: offset stands directly behind a selector, its range or a subquery: x[5m] offset 1h"},
      {"rate(x[5m]) @ 5", "1:13: @ stands directly behind a selector, its range or a subquery: x[5m] @ 1700000000"},
      {"(x)[5m]", "1:4: a range like [5m] stands directly behind a selector; a subquery like [5m:1m] may stand here"},
      {"sum(x)[5m]", "1:7: a range like [5m] stands directly behind a selector; a subquery like [5m:1m] may stand here"},
      {"x[5m][5m]", "1:6: a range like [5m] stands directly behind a selector; a subquery like [5m:1m] may stand here"},
      {"x[5m][5m:]", "1:1: a subquery works on an instant vector, and this is a range like x[5m]"},
      {"1[5m:]", "1:1: a subquery works on an instant vector, and this is a number"},
      {"-x[5m:]", "1:1: a sign stands before a number or an instant vector, and this is a range like x[5m]"},
      {"x offset 5m[5m]", "1:12: offset and @ stand behind the range: x[5m] offset 1h"},
      {"x @ 5[5m]", "1:6: offset and @ stand behind the range: x[5m] offset 1h"},
      {"x offset 5m offset 1m", "1:13: offset is given twice"},
      {"x @ 1 offset 5m @ 2", "1:17: @ is given twice"},
      {"x @ y", "1:5: a time in seconds since 1970, start() or end() is expected here, not 'y'"},
      {"x @ start", "1:10: the expression ends where '(' is expected"},
      {"x @ inf", "1:5: this time is too far away"},
      {"x @ -1e99", "1:5: this time is too far away"},
      {"x[5m:0s]", "1:6: a resolution is longer than nothing"},
      {"x[-5m]", "1:3: a range is longer than nothing"},
      {"x[1h:1m", "1:8: the expression ends where ']' is expected"},
      {"x[5m:foo]", "1:5: ']' is expected here, not ':foo'"},
      {"topk(x)", "1:6: topk takes a number, and this is an instant vector"},
      {"topk(3)", "1:7: ',' and an instant vector is expected here, not ')'"},
      {"topk(3, 5)", "1:9: topk takes an instant vector, and this is a number"},
      {"count_values(3, x)", "1:14: count_values takes a string, and this is a number"},
      {"quantile by (a) (0.9, 1)", "1:23: quantile takes an instant vector, and this is a number"},
      {"sum()", "1:5: a metric, a function, a number or ( is expected here, not ')'"},
      {"sum(x, y)", "1:6: ')' is expected here, not ','"},
      {"on + 1", "1:1: a metric, a function, a number or ( is expected here, not 'on'"},
      {"bool", "1:1: a metric, a function, a number or ( is expected here, not 'bool'"},
      {"x + group_left y", "1:5: group_left and group_right stand behind on(…) or ignoring(…)"},
      {"x and on(a) group_left y", "1:13: and looks for any match, and takes no group_left or group_right"},
      {"x + on(a) group_left(a) y", "1:25: the label a stands in on(…) and in the group clause"},
      {"x + on(a) group_left 5", "1:3: on and ignoring go with two instant vectors only"},
      {"x or bool y", "1:6: bool goes with a comparison only"},
      {"sum by x", "1:8: '(' is expected here, not 'x'"},
      {"sum by (a, 1) (x)", "1:12: a label name is expected here, not '1'"},
      {"sum by (a b) (x)", "1:11: ',' or ')' is expected here, not 'b'"},
      {"sum(x) by (a) by (b)", "1:15: an operator or the end is expected here, not 'by'"},
      {"foo by (a) (x)", "1:5: by and without stand behind an aggregation like sum, and foo is none"},
      {"foo(x)", "1:1: there is no function foo()"},
      {"Rate(x[5m])", "1:1: there is no function Rate()"},
      {"sum(5)", "1:5: sum takes an instant vector, and this is a number"},
      {"sum(x[5m])", "1:5: sum takes an instant vector, and this is a range like x[5m]"},
      {"rate(x)", "1:6: rate takes a range like x[5m], and this is an instant vector"},
      {"rate(x[5m], 3)", "1:13: rate takes 1 argument, not more"},
      {"rate(x[5m],)", "1:12: a metric, a function, a number or ( is expected here, not ')'"},
      {"rate()", "1:6: rate takes 1 argument, not 0"},
      {"quantile_over_time(0.5)", "1:23: quantile_over_time takes 2 arguments, not 1"},
      {"1 == 2", "1:3: a comparison of two numbers needs bool: 1 == bool 2"},
      {"x + bool y", "1:5: bool goes with a comparison only"},
      {"x + on(a) 5", "1:3: on and ignoring go with two instant vectors only"},
      {"x and 5", "1:3: and works on two instant vectors only"},
      {"x[5m] + 1", "1:1: + works on numbers and instant vectors, and this is a range like x[5m]"},
      {"1 - \"a\"", "1:5: - works on numbers and instant vectors, and this is a string"},
      {"-x[5m]", "1:1: a sign stands before a number or an instant vector, and this is a range like x[5m]"},
      {"x ! y", "1:3: '!' stands alone; != and !~ are operators"},
      {"x & y", "1:3: '&' has no meaning here"},
      {"\xc3\xa9", "1:1: the byte 0xc3 has no meaning here"},
      {"\"abc", "1:1: the string that begins here does not end on its line"},
      {"`abc", "1:1: the string that begins here does not end"},
      {"\"a\\x00\"", "1:3: this escape is none: \\n, \\t, \\\\, \\\", \\x41 and \\u00e9 are"},
      {"\"a\\ud800\"", "1:3: this escape is none: \\n, \\t, \\\\, \\\", \\x41 and \\u00e9 are"},
      {"0xg", "1:1: this hexadecimal number is wrong"},
      {"x{k=\"1\"} \"a string that is so long that nobody wants to read all of it\"",
       "1:10: an operator or the end is expected here, not '\"a string that is so long that nobody wa'"},
  };
  check(table, COUNTOF(table));
}

static void what_people_paste_is_accepted(void **state) {
  (void)state;
  static const char *const texts[] = {
      "x{a=\"b\",}",
      "sum by (a,) (x)",
      "SUM BY (a) (x)",
      "sum(x) WITHOUT (a)",
      "{__name__=~\"pg_settings_.*\",__name__!=\"pg_settings_x\"} != ON(__name__, instance) {__name__=~\"pg_settings_.*\"} OFFSET "
      "5m",
      "{\"up\", \"job\"=\"a\"}",
      "x{or=\"1\",inf=\"2\",by=\"3\"}",
      "sum by (on, offset) (x)",
      "job:rate5m:sum{a='b'}",
      "(1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m]))) * 100 > 70",
      "min_over_time(q[10m]) > 100 and q > 1.5 * (q offset 1h)",
      "x offset -5m",
      "rate(x[1h30m] offset 90s)",
      "rate((x[5m]))",
      "sum\n  (x) # all of it\n/ count(x)",
      "x ^ -1",
      "- - 1",
      "+x",
      "x == bool on() y",
      "1 - ignoring() x", /* as in Prometheus: nothing is named */
      "rate(x[300])",
      "1h + 5m",
      "\"text\"",
      "x{a=\"}\"}",
      "x @ 1609746000",
      "x @ 1609746000.123 offset 5m",
      "x offset 5m @ -0",
      "rate(x[5m] @ start() offset -1m)",
      "max_over_time(rate(x[5m])[30m:1m])",
      "sum_over_time(sum by (a) (x)[5m:] @ end() offset 1m)",
      "max_over_time((x offset 5m)[1h:30s] offset 1h @ 5)",
      "max_over_time(x offset 5m @ 3[1h:30s])",
      "avg_over_time(max_over_time(rate(x[1m])[5m:15s])[10m:30s])",
      "max_over_time((x > 1)[5m:])",
      "x[300:60]",
      "by + without + offset + start + end + sum + topk + and + or + unless",
      "offset offset 5m",
      "and and and",
      "start{a=\"b\"}[5m] @ start()",
      "topk(3, x)",
      "max_over_time(bottomk by (a) (1 + 1, x)[5m:])",
      "count_values(\"a b\", x)",
      "count_values without (a) ((\"version\"), x)",
      "quantile(0.9, x) by (a)",
      "x / on(a) group_left y",
      "x / on(a) group_left(b, \"c d\",) y",
      "x > bool ignoring(a) group_right() y",
      "{\"my metric\", \"a b\"=\"c\"} offset 1h",
      "sum by (\"a b\") ({\"my metric\"})",
      "0x1F + 1_000 + 0755",
      "x == -1",
      "x ^ -y ^ 2",
      "1 - -1",
  };
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    struct fail f = {0};
    if (!parses(texts[i], &f)) fail_msg("%s\n  is refused with  %s", texts[i], f.text);
  }
}

/* `head`, `times` times `item`, then `tail`. */
static bool parses_repeated(const char *head, const char *item, size_t times, const char *tail, struct fail *f) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, (size_t)1 << 20);
  buf_puts(&text, head);
  for (size_t i = 0; i < times; i++) buf_puts(&text, item);
  buf_puts(&text, tail);
  return parses(text.data, f);
}

static void an_expression_is_bounded(void **state) {
  (void)state;
  struct fail f = {0};
  assert_true(parses_repeated("1", "+1", 1000, "", &f));
  assert_false(parses_repeated("1", "+1", 1001, "", &f));
  assert_string_equal(f.text, "1:2002: an expression has at most 1000 operators");
  assert_true(parses_repeated("", "-", 99, "1", &f));
  assert_false(parses_repeated("", "(", 100, "1", &f));
  assert_string_equal(f.text, "1:101: the expression is nested more than 100 deep");
  assert_false(parses_repeated("", "-", 60000, "1", &f));
  assert_false(parses_repeated("1", "^1", 500, "", &f));
  assert_string_equal(f.text, "1:201: the expression is nested more than 100 deep");
  assert_true(parses_repeated("x{", "a=\"b\",", 63, "}", &f));
  assert_false(parses_repeated("x{", "a=\"b\",", 64, "}", &f));
  assert_string_equal(f.text, "1:381: a selector has at most 64 matchers");
  assert_false(parses_repeated("sum by (", "a,", 65, ") (x)", &f));
  assert_string_equal(f.text, "1:137: at most 64 labels can be named here");
  assert_true(parses_repeated("1", " ", 65535, "", &f));
  assert_false(parses_repeated("1", " ", 65536, "", &f));
  assert_int_equal(f.kind, FAIL_LIMIT);
  assert_string_equal(f.text, "1:1: the expression has 65537 characters; the most is 65536");
}

static void its_memory_is_bounded_too(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf text;
  struct arena a;
  struct fail f;
  buf_init(&text, (size_t)1 << 20);
  arena_init(&a);
  buf_puts(&text, "x{a=\"\"}");
  for (int i = 0; i < 800; i++)
    buf_puts(&text, "or x{a=\"\",a=\"\",a=\"\",a=\"\",a=\"\",a=\"\",a=\"\",a=\"\",a=\"\",a=\"\",a=\"\"}");
  assert_non_null(promql_parse(text.data, &a, &f));
  assert_true(a.bytes < 4u << 20);
  arena_done(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_experimental_is_named), cmocka_unit_test(what_is_wrong_is_said_where_it_is),
      cmocka_unit_test(what_people_paste_is_accepted), cmocka_unit_test(an_expression_is_bounded),
      cmocka_unit_test(its_memory_is_bounded_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
