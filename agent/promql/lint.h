/* What the files of the lint share. */
#ifndef SONDE_AGENT_PROMQL_LINT_H
#define SONDE_AGENT_PROMQL_LINT_H

#include "agent/promql/functions.h"
#include "promql/lint.h"

/* What is known of the value of an expression without evaluating it. */
struct shape {
  struct label_set labels;
  bool never; /* it has no elements, ever */
  bool zero;  /* every element is 0 */
};
/* What an expression is made of: the vector that a function, an aggregation or a sign works on, or both sides of an operator. */
struct operands {
  struct shape left, right;
};
struct lint {
  const struct lint_knowledge *known;
  struct arena *arena;
  struct lint_result *result;
  unsigned alternatives; /* that the expression stands among: x{status="500"} or x{code="500"} */
};

/* A check looks at one expression within the whole, and says what it finds. True: because of that the expression never has a value. */
typedef bool check_fn(struct lint *l, const struct expr *e, const struct operands *in);
check_fn check_matching;                                                                /* lint_match.c */
check_fn check_known, check_selected, check_alternatives, check_grouping;               /* lint_metric.c */
check_fn check_counter, check_gauge, check_info, check_range, check_age, check_latency; /* lint_use.c */

PRINTF(5, 6) void lint_say(struct lint *l, enum lint_severity severity, bool never, size_t offset, const char *format, ...);

/* The labels of what the expression gives. */
struct label_set infer_labels(struct lint *l, const struct expr *e, const struct operands *in);
/* "a, b, c" */
const char *label_set_list(const struct label_set *s, struct arena *a);

/* What is known of the metric of a selector. */
bool selected_facts(const struct lint *l, const struct expr *e, struct metric_facts *ret);
/* The argument that is a vector or a range; NULL when there is none. */
const struct expr *call_operand(const struct expr *e);
bool are_alternatives(const struct expr *e);
bool is_call(const struct expr *e, const char *name);
/* changes(x_info[1h]) and its kin, which are 0 for ever. */
bool never_changes(const struct expr *e);

#endif
