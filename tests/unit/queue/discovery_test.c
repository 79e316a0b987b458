/* How queues are found, named, remembered and forgotten, and what the walk of the key space costs. */
#include "tests/unit/queue/fake.h"

#define JOBS(prefix, queue, system) "prefix=\"" prefix "\",queue=\"" queue "\",state=\"waiting\",system=\"" system "\""
#define INFO(prefix, queue)         "db=\"db0\",library_version=\"unknown\",prefix=\"" prefix "\",queue=\"" queue "\",system=\"bull\""
static void begin(struct fake *f) {
  fake_begin(f);
}

static struct strings one(const char **items, size_t count) {
  return (struct strings){.items = items, .count = count};
}

/* A call of SCAN answers with these keys, separated by blanks, and the next cursor. */
static void scan(struct fake *f, const char *command, const char *next, const char *keys) {
  SCOPED(buf_done) struct buf out;
  size_t count = 0;
  SCOPED(mem_free) char *copy = mem_copy(keys);
  buf_init(&out, 1 << 20);
  for (const char *at = keys; *at; at++) count += at == keys || at[-1] == ' ';
  buf_printf(&out, "*2\r\n$%zu\r\n%s\r\n*%zu\r\n", strlen(next), next, count);
  for (char *at = strtok(copy, " "); at; at = strtok(NULL, " ")) put_bulk(&out, at);
  fake_raw(f, command, out.data);
}

static void found(struct fake *f, const char *keys) {
  scan(f, "SCAN 0 MATCH *:*:id COUNT 1000 TYPE string", "0", keys);
}

/* So many of the keys exist that a queue of this base would have besides its id. */
static void has_keys(struct fake *f, const char *base, long long count) {
  static const char *const suffixes[] = {"wait",      "paused", "active", "delayed",     "prioritized",  "waiting-children",
                                         "completed", "failed", "meta",   "meta-paused", "stalled-check"};
  SCOPED(buf_done) struct buf command;
  buf_init(&command, 4096);
  buf_puts(&command, "EXISTS");
  for (size_t i = 0; i < COUNTOF(suffixes); i++) buf_printf(&command, " %s:%s", base, suffixes[i]);
  fake_integer(f, command.data, count);
}

static void queue(struct fake *f, const char *base, bool bullmq) {
  char command[300];
  has_keys(f, base, 2);
  snprintf(command, sizeof command, "GET %s:id", base);
  fake_string(f, command, "7");
  snprintf(command, sizeof command, "LLEN %s:wait", base);
  fake_integer(f, command, 3);
  snprintf(command, sizeof command, "HMGET %s:meta paused version opts.maxLenEvents", base);
  if (bullmq) fake_list(f, command, "- - 10000");
}

static void queues_are_found_in_the_first_poll_under_any_prefix(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  found(&f, "bull:jobs:id myapp:mail:id {bull}:tagged:id");
  queue(&f, "bull:jobs", false);
  queue(&f, "myapp:mail", true);
  queue(&f, "{bull}:tagged", false);
  fake_poll(&f);
  assert_value(&f, "queue_jobs", JOBS("bull", "jobs", "bull"), 3);
  assert_value(&f, "queue_jobs", JOBS("myapp", "mail", "bullmq"), 3);
  assert_value(&f, "queue_jobs", JOBS("{bull}", "tagged", "bull"), 3);
  assert_value(&f, "queue_discovered", "system=\"bull\"", 2);
  assert_value(&f, "queue_discovered", "system=\"bullmq\"", 1);
  assert_value(&f, "queue_discovery_scans_total", "", 1);
  assert_value(&f, "queue_discovery_last_complete_timestamp_seconds", "", 1700000000);
  fake_end(&f);
}

static void two_queues_of_one_name_do_not_collide(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  found(&f, "bull:mail:id blue:mail:id");
  queue(&f, "bull:mail", true);
  queue(&f, "blue:mail", true);
  fake_integer(&f, "LLEN blue:mail:wait", 9);
  fake_poll(&f);
  assert_value(&f, "queue_jobs", JOBS("bull", "mail", "bullmq"), 3);
  assert_value(&f, "queue_jobs", JOBS("blue", "mail", "bullmq"), 9);
  fake_end(&f);
}

static void an_id_that_belongs_to_something_else_is_no_queue(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  found(&f, "shop:cart:id shop:session:id shop:user:id shop:text:id id :id a:id x::id");
  has_keys(&f, "shop:cart", 0);
  has_keys(&f, "shop:session", 1); /* shop:session:active is a string */
  fake_string(&f, "GET shop:session:id", "5");
  fake_raw(&f, "LLEN shop:session:active", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  has_keys(&f, "shop:user", 1); /* shop:user:meta is a hash of the application's */
  fake_string(&f, "GET shop:user:id", "5");
  fake_list(&f, "HMGET shop:user:meta paused version opts.maxLenEvents", "- 2 -");
  has_keys(&f, "shop:text", 1);
  fake_string(&f, "GET shop:text:id", "abc");
  fake_integer(&f, "LLEN shop:text:wait", 1);
  fake_poll(&f);
  fake_poll(&f);
  assert_int_equal(f.rounds, 1);
  assert_value(&f, "queue_discovered", "system=\"bull\"", 0);
  assert_value(&f, "queue_discovered", "system=\"bullmq\"", 0);
  fake_end(&f);
}

static void n8ns_drained_queue_is_known_by_its_prefix(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  found(&f, "bull:jobs:id bull:jobs:de:id");
  fake_string(&f, "GET bull:jobs:id", "512");
  fake_string(&f, "GET bull:jobs:de:id", "12"); /* a deduplicated job called "id" */
  fake_poll(&f);
  assert_value(&f, "queue_jobs", JOBS("bull", "jobs", "bull"), 0);
  assert_value(&f, "queue_discovered", "system=\"bull\"", 1);
  fake_end(&f);
}

static void names_and_prefixes_may_hold_colons(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  found(&f, "bull:with:colons:id my:app:mail:id");
  queue(&f, "bull:with:colons", false);
  queue(&f, "my:app:mail", true);
  fake_poll(&f);
  assert_value(&f, "queue_jobs", JOBS("bull", "with:colons", "bull"), 3);
  assert_value(&f, "queue_jobs", JOBS("my:app", "mail", "bullmq"), 3);
  fake_end(&f);
}

static void configured_prefixes_say_where_the_name_begins(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  f.options.prefixes = one((const char *[]){"my", "my:app"}, 2);
  found(&f, "my:app:a:b:id my:c:d:id other:mail:id");
  queue(&f, "my:app:a:b", false);
  queue(&f, "my:c:d", false);
  queue(&f, "other:mail", false);
  fake_poll(&f);
  assert_value(&f, "queue_info", INFO("my:app", "a:b"), 1);
  assert_value(&f, "queue_info", INFO("my", "c:d"), 1);
  assert_value(&f, "queue_discovered", "system=\"bull\"", 2);
  fake_end(&f);
}

static void a_single_prefix_narrows_the_walk_and_is_taken_literally(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  f.options.prefixes = one((const char *[]){"{a}[b]*?\\"}, 1);
  fake_poll(&f);
  assert_true(asked(&f, "SCAN 0 MATCH {a}\\[b\\]\\*\\?\\\\:*:id COUNT"));
  fake_end(&f);
}

static void nothing_is_walked_unless_it_is_wanted(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  f.options.discover = false;
  fake_poll(&f);
  assert_false(asked(&f, "SCAN"));
  assert_absent(&f, "queue_discovered", "system=\"bull\"");
  fake_end(&f);
}

static void a_drained_queue_stays_at_zero_until_its_id_is_gone_for_a_day(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  found(&f, "app:mail:id");
  queue(&f, "app:mail", true);
  fake_poll(&f);
  found(&f, "");
  fake_integer(&f, "LLEN app:mail:wait", 0);
  fake_list(&f, "HMGET app:mail:meta paused version opts.maxLenEvents", "- - -");
  f.now += 48LL * 3600 * 1000;
  fake_poll(&f);
  assert_value(&f, "queue_jobs", JOBS("app", "mail", "bullmq"), 0); /* its id is there */
  fake_raw(&f, "GET app:mail:id", "$-1\r\n");
  f.now += 24LL * 3600 * 1000;
  fake_poll(&f);
  assert_value(&f, "queue_jobs", JOBS("app", "mail", "bullmq"), 0);
  f.now += 1;
  fake_poll(&f);
  assert_absent(&f, "queue_jobs", JOBS("app", "mail", "bullmq"));
  assert_value(&f, "queue_discovered", "system=\"bullmq\"", 0);
  fake_end(&f);
}

static void a_server_that_is_loading_makes_no_queue_forgotten(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  found(&f, "app:mail:id");
  queue(&f, "app:mail", true);
  fake_poll(&f);
  found(&f, "");
  fake_raw(&f, "GET app:mail:id", "-LOADING\r\n");
  for (int i = 0; i < 3; i++) {
    f.now += 24LL * 3600 * 1000;
    fake_poll(&f);
  }
  assert_value(&f, "queue_jobs", JOBS("app", "mail", "bullmq"), 3);
  fake_end(&f);
}

static void more_queues_than_are_watched_are_said_to_be(void **state) {
  (void)state;
  struct fake f;
  SCOPED(buf_done) struct buf keys;
  begin(&f);
  buf_init(&keys, 1 << 20);
  for (int i = 0; i < 1003; i++) {
    char command[64];
    buf_printf(&keys, "%sbull:q%d:id", i ? " " : "", i);
    snprintf(command, sizeof command, "GET bull:q%d:id", i);
    fake_string(&f, command, "1");
  }
  found(&f, keys.data);
  fake_poll(&f);
  assert_value(&f, "queue_discovered", "system=\"bull\"", 1000);
  assert_value(&f, "queue_discovery_truncated", "", 1);
  fake_end(&f);
}

/* ---- the walk ---- */

static void a_walk_goes_on_where_the_last_poll_left_it(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  for (int i = 0; i < 49; i++) {
    char command[100], next[16];
    snprintf(command, sizeof command, "SCAN %d MATCH *:*:id COUNT 1000 TYPE string", i);
    snprintf(next, sizeof next, "%d", i + 1);
    scan(&f, command, next, "");
  }
  fake_poll(&f);
  assert_int_equal(f.rounds, 20);
  assert_true(asked(&f, "SCAN 19 ") && !asked(&f, "SCAN 20 "));
  assert_absent(&f, "queue_discovery_last_complete_timestamp_seconds", "");
  f.now += 10000;
  fake_poll(&f);
  assert_true(asked(&f, "SCAN 20 ") && asked(&f, "SCAN 39 "));
  f.now += 10000;
  fake_poll(&f);
  assert_true(asked(&f, "SCAN 49 ") && !asked(&f, "SCAN 0 "));
  assert_value(&f, "queue_discovery_cycle_duration_seconds", "", 20);
  assert_value(&f, "queue_discovery_scans_total", "", 50);
  fake_end(&f);
}

static void a_walk_rests_before_the_next(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  assert_true(asked(&f, "SCAN"));
  for (int i = 0; i < 2; i++) {
    f.now += 10000;
    fake_poll(&f);
    assert_false(asked(&f, "SCAN"));
  }
  f.now += 10000;
  fake_poll(&f);
  assert_true(asked(&f, "SCAN 0 "));
  fake_end(&f);
}

static void another_server_is_walked_from_the_start(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_poll(&f);
  fake_poll_of(&f, true);
  assert_true(asked(&f, "SCAN 0 "));
  fake_end(&f);
}

static void an_old_server_is_asked_without_the_type(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_raw(&f, "SCAN 0 MATCH *:*:id COUNT 1000 TYPE string", "-ERR syntax error\r\n");
  scan(&f, "SCAN 0 MATCH *:*:id COUNT 1000", "0", "app:mail:id app:hash:id");
  queue(&f, "app:mail", true);
  has_keys(&f, "app:hash", 1);
  fake_raw(&f, "GET app:hash:id", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  fake_poll(&f);
  assert_value(&f, "queue_jobs", JOBS("app", "mail", "bullmq"), 3);
  assert_value(&f, "queue_discovered", "system=\"bull\"", 0);
  assert_value(&f, "queue_discovery_refused_total", "", 0);
  fake_end(&f);
}

static void a_forbidden_walk_is_counted_and_not_repeated_at_once(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  fake_raw(&f, "SCAN 0 MATCH *:*:id COUNT 1000 TYPE string", "-NOPERM this user has no permissions to run the 'scan' command\r\n");
  for (int i = 0; i < 5; i++) {
    fake_poll(&f);
    assert_int_equal(f.rounds, 1);
    f.now += 10000;
  }
  assert_value(&f, "queue_discovery_refused_total", "", 1);
  f.now += 300000;
  fake_poll(&f);
  fake_poll(&f);
  assert_value(&f, "queue_discovery_refused_total", "", 2);
  fake_end(&f);
}

static void many_ids_that_are_no_queues_slow_the_walk_down(void **state) {
  (void)state;
  struct fake f;
  SCOPED(buf_done) struct buf keys;
  begin(&f);
  buf_init(&keys, 1 << 20);
  for (int i = 0; i < 900; i++) buf_printf(&keys, "%suser:%d:id", i ? " " : "", i);
  for (int i = 0; i < 9; i++) {
    char command[100], next[16];
    snprintf(command, sizeof command, "SCAN %d MATCH *:*:id COUNT 1000 TYPE string", i);
    snprintf(next, sizeof next, "%d", i + 1);
    scan(&f, command, next, keys.data);
  }
  fake_poll(&f);
  assert_true(asked(&f, "SCAN 2 "));
  assert_false(asked(&f, "SCAN 3 "));
  fake_end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(queues_are_found_in_the_first_poll_under_any_prefix),
      cmocka_unit_test(two_queues_of_one_name_do_not_collide),
      cmocka_unit_test(an_id_that_belongs_to_something_else_is_no_queue),
      cmocka_unit_test(n8ns_drained_queue_is_known_by_its_prefix),
      cmocka_unit_test(names_and_prefixes_may_hold_colons),
      cmocka_unit_test(configured_prefixes_say_where_the_name_begins),
      cmocka_unit_test(a_single_prefix_narrows_the_walk_and_is_taken_literally),
      cmocka_unit_test(nothing_is_walked_unless_it_is_wanted),
      cmocka_unit_test(a_drained_queue_stays_at_zero_until_its_id_is_gone_for_a_day),
      cmocka_unit_test(a_server_that_is_loading_makes_no_queue_forgotten),
      cmocka_unit_test(more_queues_than_are_watched_are_said_to_be),
      cmocka_unit_test(a_walk_goes_on_where_the_last_poll_left_it),
      cmocka_unit_test(a_walk_rests_before_the_next),
      cmocka_unit_test(another_server_is_walked_from_the_start),
      cmocka_unit_test(an_old_server_is_asked_without_the_type),
      cmocka_unit_test(a_forbidden_walk_is_counted_and_not_repeated_at_once),
      cmocka_unit_test(many_ids_that_are_no_queues_slow_the_walk_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
