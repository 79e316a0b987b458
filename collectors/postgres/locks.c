/* Part `locks`: how many locks of each mode are held or waited for in every database, modes that nobody uses included. */
#include "base/attr.h"
#include "collectors/postgres/part.h"

static const struct metric metrics[] = {
    GAUGE("pg_locks_count", "datname,mode", "count", 1, "Locks held or waited for."),
    GAUGE("pg_locks_waiting", NULL, "waiting", 1, "Locks that are waited for, those on rows and transactions included."),
    GAUGE("pg_locks_longest_wait_seconds", NULL, "longest", 1, "How long a lock has been waited for; from PostgreSQL 14 on."),
};

#define MODES                                                                                                                      \
  "'accesssharelock', 'rowsharelock', 'rowexclusivelock', 'shareupdateexclusivelock', 'sharelock', 'sharerowexclusivelock', "      \
  "'exclusivelock',"                                                                                                               \
  " 'accessexclusivelock', 'sireadlock'"
#define LOCKS(since, longest)                                                                                                      \
  "WITH l AS MATERIALIZED (SELECT database, lower(mode) AS mode, granted" since " FROM pg_locks)"                                  \
  " SELECT d.datname, m.mode, coalesce(x.count, 0) AS count, NULL::bigint AS waiting, NULL::float8 AS longest"                     \
  " FROM pg_database d CROSS JOIN unnest(ARRAY[" MODES "]) AS m(mode)"                                                             \
  " LEFT JOIN (SELECT database, mode, count(*) AS count FROM l GROUP BY 1, 2) x ON x.database = d.oid AND x.mode = m.mode"         \
  " UNION ALL SELECT NULL, NULL, NULL, count(*), " longest " FROM l WHERE NOT granted ORDER BY 1, 2"

static const struct query queries[] = {
    {.most = 13, .sql = LOCKS("", "NULL"), .metrics = metrics, .metric_count = COUNTOF(metrics)},
    {.least = 14,
     .sql = LOCKS(", waitstart", "coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(waitstart))), 0)::float8"),
     .metrics = metrics,
     .metric_count = COUNTOF(metrics)},
    {0},
};

const struct pg_part pg_locks = {.queries = queries};
