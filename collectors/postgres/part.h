/* The parts of the collector as tables. One metric is one row in one file; one statement is one row with the metrics it brings. */
#ifndef SONDE_COLLECTORS_POSTGRES_PART_H
#define SONDE_COLLECTORS_POSTGRES_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "collectors/postgres/rows.h"
#include "metric/section.h"

/* The keys of a target, in the order of the rows in postgres.c. */
struct postgres_options {
  const char *address, *password;
  int64_t statements_top, query_length;
  msec_t long_query_threshold;
  int64_t long_queries_top;
  int64_t tables_top;
};

/* What is known of a server from one answer to the next. Forgotten with the session, but for the options. */
struct memory {
  const struct postgres_options *options;
  int version;                /* 150020 */
  double started, configured; /* of the postmaster and its configuration, seconds since 1970 */
  bool replica, role_known;
  bool blind;          /* may not see what other roles' sessions do */
  double used, usable; /* connections */
};

/* A number: a column of the answer, multiplied by `scale`. The family's labels are columns of the same names. */
struct metric {
  struct family family;
  const char *column;
  double scale;
};

#define COUNTER(name, labels, column, scale, help)                                                                                 \
  { {name, help, METRIC_COUNTER, labels, false}, column, scale }
#define GAUGE(name, labels, column, scale, help)                                                                                   \
  { {name, help, METRIC_GAUGE, labels, false}, column, scale }
#define UNTYPED(name, labels, column, scale, help)                                                                                 \
  { {name, help, METRIC_UNTYPED, labels, false}, column, scale }

/* Reads an answer where rows are not simply samples. */
typedef void read_fn(struct memory *m, const struct rows *rows, struct section *s);

struct query {
  const char *sql;
  size_t parameter; /* offsetof the option in struct postgres_options that is its $1, a number; 0 for none. Not for hot parts */
  int least, most;  /* major versions that understand it; 0: any */
  bool standby;     /* makes sense on a standby alone */
  const struct metric *metrics;
  size_t metric_count;
  read_fn *read; /* NULL: every row gives a sample for each metric, those that are NULL left out */
};

struct pg_part {
  const struct query *queries;   /* ended by one without text; NULL: asked for by code */
  const struct family *families; /* what read() adds beside the metrics, ended by one without a name; NULL for none */
};

/* The generic reader. */
void query_read(const struct query *q, struct memory *m, const struct rows *rows, struct section *s);
bool query_fits(const struct query *q, const struct memory *m);

/* One file each; listed in postgres.c. */
extern const struct pg_part pg_server, pg_activity, pg_database, pg_locks, pg_bgwriter, pg_archiver, pg_replication,
    pg_long_queries, pg_settings, pg_wal, pg_limits, pg_tables, pg_sizes, pg_statements;

#endif
