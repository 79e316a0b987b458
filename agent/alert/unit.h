/* A file of unit tests as it was read, shared by unit_file.c, which reads it, and those that run it. Times are milliseconds from the start of a test. */
#ifndef SONDE_AGENT_ALERT_UNIT_H
#define SONDE_AGENT_ALERT_UNIT_H

#include "alert/unit.h"
#include "config/option.h"
#include "config/tree.h"
#include "promql/notation.h"

/* What must fire, of one name at one time. */
struct unit_alerts {
  msec_t at;
  const char *name;
  struct unit_alert {
    struct pairs labels, annotations;
  } * expected;
  size_t count;
};
/* What an expression gives. */
struct unit_expr {
  const char *text;
  msec_t at;
  struct unit_sample {
    struct labels *labels;
    double value;
  } * expected;
  size_t count;
};
struct unit_test {
  const char *name; /* NULL for none */
  unsigned line;
  msec_t interval; /* between the values of a series */
  double start;    /* seconds since 1970 */
  const char *external_url;
  struct pairs external_labels;
  struct sequence *series;
  size_t series_count;
  struct unit_alerts *alerts;
  size_t alert_count;
  struct unit_expr *exprs;
  size_t expr_count;
};
struct unit_file {
  struct arena arena;
  const char *path;
  struct strings rule_files, group_order;
  msec_t evaluation_interval;
  bool fuzzy;
  struct unit_test *tests;
  size_t count;
};

bool unit_file_read(struct unit_file *ret, const char *path, struct fail *f) MUST_CHECK;

#endif
