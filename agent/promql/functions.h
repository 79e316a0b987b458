/* What a function is, and the list of all. They are written down by family; each family's file ends in its rows. */
#ifndef SONDE_AGENT_PROMQL_FUNCTIONS_H
#define SONDE_AGENT_PROMQL_FUNCTIONS_H

#include "agent/promql/ast.h"

/* What a function over a range sees. */
struct window {
  const struct point *points; /* at least one, no stale ones */
  size_t count;
  msec_t from, to;          /* the range is (from, to] */
  msec_t at;                /* the step's time: other than `to` where an offset or @ is */
  const double *parameters; /* the scalar arguments, in order */
};
#define FUNCTION_ARGS_MAX 5  /* that a row names … */
#define FUNCTION_CALL_MAX 64 /* … and that a call may have, when the last comes any number of times */
struct eval;
struct parser;
/* A function is a row: its name, what it takes and gives, and one of four ways to compute it. */
struct function {
  const char *name;
  enum value_type result;
  enum value_type args[FUNCTION_ARGS_MAX];
  size_t arg_count;
  size_t optional;  /* of the last arguments, how many may be left out; FUNCTION_ANY: the last comes any number of times */
  double otherwise; /* the last parameter when it is left out */
  bool keeps_name;
  bool counter; /* means something of counters alone: what is not called like one gets an annotation */
  bool lazy;    /* evaluates its arguments itself */
  bool (*window)(const struct window *w, double *ret); /* over a range; false: no element */
  double (*each)(double x, const double *parameters);  /* of each element of the one vector, and the scalar arguments */
  double (*calendar)(double wall);                     /* of each element, or of the time itself when there is no argument */
  /* Of all arguments, evaluated in order (a range is not: see eval_windows()). */
  bool (*whole)(struct eval *ev, const struct expr *e, struct value *args, struct value *ret);
  /* NULL or: checks what can be checked once, at parsing, and keeps it in call.prepared. */
  bool (*prepare)(struct parser *p, struct expr *call);
};
#define FUNCTION_ANY ((size_t)-1)
const struct function *function_find(const char *name, size_t length);
/* Why a function or aggregator that Prometheus has is not one here: "is experimental in Prometheus …". NULL when it has none of that name. */
const char *function_refused(const char *name);

struct functions {
  const struct function *rows;
  size_t count;
};
extern const struct functions rate_functions, over_time_functions, number_functions, calendar_functions, label_functions,
    histogram_functions, vector_functions;

/* Warns when a quantile is not between 0 and 1. */
void warn_of_share(struct eval *ev, const struct expr *of, double q);

#define FUNCTIONS(rows)                                                                                                            \
  { rows, COUNTOF(rows) }
/* What most rows begin with: the type of the result and of the one argument. */
#define OVER_RANGE  .result = VALUE_VECTOR, .args = {VALUE_MATRIX}, .arg_count = 1
#define OVER_VECTOR .result = VALUE_VECTOR, .args = {VALUE_VECTOR}, .arg_count = 1

#endif
