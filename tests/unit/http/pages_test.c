/* The pages for people, load balancers and service discovery, over made-up targets. */
#include "../test.h"

#include <jansson.h>
#include <string.h>

#include "agent/http/pages.h"
#include "fixture.h"
#include "metric/snapshot.h"

#define HOSTILE "<script>alert(\"x\")</script>&'\n\\"

static struct fixture fixture;

static int open_store(void **state) {
  (void)state;
  fixture_open(&fixture);
  return 0;
}

static int close_store(void **state) {
  (void)state;
  fixture_close(&fixture);
  return 0;
}

static struct view view_of(struct snapshot *snapshot, size_t expected, bool local) {
  return (struct view){.snapshot = snapshot,
                       .expected = expected,
                       .started = 5000,
                       .now = 20000,
                       .telemetry_path = "/metrics",
                       .host = "web-1:10420",
                       .local = local};
}

/* What the page says now; free() it. */
static char *page(void (*write)(struct buf *, const struct view *), size_t expected, bool local) {
  struct snapshot *snapshot = store_snapshot(fixture.store);
  struct view view = view_of(snapshot, expected, local);
  struct buf out;
  buf_init(&out, PAGE_BYTES_MAX);
  write(&out, &view);
  snapshot_free(snapshot);
  assert_false(out.overflow);
  return out.data;
}

static json_t *page_json(void (*write)(struct buf *, const struct view *), size_t expected, bool local) {
  char *text = page(write, expected, local);
  json_error_t error;
  json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
  if (!json) print_error("%s in %s\n", error.text, text);
  assert_non_null(json);
  free(text);
  return json;
}

static enum fleet fleet(size_t expected) {
  struct snapshot *snapshot = store_snapshot(fixture.store);
  struct view view = view_of(snapshot, expected, true);
  enum fleet state = fleet_state(&view);
  assert_int_equal(fleet_is_ready(&view), state == FLEET_OK || (state == FLEET_DOWN && snapshot->count > expected));
  snapshot_free(snapshot);
  return state;
}

static const char *text_of(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

static void not_ready_before_all_targets_were_polled(void **state) {
  (void)state;
  assert_int_equal(fleet(EXPECTED_UNKNOWN), FLEET_STARTING);
  fixture_publish(&fixture, "sonde", FIXTURE_UP, 1);
  assert_int_equal(fleet(1), FLEET_STARTING); /* the agent itself is not one of those expected */
  assert_int_equal(fleet(0), FLEET_OK);
  struct slot *slot = fixture_publish(&fixture, "a", FIXTURE_STARTING, 1);
  assert_int_equal(fleet(1), FLEET_STARTING);
  slot_publish(slot, fixture_batch("a", FIXTURE_UP, 1));
  assert_int_equal(fleet(1), FLEET_OK);
  assert_int_equal(fleet(2), FLEET_STARTING);
  fixture_publish(&fixture, "b", FIXTURE_DOWN, 1);
  assert_int_equal(fleet(2), FLEET_DOWN);
}

static void discovery_gives_every_target_its_identity(void **state) {
  (void)state;
  fixture_publish(&fixture, "cache/10.0.0.1:6379", FIXTURE_DOWN, 1);
  fixture_publish(&fixture, "sonde", FIXTURE_UP, 1);
  json_t *list = page_json(page_discovery, 1, false);
  assert_int_equal(json_array_size(list), 2);
  const json_t *first = json_array_get(list, 0), *labels = json_object_get(first, "labels");
  assert_string_equal(json_string_value(json_array_get(json_object_get(first, "targets"), 0)), "web-1:10420");
  assert_string_equal(text_of(labels, "__metrics_path__"), "/targets/cache/10.0.0.1:6379/metrics");
  assert_string_equal(text_of(labels, "job"), "postgres");
  assert_string_equal(text_of(labels, "instance"), "cache/10.0.0.1:6379");
  assert_string_equal(text_of(labels, "target"), "cache/10.0.0.1:6379");
  assert_string_equal(text_of(json_object_get(json_array_get(list, 1), "labels"), "target"), "sonde");
  json_decref(list);
}

static void discovery_of_nothing_is_an_empty_list(void **state) {
  (void)state;
  json_t *list = page_json(page_discovery, 0, false);
  assert_true(json_is_array(list));
  assert_int_equal(json_array_size(list), 0);
  json_decref(list);
}

static void health_names_what_is_down_and_how_old_the_data_is(void **state) {
  (void)state;
  fixture_publish(&fixture, "a", FIXTURE_UP, 1);
  fixture_publish(&fixture, "b", FIXTURE_DOWN, 1);
  fixture_publish(&fixture, "c", FIXTURE_STARTING, 1);
  json_t *health = page_json(page_health, 3, true);
  assert_string_equal(text_of(health, "status"), "down");
  assert_true(json_number_value(json_object_get(health, "uptime_seconds")) == 15.0);
  const json_t *list = json_object_get(health, "targets");
  const json_t *a = json_array_get(list, 0), *b = json_array_get(list, 1), *c = json_array_get(list, 2);
  assert_true(json_is_true(json_object_get(a, "up")));
  assert_true(json_number_value(json_object_get(a, "age_seconds")) == 1.5);
  assert_null(json_object_get(a, "reason"));
  assert_true(json_is_false(json_object_get(b, "up")));
  assert_true(json_is_null(json_object_get(b, "age_seconds")));
  assert_non_null(strstr(text_of(b, "reason"), "the login of user"));
  assert_non_null(strstr(text_of(c, "reason"), "first poll"));
  json_decref(health);
}

static void strangers_do_not_read_why(void **state) {
  (void)state;
  fixture_publish(&fixture, "b", FIXTURE_DOWN, 1);
  json_t *health = page_json(page_health, 1, false);
  assert_string_equal(text_of(json_array_get(json_object_get(health, "targets"), 0), "reason"), "auth");
  json_decref(health);
  char *near = page(page_landing, 1, true), *far = page(page_landing, 1, false);
  assert_non_null(strstr(near, "the login of user"));
  assert_null(strstr(far, "the login of user"));
  assert_non_null(strstr(far, "<td colspan=\"6\">auth</td>"));
  free(near);
  free(far);
}

static void hostile_names_stay_text(void **state) {
  (void)state;
  fixture_publish(&fixture, HOSTILE, FIXTURE_DOWN, 1);
  json_t *list = page_json(page_discovery, 1, true), *health = page_json(page_health, 1, true);
  assert_string_equal(text_of(json_object_get(json_array_get(list, 0), "labels"), "target"), HOSTILE);
  assert_string_equal(text_of(json_array_get(json_object_get(health, "targets"), 0), "name"), HOSTILE);
  json_decref(list);
  json_decref(health);
  char *html = page(page_landing, 1, true);
  assert_null(strstr(html, "<script"));
  assert_null(strstr(html, "<b>app"));
  assert_non_null(strstr(html, "&lt;script&gt;"));
  assert_non_null(strstr(html, "href=\"/targets/%3Cscript%3E"));
  free(html);
}

static void the_landing_page_says_every_state_in_words(void **state) {
  (void)state;
  fixture_publish(&fixture, "a", FIXTURE_UP, 1);
  fixture_publish(&fixture, "b", FIXTURE_DOWN, 1);
  fixture_publish(&fixture, "c", FIXTURE_STARTING, 1);
  fixture_publish(&fixture, "sonde", FIXTURE_UP, 1);
  char *html = page(page_landing, 3, true);
  assert_non_null(strstr(html, "2 up, <strong class=\"down\">1 down</strong>, 1 starting. Running for 15s."));
  assert_non_null(strstr(html, ">up</td><td class=\"number\">1s</td><td class=\"number\">1</td>"));
  assert_non_null(strstr(html, ">down</td><td class=\"number\">never seen</td>"));
  assert_non_null(strstr(html, ">starting</td>"));
  assert_non_null(strstr(html, "href=\"/metrics\""));
  assert_non_null(strstr(html, "href=\"/targets/a/metrics\""));
  assert_null(strstr(html, "<script"));
  free(html);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(not_ready_before_all_targets_were_polled, open_store, close_store),
      cmocka_unit_test_setup_teardown(discovery_gives_every_target_its_identity, open_store, close_store),
      cmocka_unit_test_setup_teardown(discovery_of_nothing_is_an_empty_list, open_store, close_store),
      cmocka_unit_test_setup_teardown(health_names_what_is_down_and_how_old_the_data_is, open_store, close_store),
      cmocka_unit_test_setup_teardown(strangers_do_not_read_why, open_store, close_store),
      cmocka_unit_test_setup_teardown(hostile_names_stay_text, open_store, close_store),
      cmocka_unit_test_setup_teardown(the_landing_page_says_every_state_in_words, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
