/* Evaluation: each operator, function and aggregator over series made by hand, as Prometheus 3 computes them. */
#include "tests/unit/test.h"

#include <math.h>
#include <pthread.h>

#include "tests/unit/promql/check.h"

static void numbers(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x", "0"}};
  static const struct eval_row rows[] = {
      {"1 + 2 * 3", 0, "7\n"},
      {"(1 + 2) * 3", 0, "9\n"},
      {"10 - 4 - 3", 0, "3\n"},
      {"2 ^ 3 ^ 2", 0, "512\n"},
      {"-2 ^ 2", 0, "-4\n"},
      {"(-2) ^ 2", 0, "4\n"},
      {"2 ^ -1", 0, "0.5\n"},
      {"2 ^ -1 * 3", 0, "1.5\n"},
      {"-2 * 3", 0, "-6\n"},
      {"--1", 0, "1\n"},
      {"1 - -1", 0, "2\n"},
      {"7 % 4", 0, "3\n"},
      {"-7 % 4", 0, "-3\n"},
      {"7 % 0", 0, "NaN\n"},
      {"1 / 0", 0, "+Inf\n"},
      {"0 / 0", 0, "NaN\n"},
      {"1 atan2 0 * 2", 0, "3.141592653589793\n"},
      {"1 < bool 2", 0, "1\n"},
      {"1 > bool 2", 0, "0\n"},
      {"2 == bool 2", 0, "1\n"},
      {"2 != bool 2", 0, "0\n"},
      {"2 <= bool 2", 0, "1\n"},
      {"2 >= bool 3", 0, "0\n"},
      {"NaN == bool NaN", 0, "0\n"},
      {"NaN != bool NaN", 0, "1\n"},
      {"1 + 1 == bool 2", 0, "1\n"},
      {"1h", 0, "3600\n"},
      {"time()", 25, "25\n"},
      {"time() * 2 - 1", 25, "49\n"},
      {"\"text\"", 0, "text\n"},
      {"x[5m]", 0, "x 0@0\n"},
  };
  CHECK(series, rows);
}

static void selectors(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"x{k=\"a\"}", "0+1x40"}, {"x{k=\"b\",l=\"1\"}", "5 _x40"}, {"y{k=\"a\"}", "1 2 stale 4"}, {"z", "NaN Inf -Inf"}};
  static const struct eval_row rows[] = {
      {"x", 0, "x{k=\"a\"} 0\nx{k=\"b\",l=\"1\"} 5\n"},
      {"x", 19, "x{k=\"a\"} 1\nx{k=\"b\",l=\"1\"} 5\n"},
      {"x", 299, "x{k=\"a\"} 29\nx{k=\"b\",l=\"1\"} 5\n"}, /* five minutes of lookback … */
      {"x", 300, "x{k=\"a\"} 30\n"},                       /* … open on the left */
      {"x{k=\"b\"}", 0, "x{k=\"b\",l=\"1\"} 5\n"},
      {"x{k!=\"b\"}", 0, "x{k=\"a\"} 0\n"},
      {"x{k=~\"a|c\"}", 0, "x{k=\"a\"} 0\n"},
      {"x{k!~\"a|c\"}", 0, "x{k=\"b\",l=\"1\"} 5\n"},
      {"x{l=\"\"}", 0, "x{k=\"a\"} 0\n"},
      {"x{l!=\"\"}", 0, "x{k=\"b\",l=\"1\"} 5\n"},
      {"{k=\"a\"}", 0, "x{k=\"a\"} 0\ny{k=\"a\"} 1\n"},
      {"{__name__=~\"x|y\",k=\"a\"}", 0, "x{k=\"a\"} 0\ny{k=\"a\"} 1\n"},
      {"{\"y\"}", 0, "y{k=\"a\"} 1\n"},
      {"y", 10, "y{k=\"a\"} 2\n"},
      {"y", 20, ""}, /* stale at once */
      {"y", 29, ""},
      {"y", 30, "y{k=\"a\"} 4\n"},
      {"x{k=\"a\"} offset 1m", 100, "x{k=\"a\"} 4\n"},
      {"x{k=\"a\"} offset -1m", 100, "x{k=\"a\"} 16\n"},
      {"x{k=\"a\"} offset 2m", 100, ""},
      {"y offset 10s", 30, ""},
      {"nothing", 0, ""},
      {"z", 0, "z NaN\n"},
      {"z", 10, "z +Inf\n"},
      {"-x", 10, "{k=\"a\"} -1\n{k=\"b\",l=\"1\"} -5\n"},
      {"+x{k=\"a\"}", 10, "x{k=\"a\"} 1\n"},
      {"-{k=\"a\"}", 10, "! vector cannot contain metrics with the same labelset\n"},
  };
  CHECK(series, rows);
}

static void a_number_and_a_vector(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x{k=\"a\"}", "2"}, {"x{k=\"b\"}", "5"}, {"x{k=\"n\"}", "NaN"}};
  static const struct eval_row rows[] = {
      {"x + 1", 0, "{k=\"a\"} 3\n{k=\"b\"} 6\n{k=\"n\"} NaN\n"},
      {"10 - x", 0, "{k=\"a\"} 8\n{k=\"b\"} 5\n{k=\"n\"} NaN\n"},
      {"x ^ 2", 0, "{k=\"a\"} 4\n{k=\"b\"} 25\n{k=\"n\"} NaN\n"},
      {"2 ^ x", 0, "{k=\"a\"} 4\n{k=\"b\"} 32\n{k=\"n\"} NaN\n"},
      {"x % 3", 0, "{k=\"a\"} 2\n{k=\"b\"} 2\n{k=\"n\"} NaN\n"},
      {"-x ^ 2", 0, "{k=\"a\"} -4\n{k=\"b\"} -25\n{k=\"n\"} NaN\n"},
      {"x > 2", 0, "x{k=\"b\"} 5\n"},
      {"x >= 2", 0, "x{k=\"a\"} 2\nx{k=\"b\"} 5\n"},
      {"x < 5", 0, "x{k=\"a\"} 2\n"},
      {"x <= 1", 0, ""},
      {"x == 5", 0, "x{k=\"b\"} 5\n"},
      {"x != 5", 0, "x{k=\"a\"} 2\nx{k=\"n\"} NaN\n"},
      {"2 < x", 0, "x{k=\"b\"} 5\n"}, /* the value is always the vector's */
      {"x > bool 2", 0, "{k=\"a\"} 0\n{k=\"b\"} 1\n{k=\"n\"} 0\n"},
      {"2 > bool x", 0, "{k=\"a\"} 0\n{k=\"b\"} 0\n{k=\"n\"} 0\n"},
      {"(x > 2) + 1", 0, "{k=\"b\"} 6\n"},
      {"x + 1 > 3", 0, "{k=\"b\"} 6\n"}, /* the name does not come back */
  };
  CHECK(series, rows);
}

static void two_vectors(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"a{k=\"1\",l=\"x\"}", "2"}, {"a{k=\"2\",l=\"y\"}", "4"}, {"b{k=\"1\",l=\"x\"}", "3"}, {"b{k=\"3\",l=\"y\"}", "5"},
      {"c{k=\"1\"}", "10"},        {"c{k=\"2\"}", "20"},        {"d{k=\"1\",m=\"p\"}", "1"}, {"d{k=\"1\",m=\"q\"}", "9"},
  };
  static const struct eval_row rows[] = {
      {"a + b", 0, "{k=\"1\",l=\"x\"} 5\n"},
      {"a > b", 0, ""},
      {"a < b", 0, "a{k=\"1\",l=\"x\"} 2\n"},
      {"a < bool b", 0, "{k=\"1\",l=\"x\"} 1\n"},
      {"a > bool b", 0, "{k=\"1\",l=\"x\"} 0\n"},
      {"a * c", 0, ""},
      {"a * on(k) c", 0, "{k=\"1\"} 20\n{k=\"2\"} 80\n"},
      {"a * ignoring(l) c", 0, "{k=\"1\"} 20\n{k=\"2\"} 80\n"},
      {"a < on(k) c", 0, "{k=\"1\"} 2\n{k=\"2\"} 4\n"},
      {"a < ignoring(l) c", 0, "a{k=\"1\"} 2\na{k=\"2\"} 4\n"}, /* a filter keeps the name, and drops what does not take part */
      {"a < bool ignoring(l) c", 0, "{k=\"1\"} 1\n{k=\"2\"} 1\n"},
      {"a{k=\"1\"} + on() c{k=\"1\"}", 0, "{} 12\n"},
      {"a == on(__name__, k) a", 0, "a{k=\"1\"} 2\na{k=\"2\"} 4\n"},
      {"a + on(__name__, k) a", 0, "{k=\"1\"} 4\n{k=\"2\"} 8\n"},
      {"c - on(k) d", 0,
       "! found duplicate series for the match group {k=\"1\"} on the right hand-side of the operation: [{__name__=\"d\", k=\"1\", "
       "m=\"q\"}, {__name__=\"d\", k=\"1\", m=\"p\"}];many-to-many matching not allowed: matching labels must be unique on one "
       "side\n"},
      {"d - on(k) c", 0, "! multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)\n"},
      {"nothing - on(k) d", 0, ""},
      {"d > on(k) (c - 9)", 0, /* though only one would be left */
       "! multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)\n"},
      {"d > bool on(k) (c - 9)", 0,
       "! multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)\n"},
  };
  CHECK(series, rows);
}

static void set_operators(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"a{k=\"1\"}", "1"}, {"a{k=\"2\"}", "2"}, {"b{k=\"2\"}", "20"}, {"b{k=\"3\"}", "30"}, {"c{k=\"2\",l=\"x\"}", "200"}};
  static const struct eval_row rows[] = {
      {"a and b", 0, "a{k=\"2\"} 2\n"},
      {"a or b", 0, "a{k=\"1\"} 1\na{k=\"2\"} 2\nb{k=\"3\"} 30\n"},
      {"a unless b", 0, "a{k=\"1\"} 1\n"},
      {"a and c", 0, ""},
      {"a and on(k) c", 0, "a{k=\"2\"} 2\n"},
      {"a and ignoring(l) c", 0, "a{k=\"2\"} 2\n"},
      {"a unless ignoring(l) c", 0, "a{k=\"1\"} 1\n"},
      {"c or on(k) a", 0, "a{k=\"1\"} 1\nc{k=\"2\",l=\"x\"} 200\n"},
      {"a and on() b", 0, "a{k=\"1\"} 1\na{k=\"2\"} 2\n"},
      {"a and on() nothing", 0, ""},
      {"a unless on() nothing", 0, "a{k=\"1\"} 1\na{k=\"2\"} 2\n"},
      {"nothing or a", 0, "a{k=\"1\"} 1\na{k=\"2\"} 2\n"},
      {"a or b and nothing", 0, "a{k=\"1\"} 1\na{k=\"2\"} 2\n"},
      {"(a or b) and nothing", 0, ""},
      {"a > 1 and b > 10", 0, "a{k=\"2\"} 2\n"},
      {"-a or b", 0, "b{k=\"3\"} 30\n{k=\"1\"} -1\n{k=\"2\"} -2\n"},
  };
  CHECK(series, rows);
}

static void aggregations(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"x{k=\"a\",l=\"1\"}", "1"}, {"x{k=\"a\",l=\"2\"}", "2"}, {"x{k=\"b\",l=\"1\"}", "30"}, {"y{k=\"a\"}", "NaN"},
      {"y{k=\"b\"}", "5"},         {"y{k=\"c\"}", "-5"},        {"big{k=\"a\"}", "1e308"},    {"big{k=\"b\"}", "1e308"},
      {"fine{k=\"a\"}", "1e100"},  {"fine{k=\"b\"}", "1"},      {"fine{k=\"c\"}", "-1e100"},
  };
  static const struct eval_row rows[] = {
      {"sum(x)", 0, "{} 33\n"},
      {"avg(x)", 0, "{} 11\n"},
      {"min(x)", 0, "{} 1\n"},
      {"max(x)", 0, "{} 30\n"},
      {"count(x)", 0, "{} 3\n"},
      {"sum by (k) (x)", 0, "{k=\"a\"} 3\n{k=\"b\"} 30\n"},
      {"sum(x) by (k)", 0, "{k=\"a\"} 3\n{k=\"b\"} 30\n"},
      {"sum without (l) (x)", 0, "{k=\"a\"} 3\n{k=\"b\"} 30\n"},
      {"count without () (x)", 0, "{k=\"a\",l=\"1\"} 1\n{k=\"a\",l=\"2\"} 1\n{k=\"b\",l=\"1\"} 1\n"},
      {"sum by () (x)", 0, "{} 33\n"},
      {"sum by (none) (x)", 0, "{} 33\n"},
      {"sum by (l, k, l) (x)", 0, "{k=\"a\",l=\"1\"} 1\n{k=\"a\",l=\"2\"} 2\n{k=\"b\",l=\"1\"} 30\n"},
      {"count by (__name__) ({k=\"a\"})", 0, "big 1\nfine 1\nx 2\ny 1\n"},
      {"sum(nothing)", 0, ""},
      {"sum(y)", 0, "{} NaN\n"},
      {"min(y)", 0, "{} -5\n"},
      {"max(y)", 0, "{} 5\n"},
      {"max(y{k=\"a\"})", 0, "{} NaN\n"},
      {"sum(big)", 0, "{} +Inf\n"},
      {"avg(big)", 0, "{} 1e+308\n"},
      {"sum(fine)", 0, "{} 1\n"}, /* plain addition says 0 */
      {"sum(max by (k) (x))", 0, "{} 32\n"},
      {"count(x > 1)", 0, "{} 2\n"},
      {"sum by (k) (-{__name__=~\"x|y\"})", 0, "{k=\"a\"} NaN\n{k=\"b\"} -35\n{k=\"c\"} 5\n"},
  };
  CHECK(series, rows);
}

/* Ranges are open on the left: [30s] at 60 has the points of 40, 50 and 60. */
static void functions_over_ranges(void **state) {
  (void)state;
  static const struct series_row series[] = {{"x{k=\"a\"}", "1 2 3 4 5 6 7"},
                                             {"g", "5 1 4 stale 1 5 _ 9"},
                                             {"n", "NaN 2 NaN NaN 3"},
                                             {"big", "1e308 1e308"},
                                             {"one", "_x6 4"},
                                             {"i", "1 Inf -Inf"}};
  static const struct eval_row rows[] = {
      {"sum_over_time(x[30s])", 60, "{k=\"a\"} 18\n"},
      {"avg_over_time(x[30s])", 60, "{k=\"a\"} 6\n"},
      {"min_over_time(x[30s])", 60, "{k=\"a\"} 5\n"},
      {"max_over_time(x[30s])", 60, "{k=\"a\"} 7\n"},
      {"count_over_time(x[30s])", 60, "{k=\"a\"} 3\n"},
      {"count_over_time(x[30s])", 61, "{k=\"a\"} 3\n"},
      {"count_over_time(x[31s])", 60, "{k=\"a\"} 4\n"},
      {"count_over_time(x[1s])", 61, ""},
      {"last_over_time(x[30s])", 60, "x{k=\"a\"} 7\n"},
      {"first_over_time(x[30s])", 60, "x{k=\"a\"} 5\n"},
      {"count_over_time(x[15s * 2 + 1s])", 60, "{k=\"a\"} 4\n"},
      {"present_over_time(x[30s])", 60, "{k=\"a\"} 1\n"},
      {"stddev_over_time(x[40s])", 60, "{k=\"a\"} 1.118033988749895\n"},
      {"stdvar_over_time(x[40s])", 60, "{k=\"a\"} 1.25\n"},
      {"quantile_over_time(0.5, x[40s])", 60, "{k=\"a\"} 5.5\n"},
      {"quantile_over_time(0, x[40s])", 60, "{k=\"a\"} 4\n"},
      {"quantile_over_time(1, x[40s])", 60, "{k=\"a\"} 7\n"},
      {"quantile_over_time(-0.1, x[40s])", 60, "{k=\"a\"} -Inf\n"},
      {"quantile_over_time(1.1, x[40s])", 60, "{k=\"a\"} +Inf\n"},
      {"quantile_over_time(NaN, x[40s])", 60, "{k=\"a\"} NaN\n"},
      {"quantile_over_time(0.25 * 2, g[70s])", 70, "{} 4\n"},
      {"sum_over_time(x[30s] offset 10s)", 60, "{k=\"a\"} 15\n"},
      {"count_over_time(g[1h])", 70, "{} 6\n"},
      {"last_over_time(g[25s])", 30, "g 4\n"},
      {"last_over_time(g[10s])", 30, ""},
      {"changes(g[1h])", 70, "{} 5\n"},
      {"changes(x[30s])", 60, "{k=\"a\"} 2\n"},
      {"changes(n[1h])", 70, "{} 3\n"},
      {"min_over_time(n[1h])", 70, "{} 2\n"},
      {"max_over_time(n[1h])", 70, "{} 3\n"},
      {"min_over_time(n[20s])", 39, "{} NaN\n"},
      {"quantile_over_time(0.4, n[1h])", 70, "{} NaN\n"},
      {"sum_over_time(big[1h])", 70, "{} +Inf\n"},
      {"avg_over_time(big[1h])", 70, "{} 1e+308\n"},
      {"sum_over_time(i[1h])", 70, "{} NaN\n"},
      {"avg_over_time(i[15s])", 10, "{} +Inf\n"},
      {"rate(one[1m])", 60, ""},
      {"irate(one[1m])", 60, ""},
      {"changes(one[1m])", 60, "{} 0\n"},
      {"sum(count_over_time({__name__=~\"x|g|n\"}[1h]))", 70, "{} 18\n"},
      {"count_over_time({__name__=~\"g|n\"}[1h])", 70, "! vector cannot contain metrics with the same labelset\n"},
  };
  CHECK(series, rows);
}

static void rates_are_stretched_to_the_edges_of_the_range(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"c", "100+10x20"},              /* a steady counter */
      {"r", "100 110 120 5 15 25 35"}, /* that begins anew at 30 */
      {"low", "1+10x6"},               /* that was 0 a second before */
      {"gap", "100+10x3 _x10 300+10x3"},
      {"g", "100 90 95 60 60 50 40"},
      {"young", "_x8 0+10x4"},
  };
  static const struct eval_row rows[] = {
      /* points of 20 to 60: 40 over 40 s; the edges at 10 and 60 are within a step */
      {"increase(c[50s])", 60, "{} 50\n"},
      {"rate(c[50s])", 60, "{} 1\n"},
      {"delta(c[50s])", 60, "{} 50\n"},
      {"irate(c[50s])", 60, "{} 1\n"},
      /* off the grid: 20 … 60 in (15, 65]: 5 s at each end */
      {"increase(c[50s])", 65, "{} 50\n"},
      /* a reset: 120 - 110, then 35: 45 over 50 s, stretched by 10 s, but not below zero */
      {"increase(r[1m])", 60, "{} 54\n"},
      {"delta(r[1m])", 60, "{} -90\n"},
      {"irate(r[1m])", 30, "{} 0.5\n"},
      /* counters are not stretched below zero: 60 over 60 s, and 1 s to zero instead of 5 */
      {"increase(low[100s])", 60, "{} 61\n"},
      /* a hole at the end: 20 over 20 s, a whole step to the left edge, half a one to the right */
      {"increase(gap[100s])", 100, "{} 35\n"},
      {"delta(g[1m])", 60, "{} -60\n"},
      {"irate(g[1m])", 60, "{} 4\n"}, /* falls: as if from zero */
      /* begins far from the edge: half a step back, but it began at zero */
      {"increase(young[100s])", 120, "{} 40\n"},
      {"rate(c[50s]) * 60", 60, "{} 60\n"},
      {"sum(rate({__name__=~\"c|young\"}[100s]))", 120, "{} 1.4\n"},
  };
  CHECK(series, rows);
}

static void what_a_rule_file_says(void **state) {
  (void)state;
  static const struct series_row series[] = {
      {"node_cpu_seconds_total{cpu=\"0\",mode=\"idle\",target=\"h\"}", "0+9x60"},
      {"node_cpu_seconds_total{cpu=\"1\",mode=\"idle\",target=\"h\"}", "0+1x60"},
      {"pg_stat_activity_count{state=\"active\",target=\"p\"}", "60x60"},
      {"pg_stat_activity_count{state=\"idle\",target=\"p\"}", "35x60"},
      {"pg_settings_max_connections{target=\"p\"}", "100x60"},
      {"hits{target=\"p\"}", "0+60x60"},
      {"reads{target=\"p\"}", "0+40x60"},
      {"up{target=\"p\"}", "1x60"},
      {"up{target=\"q\"}", "0x60"},
  };
  static const struct eval_row rows[] = {
      {"up == 0", 600, "up{target=\"q\"} 0\n"},
      {"(1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m]))) * 100", 600, "{target=\"h\"} 50\n"},
      {"sum by (target) (pg_stat_activity_count) / on (target) pg_settings_max_connections > 0.9", 600, "{target=\"p\"} 0.95\n"},
      {"rate(hits[5m]) / (rate(hits[5m]) + rate(reads[5m])) < 0.7 and rate(reads[5m]) > 1", 600,
       "{target=\"p\"} 0.6000000000000001\n"},
      {"rate(hits[5m]) / (rate(hits[5m]) + rate(reads[5m])) < 0.7 and rate(reads[5m]) > 100", 600, ""},
      {"count(up == 1) / count(up)", 600, "{} 0.5\n"},
  };
  CHECK(series, rows);
}

static void time_is_the_walls(void **state) {
  (void)state;
  struct fake f;
  static const struct series_row series[] = {{"x", "1"}};
  load(&f, series, 1);
  f.wall = 1.6e9;
  static const struct eval_row rows[] = {{"time()", 25, "1600000025\n"}, {"x * time() / 100", 25, "{} 16000000.25\n"}};
  check(&f, rows, COUNTOF(rows));
  fake_clear(&f);
}

/* What an evaluation notices. */

struct noted {
  struct evaluation notes;
  char missing[200]; /* "target:gap,warming …" */
};

static struct noted note(struct fake *f, const char *text, msec_t at) {
  struct noted n = {.missing = ""};
  const struct source source = {.select = fake_select, .context = f};
  struct value v;
  struct fail why;
  struct arena a;
  arena_init(&a);
  const struct expr *e = promql_parse(text, &a, &why);
  if (!e || !promql_eval(e, &source, at, &a, &v, &n.notes, &why)) fail_msg("%s: %s", text, why.text);
  for (size_t i = 0; i < n.notes.missing_count; i++) {
    const struct missing *m = &n.notes.missing[i];
    size_t used = strlen(n.missing);
    snprintf(n.missing + used, sizeof n.missing - used, "%s%s:%s%s", used ? " " : "", m->target, m->gap ? "gap" : "",
             m->warming ? "warming" : "");
  }
  n.notes.missing = NULL;
  value_done(&v);
  arena_done(&a);
  return n;
}

static void a_range_that_is_not_covered_is_warming(void **state) {
  (void)state;
  struct fake f;
  static const struct series_row series[] = {{"x", "0+1x200"}};
  struct coverage young = {.target = "new", .since = 1000 * S};
  load(&f, series, 1);
  f.coverage = &young;
  f.coverage_count = 1;
  struct noted n = note(&f, "rate(x[5m])", 1100 * S);
  assert_true(n.notes.warming && !n.notes.gap);
  assert_int_equal(n.notes.warm_at, 1270 * S); /* 90 % of the range */
  assert_string_equal(n.missing, "new:warming");
  assert_true(note(&f, "rate(x[5m])", 1269 * S).notes.warming);
  assert_false(note(&f, "rate(x[5m])", 1270 * S).notes.warming);
  assert_false(note(&f, "x > 1", 1000 * S).notes.warming);
  n = note(&f, "x > x offset 5m", 1100 * S);
  assert_string_equal(n.missing, "new:warming");
  assert_int_equal(n.notes.warm_at, 1300 * S);
  n = note(&f, "rate(x[5m]) > rate(x[10m] offset 1m)", 1100 * S);
  assert_int_equal(n.notes.warm_at, (1000 + 600 * 9 / 10 + 60) * S);
  assert_int_equal(n.notes.missing_count, 1);
  assert_int_equal(n.notes.selected, 2);
  n = note(&f, "max_over_time(rate(x[5m])[30m:1m] offset 2m)", 1100 * S); /* all that a subquery looks at */
  assert_int_equal(n.notes.warm_at, (1000 + (5 + 30) * 60 * 9 / 10 + 120) * S);
  assert_false(note(&f, "max_over_time(rate(x[5m])[30m:1m] offset 2m)", n.notes.warm_at).notes.warming);
  assert_false(note(&f, "rate(x[5m] @ 1010)", 1100 * S).notes.warming); /* that will never be more than it is */
  fake_clear(&f);
}

static void a_gap_is_told_of_the_target_that_has_it(void **state) {
  (void)state;
  struct fake f;
  static const struct series_row series[] = {{"x", "0+1x200"}};
  struct coverage two[] = {{.target = "was", .gap = true}, {.target = "is", .gap = true, .gap_now = true}, {.target = "never"}};
  load(&f, series, 1);
  f.coverage = two;
  f.coverage_count = 3;
  struct noted n = note(&f, "x", 1000 * S);
  assert_true(n.notes.gap && !n.notes.warming);
  assert_string_equal(n.missing, "is:gap");
  n = note(&f, "rate(x[5m]) and x", 1000 * S);
  assert_string_equal(n.missing, "was:gap is:gap");
  assert_int_equal(note(&f, "1 + 1", 1000 * S).notes.missing_count, 0);
  fake_clear(&f);
}

/* Bounds */

static void too_many_points_are_refused(void **state) {
  (void)state;
  struct fake f = {0};
  struct fail why;
  for (int i = 0; i < 100; i++) {
    char metric[40];
    snprintf(metric, sizeof metric, "x{k=\"%d\"}", i);
    assert_true(fake_load(&f, S, metric, "1x9999", &why));
  }
  static const struct eval_row rows[] = {
      {"count(count_over_time(x[10000s]))", 10000, "{} 100\n"},
      {"count(count_over_time(x[10000s])) + count(count_over_time(x[10000s])) + count(count_over_time(x[10000s])) + "
       "count(count_over_time(x[10000s])) + count(count_over_time(x[10000s])) + count(count_over_time(x[10000s]))",
       10000, "! the expression selects more than 5000000 points\n"},
  };
  check(&f, rows, COUNTOF(rows));
  fake_clear(&f);
}

/* A source that costs a tenth of a second of CPU. */
static bool dear_select(void *context, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                        struct selection *ret, struct fail *why) {
  for (double until = clock_cpu() + 0.1; clock_cpu() < until;) continue;
  return fake_select(context, matchers, count, from, to, a, ret, why);
}

/* A source that takes 10 MB. */
static bool large_select(void *context, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                         struct selection *ret, struct fail *why) {
  arena_alloc(a, 10u << 20);
  return fake_select(context, matchers, count, from, to, a, ret, why);
}

static void bounded_by(bool (*select)(void *, const struct matcher *, size_t, msec_t, msec_t, struct arena *, struct selection *,
                                      struct fail *),
                       enum fail_kind kind, const char *sentence) {
  struct fake f = {0};
  const struct source source = {.select = select, .context = &f};
  struct evaluation notes;
  struct value v;
  struct fail why = {0};
  struct arena a;
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 10000);
  arena_init(&a);
  buf_puts(&text, "x");
  for (int i = 0; i < 50; i++) buf_puts(&text, " or x");
  const struct expr *e = promql_parse(text.data, &a, &why);
  assert_non_null(e);
  assert_false(promql_eval(e, &source, 0, &a, &v, &notes, &why));
  assert_int_equal(why.kind, kind);
  assert_string_equal(why.text, sentence);
  arena_done(&a);
}

static void an_evaluation_that_takes_too_long_is_given_up(void **state) {
  (void)state;
  bounded_by(dear_select, FAIL_TIMEOUT, "the evaluation took more than 1 second of CPU");
}

static void an_evaluation_that_takes_too_much_memory_is_given_up(void **state) {
  (void)state;
  bounded_by(large_select, FAIL_LIMIT, "the evaluation took more than 256 MB of memory");
}

static bool no_select(void *context, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                      struct selection *ret, struct fail *why) {
  (void)context, (void)matchers, (void)count, (void)from, (void)to, (void)a, (void)ret;
  return fail(why, FAIL_LIMIT, "the past is too large");
}

static void a_source_that_fails_is_heard_wherever_it_stands(void **state) {
  (void)state;
  static const char *const texts[] = {"x",     "-x",    "sum(x)",  "rate(x[5m])",
                                      "1 + x", "x + 1", "x and x", "quantile_over_time(1, x[5m])"};
  const struct source source = {.select = no_select, .context = NULL};
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    struct evaluation notes;
    struct value v;
    struct fail why = {0};
    struct arena a;
    arena_init(&a);
    const struct expr *e = promql_parse(texts[i], &a, &why);
    assert_false(promql_eval(e, &source, 0, &a, &v, &notes, &why));
    assert_string_equal(why.text, "the past is too large");
    arena_done(&a);
  }
}

static void *evaluate_the_deepest(void *arg) {
  struct buf *out = arg;
  struct fake f = {0};
  struct fail why;
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 65536);
  if (!fake_load(&f, S, "x", "1", &why)) abort();
  for (int i = 0; i < 99; i++) buf_puts(&text, "sum(");
  buf_puts(&text, "x");
  for (int i = 0; i < 99; i++) buf_puts(&text, ")");
  for (int i = 0; i < 1000; i++) buf_puts(&text, "+1");
  fake_eval(&f, text.data, 0, out);
  fake_clear(&f);
  return NULL;
}

static void the_deepest_expression_fits_the_stack_of_a_thread(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf out;
  pthread_t thread;
  pthread_attr_t attr;
  buf_init(&out, 10000);
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 256u << 10);
  pthread_create(&thread, &attr, evaluate_the_deepest, &out);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  assert_string_equal(out.data, "{} 1001\n");
}

#define TEST(name) cmocka_unit_test(name)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(numbers),
      TEST(selectors),
      TEST(a_number_and_a_vector),
      TEST(two_vectors),
      TEST(set_operators),
      TEST(aggregations),
      TEST(functions_over_ranges),
      TEST(rates_are_stretched_to_the_edges_of_the_range),
      TEST(what_a_rule_file_says),
      TEST(time_is_the_walls),
      TEST(a_range_that_is_not_covered_is_warming),
      TEST(a_gap_is_told_of_the_target_that_has_it),
      TEST(too_many_points_are_refused),
      TEST(an_evaluation_that_takes_too_long_is_given_up),
      TEST(an_evaluation_that_takes_too_much_memory_is_given_up),
      TEST(a_source_that_fails_is_heard_wherever_it_stands),
      TEST(the_deepest_expression_fits_the_stack_of_a_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
