/* Health endpoints in JSON: what may be expected of them, and what becomes a metric. */
#include "tests/unit/probe/fixture.h"

#include "base/text.h"
#include "collectors/http/condition.h"
#include "collectors/http/health.h"

static const char document[] =
    "{\"status\": \"degraded\", \"version\": \"1.2\", \"ready\": true, \"none\": null, \"big\": 12345678901234567890,"
    " \"pool\": {\"total\": 50, \"idle\": 42, \"active\": 8, \"name\": \"main\"},"
    " \"services\": {\"database\": \"ok\", \"cache\": \"DOWN\", \"mail\": true, \"odd name\": \"Up\", \"deep\": {\"status\": "
    "\"UP\"}},"
    " \"checks\": [{\"status\": \"pass\", \"ms\": 1.5}, {\"status\": \"fail\", \"ms\": 2}]}";

static const char *judged(const char *condition) {
  static struct fail why;
  struct arena a;
  struct condition c;
  why = (struct fail){0};
  arena_init(&a);
  json_t *root = health_parse(document, strlen(document), &why);
  if (!root || !condition_parse(&a, condition, &c, &why)) fail_msg("%s: %s", condition, why.text);
  bool good = condition_holds(&c, root, &why);
  json_decref(root);
  arena_done(&a);
  return good ? "yes" : why.text;
}

static void a_condition_holds_or_says_what_is_there_instead(void **state) {
  (void)state;
  static const struct {
    const char *condition, *verdict;
  } table[] = {
      {"$.status == \"degraded\"", "yes"},
      {"$.status == \"ok\"", "$.status is \"degraded\", not \"ok\""},
      {"status=='ok'", "$.status is \"degraded\", not \"ok\""},
      {"$.status != \"ok\"", "yes"},
      {"$.status != 'degraded'", "$.status is \"degraded\", not != \"degraded\""},
      {"$.version", "yes"},
      {"$.none", "yes"},
      {"$.nothing", "$.nothing is not there"},
      {"$.pool.active.x", "$.pool.active.x is not there"},
      {"$.none == null", "yes"},
      {"$.status == null", "$.status is \"degraded\", not null"},
      {"$.ready == true", "yes"},
      {"$.ready == false", "$.ready is true, not false"},
      {"$.pool.active < 10", "yes"},
      {"$.pool.active <= 8", "yes"},
      {"$.pool.active < 8", "$.pool.active is 8, not < 8"},
      {"$.pool.active > 8", "$.pool.active is 8, not > 8"},
      {"$.pool.active >= 8.5", "$.pool.active is 8, not >= 8.5"},
      {"$.pool.active == 8", "yes"},
      {"$.pool.active == '8'", "$.pool.active is 8, not \"8\""},
      {"$.pool.name < 1", "$.pool.name is \"main\", not < 1"},
      {"$.pool == 1", "$.pool is an object, not 1"},
      {"$.big > 1e19", "yes"},
      {"$.checks[0].status == 'pass'", "yes"},
      {"$.checks[1].status == 'pass'", "$.checks[1].status is \"fail\", not \"pass\""},
      {"$.checks[2].status == 'pass'", "$.checks[2].status is not there"},
      {"$.checks[*].status == 'pass'", "$.checks[1].status is \"fail\", not \"pass\""},
      {"$.checks[*].ms < 3", "yes"},
      {"$.services[\"odd name\"] == \"Up\"", "yes"},
      {"$.services['odd name'] == 'no'", "$.services[\"odd name\"] is \"Up\", not \"no\""},
      {"$.version =~ '^1\\.'", "yes"},
      {"$.version =~ '2$'", "yes"},
      {"$.version=~\"^2\\.\"", "$.version is \"1.2\", not =~ \"^2\\.\""},
      {"$.version !~ '^2'", "yes"},
      {"$.version !~ '^1'", "$.version is \"1.2\", not !~ \"^1\""},
      {"$.pool.active =~ '^8$'", "yes"},
      {"$.ready =~ '^(true|yes)$'", "yes"},
      {"$.pool =~ '.'", "$.pool is an object, not =~ \".\""},
      {"$.nothing !~ '.'", "$.nothing is not there"},
      {"$.checks[*].status =~ '^(pass|warn)$'", "$.checks[1].status is \"fail\", not =~ \"^(pass|warn)$\""},
      {"$.status.*", "$.status.* is not there"},
      {"$ == 1", "$ is an object, not 1"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) assert_string_equal(judged(table[i].condition), table[i].verdict);
}

static void the_names_of_a_server_do_no_harm_to_a_sentence(void **state) {
  (void)state;
  char body[512] = "{\"a\\n\\u001b[31m\": 1, \"";
  for (size_t i = 0; i < 60; i++) strcat(body, "\xC3\xBC");
  strcat(body, "\": 2}");
  struct trial t = trial_begin("{http: h, expect: {json: $.* == 3}}");
  struct net_answer a = answer(200, body);
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "$[\"a  [31m\"] is 1, not 3");
  /* The first is as it should be. */
  memcpy(strchr(body, ':'), ": 3", 3);
  assert_false(trial_read(&t, &a));
  assert_true(text_is_clean(t.why.text, strlen(t.why.text)));
  assert_non_null(strstr(t.why.text, "\xC3\xBC"));
  trial_end(&t);
}

static void a_wrong_condition_is_refused_where_it_is_wrong(void **state) {
  (void)state;
  static const struct {
    const char *condition, *sentence;
  } table[] = {
      {"", "a name or * is missing at character 1 of "},
      {"$.", "a name or * is missing at character 3 of $."},
      {"$..a", "a name or * is missing at character 3 of $..a"},
      {"$.a[", "a number, a quoted name or * is missing at character 5 of $.a["},
      {"$.a[1", "a ] is missing at character 6 of $.a[1"},
      {"$.a['b]", "a quotation mark is not closed at character 5 of $.a['b]"},
      {"$.a = 1", "one of == != =~ !~ < <= > >= is missing at character 5 of $.a = 1"},
      {"$.a =~ 1", "a regular expression in quotation marks is missing at character 8 of $.a =~ 1"},
      {"$.a =~ 'a('", "the regular expression is wrong at character 3: missing closing parenthesis"},
      {"$.a ==", "a number, a text in quotation marks, true, false or null is missing at character 7 of $.a =="},
      {"$.a == ok", "a number, a text in quotation marks, true, false or null is missing at character 8 of $.a == ok"},
      {"$.a == 'ok", "a quotation mark is not closed at character 8 of $.a == 'ok"},
      {"$.a < 'ok'", "only numbers can be compared with < <= > >=, but there is something else at character 7 of $.a < 'ok'"},
      {"$.a == 1 2", "the condition should end at character 10 of $.a == 1 2"},
      {"$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "too many steps: at most 16 are allowed at character 36 of "
                                              "$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct fail why = {0};
    if (health_check_condition(NULL, table[i].condition, &why)) fail_msg("accepted: %s", table[i].condition);
    assert_string_equal(why.text, table[i].sentence);
  }
}

static void numbers_and_states_become_metrics(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: h, json: {values: [$.pool.*, ready, '$.checks[*].ms'], states: [$.services.*, "
                               "$.services.deep.status, '$.checks[*].status'],\n"
                               "  metrics: {app_pool_active: $.pool.active, app_check_ms: '$.checks[*].ms'}}}");
  struct net_answer a = answer(200, document);
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_json_value{path=\"pool.total\"}", 50);
  assert_value(&t, "probe_json_value{path=\"pool.active\"}", 8);
  assert_value(&t, "probe_json_value{path=\"pool.name\"}", NAN);
  assert_value(&t, "probe_json_value{path=\"ready\"}", 1);
  assert_value(&t, "probe_json_value{path=\"checks[0].ms\"}", 1.5);
  assert_value(&t, "app_pool_active", 8);
  assert_value(&t, "app_check_ms{path=\"checks[1].ms\"}", 2);
  assert_value(&t, "probe_json_state{path=\"services.database\"}", 1);
  assert_value(&t, "probe_json_state{path=\"services.cache\"}", 0);
  assert_value(&t, "probe_json_state{path=\"services.mail\"}", 1);
  assert_value(&t, "probe_json_state{path=\"services[\\\"odd name\\\"]\"}", 1);
  assert_value(&t, "probe_json_state{path=\"services.deep\"}", NAN);
  assert_value(&t, "probe_json_state{path=\"services.deep.status\"}", 1);
  assert_value(&t, "probe_json_state{path=\"checks[1].status\"}", 0);
  assert_int_equal(t.poll.fails[0].kind, FAIL_NONE);
  trial_end(&t);
}

static void what_counts_as_good_can_be_said(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: h, json: {states: $.services.*, good: [down]}}");
  struct net_answer a = answer(200, document);
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_json_state{path=\"services.cache\"}", 1);
  assert_value(&t, "probe_json_state{path=\"services.database\"}", 0);
  trial_end(&t);
}

static void a_number_that_is_missing_is_told_and_fails_nothing(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: h, json: {values: $.pool.waiting}}");
  struct net_answer a = answer(200, document);
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_success", 1);
  assert_string_equal(t.poll.fails[0].text, "the answer has no number at $.pool.waiting");
  trial_end(&t);
}

static void a_failing_endpoint_still_gives_its_numbers(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: h, json: {values: $.pool.active}, expect: {json: \"$.status == 'ok'\"}}");
  struct net_answer a = answer(503, document);
  assert_false(trial_read(&t, &a));
  assert_non_null(strstr(t.why.text, "answered 503: \"{\"status\": \"degraded\""));
  assert_value(&t, "probe_json_value{path=\"pool.active\"}", 8);
  a.status = 200;
  assert_false(trial_read(&t, &a));
  assert_string_equal(t.why.text, "$.status is \"degraded\", not \"ok\"");
  assert_value(&t, "probe_failures_total{reason=\"status\"}", 1);
  assert_value(&t, "probe_failures_total{reason=\"json\"}", 1);
  trial_end(&t);
}

static void a_search_that_takes_too_long_does_not_pass_for_no_match(void **state) {
  (void)state;
  size_t length = 1 << 20;
  SCOPED(mem_free) char *body = mem_zero(length + 1);
  memset(body, 'a', length);
  body[0] = body[length - 1] = '"';
  struct trial t = trial_begin("{http: h, body_max: 4MB, expect: {json: \"$ !~ '(a+)+b'\"}}");
  struct net_answer a = answer(200, body);
  assert_false(trial_read(&t, &a));
  trial_end(&t);
}

static void a_mark_that_nobody_sees_is_no_part_of_the_json(void **state) {
  (void)state;
  struct trial t = trial_begin("{http: h, json: {values: $.a}}");
  struct net_answer a = answer(200, "\xEF\xBB\xBF{\"a\": 1}");
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_json_value{path=\"a\"}", 1);
  trial_end(&t);
}

static void hostile_json_is_a_reason_and_nothing_more(void **state) {
  (void)state;
  size_t length = 1 << 20;
  SCOPED(mem_free) char *braces = mem_zero(length + 1), *values = mem_zero(length + 1);
  memset(braces, '[', length);
  for (size_t i = 0; i < length; i += 2) memcpy(values + i, i ? "0," : "[{", 2);
  const struct {
    const char *body, *sentence;
  } table[] = {
      {"", "the body is empty, and JSON is expected"},
      {"{\"a\": 1", "the body is no JSON: it is wrong at line 1, column 7: \"{\"a\": 1\""},
      {"<html><body>Bad <b>gateway</b></body></html>", "the body is no JSON: it is wrong at line 1, column 1: \"Bad gateway\""},
      {"\"\xFF\"", "the body is no JSON: it is wrong at line 1, column 1: \"\"\xEF\xBF\xBD\"\""},
      {"{\"a\": 1e400}", "the JSON of the body has a number that is too large, at line 1, column 11: \"{\"a\": 1e400}\""},
      {"\"\\u0000\"", "the JSON of the body has a text with \\u0000 in it, at line 1, column 8: \"\"\\u0000\"\""},
      {braces, NULL},
      {values, NULL},
  };
  for (size_t i = 0; i < COUNTOF(table); i++) {
    struct trial t = trial_begin("{http: h, json: {values: $.*}}");
    struct net_answer a = answer(200, table[i].body);
    assert_false(trial_read(&t, &a));
    if (table[i].sentence) assert_string_equal(t.why.text, table[i].sentence);
    if (!table[i].sentence) assert_non_null(strstr(t.why.text, "the JSON of the body has more than 50000 values"));
    assert_value(&t, "probe_success", 0);
    assert_value(&t, "probe_failures_total{reason=\"json\"}", 1);
    trial_end(&t);
  }
}

static void an_endless_list_of_values_is_cut_and_that_is_said(void **state) {
  (void)state;
  char body[8192] = "[0";
  for (size_t i = 1; i < 1000; i++) strcat(body + 2 * i - 2, ",0");
  strcat(body, "]");
  struct trial t = trial_begin("{http: h, json: {values: '$[*]'}}");
  struct net_answer a = answer(200, body);
  assert_true(trial_read(&t, &a));
  assert_value(&t, "probe_json_value{path=\"[199]\"}", 0);
  assert_value(&t, "probe_json_value{path=\"[200]\"}", NAN);
  assert_string_equal(t.poll.fails[0].text, "the answer gives 1000 values and states; only 200 are taken");
  trial_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_condition_holds_or_says_what_is_there_instead),
      cmocka_unit_test(the_names_of_a_server_do_no_harm_to_a_sentence),
      cmocka_unit_test(a_wrong_condition_is_refused_where_it_is_wrong),
      cmocka_unit_test(numbers_and_states_become_metrics),
      cmocka_unit_test(what_counts_as_good_can_be_said),
      cmocka_unit_test(a_number_that_is_missing_is_told_and_fails_nothing),
      cmocka_unit_test(a_failing_endpoint_still_gives_its_numbers),
      cmocka_unit_test(a_search_that_takes_too_long_does_not_pass_for_no_match),
      cmocka_unit_test(a_mark_that_nobody_sees_is_no_part_of_the_json),
      cmocka_unit_test(hostile_json_is_a_reason_and_nothing_more),
      cmocka_unit_test(an_endless_list_of_values_is_cut_and_that_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
