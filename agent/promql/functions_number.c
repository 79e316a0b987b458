/* Functions of one number, for each element of a vector. */
#include <math.h>

#include "agent/promql/eval.h"
#include "agent/promql/functions.h"

/* Ties go up. Multiplying with the reciprocal loses less than dividing: 0.1 and its like are not exact. */
static double round_to(double x, const double *parameters) {
  double reciprocal = 1 / parameters[0];
  return floor(x * reciprocal + 0.5) / reciprocal;
}

static double sign(double x, const double *parameters) {
  (void)parameters;
  return x < 0 ? -1 : x > 0 ? 1 : x;
}

/* NaN wins, but for the infinity that nothing can pass. */
static double lesser(double a, double b) {
  if (isnan(a) || isnan(b)) return a == -INFINITY || b == -INFINITY ? -INFINITY : NAN;
  return a < b ? a : b;
}
static double greater(double a, double b) {
  return -lesser(-a, -b);
}

static double clamp_min(double x, const double *parameters) {
  return greater(parameters[0], x);
}
static double clamp_max(double x, const double *parameters) {
  return lesser(parameters[0], x);
}
/* Between bounds the wrong way round there is nothing. */
static bool clamp(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  double least = args[1].scalar, most = args[2].scalar;
  const struct value *of = &args[0];
  (void)e;
  *ret = eval_vector(ev, of->count);
  for (size_t i = 0; i < of->count && !(most < least); i++)
    value_add(ret, labels_ref(of->elements[i].labels), greater(least, lesser(most, of->elements[i].value)), true);
  return true;
}

static double radians(double x, const double *parameters) {
  (void)parameters;
  return x * M_PI / 180;
}
static double degrees(double x, const double *parameters) {
  (void)parameters;
  return x * 180 / M_PI;
}

/* The mathematics of the C library under the name that a row wants. */
#define PLAIN(name)                                                                                                                \
  static double plain_##name(double x, const double *parameters) {                                                                 \
    (void)parameters;                                                                                                              \
    return name(x);                                                                                                                \
  }
PLAIN(fabs)
PLAIN(ceil)
PLAIN(floor)
PLAIN(sqrt)
PLAIN(exp)
PLAIN(log)
PLAIN(log2)
PLAIN(log10)
PLAIN(sin)
PLAIN(cos)
PLAIN(tan)
PLAIN(asin)
PLAIN(acos)
PLAIN(atan)
PLAIN(sinh)
PLAIN(cosh)
PLAIN(tanh)
PLAIN(asinh)
PLAIN(acosh)
PLAIN(atanh)

static const struct function rows[] = {
    {.name = "abs", OVER_VECTOR, .each = plain_fabs},
    {.name = "ceil", OVER_VECTOR, .each = plain_ceil},
    {.name = "floor", OVER_VECTOR, .each = plain_floor},
    {.name = "sqrt", OVER_VECTOR, .each = plain_sqrt},
    {.name = "exp", OVER_VECTOR, .each = plain_exp},
    {.name = "ln", OVER_VECTOR, .each = plain_log},
    {.name = "log2", OVER_VECTOR, .each = plain_log2},
    {.name = "log10", OVER_VECTOR, .each = plain_log10},
    {.name = "sin", OVER_VECTOR, .each = plain_sin},
    {.name = "cos", OVER_VECTOR, .each = plain_cos},
    {.name = "tan", OVER_VECTOR, .each = plain_tan},
    {.name = "asin", OVER_VECTOR, .each = plain_asin},
    {.name = "acos", OVER_VECTOR, .each = plain_acos},
    {.name = "atan", OVER_VECTOR, .each = plain_atan},
    {.name = "sinh", OVER_VECTOR, .each = plain_sinh},
    {.name = "cosh", OVER_VECTOR, .each = plain_cosh},
    {.name = "tanh", OVER_VECTOR, .each = plain_tanh},
    {.name = "asinh", OVER_VECTOR, .each = plain_asinh},
    {.name = "acosh", OVER_VECTOR, .each = plain_acosh},
    {.name = "atanh", OVER_VECTOR, .each = plain_atanh},
    {.name = "rad", OVER_VECTOR, .each = radians},
    {.name = "deg", OVER_VECTOR, .each = degrees},
    {.name = "sgn", OVER_VECTOR, .each = sign},
    {.name = "round",
     .result = VALUE_VECTOR,
     .args = {VALUE_VECTOR, VALUE_SCALAR},
     .arg_count = 2,
     .optional = 1,
     .otherwise = 1,
     .each = round_to},
    {.name = "clamp_min", .result = VALUE_VECTOR, .args = {VALUE_VECTOR, VALUE_SCALAR}, .arg_count = 2, .each = clamp_min},
    {.name = "clamp_max", .result = VALUE_VECTOR, .args = {VALUE_VECTOR, VALUE_SCALAR}, .arg_count = 2, .each = clamp_max},
    {.name = "clamp", .result = VALUE_VECTOR, .args = {VALUE_VECTOR, VALUE_SCALAR, VALUE_SCALAR}, .arg_count = 3, .whole = clamp},
};
const struct functions number_functions = FUNCTIONS(rows);
