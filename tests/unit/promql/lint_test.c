/* What is said of expressions that can be evaluated and are not what was meant; and what is right is left in peace. The metrics are those of a small catalogue. */
#include "tests/unit/test.h"

#include "promql/lint.h"
#include "tests/unit/promql/fake.h"

#define EVERY (15 * S)

static const struct row {
  const char *name;
  enum metric_type type;
  const char *labels;
  msec_t every;
} catalogue[] = {
    {"up", METRIC_GAUGE, NULL, EVERY},
    {"memory_bytes", METRIC_GAUGE, NULL, EVERY},
    {"setting_limit", METRIC_GAUGE, NULL, EVERY},
    {"rows", METRIC_GAUGE, "datname,relname,schemaname", EVERY},
    {"locks", METRIC_GAUGE, "datname,mode", EVERY},
    {"slot_active", METRIC_GAUGE, "database,slot_name", EVERY},
    {"roles", METRIC_GAUGE, "rolname", EVERY},
    {"requests_total", METRIC_COUNTER, "code,path", EVERY},
    {"took_seconds_sum", METRIC_COUNTER, "path", EVERY},
    {"took_seconds_count", METRIC_COUNTER, "path", EVERY},
    {"took_seconds_bucket", METRIC_COUNTER, "le,path", EVERY},
    {"slow_total", METRIC_COUNTER, NULL, 60 * S},
    {"system_info", METRIC_GAUGE, "release,version", EVERY},
    {"untold", METRIC_UNTYPED, NULL, EVERY},
};

static bool find(void *context, const char *metric, struct metric_facts *ret) {
  struct arena *a = context;
  for (size_t i = 0; i < COUNTOF(catalogue); i++) {
    if (strcmp(catalogue[i].name, metric) != 0) continue;
    *ret = (struct metric_facts){
        .type = catalogue[i].type,
        .labels = label_set_of_family(catalogue[i].labels, a),
        .every = catalogue[i].every,
        .part = "the part test",
    };
    return true;
  }
  return false;
}

static const char *similar(void *context, const char *metric) {
  (void)context;
  return strcmp(metric, "memry_bytes") ? NULL : "memory_bytes";
}

/* "offset[!]: sentence" a line each; ! where the whole can never have a value on its account. */
static void lint(const char *text, struct buf *out) {
  struct arena a;
  struct fail f;
  struct lint_result result;
  arena_init(&a);
  const struct lint_knowledge known = {&a, find, similar};
  const struct expr *e = promql_parse(text, &a, &f);
  if (!e) fail_msg("%s: %s", text, f.text);
  promql_lint(e, &known, &a, &result);
  for (size_t i = 0; i < result.count; i++)
    buf_printf(out, "%zu%s: %s\n", result.findings[i].offset, result.never && result.findings[i].never ? "!" : "",
               result.findings[i].text);
  arena_done(&a);
}

/* `said`: how it begins, and what it contains; NULL: nothing is found. */
struct case_of {
  const char *text, *begins, *contains;
};

static void check(const struct case_of *table, size_t count) {
  for (size_t i = 0; i < count; i++) {
    SCOPED(buf_done) struct buf out;
    buf_init(&out, 20000);
    lint(table[i].text, &out);
    const char *said = out.length ? out.data : "";
    bool good = table[i].begins ? !strncmp(said, table[i].begins, strlen(table[i].begins)) : !*said;
    if (!good || (table[i].contains && !strstr(said, table[i].contains)))
      fail_msg("%s:\n%sinstead of\n%s … %s", table[i].text, said, table[i].begins ? table[i].begins : "nothing",
               table[i].contains ? table[i].contains : "");
    const char *second = strchr(said, '\n');
    if (second && second[1]) fail_msg("%s says more than one thing:\n%s", table[i].text, said);
  }
}
#define CHECK_LINT(...)                                                                                                            \
  do {                                                                                                                             \
    static const struct case_of table[] = {__VA_ARGS__};                                                                           \
    check(table, COUNTOF(table));                                                                                                  \
  } while (0)

static void sides_that_never_match_are_told_with_what_to_write(void **state) {
  (void)state;
  CHECK_LINT(
      {"rows > setting_limit", "5!: the two sides of > never match: only the left has datname, relname, schemaname; ",
       "write > on (job, instance, target) group_left"},
      {"setting_limit < rows",
       "14!: ", "only the right has datname, relname, schemaname; write < on (job, instance, target) group_right"},
      {"slot_active == 0 and up == 1", "17!: ", "only the left has database, slot_name; write and on (job, instance, target)"},
      {"sum by (instance) (locks) / setting_limit > 0.2", "26!: ",
       "only the right has job, target; write by (instance, job, target) in the aggregation of the left side, or / on (instance) "
       "group_right"},
      {"sum by (job, instance, target) (locks) / sum(setting_limit)", "39!: ", "give both sides the same labels"},
      {"sum by (datname) (rows) / on (datname) sum by (mode) (rows)", NULL, NULL}, /* either may be empty */
      {"sum(rows) / sum(setting_limit)", NULL, NULL},
      {"sum without (relname) (rows) > setting_limit", NULL, NULL}, /* without a datname they match */
      {"sum without (relname) (rows{datname=\"a\"}) > setting_limit", "42!: ", NULL},
      {"rows{datname!=\"\"} > on (datname, instance) setting_limit", "18!: ", NULL}, {"roles > setting_limit", "6!: ", "rolname"},
      {"roles{rolname=\"\"} > setting_limit", NULL, NULL}, {"count_values(\"value\", up) > setting_limit", "26!: ", NULL},
      {"took_seconds_bucket / took_seconds_count", NULL, NULL}, /* a family's labels are not all of them there */
      {"took_seconds_bucket{le=\"1\"} / took_seconds_count", "28!: ", "write / on (path, job, instance, target) group_left"});
}

static void sides_that_may_match_are_left_in_peace(void **state) {
  (void)state;
  CHECK_LINT(
      {"rows > on (job, instance, target) group_left setting_limit", NULL, NULL},
      {"rows > ignoring (datname, relname, schemaname) group_left setting_limit", NULL, NULL},
      {"slot_active == 0 and on (instance) up", NULL, NULL}, {"sum by (instance) (rows) > on (instance) up", NULL, NULL},
      {"rows > 0 or setting_limit", NULL, NULL}, {"rows / 2 > 1", NULL, NULL}, {"1 - rows", NULL, NULL},
      {"max(rows) by (job, instance, target) > setting_limit", NULL, NULL},
      {"label_replace(rows, \"a\", \"b\", \"c\", \"d\") > setting_limit", NULL, NULL},
      {"absent(up{job=\"a\", instance=\"b\", target=\"c\"}) and up", NULL, NULL},
      {"(rows * on (job, instance, target) group_left setting_limit) > rows", NULL, NULL}, {"topk(3, rows) / rows", NULL, NULL},
      {"histogram_quantile(0.9, took_seconds_bucket) > took_seconds_count", NULL, NULL},
      {"{__name__=~\"rows|up\"} > setting_limit", NULL, NULL},
      {"sum by (server, datname) (rows) > sum by (datname, server) (locks)", NULL, NULL}, {"count(up) or vector(0)", NULL, NULL},
      {"avg without (path) (requests_total) / on (code) group_left count by (code) (requests_total)", NULL, NULL});
}

/* The whole is said to be empty only where it is. */
static void how_far_a_part_that_never_is_reaches(void **state) {
  (void)state;
  CHECK_LINT({"(rows > setting_limit) or up", "6: ", NULL}, {"up or rows > setting_limit", "11: ", NULL},
             {"up unless rows > setting_limit", "15: ", NULL}, {"rows unless setting_limit", "5: ", "takes nothing away"},
             {"count(rows > setting_limit) > 1", "11!: ", NULL}, {"absent(rows > setting_limit)", "12: ", NULL},
             {"up and on () (rows > setting_limit)", "19!: ", NULL}, {"-(rows + setting_limit)", "7!: ", NULL},
             {"max_over_time((rows + setting_limit)[1h:1m])", "20!: ", NULL});
}

static void labels_that_a_metric_has_not_are_told(void **state) {
  (void)state;
  CHECK_LINT(
      {"rows{database=\"a\"} or vector(0)", "0: rows has no label database",
       "it has datname, relname, schemaname, job, instance, target"},
      {"rows{database=\"a\"} or rows{table=\"a\"}", "0!: neither side of this or", "the labels that are asked for"},
      {"rows{database=\"a\"} > 1", "0!: rows has no label database", "it has datname, relname, schemaname, job, instance, target"},
      {"rows{database!=\"a\"}", NULL, NULL}, {"rows{job=\"a\", datname=~\"b.*\"}", NULL, NULL},
      {"other{database=\"a\"}", "0: other is no metric", NULL},
      {"sum by (datnam) (rows)", "0: by (datnam)", "did you mean datname?"}, {"sum by (pod, server) (rows)", NULL, NULL},
      {"memry_bytes > 1", "0: memry_bytes is no metric", "did you mean memory_bytes?"});
}

static void functions_that_do_not_go_with_the_metric_are_told(void **state) {
  (void)state;
  CHECK_LINT(
      {"rate(memory_bytes[5m]) > 1", "0: rate() of memory_bytes, which is a gauge", "deriv()"},
      {"sum(increase(memory_bytes[5m]))", "4: increase() of memory_bytes", "delta()"},
      {"delta(requests_total[5m])", "0: delta() of requests_total, which is a counter", "use increase()"},
      {"predict_linear(requests_total[5m], 60)", "0: ", "use rate()"}, {"rate(requests_total[5m])", NULL, NULL},
      {"deriv(memory_bytes[5m])", NULL, NULL}, {"rate(untold[5m]) + delta(untold[5m])", NULL, NULL},
      {"changes(memory_bytes[5m])", NULL, NULL},
      {"changes(system_info[1h]) > 0", "0!: changes() of system_info is 0 for ever", "system_info unless system_info offset 1h"},
      {"0 < changes(system_info[1h])", "4!: ", NULL}, {"changes(system_info[1h]) == 0", "0: ", NULL},
      {"changes(system_info[1h]) >= 1 and on (job) up", "0!: ", NULL});
}

static void ranges_and_ages_that_nothing_has_are_told(void **state) {
  (void)state;
  CHECK_LINT({"rate(slow_total[3m])", "5: [3m] of slow_total is shorter than four polls of the part test", "write [4m]"},
             {"rate(slow_total[4m])", NULL, NULL}, {"rate(requests_total[59s])", "5: ", "every 15s"},
             {"timestamp(up) < time() - 36000", "14!: no sample is 36000 seconds old", NULL},
             {"time() - 300 > timestamp(up)", "13!: ", NULL}, {"time() - timestamp(up) > 600", "23!: ", NULL},
             {"600 <= time() - timestamp(up)", "4!: ", NULL},
             {"timestamp(up > 0) < time() - 60", "18!: ", "timestamp() of an operation"},
             {"time() - timestamp(up) > 60", NULL, NULL}, {"timestamp(up) > time() - 36000", NULL, NULL},
             {"timestamp(up offset 1h) < time() - 600", NULL, NULL}, {"time() - memory_bytes > 36000", NULL, NULL});
}

static void a_sum_of_seconds_is_no_latency(void **state) {
  (void)state;
  CHECK_LINT({"avg(rate(took_seconds_sum[5m])) > 0.5", "0: the average of rate(took_seconds_sum) is no latency",
              "sum(rate(took_seconds_sum[…])) / sum(rate(took_seconds_count[…]))"},
             {"avg by (path, job) (rate(took_seconds_sum[5m])) > 1 and on (job) up", "0: the average", NULL},
             {"sum(rate(took_seconds_sum[5m])) > 10", NULL, NULL},
             {"avg(rate(took_seconds_sum[5m])) / avg(rate(took_seconds_count[5m])) > 0.5", NULL, NULL});
}

static void an_expression_without_end_has_an_end_of_findings(void **state) {
  (void)state;
  SCOPED(buf_done) struct buf text, out;
  buf_init(&text, 65000);
  buf_init(&out, 100000);
  buf_puts(&text, "up");
  for (int i = 0; i < 900; i++) buf_printf(&text, " or sum by (a%d, b%d, c%d, d%d) (x%d)", i, i, i, i, i);
  lint(text.data, &out);
  size_t lines = 0;
  for (const char *p = out.data; (p = strchr(p, '\n')); p++) lines++;
  assert_int_equal(lines, LINT_FINDINGS_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sides_that_never_match_are_told_with_what_to_write),
      cmocka_unit_test(sides_that_may_match_are_left_in_peace),
      cmocka_unit_test(how_far_a_part_that_never_is_reaches),
      cmocka_unit_test(labels_that_a_metric_has_not_are_told),
      cmocka_unit_test(functions_that_do_not_go_with_the_metric_are_told),
      cmocka_unit_test(ranges_and_ages_that_nothing_has_are_told),
      cmocka_unit_test(a_sum_of_seconds_is_no_latency),
      cmocka_unit_test(an_expression_without_end_has_an_end_of_findings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
