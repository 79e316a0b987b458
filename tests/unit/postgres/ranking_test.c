/* Which statements are shown, and that no counter ever runs backwards. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "collectors/postgres/ranking.h"

/* Statement `query`, called `calls` times, for `seconds` in all. */
struct said {
  int64_t query;
  double calls, seconds;
};

static void observe(struct ranking *r, const struct said *said, size_t count) {
  struct observation *all = mem_zero((count + 1) * sizeof *all);
  for (size_t i = 0; i < count; i++)
    all[i] = (struct observation){.key = {.user = 10, .database = 5, .query = said[i].query},
                                  .counters = {said[i].calls, said[i].seconds}};
  ranking_observe(r, all, count);
}
#define OBSERVE(r, ...)                                                                                                            \
  do {                                                                                                                             \
    const struct said said_[] = {__VA_ARGS__};                                                                                     \
    observe(r, said_, COUNTOF(said_));                                                                                             \
  } while (0)

static const struct shown *shown(struct ranking *r, int64_t query) {
  size_t count;
  const struct shown *all = ranking_shown(r, &count);
  for (size_t i = 0; i < count; i++)
    if (all[i].last.key.query == query) return &all[i];
  return NULL;
}

static size_t shown_count(struct ranking *r) {
  size_t count;
  ranking_shown(r, &count);
  return count;
}

static void what_took_the_time_since_the_last_poll_is_shown(void **state) {
  (void)state;
  struct ranking *r = ranking_new(1);
  OBSERVE(r, {1, 1000, 900}, {2, 10, 1}, {3, 10, 1});
  OBSERVE(r, {1, 1000, 900}, {2, 10, 1}, {3, 20, 9});
  assert_non_null(shown(r, 3)); /* 8 s since then; statement 1 was quiet, whatever its total */
  assert_null(shown(r, 2));
  ranking_free(r);
}

static void a_rare_but_slow_statement_is_shown_beside_the_frequent_one(void **state) {
  (void)state;
  struct ranking *r = ranking_new(1);
  OBSERVE(r, {1, 100000, 500}, {2, 1, 30}, {3, 50, 2});
  assert_non_null(shown(r, 1));
  assert_non_null(shown(r, 2));
  assert_null(shown(r, 3));
  ranking_free(r);
}

static void a_statement_does_not_vanish_the_moment_it_is_quiet(void **state) {
  (void)state;
  struct ranking *r = ranking_new(1);
  OBSERVE(r, {1, 10, 50}, {2, 1, 1});
  for (int i = 1; i <= 10; i++) {
    OBSERVE(r, {1, 10, 50}, {2, 1 + i, 1 + i});
    assert_non_null(shown(r, 1));
  }
  OBSERVE(r, {1, 10, 50}, {2, 20, 20});
  assert_null(shown(r, 1));
  ranking_free(r);
}

static void the_number_of_statements_is_bounded(void **state) {
  (void)state;
  struct ranking *r = ranking_new(4);
  double calls[500] = {0};
  for (int turn = 0; turn < 300; turn++) {
    struct said said[500];
    for (int i = 0; i < 500; i++) {
      calls[i] += (i * 7 + turn * 13) % 50; /* ever others are busy */
      said[i] = (struct said){i, calls[i], calls[i] * (1 + (i + turn) % 3)};
    }
    observe(r, said, COUNTOF(said));
    assert_in_range(shown_count(r), 1, 12);
  }
  ranking_free(r);
}

static double other(struct ranking *r, enum statement_counter c) {
  return ranking_other(r)[c];
}

static void other_counts_what_is_not_shown_and_never_runs_backwards(void **state) {
  (void)state;
  struct ranking *r = ranking_new(1);
  OBSERVE(r, {1, 10, 100}, {2, 10, 1}, {3, 10, 1});
  assert_true(other(r, STATEMENT_CALLS) == 0); /* before we looked is nobody's */
  OBSERVE(r, {1, 20, 200}, {2, 15, 2}, {3, 17, 2});
  assert_true(other(r, STATEMENT_CALLS) == 12);
  assert_true(other(r, STATEMENT_SECONDS) == 2);
  /* Statement 2 comes into view: what it did up to then stays counted, what it does now is its own. */
  OBSERVE(r, {1, 30, 300}, {2, 16, 602}, {3, 18, 3});
  assert_non_null(shown(r, 2));
  assert_true(other(r, STATEMENT_CALLS) == 13);
  assert_true(other(r, STATEMENT_SECONDS) == 3);
  ranking_free(r);
}

static void all_growth_is_seen_once(void **state) {
  (void)state;
  struct ranking *r = ranking_new(2);
  double total[60] = {0}, before_other = 0;
  for (int turn = 0; turn < 200; turn++) {
    struct said said[60];
    double seen[60];
    for (int i = 0; i < 60; i++) {
      seen[i] = shown(r, i) ? total[i] : -1;
      said[i] = (struct said){i, total[i] += (i * 31 + turn * 17) % 40 + 1, total[i]};
    }
    observe(r, said, COUNTOF(said));
    double now = other(r, STATEMENT_CALLS), expected = 0;
    for (int i = 0; turn > 0 && i < 60; i++)
      if (!shown(r, i)) expected += (i * 31 + turn * 17) % 40 + 1;
    assert_true(now >= before_other);
    assert_true(now - before_other == expected);
    for (int i = 0; i < 60; i++)
      if (seen[i] >= 0 && shown(r, i)) assert_true(shown(r, i)->last.counters[STATEMENT_CALLS] >= seen[i]);
    before_other = now;
  }
  ranking_free(r);
}

static void a_reset_of_the_servers_counters_is_growth_from_nothing(void **state) {
  (void)state;
  struct ranking *r = ranking_new(1);
  OBSERVE(r, {1, 10, 100}, {2, 1000, 1});
  OBSERVE(r, {1, 11, 101}, {2, 3, 0.5});
  assert_true(other(r, STATEMENT_CALLS) == 3);
  assert_true(other(r, STATEMENT_SECONDS) == 0.5);
  ranking_free(r);
}

static void an_evicted_statement_goes(void **state) {
  (void)state;
  struct ranking *r = ranking_new(1);
  OBSERVE(r, {1, 10, 100}, {2, 1, 1});
  OBSERVE(r, {2, 2, 2});
  assert_null(shown(r, 1));
  OBSERVE(r, {1, 1, 1}, {2, 3, 3}); /* and is a new one when it comes back */
  ranking_free(r);
}

static void a_name_is_given_once(void **state) {
  (void)state;
  struct ranking *r = ranking_new(1);
  OBSERVE(r, {7, 10, 100});
  assert_null(shown(r, 7)->query);
  const struct statement_key key = {.user = 10, .database = 5, .query = 7}, of_another = {.user = 11, .database = 5, .query = 7};
  ranking_name(r, of_another, "eve", "app", "SELECT 2");
  assert_null(shown(r, 7)->query);
  ranking_name(r, key, "app", "shop", "SELECT ?");
  ranking_name(r, key, "app", "shop", "SELECT 3");
  assert_string_equal(shown(r, 7)->query, "SELECT ?");
  ranking_free(r);
}

static void no_statements_at_all_and_a_top_of_none(void **state) {
  (void)state;
  struct ranking *r = ranking_new(5);
  observe(r, NULL, 0);
  assert_int_equal(shown_count(r), 0);
  OBSERVE(r, {1, 1, 0}); /* took no measurable time: not worth a series */
  assert_int_equal(shown_count(r), 0);
  ranking_free(r);
  ranking_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_took_the_time_since_the_last_poll_is_shown),
      cmocka_unit_test(a_rare_but_slow_statement_is_shown_beside_the_frequent_one),
      cmocka_unit_test(a_statement_does_not_vanish_the_moment_it_is_quiet),
      cmocka_unit_test(the_number_of_statements_is_bounded),
      cmocka_unit_test(other_counts_what_is_not_shown_and_never_runs_backwards),
      cmocka_unit_test(all_growth_is_seen_once),
      cmocka_unit_test(a_reset_of_the_servers_counters_is_growth_from_nothing),
      cmocka_unit_test(an_evicted_statement_goes),
      cmocka_unit_test(a_name_is_given_once),
      cmocka_unit_test(no_statements_at_all_and_a_top_of_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
