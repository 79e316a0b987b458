/* What the log says of a history that is full: once, and again when it gets worse or better. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "agent/cli/room.h"

#define MINUTE ((msec_t)60000)
#define HOUR   (60 * MINUTE)

static char said[1000];

static void say(bool good, const char *sentence) {
  snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", good ? "+" : "-", sentence);
}

/* Looks once; what was said is forgotten by the next look. */
static const char *look(struct room *r, msec_t reach, uint64_t shortened, uint64_t refused) {
  const struct history_stats now = {
      .bytes_max = 64u << 20, .span = 24 * HOUR + MINUTE, .reach = reach, .shortened = shortened, .refused = refused};
  *said = 0;
  room_look(r, &now, say);
  return said;
}

static void a_history_that_is_full_is_said_once(void **state) {
  (void)state;
  struct room r = {.reach = 0};
  assert_string_equal(look(&r, 5 * MINUTE, 0, 0), "");
  assert_string_equal(
      look(&r, 10 * HOUR + 20 * MINUTE + 1234, 7, 0),
      "-the history is full: its 64 MB reach back 10h20m instead of 1d; give it more with history.memory, or ask for less "
      "with history.keep");
  assert_string_equal(look(&r, 10 * HOUR, 9, 0), "");
  assert_string_equal(look(&r, 10 * HOUR, 9, 0), "");
  assert_string_equal(look(&r, 6 * HOUR, 12, 0), "");
}

static void it_is_said_again_when_it_gets_much_worse_or_better(void **state) {
  (void)state;
  struct room r = {.reach = 0};
  look(&r, 10 * HOUR, 7, 0);
  assert_non_null(strstr(look(&r, 4 * HOUR, 20, 0), "reach back 4h instead"));
  assert_string_equal(look(&r, 23 * HOUR, 20, 0), "");
  assert_string_equal(look(&r, 24 * HOUR, 20, 0), "+the history has room again: it reaches back 1d");
  assert_string_equal(look(&r, 24 * HOUR, 20, 0), "");
  assert_non_null(strstr(look(&r, 22 * HOUR, 21, 0), "reach back 22h instead"));
}

static void series_that_find_no_room_are_said_once(void **state) {
  (void)state;
  struct room r = {.reach = 0};
  assert_non_null(strstr(look(&r, HOUR, 0, 5),
                         "-new series find no room in the history, so that rules and queries do not see them: its 64 MB"));
  assert_string_equal(look(&r, HOUR, 0, 9), "");
  assert_string_equal(look(&r, HOUR, 0, 9), "+new series find room in the history again");
  assert_string_equal(look(&r, HOUR, 0, 9), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_history_that_is_full_is_said_once),
      cmocka_unit_test(it_is_said_again_when_it_gets_much_worse_or_better),
      cmocka_unit_test(series_that_find_no_room_are_said_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
