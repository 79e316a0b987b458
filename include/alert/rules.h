/* Rule files: Prometheus' format, read with positions. A group set is immutable; its state lives in alert/state.h. */
#ifndef SONDE_ALERT_RULES_H
#define SONDE_ALERT_RULES_H

#include "config/option.h"
#include "promql/promql.h"

enum no_data { NO_DATA_KEEP, NO_DATA_ALERT, NO_DATA_RESOLVE };

struct rule {
  const char *name;         /* alert: … or record: … */
  bool records;
  const char *text;         /* of the expression */
  const struct expr *expr;
  const struct expr *recover; /* optional: a firing alert ends only when this is true; NULL: when expr is no longer */
  msec_t pending;           /* for: */
  msec_t keep_firing;
  struct pairs labels, annotations; /* templates */
  enum no_data no_data;
  const char *file;
  size_t line;
};
struct rule_group {
  const char *name, *file;
  msec_t interval; /* 0: the default */
  struct rule *rules;
  size_t count;
};
struct rule_set {
  struct arena arena;
  struct rule_group *groups;
  size_t count, rule_count;
  msec_t span; /* of the past that all rules together need */
};

/* Reads the files that the patterns name (globs; a pattern without a file is an error). NULL with "file:line:column: …". */
struct rule_set *rules_load(const struct strings *patterns, struct fail *f) MUST_CHECK;
void rules_free(struct rule_set *r); /* NULL allowed */

#endif
