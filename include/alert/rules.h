/* Rule files: Prometheus' format, read with positions. A rule set is immutable; what becomes of its rules lives in alert/alert.h. */
#ifndef SONDE_ALERT_RULES_H
#define SONDE_ALERT_RULES_H

#include "config/config.h"
#include "promql/promql.h"

/* What becomes of an alert whose series are missing because their target does not answer. */
enum no_data {
  NO_DATA_KEEP,    /* it stays as it is */
  NO_DATA_ALERT,   /* missing counts as true */
  NO_DATA_RESOLVE, /* missing counts as false, as in Prometheus */
};

struct rule {
  const char *name;     /* alert: … or record: … */
  const char *identity; /* group/name/hash of the expression, made unique: what is kept over reloads and restarts belongs to it */
  bool records;
  const char *text; /* of the expression */
  const struct expr *expr;
  const struct expr *recover; /* optional: a firing alert ends only when this is true; NULL: when expr is no longer */
  msec_t pending;             /* for: */
  msec_t keep_firing;
  struct pairs labels, annotations; /* templates, but the labels of one that records; the group's labels are among them */
  enum no_data no_data;
  const char *file;
  unsigned line, column;           /* where the rule begins … */
  unsigned expr_line, expr_column; /* … and where its expression does */
};
struct rule_group {
  const char *name, *file;
  const char *source;  /* the text of the file: for places within an expression */
  msec_t interval;     /* 0: the default */
  msec_t query_offset; /* how far back the expressions look */
  int64_t limit;       /* of alerts or series of each rule; 0: none */
  struct pairs labels; /* of all its rules; they are among the labels of each */
  struct rule *rules;
  size_t count;
};
struct rule_set {
  struct arena arena;
  struct rule_group *groups;
  size_t count, rule_count;
  msec_t span; /* of the past that all rules together need */
};

/* Reads the files that the patterns name (globs; a pattern without a file is an error; a file named twice is read once). NULL with
 * "file:line:column: …". */
struct rule_set *rules_load(const struct strings *patterns, struct fail *f) MUST_CHECK;
void rules_free(struct rule_set *r); /* NULL allowed */

#endif
