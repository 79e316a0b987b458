/* Queues that are named keys, streams among them. */
#include "tests/unit/queue/fake.h"

#define KEY(queue, system) "prefix=\"none\",queue=\"" queue "\",state=\"waiting\",system=\"" system "\""
#define STREAM             "db=\"db0\",stream=\"orders\""
#define GROUP              "db=\"db0\",group=\"billing\",stream=\"orders\""

static struct strings names(const char **items, size_t count) {
  return (struct strings){.items = items, .count = count};
}

static void begin(struct fake *f) {
  fake_begin(f);
  f->options.discover = false;
}

static void named_keys_show_their_depth_and_zero_when_they_are_drained(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  f.options.lists = names((const char *[]){"mail", "sms"}, 2);
  f.options.zsets = names((const char *[]){"later"}, 1);
  f.options.sets = names((const char *[]){"todo"}, 1);
  fake_integer(&f, "LLEN mail", 5);
  fake_integer(&f, "ZCARD later", 2);
  fake_integer(&f, "SCARD todo", 3);
  fake_poll(&f);
  assert_value(&f, "queue_jobs", KEY("mail", "list"), 5);
  assert_value(&f, "queue_jobs", KEY("sms", "list"), 0);
  assert_value(&f, "queue_jobs", KEY("later", "zset"), 2);
  assert_value(&f, "queue_jobs", KEY("todo", "set"), 3);
  assert_int_equal(f.rounds, 1);
  fake_end(&f);
}

static void a_key_of_another_type_costs_its_sample_alone(void **state) {
  (void)state;
  struct fake f;
  begin(&f);
  f.options.lists = names((const char *[]){"mail", "sms"}, 2);
  fake_raw(&f, "LLEN mail", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  fake_poll(&f);
  assert_absent(&f, "queue_jobs", KEY("mail", "list"));
  assert_value(&f, "queue_jobs", KEY("sms", "list"), 0);
  fake_end(&f);
}

static const char no_lag[] =
    "*1\r\n*12\r\n$4\r\nname\r\n$7\r\nbilling\r\n$9\r\nconsumers\r\n:2\r\n$7\r\npending\r\n:4\r\n"
    "$17\r\nlast-delivered-id\r\n$15\r\n1699999990000-7\r\n$12\r\nentries-read\r\n$-1\r\n$3\r\nlag\r\n$-1\r\n";
static const char all_done[] =
    "*1\r\n*12\r\n$4\r\nname\r\n$7\r\nbilling\r\n$9\r\nconsumers\r\n:2\r\n$7\r\npending\r\n:0\r\n"
    "$17\r\nlast-delivered-id\r\n$15\r\n1699999990000-7\r\n$12\r\nentries-read\r\n:9\r\n$3\r\nlag\r\n:0\r\n";

static void stream(struct fake *f) {
  begin(f);
  static const char *orders[] = {"orders"};
  f->options.streams = names(orders, 1);
  fake_integer(f, "EXISTS orders", 1);
  fake_integer(f, "XLEN orders", 12);
}

static void a_lag_that_redis_does_not_know_is_not_zero(void **state) {
  (void)state;
  struct fake f;
  stream(&f);
  fake_raw(&f, "XINFO GROUPS orders", no_lag);
  fake_raw(&f, "XRANGE orders 1699999990000-8 + COUNT 1", "*1\r\n*2\r\n$15\r\n1699999995000-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  fake_raw(&f, "XPENDING orders billing - + 1", "*1\r\n*4\r\n$15\r\n1699999940000-0\r\n$2\r\nc1\r\n:1\r\n:1\r\n");
  fake_poll(&f);
  assert_value(&f, "redis_stream_length", STREAM, 12);
  assert_value(&f, "redis_stream_groups", STREAM, 1);
  assert_value(&f, "redis_stream_group_consumers", GROUP, 2);
  assert_value(&f, "redis_stream_group_messages_pending", GROUP, 4);
  assert_value(&f, "redis_stream_group_last_delivered_id", GROUP, 1699999990000);
  assert_absent(&f, "redis_stream_group_lag", GROUP);
  assert_absent(&f, "redis_stream_group_entries_read", GROUP);
  assert_value(&f, "redis_stream_group_oldest_pending_seconds", GROUP, 60);
  assert_value(&f, "redis_stream_group_oldest_undelivered_seconds", GROUP, 5);
  fake_end(&f);
}

static void a_group_that_has_done_everything_is_asked_nothing_more(void **state) {
  (void)state;
  struct fake f;
  stream(&f);
  fake_raw(&f, "XINFO GROUPS orders", all_done);
  fake_raw(&f, "XINFO STREAM orders",
           "*6\r\n$17\r\nlast-generated-id\r\n$15\r\n1699999990000-7\r\n$13\r\nentries-added\r\n:31\r\n"
           "$11\r\nfirst-entry\r\n*2\r\n$15\r\n1699999940000-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  fake_poll(&f);
  fake_poll(&f);
  assert_int_equal(f.rounds, 1);
  assert_value(&f, "redis_stream_group_lag", GROUP, 0);
  assert_value(&f, "redis_stream_group_oldest_pending_seconds", GROUP, 0);
  assert_value(&f, "redis_stream_group_oldest_undelivered_seconds", GROUP, 0);
  assert_value(&f, "redis_stream_last_generated_id", STREAM, 1699999990000);
  assert_value(&f, "redis_stream_entries_added_total", STREAM, 31);
  assert_value(&f, "redis_stream_first_entry_id", STREAM, 1699999940000);
  assert_absent(&f, "redis_stream_max_deleted_entry_id", STREAM);
  fake_end(&f);
}

static void a_stream_with_big_entries_is_left_alone_for_a_while(void **state) {
  (void)state;
  struct fake f;
  SCOPED(buf_done) struct buf big;
  stream(&f);
  buf_init(&big, 1 << 20);
  buf_printf(&big, "*2\r\n$11\r\nfirst-entry\r\n*2\r\n$15\r\n1699999940000-0\r\n*2\r\n$1\r\na\r\n$70000\r\n%070000d\r\n", 0);
  fake_raw(&f, "XINFO STREAM orders", big.data);
  fake_raw(&f, "XINFO GROUPS orders", no_lag);
  fake_poll(&f);
  assert_value(&f, "redis_stream_first_entry_id", STREAM, 1699999940000);
  assert_false(asked(&f, "XRANGE"));
  fake_poll(&f);
  assert_false(asked(&f, "XINFO STREAM") || asked(&f, "XRANGE"));
  assert_value(&f, "redis_stream_length", STREAM, 12);
  assert_value(&f, "redis_stream_group_messages_pending", GROUP, 4);
  for (int i = 0; i < 60; i++) fake_poll(&f);
  assert_true(asked(&f, "XINFO STREAM"));
  fake_end(&f);
}

static void a_stream_that_does_not_exist_yet_has_length_zero(void **state) {
  (void)state;
  struct fake f;
  stream(&f);
  fake_integer(&f, "EXISTS orders", 0);
  fake_integer(&f, "XLEN orders", 0);
  fake_poll(&f);
  assert_false(asked(&f, "XINFO")); /* the server would count an error */
  assert_value(&f, "redis_stream_length", STREAM, 0);
  assert_value(&f, "redis_stream_groups", STREAM, 0);
  assert_absent(&f, "redis_stream_last_generated_id", STREAM);
  fake_end(&f);
}

static void note(const struct family *family, const char *part, void *arg) {
  struct strings *seen = arg;
  assert_string_equal(part, "queues");
  assert_true(strlen(family->help) > 10 && family->help[strlen(family->help) - 1] == '.');
  seen->items[seen->count++] = family->name;
}

static bool is_listed(const struct strings *seen, const char *name) {
  for (size_t i = 0; i < seen->count; i++) {
    if (!strcmp(seen->items[i], name)) return true;
  }
  return false;
}

static void what_is_shown_is_in_the_catalogue(void **state) {
  (void)state;
  const char *items[100];
  struct strings seen = names(items, 0);
  struct fake f;
  queues_catalogue(note, "queues", &seen);
  stream(&f);
  f.options.discover = true;
  fake_raw(&f, "XINFO GROUPS orders", no_lag);
  fake_raw(&f, "SCAN 0 MATCH *:*:id COUNT 1000 TYPE string", "*2\r\n$1\r\n0\r\n*1\r\n$9\r\nbull:q:id\r\n");
  fake_poll(&f);
  size_t count;
  const struct section_family *families = section_families(f.section, &count);
  assert_true(count > 10);
  for (size_t i = 0; i < count; i++) assert_true(is_listed(&seen, families[i].family->name));
  fake_end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(named_keys_show_their_depth_and_zero_when_they_are_drained),
      cmocka_unit_test(a_key_of_another_type_costs_its_sample_alone),
      cmocka_unit_test(a_lag_that_redis_does_not_know_is_not_zero),
      cmocka_unit_test(a_group_that_has_done_everything_is_asked_nothing_more),
      cmocka_unit_test(a_stream_with_big_entries_is_left_alone_for_a_while),
      cmocka_unit_test(a_stream_that_does_not_exist_yet_has_length_zero),
      cmocka_unit_test(what_is_shown_is_in_the_catalogue),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
