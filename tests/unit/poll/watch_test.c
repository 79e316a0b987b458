/* The watchdog on a clock that the test turns. The runner has no thread here, which is as stuck as a runner can be. */
#include "tests/unit/test.h"

#include "tests/unit/poll/fake.h"
#include "metric/snapshot.h"

#define EVERY  (10 * S)
#define UPTIME (1000 * HOUR)

struct world {
  struct store *store;
  struct history *history;
  struct server server;
  struct config *config;
  struct life *life;
  msec_t tick; /* the first one after the runner was made */
};

static int set_up(void **state) {
  struct world *w = mem_zero(sizeof *w);
  struct config *c = fake_config(EVERY);
  w->store = store_new();
  server_init(&w->server);
  const struct target_config *target = fake_target(c, "a", &w->server, 1);
  w->config = c;
  w->history = history_new(HOUR, 10u << 20);
  w->life = life_new(target, w->config, w->store, w->history, UPTIME);
  w->life->started = true; /* so the watchdog believes */
  w->tick = tick_after(&w->life->ticks, UPTIME);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  struct world *w = *state;
  life_retire(w->life, UPTIME);
  life_unref(w->life);
  config_unref(w->config);
  store_free(w->store);
  history_free(w->history);
  server_done(&w->server);
  free(w);
  return 0;
}

static double failures(struct world *w) {
  return shown(w->store, "a", "sonde_target_failures_total", "reason=\"timeout\"");
}

/* Calls the watchdog whenever it asks for it, until `until`. */
static void watch(struct world *w, msec_t from, msec_t until) {
  for (msec_t now = from; now <= until;) {
    msec_t next = life_watch(w->life, now, 0);
    assert_true(next > now);
    now = next;
  }
}

static void a_runner_within_its_time_is_not_accused(void **state) {
  struct world *w = *state;
  msec_t last = w->tick + w->life->config->timeout + S - 1;
  assert_int_equal(life_watch(w->life, last, 0), last + 200);
  assert_true(isnan(failures(w)));
}

static void a_runner_that_is_stuck_is_down_within_a_timeout_of_its_tick(void **state) {
  struct world *w = *state;
  msec_t due = w->tick + w->life->config->timeout + S;
  watch(w, UPTIME, due + 200);
  struct batch *b = store_find(w->store, "a");
  assert_true(!b->up && b->polled);
  assert_int_equal(b->why.kind, FAIL_TIMEOUT);
  assert_int_equal(b->count, 1);
  assert_int_equal(b->time, w->tick);
  assert_true(value_of(b, "sonde_target_failures_total", "reason=\"timeout\"") == 1);
  assert_true(value_of(b, "sonde_target_polls_total", "") == 1);
  assert_true(value_of(b, "fake_up", "") == 0);
  batch_unref(b);
}

static void a_runner_that_stays_stuck_is_down_at_every_tick(void **state) {
  struct world *w = *state;
  watch(w, UPTIME, w->tick + 6 * EVERY);
  assert_true(failures(w) == 7);
  struct batch *b = store_find(w->store, "a");
  assert_int_equal(b->time, w->tick + 6 * EVERY);
  batch_unref(b);
}

static void what_the_watchdog_shows_is_remembered_once_a_tick(void **state) {
  struct world *w = *state;
  struct point up[20];
  assert_int_equal(remembered(w->history, "a", "up", up, 20), 0); /* it was not polled yet */
  watch(w, UPTIME, w->tick + 6 * EVERY);
  assert_int_equal(remembered(w->history, "a", "up", up, 20), 7);
  for (size_t i = 0; i < 7; i++) {
    assert_int_equal(up[i].time, w->tick + (msec_t)i * EVERY);
    assert_true(up[i].value == 0);
  }
}

static void a_poll_that_hangs_is_accused_after_its_own_deadline(void **state) {
  struct world *w = *state;
  w->life->deadline = UPTIME + 100;
  watch(w, UPTIME, UPTIME + 100 + S + 200);
  assert_true(failures(w) == 1);
  struct batch *b = store_find(w->store, "a");
  assert_true(b->time > UPTIME);
  batch_unref(b);
}

static void a_process_that_was_stopped_accuses_nobody_who_goes_on(void **state) {
  struct world *w = *state;
  msec_t late = w->tick + 5 * EVERY;
  assert_int_equal(life_watch(w->life, late, 0), late + 200);
  w->life->seen = late + 10; /* the thread runs again */
  w->life->suspected = 0;
  life_watch(w->life, late + 200, 0);
  assert_true(isnan(failures(w)));
}

static void a_machine_that_slept_gives_its_runners_time(void **state) {
  struct world *w = *state;
  msec_t late = w->tick + 5 * EVERY, patience = late + 3 * EVERY;
  assert_int_equal(life_watch(w->life, late, patience), patience);
  assert_int_equal(life_watch(w->life, patience - 1, patience), patience + 199);
  assert_true(isnan(failures(w)));
  watch(w, patience, patience + S); /* but not for ever */
  assert_true(failures(w) >= 1);
}

static void a_publication_that_was_overtaken_is_not_shown(void **state) {
  struct world *w = *state;
  struct publication late, newer;
  publication_begin(w->life, &late, w->tick);
  publication_begin(w->life, &newer, w->tick + EVERY);
  newer.facts.up = newer.facts.polled = true;
  publication_end(w->life, &newer, NULL, 0, w->tick + EVERY);
  publication_end(w->life, &late, NULL, 0, w->tick + EVERY);
  struct batch *b = store_find(w->store, "a");
  assert_true(b->up);
  assert_int_equal(b->time, w->tick + EVERY);
  batch_unref(b);
  struct point up[20];
  assert_int_equal(remembered(w->history, "a", "up", up, 20), 1);
  assert_true(up[0].value == 1 && up[0].time == w->tick + EVERY);
}

static void what_a_retired_runner_publishes_is_not_remembered(void **state) {
  struct world *w = *state;
  struct publication p;
  struct point up[20];
  slot_ref(w->life->slot);
  life_retire(w->life, w->tick);
  publication_begin(w->life, &p, w->tick);
  publication_end(w->life, &p, NULL, 0, w->tick);
  assert_int_equal(remembered(w->history, "a", "up", up, 20), 0);
}

static void batches_never_go_back_in_time(void **state) {
  struct world *w = *state;
  struct publication p;
  msec_t last = UPTIME;
  for (msec_t now = UPTIME; now < UPTIME + 5 * EVERY; now += 700) { /* ticks and what comes between them */
    publication_begin(w->life, &p, now);
    assert_true(p.time >= last && p.time <= now);
    last = p.time;
  }
}

static void a_target_without_a_thread_says_so(void **state) {
  struct world *w = *state;
  w->life->started = false;
  watch(w, UPTIME, w->tick + EVERY);
  struct batch *b = store_find(w->store, "a");
  assert_int_equal(b->why.kind, FAIL_SYSTEM);
  batch_unref(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_runner_within_its_time_is_not_accused),
      TEST(a_runner_that_is_stuck_is_down_within_a_timeout_of_its_tick),
      TEST(a_runner_that_stays_stuck_is_down_at_every_tick),
      TEST(what_the_watchdog_shows_is_remembered_once_a_tick),
      TEST(a_poll_that_hangs_is_accused_after_its_own_deadline),
      TEST(a_process_that_was_stopped_accuses_nobody_who_goes_on),
      TEST(a_machine_that_slept_gives_its_runners_time),
      TEST(a_publication_that_was_overtaken_is_not_shown),
      TEST(what_a_retired_runner_publishes_is_not_remembered),
      TEST(batches_never_go_back_in_time),
      TEST(a_target_without_a_thread_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
