/* Part `tables`: use, rows, vacuums and block I/O of the largest tables of the connected database.
 *
 * Sizes come from pg_class as the last VACUUM or ANALYZE left them: pg_table_size() would wait behind an ALTER TABLE. The view is
 * asked for chosen tables only, since it calls two dozen functions for each. */
#include "base/attr.h"
#include "collectors/postgres/part.h"

#define BY_TABLE "datname,relname,schemaname"

#define IS_USER_TABLE                                                                                                              \
  "c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'"                                                                       \
  " AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema$)')"
#define LARGEST "ARRAY(SELECT c.oid FROM pg_class c WHERE " IS_USER_TABLE " ORDER BY c.relpages DESC, c.oid LIMIT $1)"

static const struct metric use[] = {
    COUNTER("pg_stat_user_tables_seq_scan", BY_TABLE, "seq_scan", 1, "Sequential scans."),
    COUNTER("pg_stat_user_tables_seq_tup_read", BY_TABLE, "seq_tup_read", 1, "Live rows read by sequential scans."),
    COUNTER("pg_stat_user_tables_idx_scan", BY_TABLE, "idx_scan", 1, "Index scans."),
    COUNTER("pg_stat_user_tables_idx_tup_fetch", BY_TABLE, "idx_tup_fetch", 1, "Live rows fetched by index scans."),
    COUNTER("pg_stat_user_tables_n_tup_ins", BY_TABLE, "n_tup_ins", 1, "Rows inserted."),
    COUNTER("pg_stat_user_tables_n_tup_upd", BY_TABLE, "n_tup_upd", 1, "Rows updated."),
    COUNTER("pg_stat_user_tables_n_tup_del", BY_TABLE, "n_tup_del", 1, "Rows deleted."),
    COUNTER("pg_stat_user_tables_n_tup_hot_upd", BY_TABLE, "n_tup_hot_upd", 1, "Rows updated without touching an index."),
    GAUGE("pg_stat_user_tables_n_live_tup", BY_TABLE, "n_live_tup", 1, "Estimated live rows."),
    GAUGE("pg_stat_user_tables_n_dead_tup", BY_TABLE, "n_dead_tup", 1, "Estimated dead rows."),
    GAUGE("pg_stat_user_tables_n_mod_since_analyze", BY_TABLE, "n_mod_since_analyze", 1,
          "Estimated rows changed since the last ANALYZE."),
    GAUGE("pg_stat_user_tables_last_vacuum", BY_TABLE, "last_vacuum_seconds", 1,
          "When VACUUM was last run by hand, in seconds since 1970; 0 for never."),
    GAUGE("pg_stat_user_tables_last_autovacuum", BY_TABLE, "last_autovacuum_seconds", 1,
          "When autovacuum last vacuumed, in seconds since 1970; 0 for never."),
    GAUGE("pg_stat_user_tables_last_analyze", BY_TABLE, "last_analyze_seconds", 1,
          "When ANALYZE was last run by hand, in seconds since 1970; 0 for never."),
    GAUGE("pg_stat_user_tables_last_autoanalyze", BY_TABLE, "last_autoanalyze_seconds", 1,
          "When autovacuum last analysed, in seconds since 1970; 0 for never."),
    COUNTER("pg_stat_user_tables_vacuum_count", BY_TABLE, "vacuum_count", 1, "Vacuums by hand."),
    COUNTER("pg_stat_user_tables_autovacuum_count", BY_TABLE, "autovacuum_count", 1, "Vacuums by autovacuum."),
    COUNTER("pg_stat_user_tables_analyze_count", BY_TABLE, "analyze_count", 1, "Analyses by hand."),
    COUNTER("pg_stat_user_tables_autoanalyze_count", BY_TABLE, "autoanalyze_count", 1, "Analyses by autovacuum."),
    GAUGE("pg_stat_user_tables_table_size_bytes", BY_TABLE, "table_size", 1,
          "Size with TOAST and without indexes, as of the last VACUUM or ANALYZE."),
    GAUGE("pg_stat_user_tables_index_size_bytes", BY_TABLE, "index_size", 1,
          "Size of all indexes, as of the last VACUUM or ANALYZE."),
};

static const struct metric blocks[] = {
    COUNTER("pg_statio_user_tables_heap_blocks_read", BY_TABLE, "heap_blks_read", 1,
            "Blocks of the table read from outside shared buffers."),
    COUNTER("pg_statio_user_tables_heap_blocks_hit", BY_TABLE, "heap_blks_hit", 1, "Blocks of the table found in shared buffers."),
    COUNTER("pg_statio_user_tables_idx_blocks_read", BY_TABLE, "idx_blks_read", 1,
            "Blocks of its indexes read from outside shared buffers."),
    COUNTER("pg_statio_user_tables_idx_blocks_hit", BY_TABLE, "idx_blks_hit", 1, "Blocks of its indexes found in shared buffers."),
    COUNTER("pg_statio_user_tables_toast_blocks_read", BY_TABLE, "toast_blks_read", 1,
            "Blocks of its TOAST table read from outside shared buffers."),
    COUNTER("pg_statio_user_tables_toast_blocks_hit", BY_TABLE, "toast_blks_hit", 1,
            "Blocks of its TOAST table found in shared buffers."),
    COUNTER("pg_statio_user_tables_tidx_blocks_read", BY_TABLE, "tidx_blks_read", 1,
            "Blocks of the TOAST table's indexes read from outside shared buffers."),
    COUNTER("pg_statio_user_tables_tidx_blocks_hit", BY_TABLE, "tidx_blks_hit", 1,
            "Blocks of the TOAST table's indexes found in shared buffers."),
};

static const struct metric number[] = {
    GAUGE("pg_user_tables", "datname", "tables", 1,
          "Tables in the connected database; the largest of them have series of their own."),
};

static const struct query queries[] = {
    {.sql =
         "SELECT current_database() AS datname, s.*, coalesce(extract(epoch FROM s.last_vacuum), 0)::float8 AS last_vacuum_seconds,"
         " coalesce(extract(epoch FROM s.last_autovacuum), 0)::float8 AS last_autovacuum_seconds,"
         " coalesce(extract(epoch FROM s.last_analyze), 0)::float8 AS last_analyze_seconds,"
         " coalesce(extract(epoch FROM s.last_autoanalyze), 0)::float8 AS last_autoanalyze_seconds,"
         " (c.relpages::float8 + coalesce(t.relpages, 0)) * b.size AS table_size,"
         " (SELECT coalesce(sum(x.relpages), 0) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid) "
         "* b.size"
         "  AS index_size"
         " FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid LEFT JOIN pg_class t ON t.oid = c.reltoastrelid,"
         " (SELECT current_setting('block_size')::float8 AS size) b WHERE s.relid = ANY (" LARGEST ") ORDER BY s.relid",
     .parameter = offsetof(struct postgres_options, tables_top),
     .metrics = use,
     .metric_count = COUNTOF(use)},
    {.sql = "SELECT current_database() AS datname, s.* FROM pg_statio_user_tables s WHERE s.relid = ANY (" LARGEST
            ") ORDER BY s.relid",
     .parameter = offsetof(struct postgres_options, tables_top),
     .metrics = blocks,
     .metric_count = COUNTOF(blocks)},
    {.sql = "SELECT current_database() AS datname, count(*) AS tables FROM pg_class c WHERE " IS_USER_TABLE,
     .metrics = number,
     .metric_count = COUNTOF(number)},
    {0},
};

const struct pg_part pg_tables = {.queries = queries};
