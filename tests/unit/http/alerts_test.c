/* The alerts on the page for people, above all in the first minutes, when nothing fires yet. */
#include "../test.h"

#include <math.h>
#include <string.h>

#include "agent/http/pages.h"

#define HOSTILE "<script>alert(1)</script>"

static struct buf out;

static int begin(void **state) {
  (void)state;
  buf_init(&out, PAGE_BYTES_MAX);
  return 0;
}

static int end(void **state) {
  (void)state;
  buf_done(&out);
  return 0;
}

static const char *page(struct rule_view *rules, size_t count, bool local) {
  struct rules_view view = {.rules = rules, .count = count};
  buf_clear(&out);
  buf_puts(&out, "");
  page_alerts(&out, &(struct view){.rules = &view, .wall = 1000000, .local = local});
  return out.data;
}

static void without_rules_there_is_nothing_to_say(void **state) {
  (void)state;
  page_alerts(&out, &(struct view){.rules = NULL});
  assert_int_equal(out.length, 0);
}

static void the_first_minutes_do_not_look_dead(void **state) {
  (void)state;
  struct labels *main_target = labels_new(&(struct label_pair){"target", "main"}, 1), *none = labels_new(NULL, 0);
  struct alert_view pending = {.labels = main_target, .annotations = none, .state = ALERT_PENDING, .value = 95, .left = 251300};
  struct rule_view rules[] = {
      {.name = "Quiet", .health = RULE_OK},
      {.name = "Full", .health = RULE_OK, .op = ">", .threshold = 90, .alerts = &pending, .alert_count = 1},
      {.name = "Cpu", .health = RULE_WARMING, .warm_in = 121000},
      {.name = "New", .health = RULE_UNKNOWN},
      {.name = "None", .health = RULE_IDLE},
      {.name = "recorded", .records = true, .health = RULE_WARMING},
  };
  const char *html = page(rules, COUNTOF(rules), true);
  assert_non_null(strstr(html, "0 firing, <span class=\"starting\">1 pending</span>. 1 rule is quiet, 2 wait for history, "
                               "1 has nothing to look at here.</p>"));
  assert_non_null(strstr(html, "<td class=\"starting\">pending</td><td>Full</td><td>main</td><td class=\"number\">95 &gt; 90</td>"
                               "<td>fires in 4m12s</td>"));
  assert_non_null(strstr(html, ": Cpu (2m1s more), New.</p>"));
  labels_unref(main_target);
  labels_unref(none);
}

static void what_fires_stands_above_what_is_pending(void **state) {
  (void)state;
  struct labels *none = labels_new(NULL, 0), *summary = labels_new(&(struct label_pair){"summary", "It is full."}, 1);
  struct alert_view pending = {.labels = none, .annotations = none, .state = ALERT_PENDING, .value = 1};
  struct alert_view firing = {.labels = none, .annotations = summary, .state = ALERT_FIRING, .value = NAN, .fired_at = 910000};
  struct rule_view rules[] = {
      {.name = "Soon", .health = RULE_OK, .alerts = &pending, .alert_count = 1},
      {.name = "Now", .health = RULE_OK, .alerts = &firing, .alert_count = 1},
  };
  const char *html = page(rules, COUNTOF(rules), true);
  assert_non_null(strstr(html, "<strong class=\"down\">1 firing</strong>, "));
  assert_non_null(strstr(html, "<td>for 1m30s</td>"));
  assert_non_null(strstr(html, "It is full."));
  assert_true(strstr(html, "<td>Now</td>") < strstr(html, "<td>Soon</td>"));
  labels_unref(none);
  labels_unref(summary);
}

static void hostile_labels_stay_text_and_errors_are_for_this_machine(void **state) {
  (void)state;
  struct labels *bad = labels_new((struct label_pair[]){{"target", HOSTILE}, {"summary", HOSTILE}}, 2);
  struct alert_view firing = {.labels = bad, .annotations = bad, .state = ALERT_FIRING, .value = 1};
  struct rule_view rules[] = {
      {.name = HOSTILE, .health = RULE_OK, .alerts = &firing, .alert_count = 1},
      {.name = HOSTILE, .health = RULE_ERROR, .error = HOSTILE "secret"},
      {.name = HOSTILE, .health = RULE_WARMING},
  };
  assert_null(strstr(page(rules, COUNTOF(rules), true), "<script"));
  assert_non_null(strstr(out.data, "secret"));
  assert_null(strstr(page(rules, COUNTOF(rules), false), "secret"));
  labels_unref(bad);
}

static void many_alerts_are_counted_and_not_all_shown(void **state) {
  (void)state;
  static struct alert_view many[500];
  struct labels *none = labels_new(NULL, 0);
  for (size_t i = 0; i < COUNTOF(many); i++)
    many[i] = (struct alert_view){.labels = none, .annotations = none, .state = ALERT_FIRING};
  struct rule_view rule = {.name = "Flood", .health = RULE_OK, .alerts = many, .alert_count = COUNTOF(many)};
  assert_non_null(strstr(page(&rule, 1, true), "500 firing"));
  assert_non_null(strstr(out.data, "Only 200 of 500 are shown."));
  labels_unref(none);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
  const struct CMUnitTest tests[] = {
      T(without_rules_there_is_nothing_to_say),     T(the_first_minutes_do_not_look_dead),
      T(what_fires_stands_above_what_is_pending),   T(hostile_labels_stay_text_and_errors_are_for_this_machine),
      T(many_alerts_are_counted_and_not_all_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
