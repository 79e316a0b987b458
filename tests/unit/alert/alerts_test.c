/* The life of an alert, minute by minute. A history is a string: each letter is what one evaluation found, each letter of the outcome what the alert
 * was after it. Found: 1 true, 0 false, - the target is down, ~ it was down in the span and has no value yet, w warming (and true), . the series is gone.
 * Was: p pending, f firing, _ nothing. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "base/mem.h"

#define MINUTE ((int64_t)60000)

static struct fail why;

static struct element element(const char *text, double value) {
  return (struct element){.labels = labels_from_text(text, strlen(text), NULL, 0), .value = value};
}

static void free_elements(struct value *v) {
  for (size_t i = 0; i < v->count; i++) labels_unref(v->elements[i].labels);
}

/* One evaluation of a rule about the target t. Returns the step's outcome. */
static bool step(struct alerts *a, const struct rule *rule, char found, int64_t now, struct transitions *out) {
  struct element true_one = element("__name__=\"x\",target=\"t\"", 95), left_one = element("__name__=\"x\",target=\"t\"", 41);
  bool present = found == '1' || found == 'w';
  struct value result = {.type = VALUE_VECTOR, .elements = &true_one, .count = present};
  struct value left = {
      .type = VALUE_VECTOR, .elements = present ? &true_one : &left_one, .count = present || found == '0' || found == 'r'};
  struct value recovered = {.type = VALUE_VECTOR, .elements = &left_one, .count = found == 'r'};
  struct doubt doubt = {"t", found == '-' || found == '~', found == '-', found == '-', found == 'w'};
  struct judgement j = {.result = &result,
                        .left = &left,
                        .recovered = &recovered,
                        .recover_left = &left,
                        .doubts = &doubt,
                        .doubt_count = strchr("-~w", found) != NULL};
  bool ok = alerts_step(a, rule, &j, now, out, &why);
  labels_unref(true_one.labels);
  labels_unref(left_one.labels);
  return ok;
}

static char letter(const struct alerts *a) {
  if (!a->count) return '_';
  return a->items[0].state == ALERT_FIRING ? 'f' : 'p';
}

static void assert_life(const struct rule *rule, const char *found, const char *expected) {
  struct alerts a = {0};
  struct transitions out = {0};
  char was[64] = "";
  for (size_t i = 0; found[i]; i++) {
    assert_true(step(&a, rule, found[i], 1000000 + (int64_t)i * MINUTE, &out));
    was[i] = letter(&a);
  }
  if (strcmp(was, expected) != 0) fail_msg("%s was %s, not %s", found, was, expected);
  alerts_done(&a);
  transitions_done(&out);
}

static void the_states_are_those_of_prometheus(void **state) {
  (void)state;
  static const struct {
    msec_t pending, keep;
    const char *found, *was;
  } table[] = {
      {0, 0, "0110", "_ff_"},
      {2 * MINUTE, 0, "1111", "ppff"},
      {2 * MINUTE, 0, "110111", "pp_ppf"},              /* one false evaluation begins anew */
      {2 * MINUTE, 2 * MINUTE, "111000", "ppfff_"},     /* keep_firing_for, as promtool has it */
      {2 * MINUTE, 2 * MINUTE, "11100100", "ppffffff"}, /* true again: it is kept from the next false one */
      {0, 2 * MINUTE, "1000", "fff_"},
      {2 * MINUTE, 2 * MINUTE, "1100", "pp__"}, /* what never fired is not kept */
      {0, 0, "1.", "f_"},                       /* a series that ends while its target is up */
      {90000, 0, "111", "ppf"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++)
    assert_life(&(struct rule){.name = "A", .pending = table[i].pending, .keep_firing = table[i].keep}, table[i].found,
                table[i].was);
}

static void a_target_that_does_not_answer_neither_fires_nor_resolves(void **state) {
  (void)state;
  static const struct {
    enum no_data no_data;
    const char *found, *was;
  } table[] = {
      {NO_DATA_KEEP, "111---1", "ppfffff"}, {NO_DATA_KEEP, "111---0", "ppffff_"},
      {NO_DATA_KEEP, "11----", "pppppp"},                                         /* pending stays pending … */
      {NO_DATA_KEEP, "11--1", "ppppf"},                                           /* … and its time goes on */
      {NO_DATA_KEEP, "11--0", "pppp_"},     {NO_DATA_KEEP, "111-~~0", "ppffff_"}, /* a range that has too few points yet */
      {NO_DATA_KEEP, "0---0", "_____"},     {NO_DATA_RESOLVE, "111--", "ppf__"},
      {NO_DATA_ALERT, "11---", "ppfff"},    {NO_DATA_ALERT, "0----0", "_ppff_"},
      {NO_DATA_ALERT, "-~0", "pp_"},
  };
  for (size_t i = 0; i < COUNTOF(table); i++)
    assert_life(&(struct rule){.name = "A", .pending = 2 * MINUTE, .no_data = table[i].no_data}, table[i].found, table[i].was);
}

static void a_past_that_is_too_short_is_not_judged(void **state) {
  (void)state;
  struct rule rule = {.name = "A", .pending = MINUTE};
  assert_life(&rule, "www11", "___pf");
  assert_life(&rule, "11ww0", "pfff_");
  rule.no_data = NO_DATA_RESOLVE;
  assert_life(&rule, "11ww0", "pfff_");
}

static void a_second_condition_ends_the_alert(void **state) {
  (void)state;
  struct arena a;
  arena_init(&a);
  struct rule rule = {.name = "A", .recover = promql_parse("x < 50", &a, &why)};
  assert_life(&rule, "1000r", "ffff_"); /* r: false, and recovered */
  assert_life(&rule, "10010r", "fffff_");
  assert_life(&rule, "10.", "ff_"); /* nothing is left that could recover */
  assert_life(&rule, "10--0r", "fffff_");
  rule.keep_firing = 2 * MINUTE;
  assert_life(&rule, "10rrr", "ffff_");
  rule.pending = 2 * MINUTE;
  assert_life(&rule, "10", "p_"); /* pending needs no recovery */
  arena_done(&a);
}

static void a_transition_is_told_once_with_its_times_and_values(void **state) {
  (void)state;
  struct rule rule = {.name = "A", .pending = 2 * MINUTE};
  struct alerts a = {0};
  struct transitions out = {0};
  for (int i = 0; i < 6; i++) assert_true(step(&a, &rule, "111100"[i], 1000 + i * MINUTE, &out));
  assert_int_equal(out.count, 3);
  const struct transition *t = out.items;
  assert_int_equal(t[0].from, ALERT_RESOLVED);
  assert_int_equal(t[0].alert.state, ALERT_PENDING);
  assert_int_equal(t[0].alert.active_at, 1000);
  assert_int_equal(t[1].from, ALERT_PENDING);
  assert_int_equal(t[1].alert.state, ALERT_FIRING);
  assert_int_equal(t[1].alert.fired_at, 1000 + 2 * MINUTE);
  assert_int_equal(t[1].alert.active_at, 1000);
  assert_true(t[1].alert.value == 95);
  assert_int_equal(t[2].from, ALERT_FIRING);
  assert_int_equal(t[2].alert.state, ALERT_RESOLVED);
  assert_int_equal(t[2].alert.resolved_at, 1000 + 4 * MINUTE);
  assert_true(t[2].alert.value == 41); /* what it is now, not what was bad */
  assert_int_equal(a.count, 0);
  alerts_done(&a);
  transitions_done(&out);
}

static void without_for_an_alert_fires_at_once(void **state) {
  (void)state;
  struct rule rule = {.name = "A"};
  struct alerts a = {0};
  struct transitions out = {0};
  assert_true(step(&a, &rule, '1', 1000, &out) && step(&a, &rule, '.', 2000, &out));
  assert_int_equal(out.count, 2);
  assert_int_equal(out.items[0].from, ALERT_RESOLVED);
  assert_int_equal(out.items[0].alert.state, ALERT_FIRING);
  assert_true(isnan(out.items[1].alert.value)); /* nothing is known of what vanished */
  alerts_done(&a);
  transitions_done(&out);
}

/* Several elements */

static bool judge(struct alerts *a, const struct rule *rule, struct element *elements, size_t count, struct judgement j,
                  int64_t now, struct transitions *out) {
  struct value result = {.type = VALUE_VECTOR, .elements = elements, .count = count};
  why = (struct fail){0};
  j.result = &result;
  bool ok = alerts_step(a, rule, &j, now, out, &why);
  free_elements(&result);
  return ok;
}

static void labels_and_annotations_come_from_the_element_and_the_rule(void **state) {
  (void)state;
  const char *names[] = {"severity", "job", "gone"}, *values[] = {"critical", "{{ $labels.job }}-2", ""};
  const char *notes[] = {"summary", "bad"},
             *texts[] = {"{{ $labels.__name__ }} is {{ $value }} in {{ $externalLabels.site }}", "{{ $labels.job | humanize }}"};
  const char *site[] = {"site"}, *eu[] = {"eu"};
  struct pairs external = {site, eu, 1};
  struct template_world world = {.external_labels = &external};
  struct rule rule = {.name = "Busy", .labels = {names, values, 3}, .annotations = {notes, texts, 2}};
  struct alerts a = {0};
  struct transitions out = {0};
  struct element e[] = {element("__name__=\"cpu\",alertname=\"x\",gone=\"y\",job=\"node\"", 0.5)};
  assert_true(judge(&a, &rule, e, 1, (struct judgement){.world = &world}, 1000, &out));
  const struct alert *one = &out.items[0].alert;
  assert_int_equal(one->labels->count, 3);
  assert_string_equal(labels_get(one->labels, "alertname"), "Busy");
  assert_string_equal(labels_get(one->labels, "severity"), "critical");
  assert_string_equal(labels_get(one->labels, "job"), "node-2");
  assert_string_equal(labels_get(one->annotations, "summary"), "cpu is 0.5 in eu");
  assert_string_equal(labels_get(one->annotations, "bad"),
                      "<error expanding template: at character 18 of the template: \"node\" is not a number>");
  assert_true(one->fingerprint == labels_fingerprint(one->labels));
  alerts_done(&a);
  transitions_done(&out);
}

static void two_elements_that_become_one_alert_are_an_error_and_change_nothing(void **state) {
  (void)state;
  const char *names[] = {"a"}, *values[] = {"same"};
  struct rule rule = {.name = "A", .labels = {names, values, 1}};
  struct alerts a = {0};
  struct transitions out = {0};
  struct element first[] = {element("a=\"1\"", 1)};
  assert_true(judge(&a, &rule, first, 1, (struct judgement){0}, 1000, &out));
  struct element both[] = {element("a=\"1\"", 1), element("a=\"2\"", 1)};
  assert_false(judge(&a, &rule, both, 2, (struct judgement){0}, 2000, &out));
  assert_string_equal(why.text,
                      "two elements become one alert, {a=\"same\",alertname=\"A\"}: leave the label in that tells them apart");
  assert_int_equal(a.count, 1);
  assert_int_equal(out.count, 1);
  struct element many[] = {element("b=\"1\"", 1), element("b=\"2\"", 1), element("b=\"3\"", 1)};
  assert_false(judge(&a, &rule, many, 3, (struct judgement){.limit = 2}, 3000, &out));
  assert_string_equal(why.text, "3 alerts are more than the group's limit of 2");
  assert_int_equal(a.count, 1);
  alerts_done(&a);
  transitions_done(&out);
}

static void each_target_is_judged_by_what_is_known_of_it(void **state) {
  (void)state;
  struct rule rule = {.name = "A"};
  struct alerts a = {0};
  struct transitions out = {0};
  struct element both[] = {element("target=\"up\"", 1), element("target=\"down\"", 1)};
  assert_true(judge(&a, &rule, both, 2, (struct judgement){0}, 1000, &out));
  assert_int_equal(a.count, 2);
  struct doubt down = {"down", true, true, true, false};
  assert_true(judge(&a, &rule, NULL, 0, (struct judgement){.doubts = &down, .doubt_count = 1}, 2000, &out));
  assert_int_equal(a.count, 1);
  assert_string_equal(labels_get(a.items[0].labels, "target"), "down");
  struct element other[] = {element("target=\"up\"", 1)};
  assert_true(judge(&a, &rule, other, 1, (struct judgement){.doubts = &down, .doubt_count = 1}, 3000, &out));
  assert_int_equal(a.count, 2); /* a dead neighbour keeps nobody from firing */
  alerts_done(&a);
  transitions_done(&out);
}

static void a_sum_is_not_judged_when_a_target_has_just_gone_from_it(void **state) {
  (void)state;
  struct rule rule = {.name = "A"};
  struct alerts a = {0};
  struct transitions out = {0};
  struct doubt lost = {"one", true, true, true, false}, long_down = {"one", true, true, false, false};
  struct element sum[] = {element("job=\"web\"", 1)};
  assert_true(judge(&a, &rule, sum, 1, (struct judgement){.doubts = &lost, .doubt_count = 1}, 1000, &out));
  assert_int_equal(a.count, 0);
  struct element again[] = {element("job=\"web\"", 1)};
  assert_true(judge(&a, &rule, again, 1, (struct judgement){.doubts = &long_down, .doubt_count = 1}, 2000, &out));
  assert_int_equal(a.count, 1);
  alerts_done(&a);
  transitions_done(&out);
}

static void what_was_restored_ends_when_it_is_known_to_be_over(void **state) {
  (void)state;
  struct rule rule = {.name = "A"};
  struct alerts a = {0};
  struct transitions out = {0};
  struct alert kept = {.labels = labels_new((struct label_pair[]){{"alertname", "A"}, {"target", "t"}}, 2),
                       .annotations = labels_new(NULL, 0),
                       .state = ALERT_FIRING,
                       .active_at = 10,
                       .fired_at = 20,
                       .restored = true};
  alerts_add(&a, &kept);
  assert_true(judge(&a, &rule, NULL, 0, (struct judgement){0}, 1000, &out)); /* its series have not come yet */
  assert_int_equal(a.count, 1);
  struct element back[] = {element("target=\"t\"", 3)};
  assert_true(judge(&a, &rule, back, 1, (struct judgement){0}, 2000, &out));
  assert_int_equal(a.items[0].fired_at, 20);
  assert_int_equal(out.count, 0); /* it goes on: nothing to tell */
  assert_true(judge(&a, &rule, NULL, 0, (struct judgement){0}, 3000, &out));
  assert_int_equal(out.count, 1);
  transitions_done(&out);
  struct alert other = {.labels = labels_new((struct label_pair[]){{"alertname", "A"}, {"target", "t"}}, 2),
                        .annotations = labels_new(NULL, 0),
                        .state = ALERT_FIRING,
                        .restored = true};
  alerts_add(&a, &other);
  struct element left[] = {element("target=\"t\"", 7)};
  struct value known = {.type = VALUE_VECTOR, .elements = left, .count = 1};
  assert_true(judge(&a, &rule, NULL, 0, (struct judgement){.left = &known}, 4000, &out)); /* known to be false */
  assert_int_equal(a.count, 0);
  assert_true(out.items[0].alert.value == 7);
  free_elements(&known);
  alerts_done(&a);
  transitions_done(&out);
}

static void a_pending_alert_that_was_restored_fires_when_its_time_has_come(void **state) {
  (void)state;
  struct rule rule = {.name = "A", .pending = 2 * MINUTE};
  struct alerts a = {0};
  struct transitions out = {0};
  struct alert kept = {.labels = labels_new((struct label_pair[]){{"alertname", "A"}, {"target", "t"}}, 2),
                       .annotations = labels_new(NULL, 0),
                       .state = ALERT_PENDING,
                       .active_at = 1000,
                       .restored = true};
  alerts_add(&a, &kept);
  assert_true(step(&a, &rule, '1', 1000 + MINUTE, &out));
  assert_int_equal(out.count, 0);
  assert_true(step(&a, &rule, '1', 1000 + 2 * MINUTE, &out));
  assert_int_equal(out.count, 1);
  assert_int_equal(out.items[0].alert.state, ALERT_FIRING);
  assert_int_equal(out.items[0].alert.active_at, 1000);
  alerts_done(&a);
  transitions_done(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_states_are_those_of_prometheus),
      cmocka_unit_test(a_target_that_does_not_answer_neither_fires_nor_resolves),
      cmocka_unit_test(a_past_that_is_too_short_is_not_judged),
      cmocka_unit_test(a_second_condition_ends_the_alert),
      cmocka_unit_test(a_transition_is_told_once_with_its_times_and_values),
      cmocka_unit_test(without_for_an_alert_fires_at_once),
      cmocka_unit_test(labels_and_annotations_come_from_the_element_and_the_rule),
      cmocka_unit_test(two_elements_that_become_one_alert_are_an_error_and_change_nothing),
      cmocka_unit_test(each_target_is_judged_by_what_is_known_of_it),
      cmocka_unit_test(a_sum_is_not_judged_when_a_target_has_just_gone_from_it),
      cmocka_unit_test(what_was_restored_ends_when_it_is_known_to_be_over),
      cmocka_unit_test(a_pending_alert_that_was_restored_fires_when_its_time_has_come),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
