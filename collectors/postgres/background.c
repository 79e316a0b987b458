/* Parts about the server's own work: `bgwriter` (with the checkpointer), `archiver` and `wal`.
 *
 * PostgreSQL 17 moved the checkpointer's columns to a view of their own and those of writing backends to pg_stat_io: they are read
 * from there under the old names, so that dashboards and alerts go on. */
#include "base/attr.h"
#include "collectors/postgres/part.h"

static const struct metric writing[] = {
    COUNTER("pg_stat_bgwriter_checkpoints_timed_total", NULL, "checkpoints_timed", 1, "Checkpoints that were due by time."),
    COUNTER("pg_stat_bgwriter_checkpoints_req_total", NULL, "checkpoints_req", 1,
            "Checkpoints that were asked for, mostly because max_wal_size was reached."),
    COUNTER("pg_stat_bgwriter_checkpoint_write_time_total", NULL, "checkpoint_write_time", 1,
            "Milliseconds that checkpoints spent writing."),
    COUNTER("pg_stat_bgwriter_checkpoint_sync_time_total", NULL, "checkpoint_sync_time", 1,
            "Milliseconds that checkpoints spent syncing."),
    COUNTER("pg_stat_bgwriter_buffers_checkpoint_total", NULL, "buffers_checkpoint", 1, "Buffers written by checkpoints."),
    COUNTER("pg_stat_bgwriter_buffers_clean_total", NULL, "buffers_clean", 1, "Buffers written by the background writer."),
    COUNTER("pg_stat_bgwriter_maxwritten_clean_total", NULL, "maxwritten_clean", 1,
            "Times the background writer stopped because it had written enough."),
    COUNTER("pg_stat_bgwriter_buffers_backend_total", NULL, "buffers_backend", 1,
            "Buffers written by sessions themselves; from 17 on derived from pg_stat_io."),
    COUNTER("pg_stat_bgwriter_buffers_backend_fsync_total", NULL, "buffers_backend_fsync", 1,
            "Times a session had to sync a file itself; from 17 on derived from pg_stat_io."),
    COUNTER("pg_stat_bgwriter_buffers_alloc_total", NULL, "buffers_alloc", 1, "Buffers allocated."),
    COUNTER("pg_stat_bgwriter_stats_reset_total", NULL, "stats_reset_seconds", 1,
            "When these counters were last reset, in seconds since 1970."),
};

static const struct query writing_queries[] = {
    {.most = 16,
     .sql = "SELECT *, extract(epoch FROM stats_reset)::float8 AS stats_reset_seconds FROM pg_stat_bgwriter",
     .metrics = writing,
     .metric_count = COUNTOF(writing)},
    {.least = 17,
     .sql = "SELECT b.*, extract(epoch FROM b.stats_reset)::float8 AS stats_reset_seconds, c.num_timed AS checkpoints_timed,"
            " c.num_requested AS checkpoints_req, c.write_time AS checkpoint_write_time, c.sync_time AS checkpoint_sync_time,"
            " c.buffers_written AS buffers_checkpoint, io.writes AS buffers_backend, io.fsyncs AS buffers_backend_fsync"
            " FROM pg_stat_bgwriter b, pg_stat_checkpointer c, (SELECT sum(coalesce(writes, 0) + coalesce(extends, 0)) AS writes,"
            " sum(coalesce(fsyncs, 0)) AS fsyncs FROM pg_stat_io WHERE object = 'relation' AND backend_type NOT IN ('checkpointer',"
            " 'background writer')) io",
     .metrics = writing,
     .metric_count = COUNTOF(writing)},
    {0},
};
const struct pg_part pg_bgwriter = {.queries = writing_queries};

static const struct metric archiving[] = {
    COUNTER("pg_stat_archiver_archived_count", NULL, "archived_count", 1, "WAL files archived."),
    COUNTER("pg_stat_archiver_failed_count", NULL, "failed_count", 1, "Attempts to archive a WAL file that failed."),
    GAUGE("pg_stat_archiver_last_archive_age", NULL, "age", 1,
          "Seconds since the last WAL file was archived; absent when none was."),
    GAUGE("pg_stat_archiver_failing", NULL, "failing", 1, "1 when the last attempt to archive failed."),
};
static const struct query archiving_queries[] = {
    {.sql = "SELECT archived_count, failed_count, extract(epoch FROM now() - last_archived_time)::float8 AS age,"
            " (last_failed_time IS NOT NULL AND coalesce(last_failed_time > last_archived_time, true))::int AS failing FROM "
            "pg_stat_archiver",
     .metrics = archiving,
     .metric_count = COUNTOF(archiving)},
    {0},
};
const struct pg_part pg_archiver = {.queries = archiving_queries};

static const struct metric wal[] = {
    GAUGE("pg_wal_segments", NULL, "segments", 1, "WAL files on disk."),
    GAUGE("pg_wal_size_bytes", NULL, "size", 1, "Disk space that WAL files take."),
};
static const struct query wal_queries[] = {
    {.sql = "SELECT count(*) AS segments, coalesce(sum(size), 0) AS size FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'",
     .metrics = wal,
     .metric_count = COUNTOF(wal)},
    {0},
};
const struct pg_part pg_wal = {.queries = wal_queries};
