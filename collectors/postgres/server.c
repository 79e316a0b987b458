/* Part `server`, the base: which server this is, since when it runs, and whether it follows another. */
#include <stdio.h>

#include "base/attr.h"
#include "collectors/postgres/part.h"

static const struct family families[] = {
    {"pg_static", "The version of the server, in the labels.", METRIC_UNTYPED, "short_version,version", false},
    {0},
};

static const struct metric metrics[] = {
    GAUGE("pg_postmaster_start_time_seconds", NULL, "started", 1, "When the server started, in seconds since 1970."),
    GAUGE("pg_configuration_loaded_timestamp_seconds", NULL, "configured", 1,
          "When the configuration was last read, in seconds since 1970."),
    GAUGE("pg_replication_is_replica", NULL, "replica", 1, "1 when the server is a standby."),
    GAUGE("pg_replication_lag_seconds", NULL, "lag", 1,
          "How far a standby is behind: the age of the last replayed transaction while more WAL waits, else 0."),
    GAUGE("pg_replication_lag", NULL, "lag", 1, "The same as pg_replication_lag_seconds, under its older name."),
    GAUGE("pg_replication_last_replay_seconds", NULL, "replayed", 1, "The age of the last replayed transaction; 0 on a primary."),
    GAUGE("pg_replication_replay_backlog_bytes", NULL, "backlog", 1, "WAL that a standby received and did not replay yet."),
    GAUGE("pg_connections_usable", NULL, "usable", 1,
          "Connections that ordinary users can have: max_connections without the reserved ones."),
};

static void read_server(struct memory *m, const struct rows *rows, struct section *s) {
  static const struct query generic = {.metrics = metrics, .metric_count = COUNTOF(metrics)};
  query_read(&generic, m, rows, s);
  m->started = rows_number(rows, 0, "started", 0);
  m->configured = rows_number(rows, 0, "configured", 0);
  m->replica = rows_number(rows, 0, "replica", 0) != 0;
  m->usable = rows_number(rows, 0, "usable", 0);
  m->role_known = rows->count > 0;
  m->blind = rows_number(rows, 0, "sees_all", 1) == 0;
  char number[32];
  snprintf(number, sizeof number, "%d.%d.0", m->version / 10000, m->version % 10000);
  section_add(s, &families[0], section_label_pairs(s, "version", rows_text(rows, 0, "version"), "short_version", number, NULL), 1);
}

static const struct query queries[] = {
    {.sql =
         "SELECT version() AS version, extract(epoch FROM pg_postmaster_start_time())::float8 AS started,"
         " extract(epoch FROM pg_conf_load_time())::float8 AS configured, r.replica::int AS replica,"
         " CASE WHEN r.replica AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()"
         "  THEN coalesce(greatest(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp())), 0) ELSE 0 END::float8 AS lag,"
         " CASE WHEN r.replica THEN coalesce(greatest(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp())), 0) ELSE 0 "
         "END::float8"
         "  AS replayed,"
         " CASE WHEN r.replica THEN pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END::float8 AS backlog,"
         " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
         "  - coalesce(current_setting('reserved_connections', true)::int, 0) AS usable,"
         " pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all"
         " FROM (SELECT pg_is_in_recovery() AS replica) r",
     .metrics = metrics,
     .metric_count = COUNTOF(metrics),
     .read = read_server},
    {0},
};

const struct pg_part pg_server = {.queries = queries, .families = families};
