/* Part `long_queries`: what runs now, longer than a threshold. */
#include <math.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/buf.h"
#include "collectors/postgres/part.h"
#include "collectors/postgres/query_text.h"

enum { SECONDS, NUMBER };
static const struct family families[] = {
    [SECONDS] = {"pg_long_query_seconds",
                 "How long a statement that is longer than the threshold has been running. Literals are left out of its text.",
                 METRIC_GAUGE, "datname,pid,query,usename,wait_event_type", false},
    [NUMBER] = {"pg_long_queries", "Statements that have been running longer than the threshold.", METRIC_GAUGE, NULL, false},
    {0},
};

static void read_one(const struct memory *m, const struct rows *rows, size_t row, double seconds, struct section *s) {
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 1024);
  query_text(&text, rows_text(rows, row, "query"), (size_t)m->options->query_length);
  labels_t labels = section_label_pairs(s, "datname", rows_text(rows, row, "datname"), "pid", rows_text(rows, row, "pid"), "query",
                                        text.data ? text.data : "", "usename", rows_text(rows, row, "usename"), "wait_event_type",
                                        rows_text(rows, row, "wait_event_type"), NULL);
  section_add(s, &families[SECONDS], labels, seconds);
}

static void read_long(struct memory *m, const struct rows *rows, struct section *s) {
  double threshold = (double)m->options->long_query_threshold / 1000;
  size_t number = 0;
  for (size_t row = 0; row < rows->count; row++) {
    double seconds = rows_number(rows, row, "seconds", 0);
    if (seconds < threshold) continue;
    if (number++ < (size_t)m->options->long_queries_top) read_one(m, rows, row, seconds, s);
  }
  section_add(s, &families[NUMBER], 0, (double)number);
}

static const struct query queries[] = {
    {.sql = "SELECT pid, datname, usename, wait_event_type, left(query, 2000) AS query, extract(epoch FROM now() - "
            "query_start)::float8 AS seconds"
            " FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND now() - query_start > interval '100 ms' ORDER BY query_start LIMIT 200",
     .read = read_long},
    {0},
};

const struct pg_part pg_long_queries = {.queries = queries, .families = families};
