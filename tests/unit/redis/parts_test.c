/* The small parts: their answers as the wire brings them, and answers of another form. */
#include "tests/unit/redis/reading.h"

#include "collectors/redis/link.h"
#include "collectors/redis/parts.h"

struct answers {
  struct arena arena;
  struct redis_batch batch;
  struct redis_reader *reader;
  struct section *section;
  bool good;
};

static struct answers answer(unsigned part, const char *wire) {
  struct answers a = {.section = section_new("part")};
  struct fail f = {.text = ""};
  arena_init(&a.arena);
  redis_batch_init(&a.batch, &a.arena);
  a.reader = redis_reader_new();
  for (unsigned i = 0; i < redis_part(part)->count; i++) redis_ask(&a.batch, "PING", NULL);
  redis_reader_begin(a.reader, &a.batch);
  if (!redis_reader_feed(a.reader, wire, strlen(wire), &f)) fail_msg("%s", f.text);
  assert_true(redis_batch_complete(&a.batch));
  a.good = redis_part(part)->write(a.section, a.batch.replies);
  section_finish(a.section);
  return a;
}

static void forget(struct answers *a) {
  section_unref(a->section);
  redis_reader_free(a->reader);
  redis_batch_done(&a->batch);
  arena_done(&a->arena);
}

static void the_newest_slow_command_is_shown(void **state) {
  (void)state;
  struct answers a = answer(
      PART_SLOWLOG, ":2\r\n*1\r\n*6\r\n:14\r\n:1795238514\r\n:20500\r\n*1\r\n$4\r\nKEYS\r\n$11\r\n127.0.0.1:1\r\n$0\r\n\r\n");
  assert_true(a.good);
  assert_value(a.section, "redis_slowlog_length", "", 2);
  assert_value(a.section, "redis_slowlog_last_id", "", 14);
  assert_value(a.section, "redis_last_slow_execution_duration_seconds", "", 0.0205);
  forget(&a);
}

static void an_empty_slow_log_reads_zero(void **state) {
  (void)state;
  struct answers a = answer(PART_SLOWLOG, ":0\r\n*0\r\n");
  assert_true(a.good);
  assert_value(a.section, "redis_slowlog_length", "", 0);
  assert_value(a.section, "redis_last_slow_execution_duration_seconds", "", 0);
  forget(&a);
}

static void spikes_are_told_by_event(void **state) {
  (void)state;
  struct answers a =
      answer(PART_LATENCY, "*2\r\n*4\r\n$7\r\ncommand\r\n:1795238514\r\n:250\r\n:900\r\n*4\r\n$4\r\nfork\r\n:7\r\n:3\r\n:3\r\n");
  assert_true(a.good);
  assert_value(a.section, "redis_latency_spike_last", "event_name=\"command\"", 1795238514);
  assert_value(a.section, "redis_latency_spike_duration_seconds", "event_name=\"command\"", 0.25);
  assert_value(a.section, "redis_latency_spike_duration_seconds", "event_name=\"fork\"", 0.003);
  forget(&a);
}

#define SETTING(name_length, name, value_length, value) "*2\r\n$" #name_length "\r\n" name "\r\n$" #value_length "\r\n" value "\r\n"

static void limits_that_are_configured_are_shown(void **state) {
  (void)state;
  struct answers a =
      answer(PART_CONFIG, SETTING(10, "maxclients", 5, "10000")
                              SETTING(9, "maxmemory", 9, "104857600") "*0\r\n" SETTING(17, "repl-backlog-size", 7, "1048576")
                                  SETTING(26, "client-output-buffer-limit", 34, "normal 0 0 0 slave 268435456 64 60")
                                      SETTING(9, "databases", 2, "32"));
  assert_true(a.good);
  assert_value(a.section, "redis_config_maxclients", "", 10000);
  assert_value(a.section, "redis_config_maxmemory", "", 104857600);
  assert_int_equal(samples_of(a.section, "redis_config_io_threads"), 0);
  assert_value(a.section, "redis_config_client_output_buffer_limit_bytes", "class=\"slave\",limit=\"hard\"", 268435456);
  assert_value(a.section, "redis_config_client_output_buffer_limit_bytes", "class=\"slave\",limit=\"soft\"", 64);
  assert_value(a.section, "redis_config_client_output_buffer_limit_overcome_seconds", "class=\"slave\",limit=\"soft\"", 60);
  assert_int_equal(redis_config_databases(a.batch.replies), 32);
  forget(&a);
}

static void answers_of_another_form_are_refused(void **state) {
  (void)state;
  static const struct {
    unsigned part;
    const char *wire;
  } rows[] = {
      {PART_SLOWLOG, "+OK\r\n*0\r\n"},
      {PART_SLOWLOG, ":1\r\n:1\r\n"},
      {PART_SLOWLOG, ":1\r\n*1\r\n*2\r\n:1\r\n:2\r\n"},
      {PART_SLOWLOG, ":1\r\n*1\r\n*3\r\n*0\r\n*0\r\n*0\r\n"},
      {PART_LATENCY, ":1\r\n"},
      {PART_LATENCY, "*1\r\n:1\r\n"},
      {PART_LATENCY, "*1\r\n*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n"},
      {PART_CONFIG, "*0\r\n*0\r\n:1\r\n*0\r\n*0\r\n*0\r\n"},
      {PART_CLUSTER, "*0\r\n"},
      {PART_CLUSTER, "$2\r\nno\r\n"},
  };
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    struct answers a = answer(rows[i].part, rows[i].wire);
    if (a.good) fail_msg("row %zu was taken", i);
    forget(&a);
  }
}

static void odd_buffer_limits_stop_at_what_is_odd(void **state) {
  (void)state;
  static const char *const limits[] = {"", "normal", "normal 0", "normal 0 0", "normal x y z", "  ", "normal 1 2 3 slave 4"};
  for (size_t i = 0; i < COUNTOF(limits); i++) {
    char wire[256];
    snprintf(wire, sizeof wire, "*0\r\n*0\r\n*0\r\n*0\r\n*2\r\n$1\r\nx\r\n$%zu\r\n%s\r\n*-1\r\n", strlen(limits[i]), limits[i]);
    struct answers a = answer(PART_CONFIG, wire);
    assert_true(a.good);
    assert_int_equal(samples_of(a.section, "redis_config_client_output_buffer_limit_bytes"), i == 6 ? 2 : 0);
    assert_int_equal(redis_config_databases(a.batch.replies), 0);
    forget(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_newest_slow_command_is_shown),
      cmocka_unit_test(an_empty_slow_log_reads_zero),
      cmocka_unit_test(spikes_are_told_by_event),
      cmocka_unit_test(limits_that_are_configured_are_shown),
      cmocka_unit_test(answers_of_another_form_are_refused),
      cmocka_unit_test(odd_buffer_limits_stop_at_what_is_odd),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
