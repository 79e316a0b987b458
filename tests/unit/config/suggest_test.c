/* "Did you mean": a wrong suggestion is worse than none. */
#include "tests/unit/test.h"

#include "base/attr.h"
#include "config/suggest.h"

static void a_slip_of_the_fingers_is_understood_and_another_word_is_not(void **state) {
  (void)state;
  static const char *const names[] = {"poll_interval", "poll_timeout", "web", NULL, "targets", "on"};
  assert_string_equal(suggest("poll_intervall", names, COUNTOF(names)), "poll_interval");
  assert_string_equal(suggest("poll-interval", names, COUNTOF(names)), "poll_interval");
  assert_string_equal(suggest("TARGETS", names, COUNTOF(names)), "targets");
  assert_string_equal(suggest("tragets", names, COUNTOF(names)), "targets");
  assert_string_equal(suggest("wbe", names, COUNTOF(names)), "web");
  assert_null(suggest("colour", names, COUNTOF(names)));
  assert_null(suggest("", names, COUNTOF(names)));
  assert_null(suggest("it", names, COUNTOF(names)));
  assert_null(suggest("a_very_long_key_that_nobody_would_ever_write_by_hand", names, COUNTOF(names)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slip_of_the_fingers_is_understood_and_another_word_is_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
