/* The parsed form of an expression, shared by the parser and the evaluator. */
#ifndef SONDE_AGENT_PROMQL_AST_H
#define SONDE_AGENT_PROMQL_AST_H

#include "agent/promql/lexer.h"
#include "promql/promql.h"

enum expr_kind { EXPR_NUMBER, EXPR_STRING, EXPR_SELECTOR, EXPR_SUBQUERY, EXPR_CALL, EXPR_AGGREGATE, EXPR_BINARY, EXPR_NEGATE };

/* by (…), without (…), on (…), ignoring (…): label names, and whether they are the ones that count. */
struct grouping {
  bool only; /* by, on */
  const char **names;
  size_t count;
};

enum sides { SIDE_NONE, SIDE_LEFT, SIDE_RIGHT };

enum anchor { ANCHOR_STEP, ANCHOR_START, ANCHOR_END, ANCHOR_TIME };
/* The moment at which a selector or subquery looks: what @ names, else the step's, less the offset. */
struct when {
  enum anchor anchor;
  double time; /* ANCHOR_TIME: seconds since 1970 */
  msec_t back;
};

struct expr {
  enum expr_kind kind;
  enum value_type type;
  size_t offset; /* where it begins in the text */
  size_t id;     /* its number among those that were parsed with it */
  union {
    double number;
    const char *string;
    struct {
      struct matcher *matchers;
      size_t count;
      msec_t range; /* 0: an instant selector */
      struct when when;
    } selector;
    struct {
      const struct expr *of;
      msec_t range, resolution;
      struct when when;
    } subquery;
    struct {
      const struct function *function;
      const struct expr **args;
      size_t count;
      const void *prepared; /* see struct function */
    } call;
    struct {
      const struct aggregator *aggregator;
      const struct expr *of, *parameter; /* the parameter of topk(3, x): NULL when it has none */
      struct grouping grouping;
    } aggregate;
    struct {
      enum token_kind op;
      size_t at; /* where it stands in the text */
      bool returns_bool;
      const struct expr *left, *right;
      struct grouping matching;
      enum sides many;          /* which side may have several elements for one of the other */
      struct grouping included; /* group_left(…): labels that the one element gives to the many */
    } binary;
    const struct expr *negated;
  };
};

struct aggregator {
  const char *name;
  enum { PARAMETER_NONE, PARAMETER_NUMBER, PARAMETER_LABEL } parameter; /* topk(3, x), count_values("v", x) */
  enum { PICK_NONE, PICK_LARGEST, PICK_SMALLEST } picks;                /* lets elements through as they are … */
  double (*reduce)(double *values, size_t count, double parameter); /* … or makes a number of a group's, which it may reorder */
};
const struct aggregator *aggregator_find(const char *name, size_t length); /* in any case, as in Prometheus */
/* What an operator makes of two numbers: false when it is a comparison that does not hold (and has no bool). */
bool binary_numbers(const struct expr *e, double left, double right, double *ret);
/* A number that no series and no time takes part in: 60 * 60 * 24, -1. */
bool constant_number(const struct expr *e, double *ret);
/* The one name that a selector asks for; NULL when it is no selector, or has none. */
const char *selected_metric(const struct expr *e);
bool is_comparison(enum token_kind op);
bool is_set_operator(enum token_kind op);

#endif
