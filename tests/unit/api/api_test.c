/* The API as Grafana asks it, over a history made by hand. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"

#define T0  ((msec_t)1000000)
#define NOW (T0 + 60000)

static struct history *history;
static struct store *store;

static int setup(void **state) {
  (void)state;
  history = history_new(3600000, 1 << 24);
  store = store_new();
  struct labels *sets[] = {labels_new((struct label_pair[]){{"__name__", "hits_total"}, {"job", "a"}}, 2),
                           labels_new((struct label_pair[]){{"__name__", "hits_total"}, {"job", "b"}}, 2)};
  for (int k = 0; k <= 6; k++)
    for (int i = 0; i < 2; i++) history_append(history, sets[i], T0 + k * 10000, (i + 1) * k);
  labels_unref(sets[0]);
  labels_unref(sets[1]);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  history_free(history);
  store_free(store);
  return 0;
}

static const char *answer(const char *path, unsigned expected, const struct parameter *parameters, size_t count) {
  static char out[65536];
  SCOPED(buf_done) struct buf b;
  buf_init(&b, API_BYTES_MAX);
  struct api api = {.history = history, .store = store, .wall_offset = 500};
  unsigned status = api_answer(&api, &(struct api_request){NOW, path, parameters, count}, &b);
  if (status != expected) fail_msg("%s: %u: %s", path, status, b.data);
  return strncpy(out, b.data, sizeof out - 1);
}
#define ASK(path, status, ...)                                                                                                     \
  answer(path, status, (struct parameter[]){__VA_ARGS__}, sizeof((struct parameter[]){__VA_ARGS__}) / sizeof(struct parameter))

static void an_instant_has_the_wall_clocks_time(void **state) {
  (void)state;
  assert_string_equal(
      ASK("query", 200, {"query", "hits_total{job=\"b\"}"}, {"time", "1040.5"}),
      "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"hits_total\","
      "\"job\":\"b\"},\"value\":[1040.500,\"8\"]}]}}");
  assert_non_null(strstr(ASK("query", 200, {"query", "1/0"}, {"time", "1970-01-01T00:17:20Z"}), "\"result\":[1040,\"+Inf\"]"));
  assert_non_null(strstr(ASK("query", 200, {"query", "'a\"b'"}, {"time", "5"}), "[5,\"a\\\"b\"]"));
}

static void a_range_is_answered_at_its_steps(void **state) {
  (void)state;
  const char *json = ASK("query_range", 200, {"query", "sum(hits_total)"}, {"start", "1010.5"}, {"end", "1030.5"}, {"step", "10s"});
  assert_non_null(strstr(json, "\"values\":[[1010.500,\"3\"],[1020.500,\"6\"],[1030.500,\"9\"]]"));
}

static void a_limit_is_kept_and_a_note_is_passed_on(void **state) {
  (void)state;
  const char *json = ASK("query", 200, {"query", "hits_total"}, {"time", "1040.5"}, {"limit", "1"});
  assert_null(strstr(strstr(json, "\"metric\"") + 1, "\"metric\""));
  assert_non_null(strstr(json, "\"warnings\":[\"results truncated due to limit\"]"));
  assert_null(strstr(ASK("query", 200, {"query", "hits_total"}, {"time", "1040.5"}, {"limit", "2"}), "warnings"));
  assert_non_null(strstr(ASK("label/job/values", 200, {"limit", "1"}), "[\"a\"],\"warnings\""));
  assert_non_null(strstr(ASK("query", 200, {"query", "quantile(2, hits_total)"}, {"time", "1040.5"}), "\"warnings\":[\""));
}

static void series_are_found_by_matchers_and_time(void **state) {
  (void)state;
  assert_string_equal(ASK("series", 200, {"match[]", "{job=\"a\"}"}, {"match[]", "hits_total{job=\"a\"}"}),
                      "{\"status\":\"success\",\"data\":[{\"__name__\":\"hits_total\",\"job\":\"a\"}]}");
  assert_string_equal(ASK("label/job/values", 200, {"start", "1000"}), "{\"status\":\"success\",\"data\":[\"a\",\"b\"]}");
  assert_string_equal(ASK("labels", 200, {"start", "1"}, {"end", "2"}), "{\"status\":\"success\",\"data\":[]}");
}

static void a_thousand_selectors_cost_no_more_memory_than_one(void **state) {
  (void)state;
  struct parameter all[1000];
  for (size_t i = 0; i < COUNTOF(all); i++) all[i] = (struct parameter){"match[]", i % 2 ? "{job=~\".+\"}" : "hits_total"};
  assert_string_equal(answer("label/job/values", 200, all, COUNTOF(all)), "{\"status\":\"success\",\"data\":[\"a\",\"b\"]}");
}

static void a_timeout_makes_a_query_shorter_never_longer(void **state) {
  (void)state;
  const char *heavy = "count_over_time((sum(hits_total) + sum(hits_total) + sum(hits_total))[3600s:1ms])";
  assert_non_null(strstr(ASK("query", 503, {"query", heavy}, {"time", "1040.5"}, {"timeout", "1ms"}), "\"timeout\""));
  ASK("query", 200, {"query", "1"}, {"timeout", "1y"});
  ASK("query", 400, {"query", "1"}, {"timeout", "soon"});
}

static void an_instant_is_in_order_of_its_labels_unless_it_was_sorted(void **state) {
  (void)state;
  const char *both = "label_replace(vector(1), 'job', 'z', '', '') or label_replace(vector(2), 'job', 'a', '', '')";
  const char *json = ASK("query", 200, {"query", both}, {"time", "1"});
  assert_true(strstr(json, "\"a\"") < strstr(json, "\"z\""));
  static const char *const sorted[] = {"sort_desc(hits_total)", "topk(2, hits_total)", "sort_desc(hits_total) > 0",
                                       "-sort(-hits_total)"};
  for (size_t i = 0; i < COUNTOF(sorted); i++) {
    json = ASK("query", 200, {"query", sorted[i]}, {"time", "1040.5"});
    if (strstr(json, "\"b\"") > strstr(json, "\"a\"")) fail_msg("%s: %s", sorted[i], json);
  }
}

static void a_name_that_is_not_plain_may_be_asked_for_as_prometheus_3_writes_it(void **state) {
  (void)state;
  struct labels *l = labels_new((struct label_pair[]){{"__name__", "odd"}, {"\xC3\xA4-b_c", "found"}}, 2);
  history_append(history, l, T0 + 70000, 1);
  labels_unref(l);
  assert_non_null(strstr(ASK("label/U___e4__2d_b__c/values", 200, {"end", "2000"}), "[\"found\"]"));
  assert_non_null(strstr(ASK("label/U__job/values", 200, {"start", "1000"}), "[\"a\",\"b\"]"));
  static const char *const none[] = {"label/U__/values", "label/U__a_/values", "label/U___zz_/values", "label/U___0_/values",
                                     "label/U___ffffffff_/values"};
  for (size_t i = 0; i < COUNTOF(none); i++) assert_non_null(strstr(ASK(none[i], 200, {"start", "1"}), "\"data\":[]"));
}

static void midnight_is_not_the_day_before(void **state) {
  (void)state;
  struct api api = {.history = history, .store = store, .wall_offset = INT64_C(1790000000123)};
  for (unsigned day = 0; day < 20000; day += 37) {
    char time[32], expected[80];
    snprintf(time, sizeof time, "%u", day * 86400);
    snprintf(expected, sizeof expected, "[%s,\"%s\"]", time, time);
    SCOPED(buf_done) struct buf b;
    buf_init(&b, API_BYTES_MAX);
    const struct parameter p[] = {{"query", "time()"}, {"time", time}};
    api_answer(&api, &(struct api_request){NOW, "query", p, COUNTOF(p)}, &b);
    if (!strstr(b.data, expected)) fail_msg("%s", b.data);
  }
}

static void grafana_takes_it_for_a_prometheus_that_can_all_this(void **state) {
  (void)state;
  assert_non_null(strstr(ASK("status/buildinfo", 200, {"a", "b"}), "{\"version\":\"3.0.0+sonde."));
}

/* Every number that a time may be. */
static void a_time_beyond_all_times_is_answered_or_refused(void **state) {
  (void)state;
  static const char *const times[] = {"-1e300", "1e300", "NaN", "-Inf", "9999-12-31T23:59:59Z", "1e11", "-1e11", "0", "1e-300"};
  static const char *const steps[] = {"1e-9", "9223372036854775807ms", "1e12", "999999999999", "-5", "NaN", "1y"};
  for (size_t i = 0; i < COUNTOF(times) * COUNTOF(times) * COUNTOF(steps); i++) {
    const struct parameter p[] = {{"query", "sum_over_time(hits_total[1y] offset 1y)"},
                                  {"start", times[i % COUNTOF(times)]},
                                  {"end", times[i / COUNTOF(times) % COUNTOF(times)]},
                                  {"match[]", "hits_total"},
                                  {"step", steps[i / COUNTOF(times) / COUNTOF(times)]}};
    for (size_t k = 0; k < 2; k++) {
      SCOPED(buf_done) struct buf b;
      buf_init(&b, API_BYTES_MAX);
      struct api api = {.history = history, .store = store, .wall_offset = INT64_C(1790000000000)};
      unsigned status = api_answer(&api, &(struct api_request){NOW, k ? "series" : "query_range", p, COUNTOF(p)}, &b);
      if (status != 200 && status != 400) fail_msg("%s %s %s: %.200s", p[1].value, p[2].value, p[4].value, b.data);
    }
  }
}

static void a_wrong_question_says_what_is_wrong(void **state) {
  (void)state;
  static const struct {
    const char *path, *name, *value, *sentence;
    unsigned status;
  } table[] = {
      {"query", "none", "", "invalid parameter \\\"query\\\": an expression is expected", 400},
      {"query", "query", "up[", "1:4: ", 400},
      {"query_range", "query", "1", "\\\"start\\\" and \\\"end\\\" are needed", 400},
      {"series", "start", "1", "no match[] parameter provided", 400},
      {"labels", "match[]", "up + 1", "is no selector", 400},
      {"series", "match[]", "up{a=\"\xff\"}", "is no UTF-8", 400},
      {"query", "query", "\"\xff\"", "is no UTF-8", 400},
      {"labels", "start", "soon", "\\\"soon\\\" is no time", 400},
      {"labels", "start", "2026-02-30T08:00:00Z", "is no time", 400},
      {"labels", "start", "2026-02-28T08:00:60Z", "is no time", 400},
      {"series", "match[]", "up offset 1h", "is no selector", 400},
      {"series", "match[]", "up @ 5", "is no selector", 400},
      {"rules", "type", "both", "neither alert nor record", 400},
      {"nothing", "a", "b", "there is no such page", 404},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    const char *json = ASK(table[i].path, table[i].status, {table[i].name, table[i].value});
    if (!strstr(json, table[i].sentence) || strncmp(json, "{\"status\":\"error\"", 17) != 0)
      fail_msg("%s: %s", table[i].path, json);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_instant_has_the_wall_clocks_time),
      cmocka_unit_test(a_range_is_answered_at_its_steps),
      cmocka_unit_test(a_limit_is_kept_and_a_note_is_passed_on),
      cmocka_unit_test(series_are_found_by_matchers_and_time),
      cmocka_unit_test(a_wrong_question_says_what_is_wrong),
      cmocka_unit_test(a_thousand_selectors_cost_no_more_memory_than_one),
      cmocka_unit_test(a_timeout_makes_a_query_shorter_never_longer),
      cmocka_unit_test(an_instant_is_in_order_of_its_labels_unless_it_was_sorted),
      cmocka_unit_test(a_name_that_is_not_plain_may_be_asked_for_as_prometheus_3_writes_it),
      cmocka_unit_test(midnight_is_not_the_day_before),
      cmocka_unit_test(grafana_takes_it_for_a_prometheus_that_can_all_this),
      cmocka_unit_test(a_time_beyond_all_times_is_answered_or_refused),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
