/* What the parts of the evaluator share. Vectors are built in the arena of the step; each element holds a reference of its label set.
 * A metric's name that an operation takes away is only marked, and goes at the end: until then it tells series apart that differ in nothing else. */
#ifndef SONDE_AGENT_PROMQL_EVAL_H
#define SONDE_AGENT_PROMQL_EVAL_H

#include "agent/promql/functions.h"

/* The times that an expression is evaluated at: those of the query, or of a subquery. */
struct frame {
  msec_t from, to;
  msec_t reach; /* how much of the past the subqueries around it look at */
};

struct eval {
  const struct source *source;
  struct arena *arena;   /* of the step: what lies in it is gone at the next one … */
  struct arena *lasting; /* … and of the whole evaluation */
  struct evaluation *notes;
  struct fail *fail;
  msec_t at;
  const struct frame *frame;
  const struct steps *steps; /* of the query */
  const struct bounds *bounds;
  void **nodes; /* by the number of an expression: what lasts from step to step */
  size_t node_count;
  size_t points; /* of all selectors so far */
  struct missing *missing;
  size_t missing_count, missing_capacity;
  struct annotation *annotations;
  size_t annotation_count;
  double until;     /* CPU seconds of this thread … */
  size_t bytes_max; /* … and the size of the arenas at which the evaluation is given up */
  size_t held;      /* bytes in the arenas of the steps around this one */
  size_t work;      /* since the clock was looked at */
};

/* The value at the step. False with a sentence: `ret` holds nothing. What of it the functions for the kinds have made when they fail is freed here. */
bool eval_expr(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_selector(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_call(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_binary(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_aggregate(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;

/* A time in seconds since 1970. */
double eval_wall(const struct eval *ev, msec_t time);
/* Calls `each` for each series of an expression whose type is MATRIX, a range or a subquery, that has points in it; `unnamed`: see value_add().
 * Of an instant selector it gives the one point that counts, with its own time. */
typedef void window_fn(void *context, struct labels *labels, bool unnamed, const struct window *w);
bool eval_windows(struct eval *ev, const struct expr *range, window_fn *each, void *context) MUST_CHECK;

/* To be asked in every loop that may be long, with what was done since: about as many points or elements as were looked at. False, with a sentence,
 * when the evaluation is over one of its bounds or is to stop. */
bool eval_goes_on(struct eval *ev, size_t work) MUST_CHECK;
enum { EVAL_MUCH_WORK = 10000 }; /* after so much the clock is looked at */
/* Notes what Prometheus would tell, without "PromQL warning: " and without the place, which is that of `e`. The note, new or the same as before;
 * NULL when there are too many. */
struct annotation *eval_annotate(struct eval *ev, const struct expr *e, bool warning, const char *format, ...) PRINTF(4, 5);
/* False with a sentence: two series of a result would be one. */
bool eval_same_labels(struct eval *ev);
/* Zeroed room that a node keeps from step to step. */
void *eval_node(struct eval *ev, const struct expr *e, size_t size, bool *ret_new);

/* An empty vector with room for `capacity` elements. */
struct value eval_vector(struct eval *ev, size_t capacity);
/* Appends, making room; takes a reference of its own. */
void eval_append(struct eval *ev, struct value *v, struct labels *labels, double value, bool unnamed);
/* Appends; takes over the reference. `unnamed`: the metric's name is to go. */
void value_add(struct value *v, struct labels *labels, double value, bool unnamed);

#endif
