/* What is wrong with an expression that can be parsed: seen from the expression alone, and from what is known of the metrics that it names. Pure. */
#ifndef SONDE_PROMQL_LINT_H
#define SONDE_PROMQL_LINT_H

#include "metric/family.h"
#include "promql/promql.h"

/* Whether the series of a set have a label. */
enum presence { LABEL_NEVER, LABEL_MAYBE, LABEL_ALWAYS };
struct label_fact {
  const char *name;
  enum presence presence;
};
/* The labels of series, but the metric's name. */
struct label_set {
  struct label_fact *items;
  size_t count;
  bool open; /* other labels may be there, too */
  bool some; /* of those that may be there, one at least is */
};
enum presence label_set_get(const struct label_set *s, const char *name);
void label_set_put(struct label_set *s, const char *name, enum presence presence, struct arena *a);
struct label_set label_set_copy(const struct label_set *s, struct arena *a);
/* Of a target's family: the labels that it names (comma separated; NULL for none), of which one at least is there, and job, instance and target. */
struct label_set label_set_of_family(const char *names, struct arena *a);

struct metric_facts {
  enum metric_type type; /* of its series: x_count of a histogram is a counter. METRIC_UNTYPED: not known */
  struct label_set labels;
  msec_t every;     /* how often there is a new value */
  const char *part; /* what brings it: "the part tables", "the rule x"; NULL: not known */
};
/* What is known of metrics by whoever asks. */
struct lint_knowledge {
  void *context;
  bool (*find)(void *context, const char *metric, struct metric_facts *ret);
  const char *(*similar)(void *context, const char *metric); /* one that may be meant, or NULL */
};

enum lint_severity { LINT_INFO, LINT_WARNING };
struct lint_finding {
  enum lint_severity severity;
  size_t offset;    /* in the expression */
  bool never;       /* because of it a part of the expression never has a value */
  const char *text; /* a sentence: what is wrong, and what to do */
};
#define LINT_FINDINGS_MAX 32
struct lint_result {
  struct lint_finding findings[LINT_FINDINGS_MAX];
  size_t count;
  bool never;              /* the expression as a whole never has a value, on account of the findings that say so */
  struct label_set labels; /* of its value */
};
/* All that is pointed to lies in the arena, or belongs to what `known` gives. */
void promql_lint(const struct expr *e, const struct lint_knowledge *known, struct arena *a, struct lint_result *ret);

#endif
