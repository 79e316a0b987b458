/* PromQL as Prometheus 3 means it: left-open ranges, five minutes of lookback. Parsing and evaluation are pure: a source of series and a time in,
 * a value out. Not known, and refused at parsing with position and name: native histograms, functions in a duration like x[step()], and what Prometheus
 * calls experimental. */
#ifndef SONDE_PROMQL_PROMQL_H
#define SONDE_PROMQL_PROMQL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "history/history.h"

#define PROMQL_LOOKBACK ((msec_t)300000)

struct expr; /* a parsed expression; immutable, lives in the arena it was parsed into */

/* NULL with "line:column: what was expected, what was found". `text` is at most 64 KB, nested at most 100 deep. */
struct expr *promql_parse(const char *text, struct arena *a, struct fail *f) MUST_CHECK;
enum value_type { VALUE_SCALAR, VALUE_STRING, VALUE_VECTOR, VALUE_MATRIX };
struct element {
  struct labels *labels; /* a reference of the value's */
  double value;
};
struct value {
  enum value_type type;
  double scalar;
  const char *string;
  struct element *elements; /* VECTOR */
  bool *unnamed;            /* an evaluation's own: elements whose metric's name goes at its end */
  struct series *series;    /* MATRIX: each with a reference of its labels; no stale markers, points in the evaluation's arena */
  size_t count;             /* of elements or series … */
  size_t capacity;          /* … and an evaluation's own: for how many elements there is room */
};
void value_done(struct value *v); /* drops the references */
enum value_type promql_type(const struct expr *e);

/* Where an evaluation gets its series: the same signature as history_select(), so that tests bring their own. */
struct source {
  bool (*select)(void *context, const struct matcher *matchers, size_t count, msec_t from, msec_t to, struct arena *a,
                 struct selection *ret, struct fail *f);
  void *context;
  double wall_offset; /* seconds to add to a time of clock_now() to get the wall's: for time() and timestamp() */
  msec_t resolution;  /* of a subquery that names none, like x[1h:]; 0: a minute */
};

/* A target of whose past something is missing, so that the value says too little of it: an alert of this target is neither raised nor resolved
 * on its account. */
struct missing {
  const char *target; /* "" for series that no target brings */
  bool gap;           /* it was down where a selector looked, or has not answered yet */
  bool warming;       /* a range is not yet covered to 90 % */
};
/* What Prometheus would tell beside the value: "metric might not be a counter …", "input to histogram_quantile needed to be fixed …". */
struct annotation {
  bool warning;  /* else an information */
  size_t offset; /* where in the expression */
  const char *text;
};
/* What an evaluation noticed beside its value. */
struct evaluation {
  bool gap;                      /* of any target */
  bool warming;                  /* of any target … */
  msec_t warm_at;                /* … and when the last of them will be covered */
  const struct missing *missing; /* in the arena, each target once */
  size_t missing_count;
  size_t selected;                      /* series that all selectors matched together */
  const struct annotation *annotations; /* in the arena, each text and place once */
  size_t annotation_count;
};

/* Over any of these an evaluation is given up. */
struct bounds {
  size_t points; /* that selectors and subqueries bring, and that the result has */
  double cpu_seconds;
  size_t bytes;            /* of the arena */
  const atomic_bool *stop; /* set by another thread: end soon; NULL: never */
};
/* Those of a rule: 5 million points, 1 second of CPU, 256 MB. */
extern const struct bounds promql_rule_bounds;

/* The value at `at`, within the bounds of a rule. False with a sentence: many-to-many matching, a bound. */
bool promql_eval(const struct expr *e, const struct source *source, msec_t at, struct arena *a, struct value *ret,
                 struct evaluation *notes, struct fail *f) MUST_CHECK;

/* When and how often: at from, from + step, … <= to. One moment is from == to. Times are the source's. */
struct steps {
  msec_t from, to, step;
};
/* The values at all steps: a scalar or vector becomes a MATRIX whose points are at the steps; each series is selected once. An instant
 * (from == to) with `step` 0 gives what promql_eval() gives, a MATRIX of raw points for a range like x[5m]. */
bool promql_eval_steps(const struct expr *e, const struct source *source, const struct steps *steps, const struct bounds *bounds,
                       struct arena *a, struct value *ret, struct evaluation *notes, struct fail *f) MUST_CHECK;

/* What an expression needs of the past: the longest range or offset plus the lookback. */
msec_t promql_span(const struct expr *e);
/* Calls for the name of every metric that is selected by it. */
void promql_metrics(const struct expr *e, void (*each)(const char *name, void *arg), void *arg);
/* The comparison at the top of an alert's expression, for messages and checks: `value` op `threshold`. False when there is none of that form. */
struct comparison {
  const struct expr *value;
  const char *op;
  double threshold;
};
bool promql_comparison(const struct expr *e, struct comparison *ret);
/* Whether the order of its elements says something, as sort() and topk() give it one. */
bool promql_is_ordered(const struct expr *e) MUST_CHECK;
/* The matchers of an expression that is a selector and nothing else, looking at now: up{job="node"}. False when it is not. */
bool promql_selector(const struct expr *e, const struct matcher **ret, size_t *ret_count) MUST_CHECK;

#endif
