/* What is remembered of what targets show: that a query sees what a Prometheus that scrapes us would have stored. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/history/past.h"

struct world {
  struct history *h;
  struct shard *s;
};

static int set_up(void **state) {
  struct world *w = mem_zero(sizeof *w);
  w->h = history_new(15 * MINUTE, 100 * MEGA);
  w->s = past_shard(w->h, "main");
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  struct world *w = *state;
  history_free(w->h);
  free(w);
  return 0;
}

#define assert_shown(w, name, text) assert_string_equal(past_shown((w)->h, name, ALWAYS), text)

static void a_series_has_a_point_for_each_tick(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1 y=5");
  past_a(w->s, 20 * S, "x=2 y=5");
  past_a(w->s, 30 * S, "x=3 y=6");
  assert_shown(w, "a", "k=x 10:1 20:2 30:3; k=y 10:5 20:5 30:6");
  assert_shown(w, "up", "10:1 20:1 30:1");
}

static void a_series_bears_the_identity_of_its_target(void **state) {
  struct world *w = *state;
  const struct matcher m = {MATCH_EQUAL, "k", "x", NULL};
  struct selection sel;
  struct arena a;
  struct fail f;
  struct buf shown;
  arena_init(&a);
  buf_init(&shown, 1000);
  past_a(w->s, 10 * S, "x=1");
  assert_true(history_select(w->h, &m, 1, ALWAYS, &a, &sel, &f));
  assert_int_equal(sel.count, 1);
  labels_write(&shown, sel.series[0].labels);
  assert_string_equal(shown.data, "a{instance=\"host:1\",job=\"jobs\",k=\"x\",target=\"main\"}");
  selection_done(&sel);
  arena_done(&a);
  buf_done(&shown);
}

static void a_slow_part_has_a_point_at_each_tick_too(void **state) {
  struct world *w = *state;
  struct section *slow = past_section("slow", &b_family, "s=7");
  for (msec_t t = 10 * S; t <= 40 * S; t += 10 * S)
    past_tick(w->s, t, true, past_section("fast", &a_family, "x=1"), section_ref(slow));
  section_unref(slow);
  assert_shown(w, "b", "k=s 10:7 20:7 30:7 40:7");
}

static void a_batch_that_is_not_newer_changes_nothing(void **state) {
  struct world *w = *state;
  past_a(w->s, 20 * S, "x=1");
  past_a(w->s, 20 * S, "x=2");
  past_a(w->s, 10 * S, "x=3");
  assert_shown(w, "a", "k=x 20:1");
}

static void a_series_that_vanished_ends_with_a_stale_marker(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1 y=1");
  past_a(w->s, 20 * S, "y=2");
  past_a(w->s, 30 * S, "y=3");
  past_a(w->s, 40 * S, "x=4 y=4");
  assert_shown(w, "a", "k=x 10:1 20:stale 40:4; k=y 10:1 20:2 30:3 40:4");
}

static void all_series_of_a_part_that_failed_end(void **state) {
  struct world *w = *state;
  past_tick(w->s, 10 * S, true, past_section("one", &a_family, "x=1"), past_section("two", &b_family, "y=1 z=2"));
  past_tick(w->s, 20 * S, true, past_section("one", &a_family, "x=2"), NULL);
  past_tick(w->s, 30 * S, true, past_section("one", &a_family, "x=3"), past_section("two", &b_family, "y=3 z=4"));
  assert_shown(w, "a", "k=x 10:1 20:2 30:3");
  assert_shown(w, "b", "k=y 10:1 20:stale 30:3; k=z 10:2 20:stale 30:4");
}

static void a_target_that_is_down_leaves_a_gap_in_its_series(void **state) {
  struct world *w = *state;
  past_tick(w->s, 10 * S, true, past_section("status", &b_family, "s=1"), past_section("one", &a_family, "x=1"));
  past_tick(w->s, 20 * S, false, past_section("status", &b_family, "s=0"), NULL);
  past_tick(w->s, 30 * S, false, past_section("status", &b_family, "s=0"), NULL);
  past_tick(w->s, 40 * S, true, past_section("status", &b_family, "s=1"), past_section("one", &a_family, "x=4"));
  assert_shown(w, "a", "k=x 10:1 20:stale 40:4");
  assert_shown(w, "b", "k=s 10:1 20:0 30:0 40:1");
  assert_shown(w, "up", "10:1 20:0 30:0 40:1");
}

static void what_a_restarted_server_no_longer_has_stays_away(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1 y=1");
  past_tick(w->s, 20 * S, false, NULL, NULL);
  past_a(w->s, 30 * S, "y=0");
  past_a(w->s, 40 * S, "y=1");
  assert_shown(w, "a", "k=x 10:1 20:stale; k=y 10:1 20:stale 30:0 40:1");
}

static void series_are_not_mixed_up_when_rows_come_and_go(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "b=1 c=1 d=1 e=1");
  past_a(w->s, 20 * S, "a=2 b=2 c=2 d=2 e=2");
  past_a(w->s, 30 * S, "d=3 e=3 f=3");
  past_a(w->s, 40 * S, "f=4 e=4 d=4");
  assert_shown(w, "a",
               "k=a 20:2 30:stale; k=b 10:1 20:2 30:stale; k=c 10:1 20:2 30:stale; "
               "k=d 10:1 20:2 30:3 40:4; k=e 10:1 20:2 30:3 40:4; k=f 30:3 40:4");
}

/* Random sets of series in random order against a model: a value for each series and tick. */
static void whatever_order_rows_come_in_each_finds_its_series(void **state) {
  struct world *w = *state;
  enum { SERIES = 30, TICKS = 80 };
  static double model[SERIES][TICKS];
  unsigned seed = 7;
  for (int t = 0; t < TICKS; t++) {
    char words[2000] = "";
    for (int i = 0; i < SERIES; i++) model[i][t] = -1;
    for (int n = 0; n < SERIES; n++) {
      int i = rand_r(&seed) % 8 ? n : rand_r(&seed) % SERIES;
      if (rand_r(&seed) % 10 == 0 || model[i][t] >= 0) continue;
      model[i][t] = t * 100 + i;
      snprintf(words + strlen(words), sizeof words - strlen(words), " s%02d=%g", i, model[i][t]);
    }
    past_a(w->s, (t + 1) * 10 * S, words);
  }
  const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
  struct selection sel;
  struct arena a;
  struct fail f;
  arena_init(&a);
  assert_true(history_select(w->h, &m, 1, ALWAYS, &a, &sel, &f));
  assert_int_equal(sel.count, SERIES);
  for (size_t i = 0; i < sel.count; i++) {
    int series = atoi(labels_get(sel.series[i].labels, "k") + 1);
    size_t points = 0;
    for (size_t n = 0; n < sel.series[i].count; n++) {
      struct point p = sel.series[i].points[n];
      if (is_stale(p.value)) continue;
      assert_true(p.value == model[series][p.time / (10 * S) - 1]);
      points++;
    }
    for (int t = 0; t < TICKS; t++) points -= model[series][t] >= 0;
    assert_int_equal(points, 0);
  }
  selection_done(&sel);
  arena_done(&a);
}

static void the_synthetic_up_wins_over_one_that_a_server_shows(void **state) {
  struct world *w = *state;
  static const struct family up = {.name = "up", .help = "Up.", .type = METRIC_GAUGE};
  struct section *s = section_new("app");
  section_add(s, &up, 0, 42);
  past_tick(w->s, 10 * S, true, section_finish(s), NULL);
  assert_shown(w, "up", "10:1");
}

static void a_removed_target_ends_and_another_does_not(void **state) {
  struct world *w = *state;
  struct shard *other = past_shard(w->h, "other");
  past_a(w->s, 10 * S, "x=1");
  past_a(other, 10 * S, "y=1");
  shard_retire(w->s, 12 * S);
  past_a(other, 20 * S, "y=2");
  assert_string_equal(past_shown(w->h, "a", 0, 12 * S), "k=x 10:1; k=y 10:1"); /* it may come back at once */
  assert_string_equal(past_shown(w->h, "a", 0, 20 * S), "k=x 10:1 13:stale; k=y 10:1 20:2");
}

static void a_target_that_a_reload_changed_goes_on(void **state) {
  struct world *w = *state;
  past_a(w->s, 10 * S, "x=1");
  shard_retire(w->s, 12 * S);
  struct shard *again = past_shard(w->h, "main");
  past_a(again, 20 * S, "x=2");
  assert_shown(w, "a", "k=x 10:1 20:2");
}

static void the_past_of_a_removed_target_is_freed_in_time(void **state) {
  struct world *w = *state;
  struct shard *other = past_shard(w->h, "other");
  past_a(w->s, 10 * S, "x=1 y=1");
  shard_retire(w->s, 20 * S);
  size_t before = history_stats(w->h).bytes;
  past_a(other, 15 * MINUTE, "z=1");
  assert_true(history_stats(w->h).series == 5 && history_stats(w->h).bytes > before);
  past_a(other, 16 * MINUTE, "z=1");
  assert_int_equal(history_stats(w->h).series, 2);
  assert_true(history_stats(w->h).bytes < before + 10000);
}

static void points_of_ones_own_are_kept_under_their_own_names(void **state) {
  struct world *w = *state;
  struct labels *x = labels_new((struct label_pair[]){{"__name__", "ALERTS"}, {"k", "x"}}, 2);
  struct labels *y = labels_new((struct label_pair[]){{"__name__", "ALERTS"}, {"k", "y"}}, 2);
  history_append(w->h, x, 10 * S, 1);
  history_append(w->h, y, 10 * S, 1);
  history_append(w->h, x, 25 * S, 1);
  history_append(w->h, y, 40 * S, stale_marker());
  history_append(w->h, x, 30 * S, 9); /* back in time */
  assert_shown(w, "ALERTS", "k=x 10:1 25:1; k=y 10:1 40:stale");
  labels_unref(x);
  labels_unref(y);
}

/* A reader and a writer at once: for the thread sanitizer, and for what a reader may see. */
struct race {
  struct world *w;
  atomic_bool over;
};

static void *read_on(void *arg) {
  struct race *race = arg;
  const struct matcher m = {MATCH_EQUAL, "__name__", "a", NULL};
  size_t reads = 0;
  while (!atomic_load(&race->over) || reads == 0) {
    struct selection sel;
    struct arena a;
    arena_init(&a);
    if (!history_select(race->w->h, &m, 1, ALWAYS, &a, &sel, NULL)) abort();
    for (size_t i = 0; i < sel.count; i++)
      for (size_t n = 0; n < sel.series[i].count; n++)
        if (!is_stale(sel.series[i].points[n].value) && sel.series[i].points[n].value * S != (double)sel.series[i].points[n].time)
          abort();
    selection_done(&sel);
    arena_done(&a);
    reads++;
  }
  return NULL;
}

static void a_query_may_run_while_targets_report(void **state) {
  struct race race = {.w = *state};
  pthread_t reader;
  atomic_init(&race.over, false);
  pthread_create(&reader, NULL, read_on, &race);
  for (int t = 1; t <= 300; t++) {
    char words[100];
    snprintf(words, sizeof words, "x=%d y%d=%d", t, t / 7, t);
    past_a(race.w->s, t * S, words);
    struct shard *passing = past_shard(race.w->h, "passing");
    past_a(passing, t * S, words);
    shard_retire(passing, t * S);
  }
  atomic_store(&race.over, true);
  pthread_join(reader, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_series_has_a_point_for_each_tick),
      TEST(a_series_bears_the_identity_of_its_target),
      TEST(a_slow_part_has_a_point_at_each_tick_too),
      TEST(a_batch_that_is_not_newer_changes_nothing),
      TEST(a_series_that_vanished_ends_with_a_stale_marker),
      TEST(all_series_of_a_part_that_failed_end),
      TEST(a_target_that_is_down_leaves_a_gap_in_its_series),
      TEST(what_a_restarted_server_no_longer_has_stays_away),
      TEST(series_are_not_mixed_up_when_rows_come_and_go),
      TEST(whatever_order_rows_come_in_each_finds_its_series),
      TEST(the_synthetic_up_wins_over_one_that_a_server_shows),
      TEST(a_removed_target_ends_and_another_does_not),
      TEST(a_target_that_a_reload_changed_goes_on),
      TEST(the_past_of_a_removed_target_is_freed_in_time),
      TEST(points_of_ones_own_are_kept_under_their_own_names),
      TEST(a_query_may_run_while_targets_report),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
