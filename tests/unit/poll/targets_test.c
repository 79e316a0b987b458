/* The set of targets with real threads: what the store shows of a server that works, fails, hangs, comes back or is another one. The
 * intervals are short, but nothing here measures time: each test waits for a state. */
#include "tests/unit/test.h"

#include <math.h>
#include <sched.h>

#include "tests/unit/poll/fake.h"
#include "metric/snapshot.h"

#define EVERY ((msec_t)50)

struct world {
  struct store *store;
  struct history *history;
  struct net *net;
  struct targets *targets;
  struct server server, other;
  unsigned freed; /* configurations, before the test */
};

static int set_up(void **state) {
  struct world *w = mem_zero(sizeof *w);
  w->store = store_new();
  w->history = history_new(HOUR, 100u << 20);
  w->net = net_new();
  w->targets = targets_new(w->store, w->history, w->net);
  server_init(&w->server);
  server_init(&w->other);
  w->freed = atomic_load(&configs_freed);
  *state = w;
  return 0;
}

static void stop(struct world *w) {
  if (w->targets) targets_stop(w->targets, clock_now() + 60 * S);
  w->targets = NULL;
}

static int tear_down(void **state) {
  struct world *w = *state;
  stop(w);
  net_free(w->net);
  store_free(w->store);
  history_free(w->history);
  server_done(&w->server);
  server_done(&w->other);
  free(w);
  return 0;
}

/* Watches "a" on w->server, and "b" on w->other. */
static void watch_both(struct world *w) {
  struct config *c = fake_config(EVERY);
  fake_target(c, "a", &w->server, 1);
  fake_target(c, "b", &w->other, 2);
  targets_apply(w->targets, c);
}

static bool is_up(struct world *w, const char *target) {
  return shown(w->store, target, "sonde_target_up", "") == 1;
}
static bool is_down(struct world *w, const char *target) {
  return shown(w->store, target, "sonde_target_up", "") == 0;
}

/* Waits until the target was published `count` times more. */
static void let_pass(struct world *w, const char *target, int count) {
  msec_t seen = 0;
  for (int i = 0; i <= count; i++) {
    struct batch *b = NULL;
    EVENTUALLY((batch_unref(b), b = store_find(w->store, target), b && b->time > seen));
    seen = b->time;
    batch_unref(b);
  }
}

/* From now on each poll of "a" waits for step(). */
static void hold_polls(struct world *w) {
  atomic_store(&w->server.hangs, true);
  EVENTUALLY(atomic_load(&w->server.stuck));
}

/* Lets the poll that waits go on and comes back when the next one waits: what the first one found is published by then. */
static void step(struct world *w) {
  unsigned polls = atomic_load(&w->server.polls);
  server_release(&w->server);
  EVENTUALLY(atomic_load(&w->server.polls) == polls + 1 && atomic_load(&w->server.stuck));
}

static void release_polls(struct world *w) {
  atomic_store(&w->server.hangs, false);
  server_release(&w->server);
}

static void a_target_is_listed_before_it_was_polled(void **state) {
  struct world *w = *state;
  struct config *c = fake_config(EVERY);
  fake_target(c, "a", &w->server, 1);
  atomic_store(&w->server.hangs, true);
  targets_apply(w->targets, c);
  struct batch *b = store_find(w->store, "a");
  assert_non_null(b);
  assert_true(!b->polled && !b->up && b->count == 0);
  assert_string_equal(b->id->kind, "fake");
  assert_string_equal(b->id->job, "fakes");
  assert_string_equal(b->id->instance, "fake:1");
  batch_unref(b);
  EVENTUALLY(atomic_load(&w->server.stuck));
  release_polls(w);
}

static void a_good_target_shows_its_parts_and_how_it_is(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a") && is_up(w, "b"));
  let_pass(w, "a", 2);
  struct batch *b = store_find(w->store, "a");
  assert_true(b->up && b->polled && b->success > 0 && b->count == 5);
  assert_string_equal(section_part(b->sections[0]), "status");
  assert_true(value_of(b, "fake_base", "") >= 2 && value_of(b, "fake_hot", "") >= 2);
  assert_true(value_of(b, "fake_slow", "") == 1); /* carried over */
  assert_true(value_of(b, "fake_up", "") == 1);
  assert_true(value_of(b, "sonde_target_polls_total", "") == value_of(b, "fake_base", ""));
  assert_true(value_of(b, "sonde_target_series", "") == 4);
  assert_true(value_of(b, "sonde_target_dropped_samples_total", "") == 0);
  assert_true(value_of(b, "sonde_target_age_seconds", "") < 60);
  assert_true(value_of(b, "sonde_part_up", "part=\"slow\"") == 1);
  assert_true(value_of(b, "sonde_part_age_seconds", "part=\"slow\"") > 0);
  assert_true(value_of(b, "sonde_part_duration_seconds", "part=\"slow\"") == 0.25);
  batch_unref(b);
}

static void a_target_that_fails_shows_the_reason_and_no_value(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a"));
  atomic_store(&w->server.refuses, true);
  EVENTUALLY(is_down(w, "a"));
  let_pass(w, "a", 3);
  struct batch *b = store_find(w->store, "a");
  assert_true(!b->up && b->polled && b->success > 0 && b->count == 1);
  assert_int_equal(b->why.kind, FAIL_CONNECT);
  assert_string_equal(b->why.text, "nobody listens on the fake");
  assert_true(value_of(b, "fake_up", "") == 0);
  assert_true(value_of(b, "sonde_target_failures_total", "reason=\"connect\"") >= 1);
  assert_true(value_of(b, "sonde_target_series", "") == 0);
  assert_true(value_of(b, "sonde_part_up", "part=\"base\"") == 0);
  assert_true(value_of(b, "sonde_target_age_seconds", "") > 0);
  batch_unref(b);
  assert_true(is_up(w, "b"));
}

static void slow_parts_are_back_at_once_after_an_outage(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a"));
  atomic_store(&w->server.refuses, true);
  EVENTUALLY(is_down(w, "a"));
  atomic_store(&w->server.refuses, false);
  EVENTUALLY(is_up(w, "a"));
  assert_true(shown(w->store, "a", "fake_slow", "") == 1);
  assert_int_equal(atomic_load(&w->server.asked[FAKE_SLOW]), 1);
  assert_true(shown(w->store, "a", "sonde_target_failures_total", "reason=\"connect\"") >= 1); /* it counts on */
}

static void what_another_server_said_is_not_shown(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a"));
  hold_polls(w);
  atomic_store(&w->server.identity, 2);
  step(w);
  assert_true(is_up(w, "a"));
  assert_true(isnan(shown(w->store, "a", "fake_slow", "")) && isnan(shown(w->store, "a", "fake_slower", "")));
  step(w); /* the new one is asked, though the parts were not due for an hour, one after the other */
  assert_true(shown(w->store, "a", "fake_slow", "") > 1 && isnan(shown(w->store, "a", "fake_slower", "")));
  step(w);
  assert_true(shown(w->store, "a", "fake_slow", "") > 1 && shown(w->store, "a", "fake_slower", "") > 1);
  release_polls(w);
}

static void what_is_too_old_is_not_shown_after_an_outage(void **state) {
  struct world *w = *state;
  struct config *c = fake_config(EVERY);
  struct target_config *a = fake_target(c, "a", &w->server, 1);
  a->parts[FAKE_SLOW].every = a->parts[FAKE_SLOWER].every = 2 * EVERY;
  targets_apply(w->targets, c);
  EVENTUALLY(is_up(w, "a"));
  atomic_store(&w->server.refuses, true);
  EVENTUALLY(shown(w->store, "a", "sonde_target_age_seconds", "") > 0.3); /* three times the cadence */
  hold_polls(w);
  atomic_store(&w->server.refuses, false);
  step(w);
  struct batch *b = store_find(w->store, "a");
  assert_true(b->up && isnan(value_of(b, "fake_slow", "")) != isnan(value_of(b, "fake_slower", "")));
  batch_unref(b);
  release_polls(w);
}

static void a_part_that_fails_takes_no_other_part_along(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a"));
  hold_polls(w);
  atomic_store(&w->server.broken, 1u << FAKE_HOT);
  step(w);
  struct batch *b = store_find(w->store, "a");
  assert_true(isnan(value_of(b, "fake_hot", "")));
  assert_true(b->up && value_of(b, "fake_base", "") > 0 && value_of(b, "fake_slow", "") == 1);
  assert_true(value_of(b, "sonde_part_up", "part=\"hot\"") == 0 && value_of(b, "sonde_part_up", "part=\"base\"") == 1);
  assert_true(isnan(value_of(b, "sonde_part_age_seconds", "part=\"hot\"")));
  assert_true(value_of(b, "sonde_target_up", "") == 1);
  batch_unref(b);
  atomic_store(&w->server.broken, 0);
  release_polls(w);
  EVENTUALLY(shown(w->store, "a", "fake_hot", "") > 0);
}

static void a_server_that_hangs_is_down_and_the_others_stay_fresh(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a") && is_up(w, "b"));
  atomic_store(&w->server.hangs, true);
  EVENTUALLY((targets_watch(w->targets, clock_now()), is_down(w, "a")));
  struct batch *b = store_find(w->store, "a");
  assert_int_equal(b->why.kind, FAIL_TIMEOUT);
  assert_int_equal(b->count, 1);
  batch_unref(b);
  double others = shown(w->store, "b", "fake_base", "");
  EVENTUALLY((targets_watch(w->targets, clock_now()), shown(w->store, "b", "fake_base", "") >= others + 3));
  EVENTUALLY((targets_watch(w->targets, clock_now()),
              shown(w->store, "a", "sonde_target_failures_total", "reason=\"timeout\"") >= 3)); /* again at each tick */
  release_polls(w);
  EVENTUALLY(is_up(w, "a"));
}

static void a_poll_that_was_given_up_is_counted_once(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a"));
  hold_polls(w);
  EVENTUALLY((targets_watch(w->targets, clock_now()), is_down(w, "a")));
  atomic_store(&w->server.refuses, true);
  step(w); /* the poll fails after all, long after it was called a timeout */
  assert_true(shown(w->store, "a", "sonde_target_failures_total", "reason=\"timeout\"") >= 1);
  assert_true(isnan(shown(w->store, "a", "sonde_target_failures_total", "reason=\"connect\"")));
  release_polls(w);
  EVENTUALLY(shown(w->store, "a", "sonde_target_failures_total", "reason=\"connect\"") >= 1);
}

static void a_runner_that_hangs_does_not_keep_the_agent_from_ending(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a"));
  hold_polls(w);
  targets_stop(w->targets, clock_now() + 20);
  w->targets = NULL;
  assert_int_equal(atomic_load(&w->server.closes), 0);
  assert_int_equal(atomic_load(&configs_freed), w->freed); /* its options are still there */
  store_free(w->store);
  w->store = store_new();
  server_release(&w->server);
  EVENTUALLY(atomic_load(&w->server.closes) == 1);
  EVENTUALLY(atomic_load(&configs_freed) == w->freed + 1);
}

static void a_reload_keeps_the_connection_of_an_unchanged_target(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a") && is_up(w, "b"));
  struct config *c = fake_config(EVERY);
  fake_target(c, "a", &w->server, 1);
  fake_target(c, "b", &w->other, 3);
  targets_apply(w->targets, c);
  assert_true(is_up(w, "a")); /* its batch stays, too */
  EVENTUALLY(atomic_load(&w->other.closes) == 1 && atomic_load(&w->other.opens) == 2);
  EVENTUALLY(is_up(w, "b"));
  assert_int_equal(atomic_load(&w->server.opens), 1);
  assert_int_equal(atomic_load(&configs_freed), w->freed); /* "a" still needs the first */
  targets_apply(w->targets, fake_config(EVERY));
  struct batch *gone = store_find(w->store, "a");
  assert_null(gone);
  EVENTUALLY(atomic_load(&w->server.closes) == 1 && atomic_load(&w->other.closes) == 2);
  EVENTUALLY((targets_watch(w->targets, clock_now()), atomic_load(&configs_freed) == w->freed + 2));
  stop(w);
  assert_int_equal(atomic_load(&configs_freed), w->freed + 3);
}

static void a_target_that_was_removed_does_not_come_back_from_a_poll_that_hung(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a"));
  hold_polls(w);
  targets_apply(w->targets, fake_config(EVERY));
  release_polls(w);
  EVENTUALLY(atomic_load(&w->server.closes) == 1);
  struct batch *b = store_find(w->store, "a");
  assert_null(b);
}

static void what_is_shown_is_remembered(void **state) {
  struct world *w = *state;
  static struct point points[10000];
  watch_both(w);
  EVENTUALLY(is_up(w, "a") && is_up(w, "b"));
  let_pass(w, "a", 5);
  targets_watch(w->targets, clock_now());
  double last = shown(w->store, "a", "fake_base", "");
  size_t count = remembered(w->history, "a", "fake_base", points, COUNTOF(points));
  assert_true(count >= 5 && points[count - 1].value >= last);
  for (size_t i = 1; i < count; i++) assert_true(points[i].time > points[i - 1].time && points[i].value == points[i - 1].value + 1);
  assert_true(remembered(w->history, "a", "fake_slow", points, COUNTOF(points)) >= 5); /* carried over */
  assert_true(remembered(w->history, "sonde", "up", points, COUNTOF(points)) >= 1);
}

static void the_past_outlives_a_changed_option_and_not_the_target(void **state) {
  struct world *w = *state;
  static struct point points[10000];
  watch_both(w);
  EVENTUALLY(is_up(w, "a") && is_up(w, "b"));
  struct config *c = fake_config(EVERY);
  fake_target(c, "a", &w->server, 3);
  targets_apply(w->targets, c);
  let_pass(w, "a", 3);
  size_t count = remembered(w->history, "a", "up", points, COUNTOF(points));
  assert_true(count >= 3);
  for (size_t i = 0; i < count; i++) assert_true(points[i].value == 1);
  count = remembered(w->history, "b", "up", points, COUNTOF(points));
  assert_true(is_stale(points[count - 1].value));
}

static void without_a_history_all_goes_on(void **state) {
  struct world *w = *state;
  stop(w);
  w->targets = targets_new(w->store, NULL, w->net);
  watch_both(w);
  EVENTUALLY(is_up(w, "a") && is_up(w, "b"));
  targets_watch(w->targets, clock_now());
  EVENTUALLY(shown(w->store, "sonde", "sonde_targets", "") == 2);
}

static void the_agent_is_a_target_of_its_own(void **state) {
  struct world *w = *state;
  watch_both(w);
  EVENTUALLY(is_up(w, "a") && is_up(w, "b"));
  targets_reloaded(w->targets, false, 1e9);
  targets_watch(w->targets, clock_now());
  struct batch *b = store_find(w->store, "sonde");
  assert_true(b && b->up && b->polled);
  assert_string_equal(b->id->job, "sonde");
  assert_true(value_of(b, "sonde_targets", "") == 2);
  assert_true(value_of(b, "sonde_series", "") > 20);
  assert_true(value_of(b, "sonde_config_last_reload_successful", "") == 0);
  assert_true(value_of(b, "sonde_config_last_reload_success_timestamp_seconds", "") > 1.5e9);
  assert_true(value_of(b, "process_cpu_seconds_total", "") > 0);
  assert_true(value_of(b, "process_resident_memory_bytes", "") > 1e6);
  assert_true(value_of(b, "process_virtual_memory_bytes", "") > value_of(b, "process_resident_memory_bytes", ""));
  assert_true(value_of(b, "process_virtual_memory_max_bytes", "") > 1e6);
  assert_true(value_of(b, "process_open_fds", "") >= 7);
  assert_true(value_of(b, "process_max_fds", "") >= value_of(b, "process_open_fds", ""));
  assert_true(fabs(value_of(b, "process_start_time_seconds", "") - clock_wall()) < 3600);
  batch_unref(b);
}

/* A scraper without a pause. Whatever it sees must be whole. */
struct scraper {
  struct store *store;
  atomic_bool stop, broken;
};

static void *scrape(void *arg) {
  struct scraper *scraper = arg;
  while (!atomic_load(&scraper->stop)) {
    struct snapshot *seen = store_snapshot(scraper->store);
    for (size_t i = 0; i < seen->count; i++) {
      const struct batch *b = seen->batches[i];
      bool whole = !b->polled || (b->up ? b->count >= 2 : b->count == 1);
      if (!b->id->name[0] || !whole) atomic_store(&scraper->broken, true);
    }
    snapshot_free(seen);
    sched_yield();
  }
  return NULL;
}

static void a_storm_of_reloads_under_scrapes_ends_with_what_the_last_one_says(void **state) {
  struct world *w = *state;
  struct scraper scraper = {.store = w->store};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, scrape, &scraper), 0);
  for (unsigned i = 0; i <= 100; i++) {
    struct config *c = fake_config(EVERY);
    fake_target(c, "kept", &w->server, 1);
    fake_target(c, "changed", &w->other, 100 + i);
    if (i % 2) fake_target(c, "now and then", &w->other, 3);
    atomic_store(&w->other.refuses, i % 2 == 0);
    targets_apply(w->targets, c);
    targets_watch(w->targets, clock_now());
  }
  EVENTUALLY(is_up(w, "kept") && is_down(w, "changed"));
  struct batch *gone = store_find(w->store, "now and then");
  assert_null(gone);
  assert_int_equal(atomic_load(&w->server.opens), 1);
  assert_true(shown(w->store, "sonde", "sonde_targets", "") >= 2);
  stop(w);
  atomic_store(&scraper.stop, true);
  pthread_join(thread, NULL);
  assert_false(atomic_load(&scraper.broken));
  assert_int_equal(atomic_load(&w->other.opens), 101 + 50);
  assert_int_equal(atomic_load(&w->other.closes), 101 + 50);
  assert_int_equal(atomic_load(&configs_freed), w->freed + 101);
}

/* Counts the lines that hold `word` in what was written to the file. */
static unsigned lines_with(FILE *log, const char *word) {
  char line[2048];
  unsigned count = 0;
  rewind(log);
  while (fgets(line, sizeof line, log))
    if (strstr(line, word)) count++;
  return count;
}

static void the_log_has_a_line_for_a_change_and_none_for_a_poll(void **state) {
  struct world *w = *state;
  FILE *log = tmpfile();
  int old = dup(STDERR_FILENO);
  dup2(fileno(log), STDERR_FILENO);
  struct config *c = fake_config(EVERY);
  fake_target(c, "a", &w->server, 1);
  atomic_store(&w->server.broken, 1u << FAKE_HOT);
  targets_apply(w->targets, c);
  EVENTUALLY(is_up(w, "a"));
  let_pass(w, "a", 4);
  atomic_store(&w->server.refuses, true);
  EVENTUALLY(is_down(w, "a"));
  let_pass(w, "a", 4);
  atomic_store(&w->server.refuses, false);
  atomic_store(&w->server.broken, 0);
  EVENTUALLY(shown(w->store, "a", "fake_hot", "") > 0);
  stop(w);
  dup2(old, STDERR_FILENO);
  close(old);
  assert_int_equal(lines_with(log, "part hot: the part may not be read"), 1);
  assert_int_equal(lines_with(log, "up: 3 series"), 1);
  assert_int_equal(lines_with(log, "down: nobody listens on the fake"), 1);
  assert_int_equal(lines_with(log, "up after "), 1);
  assert_int_equal(lines_with(log, "part hot: collected again"), 1);
  assert_int_equal(lines_with(log, "\n"), 5);
  fclose(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_target_is_listed_before_it_was_polled),
      TEST(a_good_target_shows_its_parts_and_how_it_is),
      TEST(a_target_that_fails_shows_the_reason_and_no_value),
      TEST(slow_parts_are_back_at_once_after_an_outage),
      TEST(what_another_server_said_is_not_shown),
      TEST(what_is_too_old_is_not_shown_after_an_outage),
      TEST(a_part_that_fails_takes_no_other_part_along),
      TEST(a_server_that_hangs_is_down_and_the_others_stay_fresh),
      TEST(a_poll_that_was_given_up_is_counted_once),
      TEST(a_runner_that_hangs_does_not_keep_the_agent_from_ending),
      TEST(a_reload_keeps_the_connection_of_an_unchanged_target),
      TEST(a_target_that_was_removed_does_not_come_back_from_a_poll_that_hung),
      TEST(a_storm_of_reloads_under_scrapes_ends_with_what_the_last_one_says),
      TEST(what_is_shown_is_remembered),
      TEST(the_past_outlives_a_changed_option_and_not_the_target),
      TEST(without_a_history_all_goes_on),
      TEST(the_agent_is_a_target_of_its_own),
      TEST(the_log_has_a_line_for_a_change_and_none_for_a_poll),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
