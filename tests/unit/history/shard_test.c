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
  history_keep(h, 50 * S);
  for (int t = 110; t <= 120; t += 10) past_a(s, t * S, "x=2");
  assert_string_equal(past_shown(h, "a", ALWAYS), "k=x 70:1 80:1 90:1 100:1 110:2 120:2");
  history_free(h);
}

static void a_shorter_span_gives_memory_back(void **state) {
  (void)state;
  struct history *h = history_new(10000 * S, 10 * MEGA);
  struct shard *s = past_shard(h, "main");
  for (int t = 1; t <= 1000; t++) past_a(s, t * S, "x=1 y=2 z=3");
  size_t bytes = history_stats(h).bytes;
  history_keep(h, 20 * S);
  for (int t = 1001; t <= 3000; t++) past_a(s, t * S, "x=1 y=2 z=3");
  assert_true(history_stats(h).bytes < bytes / 8);
  assert_string_equal(past_shown(h, "a", 2998 * S, INT64_MAX), "k=x 2999:1 3000:1; k=y 2999:2 3000:2; k=z 2999:3 3000:3");
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
  assert_true(most <= 2 + 2 * (11 + 16 + 1)); /* the span's, and what has come since the last sweep */
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

static void series_that_find_no_room_are_refused_and_counted(void **state) {
  (void)state;
  struct history *h = history_new(100 * S, 20000);
  struct shard *s = past_shard(h, "main");
  SCOPED(buf_done) struct buf words;
  buf_init(&words, 10000);
  for (int i = 0; i < 100; i++) buf_printf(&words, "s%d=1 ", i);
  for (int t = 10; t <= 100; t += 10) past_a(s, t * S, words.data);
  struct history_stats stats = history_stats(h);
  assert_true(stats.bytes <= 20000 && stats.series > 10 && stats.series < 100);
  assert_int_equal(stats.refused, 10 * (101 - stats.series));
  assert_string_equal(past_shown(h, "up", 0, 10 * S), "10:1"); /* that comes first */
  history_free(h);
}

static void with_no_room_for_the_span_the_newest_is_kept(void **state) {
  (void)state;
  struct history *h = history_new(10000 * S, 5000);
  struct shard *s = past_shard(h, "main");
  for (int t = 1; t <= 200; t++) past_a(s, t * S, "x=1 y=2");
  struct history_stats stats = history_stats(h);
  assert_true(stats.bytes <= 5000);
  assert_true(stats.shortened > 100 && stats.shortened < 200);
  assert_string_equal(past_shown(h, "a", 198 * S, INT64_MAX), "k=x 199:1 200:1; k=y 199:2 200:2");
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
      cmocka_unit_test(with_no_room_for_the_span_the_newest_is_kept),
      cmocka_unit_test(all_that_was_counted_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
