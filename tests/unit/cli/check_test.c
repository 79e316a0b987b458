/* sonde check, from a status to what is printed: what a monitoring system, a script and somebody at a terminal rely on. */
#include "tests/unit/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cli/check.h"
#include "agent/cli/check_report.h"

static struct target_config targets[] = {{.name = "main", .every = 10000}, {.name = "cache", .every = 10000}};
static const struct config both = {.targets = targets, .target_count = 2};
static const struct config first_only = {.targets = targets, .target_count = 1};

#define UP(name, age)  "{\"name\":\"" name "\",\"kind\":\"postgres\",\"state\":\"up\",\"age_seconds\":" #age "}"
#define TWO_UP         UP("main", 2) "," UP("cache", 3)
#define REFUSED        "{\"name\":\"cache\",\"state\":\"down\",\"reason\":\"auth\",\"sentence\":\"cache wants a login; set password\"}"
#define LABELS(target) "\"labels\":{\"alertname\":\"Full\",\"target\":\"" target "\",\"severity\":\"critical\"}"
#define RULE(health)   "{\"name\":\"Full\",\"severity\":\"critical\",\"op\":\">\",\"threshold\":\"0.9\",\"health\":\"" health "\""
#define GOOD           RULE("ok") ",\"values\":[{" LABELS("main") ",\"value\":\"0.25\"}]}"
#define BROKEN(state)                                                                                                              \
  RULE("ok")                                                                                                                       \
  ",\"alerts\":[{\"state\":\"" state                                                                                               \
  "\"," LABELS("main") ",\"value\":\"0.95\",\"fires_in_seconds\":252,"                                                             \
                       "\"annotations\":{\"summary\":\"main is full\",\"description\":\"Make room on main.\"}}]}"

static struct report report;
static struct buf out;

static int begin(void **state) {
  (void)state;
  report_init(&report);
  buf_init(&out, 1u << 20);
  return 0;
}

static int end(void **state) {
  (void)state;
  report_done(&report);
  buf_done(&out);
  return 0;
}

static void read_of(const char *status_targets, const char *rules, const struct config *c, bool whole) {
  SCOPED(buf_done) struct buf json;
  struct fail why;
  buf_init(&json, 1u << 20);
  buf_printf(&json, "{\"schema\":1,\"digest\":\"0\",\"targets\":[%s],\"rules\":[%s]}", status_targets, rules);
  if (!report_read(&report, json.data, json.length, c, whole, &why)) fail_msg("%s", why.text);
}

static void read_all(const char *status_targets, const char *rules) {
  read_of(status_targets, rules, &both, true);
}

static const char *nagios(void) {
  buf_clear(&out);
  report_nagios(&out, &report);
  return out.data;
}

static const char *table(size_t width, bool colour) {
  buf_clear(&out);
  report_table(&out, &report, width, colour);
  return out.data;
}

#define assert_exit(n) assert_int_equal(level_exit(report_level(&report)), n)

/* Judgement */

static void a_healthy_stack_is_good(void **state) {
  (void)state;
  read_all(TWO_UP, GOOD);
  assert_exit(0);
  assert_string_equal(nagios(), "SONDE OK: judged 1 | 'time'=0.000s 'Full main'=0.25;;0.9\n");
}

static void a_condition_that_holds_counts_before_its_for_is_over(void **state) {
  (void)state;
  report.asked = true;
  read_all(TWO_UP, BROKEN("pending"));
  assert_exit(2);
  assert_string_equal(nagios(),
                      "SONDE CRITICAL: Full main 0.95 > 0.9, fires in 4m12s; judged 1 | 'time'=0.000s 'Full main'=0.95;;0.9\n"
                      "CRITICAL: Full main 0.95 > 0.9, fires in 4m12s: main is full\n");
}

static void severities_become_exit_codes(void **state) {
  (void)state;
  static const struct {
    const char *severity;
    int status;
  } all[] = {{"critical", 2}, {"page", 2}, {"warning", 1}, {"", 1}, {"whatever", 1}, {"info", 0}};
  for (size_t i = 0; i < COUNTOF(all); i++) {
    char rule[300];
    snprintf(
        rule, sizeof rule,
        "{\"name\":\"X\",\"health\":\"ok\",\"alerts\":[{\"state\":\"firing\",\"value\":\"1\",\"labels\":{\"severity\":\"%s\"}}]}",
        all[i].severity);
    report_done(&report);
    report_init(&report);
    read_all(TWO_UP, rule);
    assert_exit(all[i].status);
  }
}

static void unknown_stands_between_critical_and_warning(void **state) {
  (void)state;
  const char *wrong = RULE("error") ",\"error\":\"two series with the same labels\"},"
                                    "{\"name\":\"W\",\"health\":\"ok\",\"alerts\":[{\"state\":\"firing\",\"labels\":{}}]}";
  read_all(TWO_UP, wrong);
  assert_exit(3);
  assert_string_equal(report.rows[0].message, "two series with the same labels");
  assert_int_equal(report.rows[1].level, LEVEL_WARNING);
  report_done(&report);
  report_init(&report);
  read_all(UP("main", 2) "," REFUSED, wrong);
  assert_exit(2);
}

static void a_refused_login_is_critical_and_says_what_to_do(void **state) {
  (void)state;
  read_all(UP("main", 2) "," REFUSED, GOOD);
  assert_exit(2);
  assert_string_equal(nagios(), "SONDE CRITICAL: cache down (auth); judged 1 | 'time'=0.000s 'Full main'=0.25;;0.9\n"
                                "CRITICAL: cache down (auth): cache wants a login; set password\n");
}

static void of_a_target_that_is_down_nothing_else_is_said(void **state) {
  (void)state;
  read_all(UP("main", 2) "," REFUSED, "{\"name\":\"Down\",\"health\":\"ok\",\"alerts\":[{\"state\":\"pending\",\"value\":\"0\","
                                      "\"labels\":{\"target\":\"cache\"}}]}");
  assert_int_equal(report_problems(&report), 1);
  assert_true(report.rows[0].is_target);
}

static void old_data_of_an_agent_is_unknown(void **state) {
  (void)state;
  report.asked = true;
  read_all(UP("main", 30) "," UP("cache", 30.5), "");
  assert_exit(3);
  assert_int_equal(report_problems(&report), 1);
  assert_string_equal(report.rows[0].target, "cache");
  assert_string_equal(report.rows[0].message, "what the agent knows is 30s old, though it polls every 10s");
}

static void what_has_not_answered_in_time_is_critical_here_and_unknown_of_an_agent(void **state) {
  (void)state;
  report.timeout = 10000;
  read_all("{\"name\":\"main\",\"state\":\"unpolled\"}", "");
  assert_exit(2);
  assert_string_equal(report.rows[0].message, "no answer within 10s");
  report_done(&report);
  report_init(&report);
  report.asked = true;
  read_all("{\"name\":\"main\",\"state\":\"unpolled\"}", "");
  assert_exit(3);
}

static void rules_without_enough_history_are_not_judged(void **state) {
  (void)state;
  read_all(TWO_UP, GOOD ",{\"name\":\"A\",\"health\":\"warming\",\"warm_in_seconds\":254.2},"
                        "{\"name\":\"B\",\"health\":\"warming\",\"warm_in_seconds\":27}");
  assert_exit(0);
  buf_clear(&out);
  report_counts(&out, &report);
  assert_string_equal(out.data, "judged 1, waiting for history 2 (ask the running agent, or --window 5m)");
  report.asked = true;
  buf_clear(&out);
  report_counts(&out, &report);
  assert_string_equal(out.data, "judged 1, waiting for history 2 (the last of them for 5m more)");
}

static void a_chosen_target_answers_for_itself_alone(void **state) {
  (void)state;
  read_of(UP("main", 2) "," REFUSED,
          GOOD ",{\"name\":\"C\",\"health\":\"ok\",\"alerts\":[{\"state\":\"firing\",\"labels\":{\"target\":\"cache\"}}]},"
               "{\"name\":\"All\",\"health\":\"ok\",\"alerts\":[{\"state\":\"firing\",\"labels\":{}}]}",
          &first_only, false);
  assert_exit(0);
  assert_int_equal(report.count, 2);
  assert_int_equal(report.judged, 1);
}

static void nothing_to_check_is_not_good(void **state) {
  (void)state;
  read_of("", "", &(struct config){0}, true);
  assert_exit(3);
  assert_string_equal(nagios(), "SONDE UNKNOWN: there is nothing to check: no targets\n");
}

static void an_answer_of_another_kind_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"", "{", "[]", "{}", "{\"schema\":2,\"targets\":[]}", "not json"};
  for (size_t i = 0; i < COUNTOF(wrong); i++) assert_false(report_read(&report, wrong[i], strlen(wrong[i]), &both, true, NULL));
  static const char odd[] = "{\"schema\":1,\"targets\":[1,{},{\"name\":7},{\"name\":\"main\"}],\"rules\":[{},[],{\"name\":\"x\"},"
                            "{\"name\":\"y\",\"health\":\"ok\",\"alerts\":[1,{}],\"values\":{}}]}";
  assert_true(report_read(&report, odd, strlen(odd), &both, true, NULL));
}

/* Output */

static void no_text_can_forge_performance_data_or_a_line(void **state) {
  (void)state;
  read_all(TWO_UP,
           "{\"name\":\"it's=a|b\",\"op\":\">\",\"threshold\":\"1\",\"severity\":\"warning\",\"health\":\"ok\",\"alerts\":[{"
           "\"state\":\"firing\",\"value\":\"2\",\"labels\":{\"target\":\"main\",\"datname\":\"x\\n| y=1\"},"
           "\"annotations\":{\"summary\":\"a | b\\nOK: c\"}}]}");
  assert_string_equal(nagios(),
                      "SONDE WARNING: it's=a/b main {datname=x / y=1} 2 > 1; judged 1 | 'time'=0.000s 'it''s:a/b main'=2;1\n"
                      "WARNING: it's=a/b main {datname=x / y=1} 2 > 1: a / b OK: c\n");
}

static void no_text_can_steer_a_terminal(void **state) {
  (void)state;
  read_all("{\"name\":\"main\",\"state\":\"down\",\"sentence\":\"\\u001b[2Jgone\\u009b31m\\u007f\"}", "");
  assert_string_equal(report.rows[0].message, " [2Jgone  31m ");
  assert_null(strchr(table(80, false), '\033'));
}

static void limits_are_ranges_that_plugins_read(void **state) {
  (void)state;
  static const struct {
    const char *op, *threshold, *value, *written;
  } all[] = {
      {">", "10", "3", "3;10"},    {">", "-1", "-3", "-3;~:-1"}, {">", "10", "-3", "-3;~:10"},
      {">=", "10", "3", "3;@10:"}, {"<", "70", "80", "80;70:"},  {"<=", "1", "80", "80;@~:1"},
      {"==", "0", "1", "1;@0:0"},  {"!=", "1", "1", "1;1:1"},    {"<", "1", "1e9", "1000000000;1:"},
      {">", "1", "NaN", NULL},     {">", "1", "+Inf", NULL},     {">", "0.000001", "-0", "0;0.000001"},
  };
  for (size_t i = 0; i < COUNTOF(all); i++) {
    char rule[400], expected[80];
    snprintf(rule, sizeof rule,
             "{\"name\":\"X\",\"severity\":\"warning\",\"health\":\"ok\",\"op\":\"%s\",\"threshold\":\"%s\",\"values\":[{"
             "\"labels\":{},\"value\":\"%s\"}]}",
             all[i].op, all[i].threshold, all[i].value);
    report_done(&report);
    report_init(&report);
    read_all(TWO_UP, rule);
    if (all[i].written) snprintf(expected, sizeof expected, "SONDE OK: judged 1 | 'time'=0.000s 'X'=%s\n", all[i].written);
    assert_string_equal(nagios(), all[i].written ? expected : "SONDE OK: judged 1 | 'time'=0.000s\n");
  }
}

static void a_warning_and_a_critical_rule_of_one_name_are_one_number(void **state) {
  (void)state;
#define TWIN(severity, limit)                                                                                                      \
  "{\"name\":\"X\",\"severity\":\"" severity "\",\"health\":\"ok\",\"op\":\">\",\"threshold\":\"" limit                            \
  "\",\"values\":[{\"labels\":{\"target\":\"main\",\"severity\":\"" severity "\"},\"value\":\"5\"}]}"
  read_all(TWO_UP, TWIN("critical", "90") "," TWIN("warning", "80"));
  assert_string_equal(nagios(), "SONDE OK: judged 2 | 'time'=0.000s 'X main'=5;80;90\n");
}

/* A table has a line for a rule, performance data a number for a rule and a target, whose label must not change from check to check; programs get all. */
static void of_many_good_series_the_nearest_to_the_alarm_is_shown(void **state) {
  (void)state;
#define MOUNT(target, path, value) "{\"labels\":{\"target\":\"" target "\",\"mountpoint\":\"" path "\"},\"value\":\"" value "\"}"
  read_all(TWO_UP,
           "{\"name\":\"Disk\",\"severity\":\"warning\",\"op\":\"<\",\"threshold\":\"10\",\"health\":\"ok\",\"values\":[" MOUNT(
               "main", "/", "50") "," MOUNT("main", "/var", "20") "," MOUNT("cache", "/", "30") "]}");
  assert_int_equal(report.count, 5);
  const char *text = table(80, false);
  assert_non_null(strstr(text, "Disk {mountpoint=/var}  main    20 (alert < 10)\n"));
  assert_null(strstr(text, "50"));
  assert_string_equal(nagios(), "SONDE OK: judged 1 | 'time'=0.000s 'Disk cache'=30;10: 'Disk main'=20;10:\n");
}

/* used / limit is infinite where no limit is set; the rule's "and limit > 0" lets that off, and so must what is shown. */
static void a_value_that_its_rule_lets_off_is_not_shown(void **state) {
  (void)state;
  read_all(TWO_UP, "{\"name\":\"M\",\"op\":\">\",\"threshold\":\"90\",\"health\":\"ok\",\"values\":["
                   "{\"labels\":{\"target\":\"main\"},\"value\":\"+Inf\"},{\"labels\":{\"target\":\"cache\"},\"value\":\"95\"}]}");
  assert_exit(0);
  assert_int_equal(report.judged, 1);
  assert_string_equal(nagios(), "SONDE OK: judged 1 | 'time'=0.000s\n");
}

static void a_table_is_aligned_with_the_worst_on_top(void **state) {
  (void)state;
  report.took = 41;
  read_all(UP("main", 2) "," REFUSED, BROKEN("firing") ",{\"name\":\"Slow\",\"health\":\"warming\",\"warm_in_seconds\":270}");
  assert_string_equal(table(60, false),
                      "CRITICAL: 2 problems; judged 1, waiting for history 1 (ask the running agent, or --window 5m)\n"
                      "\n"
                      "STATUS    CHECK  TARGET  VALUE\n"
                      "CRITICAL  up     cache   down (auth)\n"
                      "          cache wants a login; set password\n"
                      "CRITICAL  Full   main    0.95 > 0.9\n"
                      "          Make room on main.\n"
                      "OK        up     main    up\n"
                      "WAITING   Slow           waiting, 4m30s more\n"
                      "\n"
                      "Polled here. Took 0.041 s.\n");
}

static void hints_are_broken_between_words(void **state) {
  (void)state;
  read_all(REFUSED, "");
  assert_non_null(strstr(table(10, false), "\n          cache wants a login; set\n          password\n"));
}

static void colours_change_no_column(void **state) {
  (void)state;
  read_all(TWO_UP, GOOD);
  const char *text = table(80, true);
  assert_non_null(strstr(text, "\033[32mOK\033[0m      Full   main    0.25 (alert > 0.9)\n"));
}

static void the_json_is_stable(void **state) {
  (void)state;
  report.took = 41;
  report.asked = true;
  read_all(UP("main", 2.5) "," REFUSED, BROKEN("pending"));
  report_json(&out, &report);
  json_t *root = json_loads(out.data, 0, NULL);
  assert_non_null(root);
  const char *status, *state_text, *source, *check, *hint;
  int schema, code, judged;
  double took, age, value, threshold, left;
  assert_int_equal(json_unpack(root, "{s:i,s:s,s:i,s:F,s:F,s:s,s:i}", "schema", &schema, "status", &status, "exit_code", &code,
                               "duration_seconds", &took, "data_age_seconds", &age, "source", &source, "judged", &judged),
                   0);
  assert_int_equal(schema, 1);
  assert_string_equal(status, "critical");
  assert_int_equal(code, 2);
  assert_string_equal(source, "agent");
  assert_int_equal(judged, 1);
  assert_true(age == 2.5);
  assert_int_equal(json_unpack(json_array_get(json_object_get(root, "checks"), 1), "{s:s,s:s,s:s,s:F,s:F,s:F}", "check", &check,
                               "state", &state_text, "hint", &hint, "value", &value, "threshold", &threshold, "fires_in_seconds",
                               &left),
                   0);
  assert_string_equal(check, "Full");
  assert_string_equal(state_text, "pending");
  assert_string_equal(hint, "Make room on main.");
  assert_true(value == 0.95 && threshold == 0.9 && left == 252);
  json_decref(root);
}

static void what_keeps_a_check_from_an_answer_is_said_in_every_form(void **state) {
  (void)state;
  struct fail why;
  fail(&why, FAIL_CONFIG, "sonde.yml:3:1: wrong | broken");
  report_fail(&report, &why);
  assert_exit(3);
  assert_string_equal(nagios(), "SONDE UNKNOWN: sonde.yml:3:1: wrong / broken\n");
  assert_string_equal(table(80, false), "UNKNOWN: sonde.yml:3:1: wrong | broken\n");
  buf_clear(&out);
  report_json(&out, &report);
  assert_non_null(strstr(out.data, "\"message\": \"sonde.yml:3:1: wrong | broken\""));
  assert_non_null(strstr(out.data, "\"exit_code\": 3"));
}

/* What is checked */

static void addresses_and_names_do_not_mix(void **state) {
  (void)state;
  struct check_plan p;
  struct fail why;
  const char *urls[] = {"postgresql://u@db/x", "rediss://cache:6380", "valkey://other", "host"};
  assert_true(check_plan_make(&p, NULL, urls, 4, &why));
  assert_true(p.addressed);
  assert_int_equal(p.config->target_count, 4);
  assert_string_equal(p.config->targets[0].kind->name, "postgres");
  assert_string_equal(p.config->targets[2].kind->name, "redis");
  check_plan_done(&p);
  const char *mixed[] = {"redis://cache", "main:secret"};
  assert_false(check_plan_make(&p, NULL, mixed, 2, &why));
  assert_string_equal(why.text, "beside an address only addresses and host can be checked, not \"main\"");
  const char *strange[] = {"mongodb://u:secret@x"};
  assert_false(check_plan_make(&p, NULL, strange, 1, &why));
  assert_null(strstr(why.text, "secret"));
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
  const struct CMUnitTest tests[] = {
      T(a_healthy_stack_is_good),
      T(a_condition_that_holds_counts_before_its_for_is_over),
      T(severities_become_exit_codes),
      T(unknown_stands_between_critical_and_warning),
      T(a_refused_login_is_critical_and_says_what_to_do),
      T(of_a_target_that_is_down_nothing_else_is_said),
      T(old_data_of_an_agent_is_unknown),
      T(what_has_not_answered_in_time_is_critical_here_and_unknown_of_an_agent),
      T(rules_without_enough_history_are_not_judged),
      T(a_chosen_target_answers_for_itself_alone),
      T(nothing_to_check_is_not_good),
      T(an_answer_of_another_kind_is_refused),
      T(no_text_can_forge_performance_data_or_a_line),
      T(no_text_can_steer_a_terminal),
      T(limits_are_ranges_that_plugins_read),
      T(a_warning_and_a_critical_rule_of_one_name_are_one_number),
      T(of_many_good_series_the_nearest_to_the_alarm_is_shown),
      T(a_value_that_its_rule_lets_off_is_not_shown),
      T(a_table_is_aligned_with_the_worst_on_top),
      T(hints_are_broken_between_words),
      T(colours_change_no_column),
      T(the_json_is_stable),
      T(what_keeps_a_check_from_an_answer_is_said_in_every_form),
      T(addresses_and_names_do_not_mix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
