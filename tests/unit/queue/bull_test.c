/* Bull and BullMQ queues from canned replies: the counts, the ages, the counters. */
#include "tests/unit/queue/fake.h"

#define QUEUE   "prefix=\"bull\",queue=\"emails\",system=\"bullmq\""
#define PLAIN   "prefix=\"bull\",queue=\"emails\",system=\"bull\""
#define IN(s)   "prefix=\"bull\",queue=\"emails\",state=\"" s "\",system=\"bullmq\""
#define FROM(s) "prefix=\"bull\",queue=\"emails\",source=\"" s "\",system=\"bullmq\""
#define SCAN    "SCAN 0 MATCH *:*:id COUNT 1000 TYPE string"
#define META    "HMGET bull:emails:meta paused version opts.maxLenEvents"
#define JOB(id) "HMGET bull:emails:" id " timestamp delay processedOn opts"

/* One queue bull:emails of BullMQ 5 that has been found. */
static void begin(struct fake *f) {
  fake_begin(f);
  fake_raw(f, SCAN, "*2\r\n$1\r\n0\r\n*1\r\n$14\r\nbull:emails:id\r\n");
  fake_string(f, "GET bull:emails:id", "100");
  fake_list(f, META, "- bullmq:5.81.5 10000");
}

static void age_of(struct fake *f, const char *job, long long created_ago, const char *delay, long long started_ago,
                   const char *options) {
  char created[24], started[24], command[200], items[300];
  snprintf(created, sizeof created, "%lld", (long long)f->now - created_ago);
  snprintf(started, sizeof started, "%lld", (long long)f->now - started_ago);
  snprintf(command, sizeof command, "HMGET bull:emails:%s timestamp delay processedOn opts", job);
  snprintf(items, sizeof items, "%s %s %s %s", created, delay, started_ago ? started : "-", options);
  fake_list(f, command, items);
}

static void waiting(struct fake *f, long long length, const char *tail) {
  fake_integer(f, "LLEN bull:emails:wait", length);
  fake_list(f, "LRANGE bull:emails:wait -8 -1", tail);
}

static void an_idle_queue_costs_one_round_trip_and_shows_zeros(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  fake_poll(&f);
  assert_int_equal(f.rounds, 1);
  static const char *const states[] = {IN("waiting"),          IN("active"),    IN("delayed"), IN("prioritized"),
                                       IN("waiting_children"), IN("completed"), IN("failed")};
  for (size_t i = 0; i < COUNTOF(states); i++) assert_value(&f, "queue_jobs", states[i], 0);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 0);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("active"), 0);
  assert_value(&f, "queue_overdue_jobs", QUEUE, 0);
  assert_value(&f, "queue_paused", QUEUE, 0);
  assert_value(&f, "queue_info", "db=\"db0\",library_version=\"5.81.5\",prefix=\"bull\",queue=\"emails\",system=\"bullmq\"", 1);
  assert_absent(&f, "queue_next_due_seconds", QUEUE);
  assert_absent(&f, "queue_worker_last_seen_seconds", QUEUE);
  fake_end(&f);
}

static void jobs_of_a_paused_queue_are_waiting_in_every_version(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  waiting(&f, 2, "8 7");
  fake_integer(&f, "LLEN bull:emails:paused", 3);
  fake_list(&f, "LRANGE bull:emails:paused -8 -1", "6 5 4");
  fake_list(&f, META, "1 bullmq:5.81.5 10000");
  fake_poll(&f);
  assert_value(&f, "queue_jobs", IN("waiting"), 5);
  assert_value(&f, "queue_paused", QUEUE, 1);
  fake_end(&f);
}

static void a_paused_bull_queue_is_seen_though_it_has_no_meta(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_list(&f, META, "- - -");
  fake_integer(&f, "EXISTS bull:emails:meta-paused", 1);
  fake_integer(&f, "LLEN bull:emails:paused", 3);
  fake_poll(&f);
  assert_value(&f, "queue_paused", PLAIN, 1);
  assert_value(&f, "queue_jobs", "prefix=\"bull\",queue=\"emails\",state=\"waiting\",system=\"bull\"", 3);
  assert_absent(&f, "queue_jobs", "prefix=\"bull\",queue=\"emails\",state=\"prioritized\",system=\"bull\"");
  fake_end(&f);
}

static void a_marker_in_the_list_is_no_job(void **state) {
  (void)state;
  static const char *const markers[] = {"0", "0:0", "0:1700000000123"};
  for (size_t i = 0; i < COUNTOF(markers); i++) {
    struct fake f;
    char tail[64];
    begin(&f);
    snprintf(tail, sizeof tail, "9 %s", markers[i]);
    waiting(&f, 2, tail);
    age_of(&f, "9", 4000, "0", 0, "{}");
    fake_poll(&f);
    assert_value(&f, "queue_jobs", IN("waiting"), 1);
    assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 4);
    fake_end(&f);
  }
}

static void a_bull_job_may_be_called_like_a_marker(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_list(&f, META, "- - -");
  waiting(&f, 2, "9 0:mine");
  fake_poll(&f);
  assert_value(&f, "queue_jobs", "prefix=\"bull\",queue=\"emails\",state=\"waiting\",system=\"bull\"", 2);
  fake_end(&f);
}

static void the_oldest_waiting_job_is_found_at_either_end(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  waiting(&f, 20, "8 7 6 5 4 3 2 1");
  fake_list(&f, "LRANGE bull:emails:wait 0 1", "20 19");
  age_of(&f, "1", 3000, "0", 0, "{}");
  age_of(&f, "5", 9000, "0", 0, "{}"); /* put back by a retry */
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 9);
  age_of(&f, "20", 60000, "0", 0, "{}"); /* all are LIFO */
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 60);
  assert_int_equal(f.rounds, 2);
  fake_end(&f);
}

static void the_delay_of_a_job_is_not_taken_for_waiting(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  waiting(&f, 1, "1");
  age_of(&f, "1", 3602000, "0", 0, "{\"attempts\":1,\"delay\":3600000,\"backoff\":{\"delay\":5}}");
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 2);
  age_of(&f, "1", 3602000, "0", 0, "{\"attempts\":1,\"backoff\":{\"delay\":5}}");
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 3602);
  age_of(&f, "1", 7000, "0", 0, "{\"delay\":3600000}"); /* promoted by hand */
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 7);
  age_of(&f, "1", 90000, "0", 5000, "{}"); /* retried */
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 5);
  fake_end(&f);
}

static void a_week_old_job_put_back_by_hand_waits_since_the_queue_was_empty(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  f.now += 10000;
  waiting(&f, 1, "1");
  age_of(&f, "1", 604800000, "0", 0, "{}");
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 10);
  f.now += 10000;
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 20);
  fake_end(&f);
}

static void a_producer_whose_clock_is_ahead_gives_no_negative_age(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  waiting(&f, 1, "1");
  age_of(&f, "1", -3000, "0", 0, "{}");
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 0);
  fake_end(&f);
}

static void an_age_that_nothing_tells_is_absent(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  waiting(&f, 2, "2 1");
  fake_raw(&f, JOB("1"), "-NOPERM no\r\n");
  fake_integer(&f, "LLEN bull:emails:active", 1);
  fake_list(&f, "LRANGE bull:emails:active -3 -1", "3");
  fake_poll(&f);
  assert_value(&f, "queue_jobs", IN("waiting"), 2);
  assert_absent(&f, "queue_oldest_job_age_seconds", IN("waiting"));
  assert_absent(&f, "queue_oldest_job_age_seconds", IN("active"));
  fake_end(&f);
}

static void a_stuck_active_job_shows_its_age(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_integer(&f, "LLEN bull:emails:active", 2);
  fake_list(&f, "LRANGE bull:emails:active -3 -1", "12 11");
  age_of(&f, "11", 90000, "0", 80000, "{}");
  age_of(&f, "12", 70000, "0", 60000, "{}");
  fake_poll(&f);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("active"), 80);
  fake_end(&f);
}

static void a_starving_priority_is_found_behind_the_urgent_ones(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_integer(&f, "ZCARD bull:emails:prioritized", 3);
  fake_list(&f, "ZRANGE bull:emails:prioritized 0 0 WITHSCORES", "1 4294967297");
  fake_list(&f, "ZRANGEBYSCORE bull:emails:prioritized 8589934592 +inf WITHSCORES LIMIT 0 1", "2 214748364801");
  age_of(&f, "1", 1000, "0", 0, "{}");
  age_of(&f, "2", 50000, "0", 0, "{}");
  fake_poll(&f);
  assert_value(&f, "queue_jobs", IN("prioritized"), 3);
  assert_value(&f, "queue_jobs", IN("waiting"), 0);
  assert_value(&f, "queue_oldest_job_age_seconds", IN("waiting"), 50);
  assert_true(asked(&f, "ZRANGEBYSCORE bull:emails:prioritized 219043332096 +inf"));
  fake_end(&f);
}

static void delayed_jobs_that_nobody_promotes_are_counted(void **state) {
  (void)state;
  struct fake f;
  char command[100];
  begin(&f);
  fake_integer(&f, "ZCARD bull:emails:delayed", 4);
  fake_list(&f, "ZRANGE bull:emails:delayed 0 0 WITHSCORES", "7 6963200122880003"); /* 1 700 000 030 000 ms */
  fake_poll(&f);
  assert_value(&f, "queue_overdue_jobs", QUEUE, 0);
  assert_value(&f, "queue_next_due_seconds", QUEUE, 30);
  assert_false(asked(&f, "ZCOUNT bull:emails:delayed"));
  f.now += 40000;
  snprintf(command, sizeof command, "ZCOUNT bull:emails:delayed -inf (%lld", (FAKE_NOW + 35000) * 4096);
  fake_integer(&f, command, 2);
  fake_poll(&f);
  assert_value(&f, "queue_overdue_jobs", QUEUE, 2);
  assert_value(&f, "queue_next_due_seconds", QUEUE, -10);
  fake_end(&f);
}

static void one_refused_key_costs_its_sample_alone(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  fake_raw(&f, "ZCARD bull:emails:failed", "-NOPERM this user has no permissions to access one of the keys\r\n");
  fake_raw(&f, META, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  fake_poll(&f);
  assert_absent(&f, "queue_jobs", IN("failed"));
  assert_absent(&f, "queue_paused", QUEUE);
  assert_value(&f, "queue_jobs", IN("completed"), 0);
  assert_value(&f, "queue_jobs_added_total", QUEUE, 100);
  fake_end(&f);
}

static void finished_jobs_are_counted_though_none_is_kept(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_integer(&f, "LLEN bull:emails:wait", 10);
  fake_poll(&f);
  assert_value(&f, "queue_jobs_finished_total", QUEUE, 0);
  fake_string(&f, "GET bull:emails:id", "130");
  fake_integer(&f, "LLEN bull:emails:wait", 15); /* 90 were gone, now 115 are */
  fake_poll(&f);
  assert_value(&f, "queue_jobs_finished_total", QUEUE, 25);
  fake_integer(&f, "LLEN bull:emails:wait", 20); /* five failed ones are retried … */
  fake_poll(&f);
  assert_value(&f, "queue_jobs_finished_total", QUEUE, 25);
  fake_integer(&f, "LLEN bull:emails:wait", 18); /* … and two of them end */
  fake_poll(&f);
  assert_value(&f, "queue_jobs_finished_total", QUEUE, 27);
  fake_raw(&f, "LLEN bull:emails:wait", "-NOPERM\r\n");
  fake_poll(&f);
  assert_value(&f, "queue_jobs_finished_total", QUEUE, 27);
  fake_raw(&f, "GET bull:emails:id", "$-1\r\n"); /* obliterated */
  fake_integer(&f, "LLEN bull:emails:wait", 0);
  fake_poll(&f);
  assert_value(&f, "queue_jobs_finished_total", QUEUE, 27);
  assert_value(&f, "queue_jobs_added_total", QUEUE, 0);
  fake_end(&f);
}

static void a_failover_to_a_lagging_replica_is_no_reset(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  fake_string(&f, "GET bull:emails:id", "97");
  fake_poll(&f);
  assert_value(&f, "queue_jobs_added_total", QUEUE, 100);
  fake_string(&f, "GET bull:emails:id", "101");
  fake_poll(&f);
  assert_value(&f, "queue_jobs_added_total", QUEUE, 101);
  fake_end(&f);
}

static void the_workers_own_counters_are_shown_when_they_are_on(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  assert_absent(&f, "queue_jobs_completed_total", FROM("native"));
  fake_string(&f, "HGET bull:emails:metrics:completed count", "41");
  fake_poll(&f);
  assert_value(&f, "queue_jobs_completed_total", FROM("native"), 41);
  assert_value(&f, "queue_jobs_failed_total", FROM("native"), 0);
  assert_absent(&f, "queue_jobs_failed_total", FROM("derived"));
  fake_end(&f);
}

static void new_failures_are_counted_among_the_kept_ones(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  assert_absent(&f, "queue_jobs_failed_total", FROM("derived")); /* perhaps they are not kept: unknown is not 0 */
  f.now += 10000;
  fake_integer(&f, "ZCARD bull:emails:failed", 3);
  fake_poll(&f);
  assert_value(&f, "queue_jobs_failed_total", FROM("derived"), 0);
  f.now += 10000;
  fake_integer(&f, "ZCOUNT bull:emails:failed (1700000000000 1700000010000", 3);
  fake_poll(&f);
  assert_value(&f, "queue_jobs_failed_total", FROM("derived"), 3);
  f.now += 10000;
  fake_integer(&f, "ZCARD bull:emails:failed", 0); /* retried: what happened stays counted */
  fake_poll(&f);
  assert_value(&f, "queue_jobs_failed_total", FROM("derived"), 3);
  fake_end(&f);
}

static void a_dead_worker_is_last_seen_ever_longer_ago(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_string(&f, "GET bull:emails:stalled-check", "1699999990000");
  fake_poll(&f);
  assert_value(&f, "queue_worker_last_seen_seconds", QUEUE, 10);
  fake_raw(&f, "GET bull:emails:stalled-check", "$-1\r\n");
  f.now += 60000;
  fake_poll(&f);
  assert_value(&f, "queue_worker_last_seen_seconds", QUEUE, 70);
  fake_end(&f);
}

static void without_the_servers_clock_there_are_counts_and_no_ages(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_raw(&f, "TIME", "-NOPERM\r\n");
  waiting(&f, 1, "1");
  age_of(&f, "1", 5000, "0", 0, "{}");
  fake_poll(&f);
  fake_poll(&f);
  assert_value(&f, "queue_jobs", IN("waiting"), 1);
  assert_absent(&f, "queue_oldest_job_age_seconds", IN("waiting"));
  fake_end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_idle_queue_costs_one_round_trip_and_shows_zeros),
      cmocka_unit_test(jobs_of_a_paused_queue_are_waiting_in_every_version),
      cmocka_unit_test(a_paused_bull_queue_is_seen_though_it_has_no_meta),
      cmocka_unit_test(a_marker_in_the_list_is_no_job),
      cmocka_unit_test(a_bull_job_may_be_called_like_a_marker),
      cmocka_unit_test(the_oldest_waiting_job_is_found_at_either_end),
      cmocka_unit_test(the_delay_of_a_job_is_not_taken_for_waiting),
      cmocka_unit_test(a_week_old_job_put_back_by_hand_waits_since_the_queue_was_empty),
      cmocka_unit_test(a_producer_whose_clock_is_ahead_gives_no_negative_age),
      cmocka_unit_test(an_age_that_nothing_tells_is_absent),
      cmocka_unit_test(a_stuck_active_job_shows_its_age),
      cmocka_unit_test(a_starving_priority_is_found_behind_the_urgent_ones),
      cmocka_unit_test(delayed_jobs_that_nobody_promotes_are_counted),
      cmocka_unit_test(one_refused_key_costs_its_sample_alone),
      cmocka_unit_test(finished_jobs_are_counted_though_none_is_kept),
      cmocka_unit_test(a_failover_to_a_lagging_replica_is_no_reset),
      cmocka_unit_test(the_workers_own_counters_are_shown_when_they_are_on),
      cmocka_unit_test(new_failures_are_counted_among_the_kept_ones),
      cmocka_unit_test(a_dead_worker_is_last_seen_ever_longer_ago),
      cmocka_unit_test(without_the_servers_clock_there_are_counts_and_no_ages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
