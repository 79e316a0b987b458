/* Rendered pages: the same one until something new is published, never an old one after that. */
#include "../test.h"

#include <stdio.h>

#include "agent/http/cache.h"
#include "fixture.h"

static const struct negotiation plain = {EXPOSITION_TEXT, false}, open_metrics = {EXPOSITION_OPENMETRICS, false},
                                packed = {EXPOSITION_TEXT, true};
static struct fixture fixture;
static struct cache *cache;

static int open_cache(void **state) {
  (void)state;
  fixture_open(&fixture);
  cache = cache_new(fixture.store);
  return 0;
}

static int close_cache(void **state) {
  (void)state;
  cache_free(cache);
  fixture_close(&fixture);
  return 0;
}

static struct MHD_Response *page(const char *target, struct negotiation how) {
  struct answer a = cache_metrics(cache, target, how);
  assert_int_equal(a.status, 200);
  assert_true(a.kept);
  return a.response;
}

static void a_page_is_rendered_once_until_news(void **state) {
  (void)state;
  struct slot *slot = fixture_publish(&fixture, "a", FIXTURE_UP, 1);
  struct MHD_Response *all = page(NULL, plain), *one = page("a", plain);
  for (int i = 0; i < 3; i++) {
    assert_ptr_equal(page(NULL, plain), all);
    assert_ptr_equal(page("a", plain), one);
  }
  MHD_add_response_header(all, "Old", "1");
  slot_publish(slot, fixture_batch("a", FIXTURE_UP, 2));
  assert_null(MHD_get_response_header(page(NULL, plain), "Old"));
}

static void every_form_of_a_page_is_a_page_of_its_own(void **state) {
  (void)state;
  fixture_publish(&fixture, "a", FIXTURE_UP, 1);
  struct MHD_Response *text = page("a", plain), *om = page("a", open_metrics), *gzip = page("a", packed);
  assert_ptr_not_equal(text, om);
  assert_ptr_not_equal(text, gzip);
  assert_ptr_not_equal(text, page(NULL, plain));
  assert_string_equal(MHD_get_response_header(text, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  assert_string_equal(MHD_get_response_header(om, "Content-Type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert_null(MHD_get_response_header(text, "Content-Encoding"));
  assert_string_equal(MHD_get_response_header(gzip, "Content-Encoding"), "gzip");
  assert_string_equal(MHD_get_response_header(text, "Vary"), "Accept, Accept-Encoding");
  assert_string_equal(MHD_get_response_header(gzip, "Vary"), "Accept, Accept-Encoding");
}

static void a_target_that_went_has_no_page(void **state) {
  (void)state;
  assert_null(cache_metrics(cache, "a", plain).response);
  struct slot *slot = store_add(fixture.store);
  slot_publish(slot, fixture_batch("a", FIXTURE_UP, 1));
  page("a", plain);
  slot_retire(slot);
  assert_null(cache_metrics(cache, "a", plain).response);
}

static void the_least_used_page_gives_way_to_the_next(void **state) {
  (void)state;
  char name[16];
  for (int i = 0; i < 80; i++) {
    snprintf(name, sizeof name, "t%d", i);
    fixture_publish(&fixture, name, FIXTURE_UP, i);
  }
  struct MHD_Response *first = page("t0", plain);
  for (int i = 1; i < 80; i++) {
    snprintf(name, sizeof name, "t%d", i);
    page(name, plain);
    assert_ptr_equal(page("t0", plain), first);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_page_is_rendered_once_until_news, open_cache, close_cache),
      cmocka_unit_test_setup_teardown(every_form_of_a_page_is_a_page_of_its_own, open_cache, close_cache),
      cmocka_unit_test_setup_teardown(a_target_that_went_has_no_page, open_cache, close_cache),
      cmocka_unit_test_setup_teardown(the_least_used_page_gives_way_to_the_next, open_cache, close_cache),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
