/* Answers as samples, from rows made by hand. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "collectors/postgres/part.h"
#include "metric/section_reader.h"

/* An answer in the making: columns as "a,b", rows as lists of texts. */
struct table {
  const char *names[16];
  struct cell cells[16 * 1024];
  struct rows rows;
};

static struct table *table_new(const char *const *names, size_t columns) {
  struct table *t = mem_zero(sizeof *t);
  memcpy(t->names, names, columns * sizeof *names);
  t->rows = (struct rows){.columns = columns, .names = t->names, .cells = t->cells};
  return t;
}

static void row(struct table *t, const char *const *texts) {
  assert_true((t->rows.count + 1) * t->rows.columns <= COUNTOF(t->cells));
  for (size_t i = 0; i < t->rows.columns; i++)
    t->cells[t->rows.count * t->rows.columns + i] = (struct cell){texts[i], texts[i] ? strlen(texts[i]) : 0};
  t->rows.count++;
}
#define TABLE(...)  table_new((const char *const[]){__VA_ARGS__}, COUNTOF(((const char *const[]){__VA_ARGS__})))
#define ROW(t, ...) row(t, (const char *const[]){__VA_ARGS__})

static struct section *collect(const struct query *q, struct memory *m, struct table *t) {
  struct section *s = section_new("test");
  query_read(q, m, &t->rows, s);
  mem_free(&t);
  return section_finish(s);
}

/* The value of a sample, by its name and its labels as they are written; a failed test when there is none. */
static double value_of(const struct section *s, const char *name, const char *labels) {
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  for (size_t i = 0; i < count; i++)
    if (strcmp(samples[i].family->name, name) == 0 && strcmp(section_text(s, samples[i].labels), labels) == 0)
      return samples[i].value;
  fail_msg("no %s{%s}", name, labels);
  return 0;
}

static size_t count_of(const struct section *s, const char *name) {
  size_t families;
  const struct section_family *f = section_families(s, &families);
  for (size_t i = 0; i < families; i++)
    if (strcmp(f[i].family->name, name) == 0) return f[i].count;
  return 0;
}

static const struct metric metrics[] = {
    COUNTER("a_total", "x,y", "a", 1, "A."),
    GAUGE("b_seconds", "x,y", "b", 0.001, "B."),
    GAUGE("c", NULL, "c", 1, "C."),
};
static const struct query query = {.sql = "", .metrics = metrics, .metric_count = COUNTOF(metrics)};

static void columns_are_found_by_name_and_null_is_left_out(void **state) {
  (void)state;
  struct table *t = TABLE("b", "new in version 99", "y", "x", "a");
  ROW(t, "1500", "?", "yes", "1", "9007199254740991");
  ROW(t, NULL, NULL, NULL, "2", "1e3");
  ROW(t, "no number", NULL, "z", "3", "-7");
  struct memory m = {0};
  struct section *s = collect(&query, &m, t);
  assert_true(value_of(s, "a_total", "x=\"1\",y=\"yes\"") == 9007199254740991.0);
  assert_true(value_of(s, "b_seconds", "x=\"1\",y=\"yes\"") == 1.5);
  assert_true(value_of(s, "a_total", "x=\"2\"") == 1000);
  assert_true(value_of(s, "a_total", "x=\"3\",y=\"z\"") == -7);
  assert_int_equal(count_of(s, "b_seconds"), 1);
  assert_int_equal(count_of(s, "c"), 0); /* this server has no such column */
  section_unref(s);
}

static void truth_is_a_number(void **state) {
  (void)state;
  struct table *t = TABLE("c");
  ROW(t, "t");
  struct memory m = {0};
  struct section *s = collect(&query, &m, t);
  assert_true(value_of(s, "c", "") == 1);
  section_unref(s);
}

static void each_version_is_asked_what_it_understands(void **state) {
  (void)state;
  struct memory m = {.version = 150020, .role_known = true};
  assert_true(query_fits(&(struct query){0}, &m));
  assert_true(query_fits(&(struct query){.least = 15, .most = 15}, &m));
  assert_false(query_fits(&(struct query){.least = 16}, &m));
  assert_false(query_fits(&(struct query){.most = 14}, &m));
  assert_false(query_fits(&(struct query){.standby = true}, &m));
  m.replica = true;
  assert_true(query_fits(&(struct query){.standby = true}, &m));
  m.version = 990000;
  assert_true(query_fits(&(struct query){.least = 17}, &m)); /* what comes is asked as the newest we know */
}

/* Every statement has one form for each supported version, none has two. */
static void no_version_is_left_without_a_statement(void **state) {
  (void)state;
  const struct pg_part *const parts[] = {&pg_bgwriter, &pg_locks};
  for (size_t p = 0; p < COUNTOF(parts); p++)
    for (int version = 12; version <= 18; version++) {
      struct memory m = {.version = version * 10000};
      size_t fitting = 0;
      for (const struct query *q = parts[p]->queries; q->sql; q++) fitting += query_fits(q, &m);
      assert_int_equal(fitting, 1);
    }
}

static struct table *activity(void) {
  return TABLE("datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event", "own",
               "sessions", "tx_age", "query_age", "idle_age", "xmin_age");
}

static struct section *read_activity(struct memory *m, struct table *t) {
  return collect(&pg_activity.queries[0], m, t);
}

static void a_quiet_database_has_a_zero_for_every_state(void **state) {
  (void)state;
  struct memory m = {0};
  struct table *t = activity();
  ROW(t, "app", "active", "web", "puma", "client backend", "Lock", "transactionid", "f", "2", "12.5", "3", NULL, "70");
  ROW(t, "app", NULL, NULL, NULL, NULL, NULL, NULL, "f", "0", NULL, NULL, NULL, NULL);
  ROW(t, "idle", NULL, NULL, NULL, NULL, NULL, NULL, "f", "0", NULL, NULL, NULL, NULL);
  struct section *s = read_activity(&m, t);
  assert_int_equal(count_of(s, "pg_stat_activity_count"), 12);
  assert_true(value_of(s, "pg_stat_activity_count", "datname=\"idle\",state=\"idle in transaction (aborted)\"") == 0);
  const char *set =
      "application_name=\"puma\",backend_type=\"client "
      "backend\",datname=\"app\",state=\"active\",usename=\"web\",wait_event=\"transactionid\",wait_event_type=\"Lock\"";
  assert_true(value_of(s, "pg_stat_activity_count", set) == 2);
  assert_true(value_of(s, "pg_stat_activity_max_tx_duration", set) == 12.5);
  assert_true(value_of(s, "pg_sessions_blocked", "datname=\"app\"") == 2);
  assert_true(value_of(s, "pg_sessions_longest_query_seconds", "datname=\"app\"") == 3);
  assert_true(value_of(s, "pg_sessions_longest_query_seconds", "datname=\"idle\"") == 0);
  section_unref(s);
}

static void our_own_session_uses_a_connection_but_is_no_activity(void **state) {
  (void)state;
  struct memory m = {0};
  struct table *t = activity();
  ROW(t, "app", "active", "mon", "sonde", "client backend", NULL, NULL, "t", "1", "0", "0", NULL, NULL);
  ROW(t, "app", "idle", "mon", "psql", "client backend", "Client", "ClientRead", "f", "3", NULL, NULL, NULL, NULL);
  ROW(t, NULL, NULL, NULL, "", "checkpointer", "Activity", "CheckpointerMain", "f", "1", NULL, NULL, NULL, NULL);
  struct section *s = read_activity(&m, t);
  assert_true(value_of(s, "pg_connections_used", "") == 4);
  assert_true(m.used == 4);
  assert_true(value_of(s, "pg_roles_connections", "rolname=\"mon\"") == 4);
  assert_true(value_of(s, "pg_stat_activity_count", "datname=\"app\",state=\"active\"") == 0);
  section_unref(s);
}

static void a_role_that_sees_no_states_still_counts_connections(void **state) {
  (void)state;
  struct memory m = {0};
  struct table *t = activity();
  ROW(t, "app", NULL, "web", "", NULL, NULL, NULL, "f", "7", NULL, NULL, NULL, NULL);
  ROW(t, NULL, NULL, "repl", "", NULL, NULL, NULL, "f", "1", NULL, NULL, NULL, NULL);
  struct section *s = read_activity(&m, t);
  assert_true(value_of(s, "pg_connections_used", "") == 7);
  section_unref(s);
}

static void process_ids_in_application_names_make_one_series(void **state) {
  (void)state;
  struct memory m = {0};
  struct table *t = activity();
  ROW(t, "app", "idle", "web", "puma 12345 v2", "client backend", NULL, NULL, "f", "1", NULL, NULL, NULL, NULL);
  ROW(t, "app", "idle", "web", "puma 12346 v2", "client backend", NULL, NULL, "f", "1", NULL, NULL, NULL, NULL);
  struct section *s = read_activity(&m, t);
  assert_true(
      value_of(s, "pg_stat_activity_count",
               "application_name=\"puma N v2\",backend_type=\"client backend\",datname=\"app\",state=\"idle\",usename=\"web\"") ==
      2);
  section_unref(s);
}

static void thousands_of_application_names_are_bounded(void **state) {
  (void)state;
  struct memory m = {0};
  struct table *t = activity();
  static char names[1000][16];
  for (int i = 0; i < 1000; i++) {
    snprintf(names[i], sizeof names[i], "app-%c%c%c", 'a' + i / 100, 'a' + i / 10 % 10, 'a' + i % 10);
    ROW(t, "app", "idle", "web", names[i], "client backend", "Client", "ClientRead", "f", "1", NULL, NULL, NULL, NULL);
  }
  struct section *s = read_activity(&m, t);
  assert_in_range(count_of(s, "pg_stat_activity_count"), 200, 210);
  assert_true(value_of(s, "pg_stat_activity_count",
                       "application_name=\"other\",backend_type=\"client backend\",datname=\"app\",state=\"idle\"") == 800);
  assert_true(value_of(s, "pg_connections_used", "") == 1000);
  section_unref(s);
}

static void long_queries_are_bounded_and_masked(void **state) {
  (void)state;
  const struct postgres_options options = {.long_query_threshold = 1000, .long_queries_top = 1, .query_length = 120};
  struct memory m = {.options = &options};
  struct table *t = TABLE("pid", "datname", "usename", "wait_event_type", "query", "seconds");
  ROW(t, "11", "app", "web", NULL, "SELECT  'secret'", "20.5");
  ROW(t, "12", "app", "web", "Lock", "SELECT 2", "10");
  ROW(t, "13", "app", "web", NULL, "SELECT 3", "0.5");
  struct section *s = collect(&pg_long_queries.queries[0], &m, t);
  assert_true(value_of(s, "pg_long_queries", "") == 2);
  assert_int_equal(count_of(s, "pg_long_query_seconds"), 1);
  assert_true(value_of(s, "pg_long_query_seconds", "datname=\"app\",pid=\"11\",query=\"SELECT ?\",usename=\"web\"") == 20.5);
  section_unref(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_found_by_name_and_null_is_left_out),
      cmocka_unit_test(truth_is_a_number),
      cmocka_unit_test(each_version_is_asked_what_it_understands),
      cmocka_unit_test(no_version_is_left_without_a_statement),
      cmocka_unit_test(a_quiet_database_has_a_zero_for_every_state),
      cmocka_unit_test(our_own_session_uses_a_connection_but_is_no_activity),
      cmocka_unit_test(a_role_that_sees_no_states_still_counts_connections),
      cmocka_unit_test(process_ids_in_application_names_make_one_series),
      cmocka_unit_test(thousands_of_application_names_are_bounded),
      cmocka_unit_test(long_queries_are_bounded_and_masked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
