/* Ticks, attempts and due parts, on a clock that the test turns. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "agent/poll/schedule.h"

#define S   ((msec_t)1000)
#define DAY (24 * 3600 * S)

static const struct part parts[] = {
    {.name = "base"},
    {.name = "hot"},
    {.name = "statements", .every = 60 * S},
    {.name = "sizes", .every = 60 * S},
    {.name = "bloat", .every = 300 * S},
};
enum { BASE, HOT, STATEMENTS, SIZES, BLOAT };
static const struct kind kind = {.name = "fake", .parts = parts, .part_count = COUNTOF(parts)};

static struct target_config target(const char *name, msec_t every) {
  struct target_config c = {.kind = &kind, .name = name, .every = every, .timeout = every * 8 / 10};
  for (size_t i = 0; i < COUNTOF(parts); i++) c.parts[i] = (struct part_config){.on = true, .every = parts[i].every};
  return c;
}

/* A runner without a thread, and a server that takes `takes` to answer, or to fail when it is not `good`. */
struct world {
  struct schedule s;
  msec_t now, takes;
  bool good;
  struct turn turn; /* the last one */
  bool shown;
  msec_t began; /* when it began */
};

static struct world world(msec_t every, msec_t now) {
  struct world w = {.now = now, .takes = 5, .good = true};
  struct target_config c = target("main", every);
  schedule_init(&w.s, &c, now);
  return w;
}

/* Sleeps until there is something to do, and does it. */
static void step(struct world *w) {
  w->now = MAX(w->now, schedule_wake(&w->s));
  w->began = w->now;
  w->turn = schedule_turn(&w->s, w->now);
  if (w->turn.poll) w->now += w->takes;
  for (size_t i = 0; i < COUNTOF(parts) && w->turn.poll && w->good; i++)
    if (w->turn.due >> i & 1u) schedule_part(&w->s, i, &w->turn, true);
  w->shown = schedule_end(&w->s, &w->turn, w->good, w->now);
}

/* Steps until the next one that polls. */
static void step_poll(struct world *w) {
  do step(w);
  while (!w->turn.poll);
}

static unsigned heavy_in(uint32_t due) {
  return (due >> STATEMENTS & 1u) + (due >> SIZES & 1u) + (due >> BLOAT & 1u);
}

static void the_beat_does_not_drift_over_a_day(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  msec_t first = tick_after(&w.s.ticks, w.now), n = 0;
  step(&w);
  for (; w.now < first + DAY; n++) {
    w.takes = 1 + n * 7919 % 7900;
    step(&w);
    assert_true(w.turn.poll && w.shown);
    assert_int_equal(w.began, first + n * 10 * S);
  }
  assert_int_equal(n, DAY / (10 * S) + 1);
}

static void many_targets_do_not_poll_at_one_instant(void **state) {
  (void)state;
  char name[32];
  unsigned quarter[4] = {0};
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof name, "db-%d", i);
    struct ticks t = ticks_of(name, 10 * S);
    assert_true(t.offset >= 0 && t.offset < 2500);
    assert_int_equal(t.offset, ticks_of(name, 10 * S).offset);
    quarter[t.offset / 625]++;
  }
  for (int i = 0; i < 4; i++) assert_in_range(quarter[i], 180, 320);
}

static void ticks_hold_at_any_time_since_boot(void **state) {
  (void)state;
  struct ticks t = {.every = 10 * S, .offset = 2000};
  assert_int_equal(tick_before(&t, 2000), 2000);
  assert_int_equal(tick_before(&t, 11999), 2000);
  assert_int_equal(tick_before(&t, 500), -8000); /* the first seconds after boot */
  assert_int_equal(tick_after(&t, 500), 2000);
  assert_int_equal(tick_after(&t, 2000), 12000);
}

static void a_new_target_shows_everything_at_once(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  step(&w);
  assert_int_equal(w.began, 1234567);
  assert_true(w.shown);
  assert_int_equal(w.turn.due, (1u << COUNTOF(parts)) - 1);
}

static void a_target_that_is_down_from_the_start_is_said_to_be_down_at_once(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  w.good = false;
  step(&w);
  assert_true(w.shown);
}

static void a_poll_that_overruns_is_not_followed_by_a_burst(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  step(&w), step(&w);
  msec_t tick = w.turn.tick;
  w.takes = 34 * S;
  step(&w);
  assert_true(w.shown);
  w.takes = 5;
  step(&w);
  assert_int_equal(w.began, tick + 50 * S);
  step(&w);
  assert_int_equal(w.began, tick + 60 * S);
}

static void a_machine_that_slept_does_not_catch_up(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  step(&w), step(&w);
  msec_t tick = w.turn.tick;
  w.now = tick + DAY + 4 * S; /* it wakes soon after a tick: that one is served */
  step_poll(&w);
  assert_int_equal(w.began, tick + DAY + 4 * S);
  step_poll(&w);
  assert_int_equal(w.began, tick + DAY + 10 * S);
  w.now = tick + 2 * DAY + 8 * S; /* it wakes shortly before one: that one is waited for */
  step_poll(&w);
  assert_int_equal(w.began, tick + 2 * DAY + 10 * S);
  step_poll(&w);
  assert_int_equal(w.began, tick + 2 * DAY + 20 * S);
}

static void a_server_that_restarts_is_back_within_seconds(void **state) {
  (void)state;
  struct world w = world(60 * S, 1234567);
  step(&w), step(&w);
  msec_t tick = w.turn.tick + 60 * S;
  w.good = false;
  step(&w);
  assert_true(w.shown);
  for (msec_t wait = S; wait <= 4 * S; wait *= 2) {
    msec_t ended = w.now;
    step(&w);
    assert_true(w.turn.poll && !w.shown); /* one failure is not reported twice */
    assert_in_range(w.began - ended, wait * 3 / 4, wait);
  }
  w.good = true;
  step(&w);
  assert_true(w.shown && w.began < tick + 20 * S);
  step(&w);
  assert_int_equal(w.began, tick + 60 * S);
}

static void a_dead_server_is_left_in_peace_but_reported_at_every_tick(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  step(&w), step(&w);
  w.good = false, w.takes = 2 * S;
  msec_t from = w.now, shown = w.turn.tick, polls = 0;
  while (w.now < from + 3600 * S) {
    step(&w);
    if (w.turn.poll) polls++;
    if (!w.shown) continue;
    assert_int_equal(tick_before(&w.s.ticks, w.now), shown + 10 * S);
    shown += 10 * S;
  }
  assert_in_range(polls, 3600 / 32, 3600 / 24 + 6);
}

static void targets_that_fail_together_do_not_come_back_together(void **state) {
  (void)state;
  struct target_config a = target("a", 10 * S), b = target("b", 10 * S);
  struct schedule sa, sb;
  schedule_init(&sa, &a, 5000), schedule_init(&sb, &b, 5000);
  for (int i = 0; i < 8; i++) {
    struct turn ta = {.poll = true, .tick = 0};
    assert_true(schedule_end(&sa, &ta, false, 5000) == schedule_end(&sb, &ta, false, 5000));
    assert_int_not_equal(sa.attempt, sb.attempt);
  }
}

static void a_short_interval_is_not_retried_more_often_than_it_is_polled(void **state) {
  (void)state;
  struct world w = world(200, 1234567);
  w.good = false, w.takes = 0;
  step(&w);
  assert_in_range(w.s.attempt - w.now, 150, 200);
}

static void a_slow_part_keeps_its_cadence_rounded_to_ticks(void **state) {
  (void)state;
  struct target_config c = target("main", 10 * S);
  c.parts[HOT].every = 4 * S;         /* less than a tick: every tick */
  c.parts[STATEMENTS].every = 36 * S; /* four ticks */
  c.parts[BASE].every = 600 * S;      /* the base part tells whether the target is up: every tick */
  c.parts[SIZES].on = false;
  struct world w = {.now = 1234567, .takes = 5, .good = true};
  schedule_init(&w.s, &c, w.now);
  unsigned count[COUNTOF(parts)] = {0};
  for (int i = 0; i < 120; i++) {
    step(&w);
    for (size_t p = 0; p < COUNTOF(parts); p++) count[p] += w.turn.due >> p & 1u;
  }
  assert_int_equal(count[BASE], 120);
  assert_int_equal(count[HOT], 120);
  assert_int_equal(count[STATEMENTS], 30);
  assert_int_equal(count[SIZES], 0);
  assert_int_equal(count[BLOAT], 4);
  assert_int_equal(schedule_age_max(&w.s, BASE), 30 * S);
  assert_int_equal(schedule_age_max(&w.s, STATEMENTS), 120 * S);
}

static void a_recovered_server_gets_one_heavy_part_a_tick(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  step(&w), step(&w);
  w.good = false;
  for (msec_t until = w.now + 600 * S; w.now < until;) step(&w);
  w.good = true;
  uint32_t seen = 0;
  step_poll(&w);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(w.turn.due & 3u, 3); /* what is asked at every tick is back at once */
    assert_int_equal(heavy_in(w.turn.due), 1);
    seen |= w.turn.due;
    step(&w);
  }
  assert_int_equal(seen, (1u << COUNTOF(parts)) - 1);
  assert_int_equal(heavy_in(w.turn.due), 0);
  for (int i = 0; i < 100; i++) {
    assert_true(((w.turn.due >> STATEMENTS) & 1u) + ((w.turn.due >> SIZES) & 1u) < 2); /* they stay apart */
    step(&w);
  }
}

static void a_short_outage_repeats_no_heavy_part(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  step(&w), step(&w);
  w.good = false;
  step(&w), step_poll(&w);
  w.good = true;
  step_poll(&w);
  assert_int_equal(heavy_in(w.turn.due), 0);
}

static void another_server_is_asked_for_everything_one_heavy_part_a_tick(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  step(&w), step(&w);
  schedule_part(&w.s, BLOAT, &w.turn, false); /* what the last one did not have, the next one may have */
  schedule_renew(&w.s, &w.turn);
  assert_int_equal(w.s.part[BLOAT].failures, 0);
  uint32_t seen = 0;
  for (int i = 0; i < 3; i++) {
    step(&w);
    assert_int_equal(heavy_in(w.turn.due), 1);
    seen |= w.turn.due;
  }
  assert_int_equal(seen, (1u << COUNTOF(parts)) - 1);
}

/* How many ticks lie between two collections of a part that has failed `failures` times. */
static msec_t part_wait(struct schedule *s, size_t part, unsigned failures) {
  struct turn turn = {.poll = true, .tick = s->tick};
  s->part[part].failures = failures - 1;
  schedule_part(s, part, &turn, false);
  return s->part[part].due - turn.tick;
}

static void a_part_that_fails_is_asked_less_and_less_but_never_forgotten(void **state) {
  (void)state;
  struct world w = world(10 * S, 1234567);
  assert_int_equal(part_wait(&w.s, HOT, 1), 10 * S);
  assert_int_equal(part_wait(&w.s, HOT, 2), 20 * S);
  assert_int_equal(part_wait(&w.s, HOT, 3), 40 * S);
  assert_int_equal(part_wait(&w.s, HOT, 100), 100 * S);
  assert_int_equal(part_wait(&w.s, BLOAT, 4000000000u), 3000 * S);
  struct world fast = world(S, 1234567);
  assert_int_equal(part_wait(&fast.s, HOT, 100), 30 * S);
  struct turn turn = {.poll = true, .tick = fast.s.tick};
  schedule_part(&fast.s, HOT, &turn, true);
  assert_int_equal(fast.s.part[HOT].due, turn.tick + S);
  assert_int_equal(part_wait(&fast.s, HOT, fast.s.part[HOT].failures + 1), S);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_beat_does_not_drift_over_a_day),
      cmocka_unit_test(many_targets_do_not_poll_at_one_instant),
      cmocka_unit_test(ticks_hold_at_any_time_since_boot),
      cmocka_unit_test(a_new_target_shows_everything_at_once),
      cmocka_unit_test(a_target_that_is_down_from_the_start_is_said_to_be_down_at_once),
      cmocka_unit_test(a_poll_that_overruns_is_not_followed_by_a_burst),
      cmocka_unit_test(a_machine_that_slept_does_not_catch_up),
      cmocka_unit_test(a_server_that_restarts_is_back_within_seconds),
      cmocka_unit_test(a_dead_server_is_left_in_peace_but_reported_at_every_tick),
      cmocka_unit_test(targets_that_fail_together_do_not_come_back_together),
      cmocka_unit_test(a_short_interval_is_not_retried_more_often_than_it_is_polled),
      cmocka_unit_test(a_slow_part_keeps_its_cadence_rounded_to_ticks),
      cmocka_unit_test(a_recovered_server_gets_one_heavy_part_a_tick),
      cmocka_unit_test(a_short_outage_repeats_no_heavy_part),
      cmocka_unit_test(another_server_is_asked_for_everything_one_heavy_part_a_tick),
      cmocka_unit_test(a_part_that_fails_is_asked_less_and_less_but_never_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
