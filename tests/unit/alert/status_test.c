/* The status that an agent gives to sonde check: whole JSON whatever the servers wrote, and a digest that sees every change. */
#include "tests/unit/test.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alert/status.h"
#include "metric/snapshot.h"

#define HOSTILE "\"}]\n\\\033"

static struct store *store;
static struct slot *slot;

static int begin(void **state) {
  (void)state;
  store = store_new();
  slot = store_add(store);
  return 0;
}

static int end(void **state) {
  (void)state;
  slot_retire(slot);
  store_free(store);
  return 0;
}

/* What the target shows: up and well unless it says why not, or down. */
static void show(const char *name, bool up, const struct fail *why) {
  struct identity *id = identity_new(name, "redis", "redis", name);
  struct batch *b = batch_new(id, 0);
  identity_unref(id);
  b->polled = true;
  b->up = up;
  b->success = up ? 17500 : 0;
  if (why) b->why = *why;
  slot_publish(slot, b);
}

static json_t *status_of(const struct rules_view *rules) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, STATUS_BYTES_MAX);
  struct snapshot *snapshot = store_snapshot(store);
  status_write(&out, &(struct status){snapshot, rules, 0xABC, 20000});
  snapshot_free(snapshot);
  assert_true(status_is_of(out.data, 0xABC));
  assert_false(status_is_of(out.data, 0xABD));
  json_error_t error;
  json_t *root = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, &error);
  if (!root) fail_msg("%s in %s", error.text, out.data);
  return root;
}

static json_t *first_target(json_t *root) {
  return json_array_get(json_object_get(root, "targets"), 0);
}

static const char *text_of(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

static void a_server_that_answers_and_is_not_well_is_not_up(void **state) {
  (void)state;
  struct fail why;
  show("cache", true, NULL);
  json_t *root = status_of(NULL);
  assert_string_equal(text_of(first_target(root), "state"), "up");
  assert_true(json_number_value(json_object_get(first_target(root), "age_seconds")) == 2.5);
  json_decref(root);
  fail(&why, FAIL_STARTING, "it is loading its data");
  show("cache", true, &why);
  root = status_of(NULL);
  assert_string_equal(text_of(first_target(root), "state"), "starting");
  assert_string_equal(text_of(first_target(root), "reason"), "starting");
  assert_non_null(strstr(text_of(first_target(root), "sentence"), "loading its data"));
  json_decref(root);
  fail(&why, FAIL_PROTOCOL, "status 500");
  show("cache", true, &why);
  root = status_of(NULL);
  assert_string_equal(text_of(first_target(root), "state"), "down");
  assert_string_equal(text_of(first_target(root), "reason"), "protocol");
  assert_true(json_number_value(json_object_get(first_target(root), "age_seconds")) == 2.5); /* it was seen all the same */
  json_decref(root);
}

static void a_target_that_is_down_says_why(void **state) {
  (void)state;
  struct fail why;
  fail(&why, FAIL_AUTH, "%s", HOSTILE);
  show(HOSTILE, false, &why);
  json_t *root = status_of(NULL);
  assert_string_equal(text_of(first_target(root), "name"), HOSTILE);
  assert_string_equal(text_of(first_target(root), "state"), "down");
  assert_string_equal(text_of(first_target(root), "reason"), "auth");
  assert_string_equal(text_of(first_target(root), "sentence"), HOSTILE);
  json_decref(root);
}

static void rules_keep_their_numbers_labels_and_words(void **state) {
  (void)state;
  struct labels *labels = labels_new(&(struct label_pair){"target", HOSTILE}, 1), *none = labels_new(NULL, 0);
  struct alert_view alerts[] = {
      {.labels = labels, .annotations = none, .state = ALERT_PENDING, .value = INFINITY, .left = 4500},
      {.labels = none, .annotations = labels, .state = ALERT_FIRING, .value = NAN},
  };
  struct element values[] = {{labels, 0.25}};
  struct rule_view rules[] = {
      {.group = "g",
       .name = "A",
       .severity = "page",
       .op = ">=",
       .threshold = 0.9,
       .health = RULE_OK,
       .alerts = alerts,
       .alert_count = 2,
       .values = values,
       .value_count = 1},
      {.group = "g", .name = "W", .severity = "", .health = RULE_WARMING, .warm_in = 1500},
      {.group = "g", .name = "recorded:fine", .severity = "", .records = true, .health = RULE_OK},
      {.group = "g", .name = "recorded:wrong", .severity = "", .records = true, .health = RULE_ERROR, .error = HOSTILE},
  };
  struct rules_view view = {.evaluated = 19000, .interval = 10000, .rules = rules, .count = COUNTOF(rules)};
  json_t *root = status_of(&view), *all = json_object_get(root, "rules"), *first = json_array_get(all, 0);
  assert_int_equal(json_array_size(all), 3);
  assert_true(json_number_value(json_object_get(root, "evaluated_age_seconds")) == 1);
  assert_string_equal(text_of(first, "threshold"), "0.9");
  assert_string_equal(text_of(first, "severity"), "page");
  json_t *pending = json_array_get(json_object_get(first, "alerts"), 0),
         *firing = json_array_get(json_object_get(first, "alerts"), 1);
  assert_string_equal(text_of(pending, "value"), "+Inf");
  assert_string_equal(text_of(json_object_get(pending, "labels"), "target"), HOSTILE);
  assert_true(json_number_value(json_object_get(pending, "fires_in_seconds")) == 4.5);
  assert_string_equal(text_of(firing, "value"), "NaN");
  assert_null(json_object_get(firing, "fires_in_seconds"));
  assert_string_equal(text_of(json_array_get(json_object_get(first, "values"), 0), "value"), "0.25");
  assert_true(json_number_value(json_object_get(json_array_get(all, 1), "warm_in_seconds")) == 1.5);
  assert_string_equal(text_of(json_array_get(all, 2), "error"), HOSTILE);
  json_decref(root);
  labels_unref(labels);
  labels_unref(none);
}

static void every_change_of_a_rule_is_another_configuration(void **state) {
  (void)state;
  struct config *c = config_new();
  const char *names[] = {"severity"}, *values[] = {"page"}, *others[] = {"info"};
  struct rule rule = {.identity = "g/A/1", .text = "up == 0", .labels = {names, values, 1}};
  struct rule_group group = {.rules = &rule, .count = 1};
  struct rule_set set = {.groups = &group, .count = 1};
  uint64_t seen[8];
  size_t count = 0;
  seen[count++] = status_digest(c, NULL);
  seen[count++] = status_digest(c, &set);
  assert_int_equal(status_digest(c, &set), seen[1]);
  rule.text = "up == 1", seen[count++] = status_digest(c, &set);
  rule.pending = 1000, seen[count++] = status_digest(c, &set);
  rule.keep_firing = 1000, seen[count++] = status_digest(c, &set);
  rule.labels.values = others, seen[count++] = status_digest(c, &set);
  rule.annotations = rule.labels, seen[count++] = status_digest(c, &set);
  group.interval = 5000, seen[count++] = status_digest(c, &set);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < i; k++) assert_int_not_equal(seen[i], seen[k]);
  config_unref(c);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
  const struct CMUnitTest tests[] = {
      T(a_server_that_answers_and_is_not_well_is_not_up),
      T(a_target_that_is_down_says_why),
      T(rules_keep_their_numbers_labels_and_words),
      T(every_change_of_a_rule_is_another_configuration),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
