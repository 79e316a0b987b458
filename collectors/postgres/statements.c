/* Part `statements`: what the server's time goes into, statement by statement.
 *
 * The counters are read without the texts, which the server keeps in a file, and not sorted there: ranking by growth needs what we
 * saw last time. Rows of one statement are added up, since from version 14 on it has two, one for calls from within functions. */
#include "collectors/postgres/statements.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collectors/postgres/query_text.h"
#include "collectors/postgres/ranking.h"

#define SHOWN_MAX 300 /* of three times `top` */

enum step { FIND, COUNT, NAME };

struct statements {
  const struct postgres_options *options;
  const char *database;
  enum step step;
  struct ranking *ranking;
  char schema[200]; /* quoted; "" until found */
  int version;      /* of the extension: 10 for 1.10 */
};

#define BY_STATEMENT "datname,queryid,user"

static const struct family families[] = {
    [STATEMENT_CALLS] = {"pg_stat_statements_calls_total", "Times the statement was executed.", METRIC_COUNTER, BY_STATEMENT,
                         false},
    [STATEMENT_SECONDS] = {"pg_stat_statements_seconds_total", "Time spent executing the statement.", METRIC_COUNTER, BY_STATEMENT,
                           false},
    [STATEMENT_ROWS] = {"pg_stat_statements_rows_total", "Rows retrieved or affected by the statement.", METRIC_COUNTER,
                        BY_STATEMENT, false},
    [STATEMENT_READ_SECONDS] = {"pg_stat_statements_block_read_seconds_total",
                                "Time the statement spent reading blocks; 0 unless track_io_timing is on.", METRIC_COUNTER,
                                BY_STATEMENT, false},
    [STATEMENT_WRITE_SECONDS] = {"pg_stat_statements_block_write_seconds_total",
                                 "Time the statement spent writing blocks; 0 unless track_io_timing is on.", METRIC_COUNTER,
                                 BY_STATEMENT, false},
    [STATEMENT_COUNTERS] = {"pg_stat_statements_query_id", "1; the text of a statement is in the label.", METRIC_COUNTER,
                            "query,queryid", false},
    {0},
};
const struct pg_part pg_statements = {.families = families};

struct statements *statements_new(const struct postgres_options *options, const char *database) {
  struct statements *s = mem_zero(sizeof *s);
  s->options = options;
  s->database = database;
  s->ranking = ranking_new((size_t)options->statements_top);
  return s;
}

void statements_free(struct statements *s) {
  if (!s) return;
  ranking_free(s->ranking);
  free(s);
}

void statements_session(struct statements *s, bool same_server) {
  s->step = FIND;
  *s->schema = '\0';
  if (same_server) return;
  ranking_free(s->ranking);
  s->ranking = ranking_new((size_t)s->options->statements_top);
}

/* Asking */

static void ask(struct link *link, const char *sql, const char *parameter, unsigned tag) {
  link_ask(link, &(struct request){
                     .sql = sql, .parameter = parameter, .what = "pg_stat_statements", .tag = tag, .slot = LINK_UNPREPARED});
}

static void ask_where(struct link *link, unsigned tag) {
  ask(link,
      "SELECT quote_ident(n.nspname) AS schema, e.extversion AS version, current_setting('pg_stat_statements.max', true) IS "
      "NOT NULL AS loaded"
      " FROM (SELECT 1) one LEFT JOIN (pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace) ON e.extname = "
      "'pg_stat_statements'",
      NULL, tag);
}

static void ask_counters(const struct statements *s, struct link *link, unsigned tag) {
  char sql[640];
  const char *time = s->version >= 8 ? "total_exec_time" : "total_time", *blocks = s->version >= 11 ? "shared_blk" : "blk";
  snprintf(sql, sizeof sql,
           "SELECT userid, dbid, queryid, sum(calls::float8) AS calls, sum(%s) AS ms, sum(rows::float8) AS rows, sum(%s_read_time) "
           "AS read_ms,"
           " sum(%s_write_time) AS write_ms FROM %s.pg_stat_statements(false) GROUP BY 1, 2, 3",
           time, blocks, blocks, s->schema);
  ask(link, sql, NULL, tag);
}

static void ask_names(const struct statements *s, struct link *link, unsigned tag) {
  char sql[640], ids[SHOWN_MAX * 22 + 8] = "{";
  size_t count, length = 1;
  const struct shown *shown = ranking_shown(s->ranking, &count);
  for (size_t i = 0; i < count; i++)
    if (!shown[i].query && length + 24 < sizeof ids)
      length += (size_t)snprintf(ids + length, sizeof ids - length, "%s%" PRId64, length > 1 ? "," : "", shown[i].last.key.query);
  snprintf(ids + length, sizeof ids - length, "}");
  snprintf(sql, sizeof sql,
           "SELECT s.userid, s.dbid, s.queryid, pg_get_userbyid(s.userid) AS user, d.datname, min(left(s.query, 4000)) AS query"
           " FROM %s.pg_stat_statements(true) s LEFT JOIN pg_database d ON d.oid = s.dbid WHERE s.queryid = ANY ($1::bigint[])"
           " GROUP BY 1, 2, 3, 4, 5",
           s->schema);
  ask(link, sql, ids, tag);
}

void statements_ask(struct statements *s, struct link *link, unsigned tag) {
  if (s->step == FIND)
    ask_where(link, tag);
  else if (s->step == COUNT)
    ask_counters(s, link, tag);
  else
    ask_names(s, link, tag);
}

/* Reading */

static bool read_where(struct statements *s, const struct rows *rows, struct fail *f) {
  const char *version = rows_text(rows, 0, "version"), *dot = strchr(version, '.');
  if (rows_number(rows, 0, "loaded", 0) == 0)
    return fail(f, FAIL_UNSUPPORTED,
                "pg_stat_statements is not loaded: add it to shared_preload_libraries, restart PostgreSQL, then CREATE EXTENSION"
                " pg_stat_statements in database %s; `sonde setup postgres` prints the steps",
                s->database);
  if (!*version)
    return fail(f, FAIL_UNSUPPORTED,
                "database %s has no extension pg_stat_statements: CREATE EXTENSION pg_stat_statements there, or name the database "
                "that has it",
                s->database);
  snprintf(s->schema, sizeof s->schema, "%s", rows_text(rows, 0, "schema"));
  s->version = dot ? (int)strtol(dot + 1, NULL, 10) : 0;
  s->step = COUNT;
  return true;
}

static bool read_key(const struct rows *rows, size_t row, struct statement_key *ret) {
  const char *query = rows_text(rows, row, "queryid");
  *ret = (struct statement_key){.user = (uint32_t)rows_number(rows, row, "userid", 0),
                                .database = (uint32_t)rows_number(rows, row, "dbid", 0),
                                .query = strtoll(query, NULL, 10)};
  return *query != '\0';
}

static bool read_counters(struct statements *s, const struct rows *rows, struct fail *f) {
  static const struct {
    const char *column;
    double scale;
  } columns[STATEMENT_COUNTERS] = {{"calls", 1}, {"ms", 0.001}, {"rows", 1}, {"read_ms", 0.001}, {"write_ms", 0.001}};
  struct observation *all = mem_zero(MAX(rows->count, 1) * sizeof *all);
  size_t count = 0;
  for (size_t row = 0; row < rows->count; row++) {
    if (!read_key(rows, row, &all[count].key)) continue; /* of another role, hidden */
    for (size_t c = 0; c < STATEMENT_COUNTERS; c++)
      all[count].counters[c] = rows_number(rows, row, columns[c].column, 0) * columns[c].scale;
    count++;
  }
  if (count == 0 && rows->count > 0) {
    free(all);
    return fail(f, FAIL_PERMISSION, "pg_stat_statements hides the statements of all other roles: GRANT pg_monitor to this role");
  }
  ranking_observe(s->ranking, all, count);
  return true;
}

static void read_names(struct statements *s, const struct rows *rows) {
  for (size_t row = 0; row < rows->count; row++) {
    struct statement_key key;
    SCOPED(buf_done) struct buf text;
    buf_init(&text, 8192);
    query_text(&text, rows_text(rows, row, "query"), (size_t)s->options->query_length);
    if (read_key(rows, row, &key))
      ranking_name(s->ranking, key, rows_text(rows, row, "user"), rows_text(rows, row, "datname"), text.data ? text.data : "");
  }
}

static bool has_newcomers(const struct statements *s) {
  size_t count;
  const struct shown *shown = ranking_shown(s->ranking, &count);
  for (size_t i = 0; i < count; i++)
    if (!shown[i].query) return true;
  return false;
}

bool statements_answer(struct statements *s, const struct rows *rows, bool *ret_more, struct fail *f) {
  enum step step = s->step;
  *ret_more = false;
  if (step == FIND) {
    *ret_more = true;
    return read_where(s, rows, f);
  }
  if (step == COUNT && !read_counters(s, rows, f)) return false;
  if (step == NAME) read_names(s, rows);
  *ret_more = step == COUNT && has_newcomers(s);
  s->step = *ret_more ? NAME : COUNT;
  return true;
}

/* Writing */

static void write_counters(struct section *section, labels_t labels, const double *counters) {
  for (size_t c = 0; c < STATEMENT_COUNTERS; c++) section_add(section, &families[c], labels, counters[c]);
}

/* One statement may be run by several roles in several databases: its text is shown once. */
static bool text_is_written(const struct shown *shown, size_t i) {
  for (size_t k = 0; k < i; k++)
    if (shown[k].query && shown[k].last.key.query == shown[i].last.key.query) return true;
  return false;
}

void statements_write(struct statements *s, struct section *section) {
  size_t count;
  const struct shown *shown = ranking_shown(s->ranking, &count);
  for (size_t i = 0; i < count; i++) {
    if (!shown[i].query) continue; /* gone before it could be named */
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, shown[i].last.key.query);
    write_counters(section, section_label_pairs(section, "datname", shown[i].database, "queryid", id, "user", shown[i].user, NULL),
                   shown[i].last.counters);
    if (!text_is_written(shown, i))
      section_add(section, &families[STATEMENT_COUNTERS],
                  section_label_pairs(section, "query", shown[i].query, "queryid", id, NULL), 1);
  }
  write_counters(section, section_label_pairs(section, "queryid", "other", NULL), ranking_other(s->ranking));
}
