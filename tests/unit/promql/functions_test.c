/* The functions, each as Prometheus 3 computes it. */
#include "tests/unit/promql/check.h"

static void numbers_are_rounded_and_bounded(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x{k=\"a\"}", "-1.5"}, {"x{k=\"b\"}", "2.5"}, {"x{k=\"c\"}", "NaN"},
                                             {"x{k=\"d\"}", "-Inf"}, {"y", "0.15"},         {"zero", "-0"}};
  static const struct eval_row rows[] = {
      {"abs(x)", 0, "{k=\"a\"} 1.5\n{k=\"b\"} 2.5\n{k=\"c\"} NaN\n{k=\"d\"} +Inf\n"},
      {"ceil(x)", 0, "{k=\"a\"} -1\n{k=\"b\"} 3\n{k=\"c\"} NaN\n{k=\"d\"} -Inf\n"},
      {"floor(x)", 0, "{k=\"a\"} -2\n{k=\"b\"} 2\n{k=\"c\"} NaN\n{k=\"d\"} -Inf\n"},
      {"round(x)", 0, "{k=\"a\"} -1\n{k=\"b\"} 3\n{k=\"c\"} NaN\n{k=\"d\"} -Inf\n"}, /* ties go up */
      {"round(y, 0.1)", 0, "{} 0.2\n"},
      {"round(x{k=\"b\"}, 5)", 0, "{k=\"b\"} 5\n"},
      {"round(x{k=\"b\"}, 1 - 1)", 0, "{k=\"b\"} NaN\n"},
      {"sgn(x)", 0, "{k=\"a\"} -1\n{k=\"b\"} 1\n{k=\"c\"} NaN\n{k=\"d\"} -1\n"},
      {"sgn(zero)", 0, "{} 0\n"},
      {"clamp(x, -1, 2)", 0, "{k=\"a\"} -1\n{k=\"b\"} 2\n{k=\"c\"} NaN\n{k=\"d\"} -1\n"},
      {"clamp(x, 2, -1)", 0, ""},
      {"clamp(x, 0, NaN)", 0, "{k=\"a\"} NaN\n{k=\"b\"} NaN\n{k=\"c\"} NaN\n{k=\"d\"} 0\n"},
      {"clamp_min(x, 0)", 0, "{k=\"a\"} 0\n{k=\"b\"} 2.5\n{k=\"c\"} NaN\n{k=\"d\"} 0\n"},
      {"clamp_max(x, 0)", 0, "{k=\"a\"} -1.5\n{k=\"b\"} 0\n{k=\"c\"} NaN\n{k=\"d\"} -Inf\n"},
      {"clamp_max(x{k=\"b\"}, NaN)", 0, "{k=\"b\"} NaN\n"},
      {"round(x, 1, 2)", 0, "! 1:13: round takes 2 arguments, not more\n"},
      {"round()", 0, "! 1:7: round takes at least 1 argument, not 0\n"},
      {"abs(1)", 0, "! 1:5: abs takes an instant vector, and this is a number\n"},
  };
  CHECK(series, rows);
}

static void logarithms_and_angles_are_those_of_mathematics(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x", "8"}, {"one", "1"}, {"zero", "0"}, {"less", "-1"}, {"half", "180"}};
  static const struct eval_row rows[] = {
      {"sqrt(x * 2)", 0, "{} 4\n"},
      {"sqrt(less)", 0, "{} NaN\n"},
      {"exp(zero)", 0, "{} 1\n"},
      {"ln(exp(x))", 0, "{} 8\n"},
      {"ln(zero)", 0, "{} -Inf\n"},
      {"ln(less)", 0, "{} NaN\n"},
      {"log2(x)", 0, "{} 3\n"},
      {"log10(x * 125)", 0, "{} 3\n"},
      {"deg(vector(pi()))", 0, "{} 180\n"},
      {"rad(half) - pi()", 0, "{} 0\n"},
      {"round(sin(rad(half)), 0.001)", 0, "{} 0\n"},
      {"cos(zero)", 0, "{} 1\n"},
      {"tan(zero)", 0, "{} 0\n"},
      {"asin(one) * 2 - pi()", 0, "{} 0\n"},
      {"acos(one)", 0, "{} 0\n"},
      {"acos(x)", 0, "{} NaN\n"},
      {"atan(one) * 4 - pi()", 0, "{} 0\n"},
      {"asinh(sinh(one))", 0, "{} 1\n"},
      {"acosh(cosh(one))", 0, "{} 1\n"},
      {"atanh(one)", 0, "{} +Inf\n"},
      {"tanh(x * 100)", 0, "{} 1\n"},
  };
  CHECK(series, rows);
}

static void a_trend_is_a_straight_line(void **state) {
  (void)state;
  static const struct series_row series[] = {{"up", "0+10x10"}, {"level", "3x10"},          {"endless", "Inf Inf"},
                                             {"one", "5"},      {"bent", "0 10 0 10 0 10"}, {"down", "9 7 NaN 8 2 _ 5"}};
  static const struct eval_row rows[] = {
      {"deriv(up[1m])", 60, "{} 1\n"},
      {"deriv(level[1m])", 60, "{} 0\n"},
      {"deriv(endless[1m])", 10, "{} NaN\n"},
      {"deriv(one[1m])", 10, ""},
      {"predict_linear(up[1m], 60)", 60, "{} 120\n"},
      {"predict_linear(up[1m], 1m)", 60, "{} 120\n"},
      /* of the time that is evaluated at, not of the range's end */
      {"predict_linear(up[1m] offset 30s, 0)", 90, "{} 90\n"},
      {"predict_linear(level[1m], 1h)", 60, "{} 3\n"},
      {"idelta(up[1m])", 60, "{} 10\n"},
      {"idelta(one[1m])", 10, ""},
      {"resets(bent[1m])", 50, "{} 2\n"},
      {"resets(down[2m])", 60, "{} 2\n"},
      {"resets(one[1m])", 10, "{} 0\n"},
  };
  CHECK(series, rows);
}

static void the_calendar_is_utc(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"t{n=\"leap\"}", "1709208000"}, {"t{n=\"nan\"}", "NaN"}, {"t{n=\"old\"}", "-1"}, {"plain", "1700000000"}};
  static const struct eval_row rows[] = {
      {"year()", 0, "{} 1970\n"},
      {"day_of_week()", 0, "{} 4\n"},
      {"minute()", 150, "{} 2\n"},
      {"year(t)", 0, "{n=\"leap\"} 2024\n{n=\"nan\"} NaN\n{n=\"old\"} 1969\n"},
      {"month(t{n=\"leap\"})", 0, "{n=\"leap\"} 2\n"},
      {"day_of_month(t{n=\"leap\"})", 0, "{n=\"leap\"} 29\n"},
      {"days_in_month(t{n=\"leap\"})", 0, "{n=\"leap\"} 29\n"},
      {"day_of_year(t{n=\"leap\"})", 0, "{n=\"leap\"} 60\n"},
      {"hour(t{n=\"leap\"})", 0, "{n=\"leap\"} 12\n"},
      {"hour(plain) + minute(plain) / 100", 0, "{} 22.13\n"},
      {"days_in_month(vector(951782400))", 0, "{} 29\n"}, /* 2000-02-29: a leap year after all */
      {"hour(t, t)", 0, "! 1:9: hour takes 1 argument, not more\n"},
  };
  CHECK(series, rows);
}

static void a_sample_has_a_time_of_its_own(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x{k=\"a\"}", "1 2 3"}, {"x{k=\"b\"}", "1 _ stale"}};
  static const struct eval_row rows[] = {
      {"timestamp(x)", 15, "{k=\"a\"} 10\n{k=\"b\"} 0\n"},
      {"timestamp((x))", 25, "{k=\"a\"} 20\n"},
      {"timestamp(x offset 10s)", 25, "{k=\"a\"} 10\n{k=\"b\"} 0\n"},
      {"timestamp(x @ 11)", 25, "{k=\"a\"} 10\n{k=\"b\"} 0\n"},
      {"timestamp(-x)", 25, "{k=\"a\"} 25\n"}, /* an operation's result is of now */
      {"timestamp(timestamp(x))", 25, "{k=\"a\"} 25\n"},
  };
  CHECK(series, rows);
}

static void what_is_absent_has_the_labels_asked_for(void **state) {
  (void)state;
  static const struct series_row series[] = {{"up{job=\"a\"}", "1 stale"}};
  static const struct eval_row rows[] = {
      {"absent(up)", 0, ""},
      {"absent(up{job=\"a\"})", 10, "{job=\"a\"} 1\n"},
      {"absent(up{job=\"b\",x=~\"y\",z!=\"1\"})", 0, "{job=\"b\"} 1\n"},
      {"absent(up{job=\"b\",job=\"c\",k=\"v\"})", 0, "{k=\"v\"} 1\n"},
      {"absent(up{job=\"b\",job!=\"c\",k=\"v\"})", 0, "{k=\"v\"} 1\n"},
      {"absent(up{job!=\"c\",job=\"b\"})", 0, "{job=\"b\"} 1\n"},
      {"absent(rate(up{job=\"b\"}[1m]))", 0, "{} 1\n"},
      {"absent_over_time(up{job=\"a\"}[15s])", 10, ""},
      {"absent_over_time(up{job=\"a\"}[5s])", 10, "{job=\"a\"} 1\n"},
      {"absent_over_time(up{job=\"a\"}[1m:5s])", 10, ""},
      {"absent_over_time(up{job=\"b\"}[1m:5s])", 10, "{} 1\n"},
      {"scalar(up)", 0, "1\n"},
      {"scalar(nothing)", 0, "NaN\n"},
      {"scalar(up or vector(2))", 0, "NaN\n"},
      {"vector(3) + on() up", 0, "{} 4\n"},
  };
  CHECK(series, rows);
}

static void labels_are_replaced_where_the_whole_value_matches(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x{host=\"db1:5432\",job=\"pg\"}", "1"}, {"x{host=\"web\",job=\"pg\"}", "2"}};
  static const struct eval_row rows[] = {
      {"label_replace(x, \"name\", \"$1\", \"host\", \"(.*):.*\")", 0,
       "x{host=\"db1:5432\",job=\"pg\",name=\"db1\"} 1\nx{host=\"web\",job=\"pg\"} 2\n"},
      {"label_replace(x, \"p\", \"${n}!$$\", \"host\", \".*:(?P<n>\\\\d+)\")", 0,
       "x{host=\"db1:5432\",job=\"pg\",p=\"5432!$\"} 1\nx{host=\"web\",job=\"pg\"} 2\n"},
      {"label_replace(x, \"host\", \"\", \"host\", \"web\")", 0, "x{host=\"db1:5432\",job=\"pg\"} 1\nx{job=\"pg\"} 2\n"},
      {"label_replace(x, \"new\", \"v\", \"missing\", \"\")", 0,
       "x{host=\"db1:5432\",job=\"pg\",new=\"v\"} 1\nx{host=\"web\",job=\"pg\",new=\"v\"} 2\n"},
      {"label_replace(x, \"host\", \"h\", \"host\", \"eb\")", 0,
       "x{host=\"db1:5432\",job=\"pg\"} 1\nx{host=\"web\",job=\"pg\"} 2\n"},
      {"label_replace(abs(x), \"__name__\", \"abs\", \"\", \"\")", 0,
       "abs{host=\"db1:5432\",job=\"pg\"} 1\nabs{host=\"web\",job=\"pg\"} 2\n"},
      {"label_replace(x, \"host\", \"h\", \"host\", \".*\")", 0, "! vector cannot contain metrics with the same labelset\n"},
      {"sum(label_replace(x, \"host\", \"h\", \"host\", \".*\"))", 0, "! vector cannot contain metrics with the same labelset\n"},
      {"label_replace(x, \"\", \"h\", \"host\", \".*\")", 0, "! 1:18: invalid destination label name in label_replace(): \n"},
      {"label_join(x, \"id\", \"/\", \"job\", \"host\", \"none\")", 0,
       "x{host=\"db1:5432\",id=\"pg/db1:5432/\",job=\"pg\"} 1\nx{host=\"web\",id=\"pg/web/\",job=\"pg\"} 2\n"},
      {"label_join(x, \"job\", \"-\")", 0, "x{host=\"db1:5432\"} 1\nx{host=\"web\"} 2\n"},
      {"label_join(x, \"host\", \"-\", \"job\")", 0, "! vector cannot contain metrics with the same labelset\n"},
      {"label_join(x, \"a\", \"-\", \"\")", 0, "! 1:25: invalid source label name in label_join(): \n"},
  };
  CHECK(series, rows);
}

static void quantiles_of_histograms_lie_within_their_buckets(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"h_bucket{le=\"0.1\"}", "10"},
      {"h_bucket{le=\"1\"}", "20"},
      {"h_bucket{le=\"+Inf\"}", "40"},
      {"h_bucket{le=\"0.2\",k=\"open\"}", "10"},
      {"h_bucket{le=\"none\",k=\"bad\"}", "10"},
      {"below_bucket{le=\"-5\"}", "10"},
      {"below_bucket{le=\"1\"}", "20"},
      {"below_bucket{le=\"1.0\"}", "20"},
      {"below_bucket{le=\"Inf\"}", "40"},
      {"bent_bucket{le=\"1\"}", "10"},
      {"bent_bucket{le=\"2\"}", "4"},
      {"bent_bucket{le=\"4\"}", "20"},
      {"bent_bucket{le=\"+Inf\"}", "18"},
      {"empty_bucket{le=\"1\"}", "0"},
      {"empty_bucket{le=\"+Inf\"}", "0"},
      {"only_bucket{le=\"+Inf\"}", "4"},
  };
  static const struct eval_row rows[] = {
      {"histogram_quantile(0.125, h_bucket{k=\"\"})", 0, "{} 0.05\n"},
      {"histogram_quantile(0.375, h_bucket{k=\"\"})", 0, "{} 0.55\n"},
      {"histogram_quantile(0.9, h_bucket{k=\"\"})", 0, "{} 1\n"}, /* in the last: the bound below */
      {"histogram_quantile(0, h_bucket{k=\"\"})", 0, "{} 0\n"},
      {"histogram_quantile(-1, h_bucket{k=\"\"})", 0, "{} -Inf\n"},
      {"histogram_quantile(2, h_bucket{k=\"\"})", 0, "{} +Inf\n"},
      {"histogram_quantile(NaN, h_bucket{k=\"\"})", 0, "{} NaN\n"},
      {"histogram_quantile(0.5, h_bucket)", 0, "{} 1\n{k=\"open\"} NaN\n"},
      {"histogram_quantile(0.1, below_bucket)", 0, "{} -5\n"},
      {"histogram_quantile(0.625, below_bucket)", 0, "{} -2\n"}, /* 1 and 1.0 are one bucket of 40 */
      {"histogram_quantile(0.5, bent_bucket)", 0, "{} 1\n"},
      {"histogram_quantile(0.75, bent_bucket)", 0, "{} 3\n"},
      {"histogram_quantile(0.5, empty_bucket)", 0, "{} NaN\n"},
      {"histogram_quantile(0.5, only_bucket)", 0, "{} NaN\n"},
      {"histogram_fraction(0, 0.1, h_bucket{k=\"\"})", 0, "{} 0.25\n"},
      {"histogram_fraction(0.05, 0.55, h_bucket{k=\"\"})", 0, "{} 0.25\n"},
      {"histogram_fraction(-Inf, Inf, h_bucket{k=\"\"})", 0, "{} 1\n"},
      {"histogram_fraction(1, Inf, h_bucket{k=\"\"})", 0, "{} 0.5\n"},
      {"histogram_fraction(5, 7, h_bucket{k=\"\"})", 0, "{} 0\n"},
      {"histogram_fraction(1, 0, h_bucket{k=\"\"})", 0, "{} 0\n"},
      {"histogram_fraction(NaN, 0, h_bucket)", 0, "{} NaN\n{k=\"open\"} NaN\n"},
      {"histogram_fraction(-10, -5, below_bucket)", 0, "{} 0\n"},
      {"histogram_fraction(0, 1, empty_bucket)", 0, "{} NaN\n"},
  };
  CHECK(series, rows);
}

/* What is told beside the value, a line each. */
static void notes_of(struct fake *f, const char *text, const struct steps *steps, struct buf *out) {
  const struct source source = {.select = fake_select, .context = f, .wall_offset = f->wall};
  struct evaluation notes;
  struct value v;
  struct fail why;
  struct arena a;
  arena_init(&a);
  const struct expr *e = promql_parse(text, &a, &why);
  if (!e || !promql_eval_steps(e, &source, steps, &promql_rule_bounds, &a, &v, &notes, &why)) fail_msg("%s: %s", text, why.text);
  for (size_t i = 0; i < notes.annotation_count; i++) {
    const struct annotation *n = &notes.annotations[i];
    buf_printf(out, "%s %zu: %s\n", n->warning ? "warning" : "info", n->offset, n->text);
  }
  value_done(&v);
  arena_done(&a);
}

static void what_makes_a_value_doubtful_is_told(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"gauge", "1 2 3 4 5 6"},
      {"typed{__type__=\"gauge\"}", "1 2 3 4 5 6"},
      {"counted{__type__=\"counter\"}", "1 2 3 4 5 6"},
      {"hits_total", "1 2 3 4 5 6"},
      {"bent_bucket{le=\"1\"}", "10x5"},
      {"bent_bucket{le=\"2\"}", "4 3 2 4 4 4"},
      {"bent_bucket{le=\"+Inf\"}", "20x5"},
      {"bent_bucket{k=\"other\",le=\"1\"}", "10x5"},
      {"bent_bucket{k=\"other\",le=\"+Inf\"}", "9x5"},
      {"bad_bucket", "1x5"},
      {"bad_bucket{le=\"one\"}", "1x5"},
  };
  static const char repaired[] =
      "input to histogram_quantile needed to be fixed for monotonicity (see "
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name \"bent_bucket\", from "
      "buckets 2 to +Inf, with a max diff of 8, over 12 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:00:50Z\n";
  static const char no_counter[] = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"gauge\"\n";
  const struct {
    const char *text, *head, *rest;
  } rows[] = {
      {"rate(gauge[30s])", "info 5: ", no_counter},
      {"1 + increase(gauge[30s])", "info 13: ", no_counter},
      {"rate(typed[30s])", "info 5: ",
       "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got \"gauge\": \"typed\"\n"},
      {"rate(counted[30s])", "", ""},
      {"rate(hits_total[30s])", "", ""},
      {"rate(gauge[5s])", "", ""}, /* of what there is none */
      {"delta(gauge[30s])", "", ""},
      {"quantile_over_time(2, gauge[30s])", "warning 19: ", "quantile value should be between 0 and 1, got 2\n"},
      {"quantile_over_time(2, nothing[30s])", "", ""},
      {"quantile_over_time(0.5, gauge[30s])", "", ""},
      {"histogram_quantile(NaN, bent_bucket)", "warning 19: ", "quantile value should be between 0 and 1, got NaN\n"},
      {"histogram_quantile(0.5, bent_bucket)", "info 24: ", repaired},
      {"histogram_quantile(0.5, bad_bucket)", "warning 24: ",
       "bucket label \"le\" is missing or has a malformed value of \"\" for metric name \"bad_bucket\"\n"
       "warning 24: bucket label \"le\" is missing or has a malformed value of \"one\" for metric name \"bad_bucket\"\n"},
      {"sort(gauge)", "warning 0: ", "sort is ineffective for range queries since results are always ordered by labels\n"},
  };
  struct fake fake;
  load(&fake, series, COUNTOF(series));
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    SCOPED(buf_done) struct buf got, want;
    buf_init(&got, 10000);
    buf_init(&want, 10000);
    notes_of(&fake, rows[i].text, &(struct steps){0, 50 * S, 10 * S}, &got);
    buf_printf(&want, "%s%s", rows[i].head, rows[i].rest);
    if (strcmp(got.length ? got.data : "", want.data) != 0)
      fail_msg("of %s is told\n%s\ninstead of\n%s", rows[i].text, got.data, want.data);
  }
  fake_clear(&fake);
}

static void order_is_that_of_the_values(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x{k=\"a\"}", "2"}, {"x{k=\"b\"}", "NaN"}, {"x{k=\"c\"}", "-1"}, {"x{k=\"d\"}", "2"}};
  static const struct { const char *text, *order; } rows[] = {{"sort(x)", "cadb"}, {"sort_desc(x)", "adcb"}, {"sort(-x)", "adcb"}};
  struct fake fake;
  struct source source = {.select = fake_select, .context = &fake};
  load(&fake, series, COUNTOF(series));
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct evaluation notes;
    struct value v;
    struct fail why;
    struct arena a;
    arena_init(&a);
    const struct expr *e = promql_parse(rows[i].text, &a, &why);
    assert_non_null(e);
    assert_true(promql_eval(e, &source, 0, &a, &v, &notes, &why));
    assert_int_equal(v.count, 4);
    for (size_t k = 0; k < v.count; k++) assert_int_equal(*labels_get(v.elements[k].labels, "k"), rows[i].order[k]);
    value_done(&v);
    arena_done(&a);
  }
  fake_clear(&fake);
}

/* For the address sanitizer. */
static void an_argument_that_fails_is_let_go_once(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x{k=\"a\"}", "1"}, {"x{k=\"b\"}", "2"}};
  static const char *const texts[] = {
      "abs(sum by (k) (x) + on() x)",
      "round(x, scalar(x + on() x))",
      "histogram_quantile(0.5, label_join(sum by (k) (x), \"k\", \"\"))",
      "sum(-(x + on() x) + x)",
      "sum_over_time((x + on() x)[1m:10s])",
  };
  struct fake fake;
  load(&fake, series, COUNTOF(series));
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    SCOPED(buf_done) struct buf out;
    buf_init(&out, 10000);
    fake_eval(&fake, texts[i], 0, &out);
    if (!out.length || *out.data != '!') fail_msg("%s: %s", texts[i], out.length ? out.data : "nothing");
  }
  fake_clear(&fake);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_rounded_and_bounded),
      cmocka_unit_test(logarithms_and_angles_are_those_of_mathematics),
      cmocka_unit_test(a_trend_is_a_straight_line),
      cmocka_unit_test(the_calendar_is_utc),
      cmocka_unit_test(a_sample_has_a_time_of_its_own),
      cmocka_unit_test(what_is_absent_has_the_labels_asked_for),
      cmocka_unit_test(labels_are_replaced_where_the_whole_value_matches),
      cmocka_unit_test(quantiles_of_histograms_lie_within_their_buckets),
      cmocka_unit_test(what_makes_a_value_doubtful_is_told),
      cmocka_unit_test(order_is_that_of_the_values),
      cmocka_unit_test(an_argument_that_fails_is_let_go_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
