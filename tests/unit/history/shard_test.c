/* The bounds of the past: in time and in bytes, whatever targets show. */
#include "tests/unit/test.h"

#include "tests/unit/history/past.h"

static void more_ticks_than_at_first_expected_are_kept_in_order(void **state) {
  (void)state;
  struct history *h = history_new(1000 * S, 10 * MEGA);
  struct shard *s = past_shard(h, "main");
  SCOPED(buf_done) struct buf expected;
  buf_init(&expected, 10000);
  buf_puts(&expected, "k=x");
  for (int t = 1; t <= 150; t++) {
    char words[30];
    snprintf(words, sizeof words, "x=%d", t * 2);
    past_a(s, t * S, words);
    buf_printf(&expected, " %d:%d", t, t * 2);
  }
  assert_string_equal(past_shown(h, "a", ALWAYS), expected.data);
  assert_int_equal(history_stats(h).shortened, 0);
  history_free(h);
}

static void what_is_older_than_the_span_goes(void **state) {
  (void)state;
  struct history *h = history_new(100 * S, 10 * MEGA);
  struct shard *s = past_shard(h, "main");
  for (int t = 10; t <= 5000; t += 10) past_a(s, t * S, "x=1");
  /* eleven columns cover 100 seconds */
  assert_string_equal(past_shown(h, "a", ALWAYS),
                      "k=x 4900:1 4910:1 4920:1 4930:1 4940:1 4950:1 4960:1 4970:1 4980:1 4990:1 5000:1");
  size_t bytes = history_stats(h).bytes;
  for (int t = 5010; t <= 9000; t += 10) past_a(s, t * S, "x=1");
  assert_int_equal(history_stats(h).bytes, bytes);
  history_free(h);
}

static void a_longer_span_keeps_what_is_there(void **state) {
  (void)state;
  struct history *h = history_new(30 * S, 10 * MEGA);
  struct shard *s = past_shard(h, "main");
  for (int t = 10; t <= 100; t += 10) past_a(s, t * S, "x=1");
  history_keep(h, 50 * S, 10 * MEGA);
  for (int t = 110; t <= 120; t += 10) past_a(s, t * S, "x=2");
  assert_string_equal(past_shown(h, "a", ALWAYS), "k=x 70:1 80:1 90:1 100:1 110:2 120:2");
  history_free(h);
}

static void a_shorter_span_gives_memory_back(void **state) {
  (void)state;
  struct history *h = history_new(10000 * S, 10 * MEGA);
  struct shard *s = past_shard(h, "main");
  unsigned seed = 1;
  past_a(s, 1 * S, "x=1 y=1 z=1");
  size_t least = history_stats(h).bytes;
  for (int t = 2; t <= 3000; t++) {
    char words[100];
    if (t == 1500) assert_true(history_stats(h).bytes > least + 1500 * 3);
    if (t == 1500) history_keep(h, 20 * S, 10 * MEGA);
    snprintf(words, sizeof words, "x=%d y=%d z=%d", rand_r(&seed), rand_r(&seed), t < 2900 ? rand_r(&seed) : 3);
    past_a(s, t * S, words);
  }
  assert_true(history_stats(h).bytes < least + 3 * 1500);
  assert_string_equal(past_shown(h, "a", 2998 * S, INT64_MAX) + strlen(past_shown(h, "a", 2998 * S, INT64_MAX)) - 17,
                      "k=z 2999:3 3000:3");
  history_free(h);
}

static void churning_labels_do_not_pile_up(void **state) {
  (void)state;
  struct history *h = history_new(100 * S, 10 * MEGA);
  struct shard *s = past_shard(h, "main");
  size_t most = 0;
  for (int t = 10; t <= 20000; t += 10) {
    char words[100];
    snprintf(words, sizeof words, "x=1 q%d=2 r%d=3", t, t);
    past_a(s, t * S, words);
    most = MAX(most, history_stats(h).series);
  }
  assert_true(most <= 2 + 2 * (11 + 32 + 1)); /* the span's, and what has come since the last sweep */
  assert_string_equal(past_shown(h, "up", 19985 * S, INT64_MAX), "19990:1 20000:1");
  history_free(h);
}

static void a_long_outage_does_not_make_us_forget_what_there_was(void **state) {
  (void)state;
  struct history *h = history_new(100 * S, 10 * MEGA);
  struct shard *s = past_shard(h, "main");
  past_a(s, 10 * S, "x=1 y=1");
  for (int t = 20; t <= 9000; t += 10) past_tick(s, t * S, false, NULL, NULL);
  assert_int_equal(history_stats(h).series, 3);
  for (int t = 9010; t <= 9990; t += 10) past_a(s, t * S, "x=2");
  assert_int_equal(history_stats(h).series, 2);
  assert_string_equal(past_shown(h, "a", 9985 * S, INT64_MAX), "k=x 9990:2");
  history_free(h);
}

/* "s<from>=1 … " */
static const char *many(int from, int count) {
  static char words[20000];
  size_t used = 0;
  for (int i = from; i < from + count; i++) used += (size_t)snprintf(words + used, sizeof words - used, "s%d=1 ", i);
  return words;
}

static void series_that_find_no_room_are_refused_and_counted(void **state) {
  (void)state;
  struct history *h = history_new(100 * S, 40000);
  struct shard *s = past_shard(h, "main");
  for (int t = 10; t <= 100; t += 10) past_a(s, t * S, many(0, 200));
  struct history_stats stats = history_stats(h);
  assert_true(stats.bytes <= 40000 && stats.series > 30 && stats.series < 150);
  assert_int_equal(stats.refused, 10 * (201 - stats.series));
  assert_string_equal(past_shown(h, "up", 0, 10 * S), "10:1"); /* that comes first */
  history_free(h);
}

static void what_was_refused_is_taken_in_when_there_is_room_again(void **state) {
  (void)state;
  struct history *h = history_new(100 * S, 20000);
  struct shard *s = past_shard(h, "main");
  struct section *slow = past_section("slow", &a_family, many(0, 100));
  past_tick(s, 10 * S, true, section_ref(slow), NULL);
  size_t before = history_stats(h).series;
  history_keep(h, 100 * S, MEGA);
  past_tick(s, 20 * S, true, section_ref(slow), NULL); /* carried over */
  assert_true(before < 80);
  assert_int_equal(history_stats(h).series, 101);
  section_unref(slow);
  history_free(h);
}

static void series_that_ended_give_way_to_new_ones(void **state) {
  (void)state;
  struct history *h = history_new(100000 * S, 30000);
  struct shard *s = past_shard(h, "main");
  for (int t = 1; t <= 2000; t++) {
    char words[100];
    snprintf(words, sizeof words, "x=%d q%d=1", t, t / 20);
    past_a(s, t * S, words);
  }
  struct history_stats stats = history_stats(h);
  assert_true(stats.bytes <= 30000 && stats.shortened > 0);
  assert_true(stats.reach >= 600 * S); /* not more than needed */
  assert_true(stats.refused < 200);
  assert_string_equal(past_shown(h, "a", 1999 * S, INT64_MAX), "k=q100 2000:1; k=q99 2000:stale; k=x 2000:2000");
  history_free(h);
}

/* Values that do not compress. */
static void noise(struct shard *s, msec_t time, unsigned *seed) {
  char words[200];
  snprintf(words, sizeof words, "x=%.17g y=%.17g z=3", 1.0 / (1 + rand_r(seed)), 1.0 / (1 + rand_r(seed)));
  past_a(s, time, words);
}

static void with_no_room_for_the_span_the_newest_is_kept(void **state) {
  (void)state;
  struct history *h = history_new(10000 * S, 30000);
  struct shard *s = past_shard(h, "main"), *other = past_shard(h, "other");
  unsigned seed = 1;
  size_t most = 0;
  for (int t = 1; t <= 4000; t++) {
    noise(s, t * S, &seed);
    if (t % 2) noise(other, t * S, &seed);
    most = MAX(most, history_stats(h).bytes);
  }
  struct history_stats stats = history_stats(h);
  assert_true(most <= 30000);
  assert_true(stats.bytes > 20000); /* no more than needed was given up */
  assert_true(stats.shortened > 1000 && stats.shortened < 6000);
  assert_true(stats.reach > 300 * S && stats.reach < 2000 * S);
  assert_int_equal(stats.refused, 0);
  const char *shown = past_shown(h, "up", 3998 * S, INT64_MAX);
  assert_string_equal(shown, "3999:1 4000:1; 3999:1");
  history_free(h);
}

static void what_was_given_up_early_is_not_said_to_be_covered(void **state) {
  (void)state;
  struct history *h = history_new(10000 * S, 30000);
  struct shard *s = past_shard(h, "main");
  unsigned seed = 1;
  for (int t = 1; t <= 4000; t++) noise(s, t * S, &seed);
  const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
  msec_t oldest = 4000 * S - history_stats(h).reach;
  struct selection sel;
  struct arena a;
  arena_init(&a);
  assert_true(history_select(h, &m, 1, 100 * S, 4000 * S, &a, &sel, NULL));
  assert_int_equal(sel.coverage_count, 1);
  assert_int_equal(sel.coverage[0].since, oldest);
  assert_int_equal(sel.series[0].points[0].time, oldest);
  selection_done(&sel);
  assert_true(history_select(h, &m, 1, 3900 * S, 4000 * S, &a, &sel, NULL));
  assert_int_equal(sel.coverage[0].since, 3900 * S);
  selection_done(&sel);
  arena_done(&a);
  history_free(h);
}

static void a_target_that_is_down_is_not_forgotten_for_want_of_room(void **state) {
  (void)state;
  struct history *h = history_new(10000 * S, 30000);
  struct shard *s = past_shard(h, "main"), *down = past_shard(h, "down");
  unsigned seed = 1;
  past_tick(down, 1 * S, true, past_section("part", &b_family, "k"), NULL);
  for (int t = 2; t <= 4000; t++) {
    noise(s, t * S, &seed);
    past_tick(down, t * S, false, NULL, NULL);
  }
  const struct matcher m = {MATCH_EQUAL, "__name__", "b", NULL};
  struct selection sel;
  struct arena a;
  arena_init(&a);
  assert_true(history_select(h, &m, 1, 3900 * S, 4000 * S, &a, &sel, NULL));
  assert_true(sel.coverage_count == 1 && sel.coverage[0].gap_now);
  selection_done(&sel);
  arena_done(&a);
  history_free(h);
}

static void all_that_was_counted_is_given_back(void **state) {
  (void)state;
  struct history *h = history_new(100 * S, 10 * MEGA);
  struct shard *other = past_shard(h, "other");
  past_a(other, 10 * S, "z=1");
  size_t before = history_stats(h).bytes;
  struct shard *s = past_shard(h, "main");
  for (int t = 1; t <= 300; t++) {
    char words[100];
    snprintf(words, sizeof words, "x=1 q%d=2", t);
    past_tick(s, t * S, t % 50 != 0, past_section("part", &a_family, words), past_section("more", &b_family, words));
  }
  shard_retire(s, 300 * S);
  past_a(other, 1000 * S, "z=1");
  assert_int_equal(history_stats(h).bytes, before);
  history_free(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(more_ticks_than_at_first_expected_are_kept_in_order),
      cmocka_unit_test(what_is_older_than_the_span_goes),
      cmocka_unit_test(a_longer_span_keeps_what_is_there),
      cmocka_unit_test(a_shorter_span_gives_memory_back),
      cmocka_unit_test(churning_labels_do_not_pile_up),
      cmocka_unit_test(a_long_outage_does_not_make_us_forget_what_there_was),
      cmocka_unit_test(series_that_find_no_room_are_refused_and_counted),
      cmocka_unit_test(what_was_refused_is_taken_in_when_there_is_room_again),
      cmocka_unit_test(series_that_ended_give_way_to_new_ones),
      cmocka_unit_test(with_no_room_for_the_span_the_newest_is_kept),
      cmocka_unit_test(what_was_given_up_early_is_not_said_to_be_covered),
      cmocka_unit_test(a_target_that_is_down_is_not_forgotten_for_want_of_room),
      cmocka_unit_test(all_that_was_counted_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
