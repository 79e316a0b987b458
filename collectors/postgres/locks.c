/* Part `locks`: how many locks of each mode are held or waited for in every database, modes that nobody uses included. The server counts them
 * into one row for each database: a row for each mode would be nine times as much to send and to read. */
#include "base/attr.h"
#include "collectors/postgres/part.h"

#define MODES(X)                                                                                                                   \
  X("accesssharelock", "AccessShareLock")                                                                                          \
  X("rowsharelock", "RowShareLock")                                                                                                \
  X("rowexclusivelock", "RowExclusiveLock")                                                                                        \
  X("shareupdateexclusivelock", "ShareUpdateExclusiveLock")                                                                        \
  X("sharelock", "ShareLock")                                                                                                      \
  X("sharerowexclusivelock", "ShareRowExclusiveLock")                                                                              \
  X("exclusivelock", "ExclusiveLock")                                                                                              \
  X("accessexclusivelock", "AccessExclusiveLock")                                                                                  \
  X("sireadlock", "SIReadLock")

#define X(label, mode) label,
static const char *const modes[] = {MODES(X)};
#undef X

enum { COUNT, WAITING, LONGEST };
static const struct family families[] = {
    [COUNT] = {"pg_locks_count", "Locks held or waited for.", METRIC_GAUGE, "datname,mode", false},
    [WAITING] = {"pg_locks_waiting", "Locks that are waited for, those on rows and transactions included.", METRIC_GAUGE, NULL,
                 false},
    [LONGEST] = {"pg_locks_longest_wait_seconds", "How long a lock has been waited for; from PostgreSQL 14 on.", METRIC_GAUGE, NULL,
                 false},
    {0},
};

static void read_locks(struct memory *m, const struct rows *rows, struct section *s) {
  (void)m;
  double value;
  for (size_t row = 0; row < rows->count; row++)
    for (size_t i = 0; i < COUNTOF(modes); i++)
      if (cell_number(rows_cell(rows, row, i + 1), &value))
        section_add(s, &families[COUNT], section_label_pairs(s, "datname", rows_cell(rows, row, 0).text, "mode", modes[i], NULL),
                    value);
  if (cell_number(rows_cell(rows, 0, rows_column(rows, "waiting")), &value)) section_add(s, &families[WAITING], 0, value);
  if (cell_number(rows_cell(rows, 0, rows_column(rows, "longest")), &value)) section_add(s, &families[LONGEST], 0, value);
}

#define X(label, mode) ", count(*) FILTER (WHERE l.mode = '" mode "')"
#define LOCKS(waitstart, longest)                                                                                                  \
  "WITH l AS MATERIALIZED (SELECT database, mode, granted" waitstart                                                               \
  " FROM pg_locks) SELECT d.datname" MODES(X) ", (SELECT count(*) FROM l WHERE NOT granted) AS waiting" longest                    \
                                              " FROM pg_database d LEFT JOIN l ON l.database = d.oid"                              \
                                              " GROUP BY d.datname ORDER BY d.datname LIMIT 500"

static const struct query queries[] = {
    {.most = 13, .sql = LOCKS("", ""), .read = read_locks},
    {.least = 14,
     .sql =
         LOCKS(", waitstart", ", (SELECT coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(waitstart))), 0)::float8"
                              " FROM l WHERE NOT granted) AS longest"),
     .read = read_locks},
    {0},
};

const struct pg_part pg_locks = {.queries = queries, .families = families};
