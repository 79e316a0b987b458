/* INFO as samples: what servers of several generations tell, and what a broken or hostile one sends instead. */
#include "tests/unit/redis/reading.h"

#include <stdlib.h>

#include "base/buf.h"
#include "collectors/redis/info.h"

struct reading {
  struct section *section;
  struct info_facts facts;
  struct fail why;
  bool good;
};

static struct info_memory memory; /* shared, as polls share it */

static struct reading read_text(const char *text, size_t length) {
  struct reading r = {.section = section_new("info")};
  struct arena arena;
  arena_init(&arena);
  struct info_pass pass = {.section = r.section, .arena = &arena, .memory = &memory, .wall = 5000, .databases = 4};
  r.good = info_write(&pass, text, length, &r.facts, &r.why);
  section_finish(r.section);
  arena_done(&arena);
  return r;
}

/* The file with the line ends of the wire. */
static void load(const char *name, struct buf *out) {
  char path[256], line[4096];
  snprintf(path, sizeof path, "tests/fixtures/redis/%s", name);
  FILE *file = fopen(path, "r");
  if (!file) fail_msg("%s is missing", path);
  buf_init(out, 1u << 20);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    buf_printf(out, "%s\r\n", line);
  }
  fclose(file);
}

static struct reading read_fixture(const char *name) {
  SCOPED(buf_done) struct buf text;
  load(name, &text);
  struct reading r = read_text(text.data, text.length);
  assert_true(r.good);
  assert_int_equal(section_dropped(r.section), 0);
  return r;
}

static void dashboards_find_the_fields_of_an_ordinary_server(void **state) {
  (void)state;
  struct reading r = read_fixture("info-7.0-master.txt");
  struct section *s = r.section;
  assert_string_equal(r.facts.run_id, "b6f0aa35ccccb661f849aae21e5cdd4b7002667c");
  assert_false(r.facts.cluster);
  assert_value(s, "redis_uptime_in_seconds", "", 1000);
  assert_value(s, "redis_start_time_seconds", "", 1795238839);
  assert_value(s, "redis_memory_used_bytes", "", 26214400);
  assert_value(s, "redis_memory_max_bytes", "", 104857600);
  assert_value(s, "redis_memory_used_ratio", "", 0.25);
  assert_value(s, "redis_memory_fragmentation_ratio", "", 1.5);
  assert_value(s, "redis_total_system_memory_bytes", "", 25276510208);
  assert_value(s, "redis_evicted_keys_total", "", 17);
  assert_value(s, "redis_latest_fork_seconds", "", 0.00125);
  assert_value(s, "redis_rdb_last_bgsave_status", "", 0);
  assert_value(s, "redis_aof_last_write_status", "", 1);
  assert_value(s, "redis_role", "role=\"master\"", 1);
  assert_value(s, "redis_role", "role=\"slave\"", 0);
  assert_value(
      s, "redis_instance_info",
      "maxmemory_policy=\"allkeys-lru\",os=\"Linux 6.1.0-18-amd64 x86_64\",process_id=\"11702\",redis_build_id=\"ae4d7c971a948f0\","
      "redis_mode=\"standalone\",redis_version=\"7.0.15\",role=\"master\",run_id=\"b6f0aa35ccccb661f849aae21e5cdd4b7002667c\","
      "tcp_port=\"17001\"",
      1);
  section_unref(s);
}

static void commands_errors_and_percentiles_carry_their_labels(void **state) {
  (void)state;
  struct reading r = read_fixture("info-7.0-master.txt");
  struct section *s = r.section;
  assert_value(s, "redis_commands_total", "cmd=\"hset\"", 3);
  assert_value(s, "redis_commands_duration_seconds_total", "cmd=\"hset\"", 0.000016);
  assert_value(s, "redis_commands_rejected_calls_total", "cmd=\"hset\"", 1);
  assert_value(s, "redis_commands_failed_calls_total", "cmd=\"hset\"", 2);
  assert_true(value_of(s, "redis_commands_total", "cmd=\"config|get\"") > 0);
  assert_value(s, "redis_errors_total", "err=\"WRONGTYPE\"", 5);
  assert_value(s, "redis_latency_percentiles_usec", "cmd=\"hset\",quantile=\"99.9\"", 9.023);
  assert_value(s, "redis_latency_percentiles_usec_sum", "cmd=\"hset\"", 16);
  assert_value(s, "redis_latency_percentiles_usec_count", "cmd=\"hset\"", 3);
  section_unref(s);
}

static void databases_without_keys_have_a_zero(void **state) {
  (void)state;
  struct reading r = read_fixture("info-7.0-master.txt");
  assert_value(r.section, "redis_db_keys", "db=\"db0\"", 1012);
  assert_value(r.section, "redis_db_keys_expiring", "db=\"db0\"", 7);
  assert_value(r.section, "redis_db_avg_ttl_seconds", "db=\"db0\"", 90.5);
  assert_value(r.section, "redis_db_keys", "db=\"db1\"", 0);
  assert_value(r.section, "redis_db_keys_expiring", "db=\"db2\"", 0);
  assert_value(r.section, "redis_db_keys", "db=\"db3\"", 2);
  assert_int_equal(samples_of(r.section, "redis_db_keys"), 4);
  assert_int_equal(samples_of(r.section, "redis_db_avg_ttl_seconds"), 2);
  section_unref(r.section);
}

static void an_old_server_tells_less_and_nothing_is_made_up(void **state) {
  (void)state;
  struct reading r = read_fixture("info-6.0-master.txt");
  assert_value(r.section, "redis_start_time_seconds", "", 4000); /* from our clock */
  assert_value(r.section, "redis_commands_total", "cmd=\"hset\"", 3);
  assert_int_equal(samples_of(r.section, "redis_commands_failed_calls_total"), 0);
  assert_int_equal(samples_of(r.section, "redis_latency_percentiles_usec"), 0);
  assert_int_equal(samples_of(r.section, "redis_max_clients"), 0);
  section_unref(r.section);
}

static void new_things_between_the_commas_are_read_by_name(void **state) {
  (void)state;
  static const char *const files[] = {"info-7.4-master.txt", "info-valkey-8.1.txt"};
  for (size_t i = 0; i < COUNTOF(files); i++) {
    struct reading r = read_fixture(files[i]);
    assert_value(r.section, "redis_db_keys_with_expiring_items", "db=\"db0\"", 11);
    assert_int_equal(samples_of(r.section, "redis_db_keys_cached"), 0);
    assert_value(r.section, "redis_acl_access_denied_key_total", "", 7);
    assert_value(r.section, "redis_eventloop_duration_sum_usec_total", "", 56789);
    section_unref(r.section);
  }
}

static void valkey_shows_its_own_version(void **state) {
  (void)state;
  struct reading r = read_fixture("info-valkey-8.1.txt");
  size_t count, found = 0;
  const struct sample *samples = section_samples(r.section, &count);
  for (size_t i = 0; i < count; i++) {
    const char *labels = section_text(r.section, samples[i].labels);
    found += strstr(labels, "valkey_release_stage=\"ga\",valkey_version=\"8.1.0\"") && strstr(labels, "redis_version=\"7.2.4\"");
  }
  assert_int_equal(found, 1);
  assert_value(r.section, "redis_active_time_io_thread_seconds_total", "thread=\"2\"", 0.5);
  assert_value(r.section, "redis_active_time_main_thread_seconds_total", "", 12.5);
  assert_value(r.section, "redis_cluster_stats_bytes_sent", "", 77);
  section_unref(r.section);
}

static void a_master_shows_its_replicas_and_a_replica_its_link(void **state) {
  (void)state;
  struct reading master = read_fixture("info-7.0-master.txt"), replica = read_fixture("info-7.0-replica.txt");
  const char *labels = "slave_ip=\"127.0.0.1\",slave_port=\"17002\",slave_state=\"online\"";
  assert_value(master.section, "redis_connected_slave_offset_bytes", labels, 305);
  assert_value(master.section, "redis_connected_slave_lag_seconds", labels, 0);
  assert_int_equal(samples_of(master.section, "redis_master_link_up"), 0);
  const char *link = "master_host=\"127.0.0.1\",master_port=\"17001\"";
  assert_value(replica.section, "redis_master_link_up", link, 1);
  assert_value(replica.section, "redis_master_last_io_seconds_ago", link, 0);
  assert_value(replica.section, "redis_slave_repl_offset", link, 305);
  assert_value(replica.section, "redis_slave_info", "master_host=\"127.0.0.1\",master_port=\"17001\",read_only=\"1\"", 1);
  assert_value(replica.section, "redis_role", "role=\"slave\"", 1);
  assert_value(replica.section, "redis_slave_priority", "", 50);
  section_unref(master.section);
  section_unref(replica.section);
}

static void a_broken_link_to_the_master_reads_down(void **state) {
  (void)state;
  static const char text[] =
      "role:slave\r\nmaster_host:m\r\nmaster_port:1\r\nmaster_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\n"
      "master_link_down_since_seconds:77\r\n";
  struct reading r = read_text(text, sizeof text - 1);
  assert_value(r.section, "redis_master_link_up", "master_host=\"m\",master_port=\"1\"", 0);
  assert_value(r.section, "redis_master_last_io_seconds_ago", "master_host=\"m\",master_port=\"1\"", -1);
  assert_value(r.section, "redis_master_link_down_since_seconds", "", 77);
  section_unref(r.section);
}

static void a_sentinel_shows_its_masters_and_no_databases(void **state) {
  (void)state;
  struct reading r = read_fixture("info-7.0-sentinel.txt");
  assert_value(r.section, "redis_sentinel_masters", "", 1);
  assert_value(r.section, "redis_sentinel_master_status",
               "master_address=\"127.0.0.1:17001\",master_name=\"mymaster\",master_status=\"ok\"", 1);
  assert_value(r.section, "redis_sentinel_master_slaves", "master_address=\"127.0.0.1:17001\",master_name=\"mymaster\"", 1);
  assert_value(r.section, "redis_sentinel_master_sentinels", "master_address=\"127.0.0.1:17001\",master_name=\"mymaster\"", 1);
  assert_value(r.section, "redis_role", "role=\"sentinel\"", 1);
  assert_int_equal(samples_of(r.section, "redis_db_keys"), 0);
  section_unref(r.section);
}

static void a_cluster_is_told_by_its_node(void **state) {
  (void)state;
  struct reading r = read_fixture("info-7.0-cluster.txt");
  assert_true(r.facts.cluster);
  section_unref(r.section);
  SCOPED(buf_done) struct buf text;
  load("cluster-info-7.0.txt", &text);
  struct section *s = section_new("cluster");
  assert_true(info_write_cluster(s, text.data, text.length, NULL));
  section_finish(s);
  assert_value(s, "redis_cluster_state", "", 1);
  assert_value(s, "redis_cluster_slots_assigned", "", 16384);
  assert_value(s, "redis_cluster_messages_sent_total", "", 42);
  assert_value(s, "redis_cluster_stats_messages_ping_sent", "", 40);
  assert_value(s, "redis_cluster_stats_messages_meet_received", "", 1);
  section_unref(s);
}

/* One of these stops redis_exporter; none may stop, slow or mislead us. */
static void lines_that_make_no_sense_are_passed_over(void **state) {
  (void)state;
  static const char text[] =
      ":=1.0\r\n:\r\n\r\n\n\rrole\r\nlatency_percentiles_usec_get:=1.0\r\nlatency_percentiles_usec_:p50=1\r\ncmdstat_:calls=1\r\n"
      "cmdstat_get\r\ncmdstat_x:\r\ncmdstat_y:,,,=,=1,calls\r\ncmdstat_z:calls=abc,usec=,rejected_calls=0x10\r\ndb:keys=1\r\n"
      "db99999999999999999999:keys=1\r\ndbx:keys=2\r\ndb0:keys=NaN\r\nslave0:\r\nslave:ip=1\r\nmaster0:\r\nerrorstat_:count=1\r\n"
      "used_memory:12abc\r\nused_memory_peak: 5\r\nmaxmemory:\r\nuptime_in_seconds:-\r\nconnected_clients:3\r\nhz:10";
  struct reading r = read_text(text, sizeof text - 1);
  assert_true(r.good);
  assert_value(r.section, "redis_connected_clients", "", 3);
  assert_value(r.section, "redis_hz", "", 10); /* the last line has no end */
  assert_int_equal(samples_of(r.section, "redis_memory_used_bytes"), 0);
  assert_int_equal(samples_of(r.section, "redis_memory_used_peak_bytes"), 0);
  assert_int_equal(samples_of(r.section, "redis_start_time_seconds"), 0);
  assert_int_equal(samples_of(r.section, "redis_commands_total"), 0);
  assert_int_equal(samples_of(r.section, "redis_latency_percentiles_usec_sum"), 0);
  section_unref(r.section);
}

static void what_is_no_info_is_an_error_and_not_an_empty_page(void **state) {
  (void)state;
  static const char *const texts[] = {"", "hello", "a:1\r\nb:2\r\n", "# Server\r\n", "\r\n\r\n"};
  for (size_t i = 0; i < COUNTOF(texts); i++) {
    struct reading r = read_text(texts[i], strlen(texts[i]));
    assert_false(r.good);
    assert_int_equal(r.why.kind, FAIL_PROTOCOL);
    section_unref(r.section);
  }
}

static void enormous_and_binary_texts_cost_little(void **state) {
  (void)state;
  size_t size = 2u << 20;
  char *text = malloc(size + 64);
  assert_non_null(text);
  memset(text, 'x', size);
  memcpy(text, "cmdstat_", 8);
  memcpy(text + size - 24, ":calls=1,usec=2\r\nhz:10\r\n", 24);
  struct reading r = read_text(text, size);
  assert_true(r.good);
  assert_int_equal(samples_of(r.section, "redis_commands_total"), 1);
  assert_true(section_bytes(r.section) < 65536);
  section_unref(r.section);
  for (size_t i = 0; i < size; i++) text[i] = i % 7 ? (char)(i * 31) : ':';
  memcpy(text, "hz:1\nhz\0x:2\ncmdstat_\xff\0\":calls=1\n", 33);
  r = read_text(text, size);
  assert_true(r.good);
  assert_value(r.section, "redis_hz", "", 1);
  section_unref(r.section);
  free(text);
}

static void a_text_that_changes_its_shape_is_still_read_right(void **state) {
  (void)state;
  static const char first[] = "hz:1\r\nused_memory:2\r\nconnected_clients:3\r\n",
                    second[] = "connected_clients:6\r\nhz:4\r\nblocked_clients:7\r\nused_memory:5\r\n";
  for (int i = 0; i < 3; i++) {
    struct reading a = read_text(first, sizeof first - 1), b = read_text(second, sizeof second - 1);
    assert_value(a.section, "redis_connected_clients", "", 3);
    assert_value(b.section, "redis_connected_clients", "", 6);
    assert_value(b.section, "redis_blocked_clients", "", 7);
    assert_value(b.section, "redis_memory_used_bytes", "", 5);
    section_unref(a.section);
    section_unref(b.section);
  }
}

/* Bisection finds nothing in a table that is not sorted. */
static void the_rows_are_sorted_and_complete(void **state) {
  (void)state;
  for (size_t i = 0; i < info_row_count; i++) {
    const struct info_row *row = &info_rows[i];
    if (i) assert_true(strcmp(info_rows[i - 1].field, row->field) < 0);
    assert_true(row->family.name || row->keep);
    if (row->family.name) assert_int_equal(row->family.help[strlen(row->family.help) - 1], '.');
  }
  assert_true(info_row_count < UINT16_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dashboards_find_the_fields_of_an_ordinary_server),
      cmocka_unit_test(commands_errors_and_percentiles_carry_their_labels),
      cmocka_unit_test(databases_without_keys_have_a_zero),
      cmocka_unit_test(an_old_server_tells_less_and_nothing_is_made_up),
      cmocka_unit_test(new_things_between_the_commas_are_read_by_name),
      cmocka_unit_test(valkey_shows_its_own_version),
      cmocka_unit_test(a_master_shows_its_replicas_and_a_replica_its_link),
      cmocka_unit_test(a_broken_link_to_the_master_reads_down),
      cmocka_unit_test(a_sentinel_shows_its_masters_and_no_databases),
      cmocka_unit_test(a_cluster_is_told_by_its_node),
      cmocka_unit_test(lines_that_make_no_sense_are_passed_over),
      cmocka_unit_test(what_is_no_info_is_an_error_and_not_an_empty_page),
      cmocka_unit_test(enormous_and_binary_texts_cost_little),
      cmocka_unit_test(a_text_that_changes_its_shape_is_still_read_right),
      cmocka_unit_test(the_rows_are_sorted_and_complete),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
