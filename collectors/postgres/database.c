/* Parts about databases: `database` (traffic, conflicts), `limits` (connection limits and the age of transaction ids) and `sizes`.
 */
#include "base/attr.h"
#include "collectors/postgres/part.h"

#define BY_DATABASE "datid,datname"

static const struct metric traffic[] = {
    GAUGE("pg_stat_database_numbackends", BY_DATABASE, "numbackends", 1, "Sessions connected to this database."),
    COUNTER("pg_stat_database_xact_commit", BY_DATABASE, "xact_commit", 1, "Transactions committed."),
    COUNTER("pg_stat_database_xact_rollback", BY_DATABASE, "xact_rollback", 1, "Transactions rolled back."),
    COUNTER("pg_stat_database_blks_read", BY_DATABASE, "blks_read", 1, "Blocks read from outside shared buffers."),
    COUNTER("pg_stat_database_blks_hit", BY_DATABASE, "blks_hit", 1, "Blocks found in shared buffers."),
    COUNTER("pg_stat_database_tup_returned", BY_DATABASE, "tup_returned", 1,
            "Live rows read by sequential scans and index entries by index scans."),
    COUNTER("pg_stat_database_tup_fetched", BY_DATABASE, "tup_fetched", 1, "Live rows fetched by index scans."),
    COUNTER("pg_stat_database_tup_inserted", BY_DATABASE, "tup_inserted", 1, "Rows inserted."),
    COUNTER("pg_stat_database_tup_updated", BY_DATABASE, "tup_updated", 1, "Rows updated."),
    COUNTER("pg_stat_database_tup_deleted", BY_DATABASE, "tup_deleted", 1, "Rows deleted."),
    COUNTER("pg_stat_database_conflicts", BY_DATABASE, "conflicts", 1,
            "Queries cancelled on a standby because they stood in the way of recovery."),
    COUNTER("pg_stat_database_temp_files", BY_DATABASE, "temp_files", 1, "Temporary files made by queries."),
    COUNTER("pg_stat_database_temp_bytes", BY_DATABASE, "temp_bytes", 1, "Bytes written to temporary files."),
    COUNTER("pg_stat_database_deadlocks", BY_DATABASE, "deadlocks", 1, "Deadlocks detected."),
    COUNTER("pg_stat_database_blk_read_time", BY_DATABASE, "blk_read_time", 1,
            "Milliseconds spent reading blocks; 0 unless track_io_timing is on."),
    COUNTER("pg_stat_database_blk_write_time", BY_DATABASE, "blk_write_time", 1,
            "Milliseconds spent writing blocks; 0 unless track_io_timing is on."),
    COUNTER("pg_stat_database_stats_reset", BY_DATABASE, "stats_reset_seconds", 1,
            "When these counters were last reset, in seconds since 1970; 0 for never."),
    COUNTER("pg_stat_database_active_time_seconds_total", BY_DATABASE, "active_time", 0.001,
            "Time that sessions spent executing statements."),
    UNTYPED("pg_stat_database_active_time", BY_DATABASE, "active_time", 1,
            "Milliseconds that sessions spent executing statements."),
    UNTYPED("pg_stat_database_idle_in_transaction_time", BY_DATABASE, "idle_in_transaction_time", 1,
            "Milliseconds that sessions spent idle in a transaction."),
    UNTYPED("pg_stat_database_session_time", BY_DATABASE, "session_time", 1, "Milliseconds that sessions lasted."),
    UNTYPED("pg_stat_database_sessions", BY_DATABASE, "sessions", 1, "Sessions established."),
    UNTYPED("pg_stat_database_sessions_abandoned", BY_DATABASE, "sessions_abandoned", 1,
            "Sessions that ended because the client was lost."),
    UNTYPED("pg_stat_database_sessions_fatal", BY_DATABASE, "sessions_fatal", 1, "Sessions that ended by a fatal error."),
    UNTYPED("pg_stat_database_sessions_killed", BY_DATABASE, "sessions_killed", 1, "Sessions that an operator terminated."),
    UNTYPED("pg_stat_database_checksum_failures", BY_DATABASE, "checksum_failures", 1,
            "Pages whose checksum was wrong; absent while checksums are off."),
    UNTYPED("pg_stat_database_checksum_last_failure", BY_DATABASE, "checksum_last_failure_seconds", 1,
            "When the last such page was met, in seconds since 1970."),
    COUNTER("pg_stat_database_conflicts_confl_tablespace", BY_DATABASE, "confl_tablespace", 1,
            "Queries cancelled on a standby because a tablespace was dropped."),
    COUNTER("pg_stat_database_conflicts_confl_lock", BY_DATABASE, "confl_lock", 1,
            "Queries cancelled on a standby because they held a lock too long."),
    COUNTER("pg_stat_database_conflicts_confl_snapshot", BY_DATABASE, "confl_snapshot", 1,
            "Queries cancelled on a standby because they needed rows already vacuumed."),
    COUNTER("pg_stat_database_conflicts_confl_bufferpin", BY_DATABASE, "confl_bufferpin", 1,
            "Queries cancelled on a standby because they pinned a buffer."),
    COUNTER("pg_stat_database_conflicts_confl_deadlock", BY_DATABASE, "confl_deadlock", 1,
            "Queries cancelled on a standby because of a deadlock with recovery."),
    UNTYPED("pg_stat_database_conflicts_confl_active_logicalslot", BY_DATABASE, "confl_active_logicalslot", 1,
            "Logical slots used on a standby that were cancelled."),
};

static const struct query traffic_queries[] = {
    {.sql = "SELECT d.*, c.*, coalesce(extract(epoch FROM d.stats_reset), 0)::float8 AS stats_reset_seconds,"
            " extract(epoch FROM d.checksum_last_failure)::float8 AS checksum_last_failure_seconds"
            " FROM pg_stat_database d JOIN pg_stat_database_conflicts c ON c.datid = d.datid ORDER BY d.datid LIMIT 500",
     .metrics = traffic,
     .metric_count = COUNTOF(traffic)},
    {0},
};
const struct pg_part pg_database = {.queries = traffic_queries};

static const struct metric role_limits[] = {
    GAUGE("pg_roles_connection_limit", "rolname", "rolconnlimit", 1, "How many connections the role may have; -1 for no limit."),
};
static const struct metric database_limits[] = {
    GAUGE("pg_database_connection_limit", "datname", "datconnlimit", 1,
          "How many connections the database may have; -1 for no limit."),
    GAUGE("pg_database_wraparound_age_datfrozenxid_seconds", "datname", "xid_age", 1,
          "Transactions (not seconds) since the oldest row that is not frozen."),
    GAUGE("pg_database_wraparound_age_datminmxid_seconds", "datname", "mxid_age", 1,
          "Multixacts (not seconds) since the oldest that is not frozen."),
};
static const struct query limit_queries[] = {
    {.sql = "SELECT rolname, rolconnlimit FROM pg_roles ORDER BY oid DESC LIMIT 1000",
     .metrics = role_limits,
     .metric_count = COUNTOF(role_limits)},
    {.sql = "SELECT datname, datconnlimit, age(datfrozenxid) AS xid_age, mxid_age(datminmxid) AS mxid_age FROM pg_database ORDER "
            "BY oid LIMIT 500",
     .metrics = database_limits,
     .metric_count = COUNTOF(database_limits)},
    {0},
};
const struct pg_part pg_limits = {.queries = limit_queries};

static const struct metric sizes[] = {
    GAUGE("pg_database_size_bytes", "datname", "size", 1, "Disk space that the database takes."),
};
static const struct query size_queries[] = {
    {.sql = "SELECT datname, pg_database_size(oid) AS size FROM pg_database"
            " WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE') ORDER BY oid LIMIT 500",
     .metrics = sizes,
     .metric_count = COUNTOF(sizes)},
    {0},
};
const struct pg_part pg_sizes = {.queries = size_queries};
