/* What the parts of the evaluator share. Vectors are built in the evaluation's arena; each element holds a reference of its label set.
 * A metric's name that an operation takes away is only marked, and goes at the end: until then it tells series apart that differ in nothing else. */
#ifndef SONDE_AGENT_PROMQL_EVAL_H
#define SONDE_AGENT_PROMQL_EVAL_H

#include "agent/promql/ast.h"

struct eval {
  const struct source *source;
  struct arena *arena;
  struct evaluation *notes;
  struct fail *fail;
  msec_t at;
  size_t points; /* of all selectors so far */
  struct missing *missing;
  size_t missing_count, missing_capacity;
  double until;     /* CPU seconds of this thread … */
  size_t bytes_max; /* … and the size of the arena at which the evaluation is given up */
};

bool eval_expr(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_selector(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_call(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_binary(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;
bool eval_aggregate(struct eval *ev, const struct expr *e, struct value *ret) MUST_CHECK;

/* The time that is evaluated at, in seconds since 1970. */
double eval_wall(const struct eval *ev);
/* Calls `each` for each series of an expression whose type is MATRIX, a range or a subquery, that has points in it; `unnamed`: see value_add(). */
typedef void window_fn(void *context, struct labels *labels, bool unnamed, const struct window *w);
bool eval_windows(struct eval *ev, const struct expr *range, window_fn *each, void *context) MUST_CHECK;

/* An empty vector with room for `capacity` elements. */
struct value eval_vector(struct eval *ev, size_t capacity);
/* Appends, making room; takes a reference of its own. */
void eval_append(struct eval *ev, struct value *v, struct labels *labels, double value, bool unnamed);
/* Appends; takes over the reference. `unnamed`: the metric's name is to go. */
void value_add(struct value *v, struct labels *labels, double value, bool unnamed);

/* The labels that a grouping keeps: those named (only), or all but those named and the metric's name. A reference of the caller's. */
struct labels *labels_grouped(struct labels *l, const struct grouping *g);
/* All labels but those named. */
struct labels *labels_without(struct labels *l, const struct grouping *g);

#endif
