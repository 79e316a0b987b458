/* Expressions whose selectors all look at one moment: their value must not depend on when it is asked for. */
#include "tests/conformance/promqltest/promqltest.h"

#include <string.h>

#include "agent/promql/functions.h"

/* What these give depends on the time of the evaluation, whatever the selectors look at. */
static bool is_of_time(const char *function) {
  static const char *const names[] = {"days_in_month", "day_of_month", "day_of_week", "day_of_year",    "hour",     "minute",
                                      "month",         "year",         "time",        "predict_linear", "timestamp"};
  for (size_t i = 0; i < COUNTOF(names); i++)
    if (!strcmp(names[i], function)) return true;
  return false;
}

static void pin(struct when *w, msec_t at) {
  if (w->anchor != ANCHOR_STEP) return;
  w->anchor = ANCHOR_TIME;
  w->time = (double)at / 1000;
}

/* The parts of a tree are the arena's of who parsed it, so that they may be changed. */
static bool pin_part(const struct expr *e, msec_t at) {
  return !e || pin_selectors((struct expr *)(uintptr_t)e, at);
}

bool pin_selectors(struct expr *e, msec_t at) {
  switch (e->kind) {
  case EXPR_SELECTOR:
    pin(&e->selector.when, at);
    return true;
  case EXPR_SUBQUERY:
    pin(&e->subquery.when, at);
    return true;
  case EXPR_CALL:
    if (is_of_time(e->call.function->name)) return false;
    for (size_t i = 0; i < e->call.count; i++)
      if (!pin_part(e->call.args[i], at)) return false;
    return true;
  case EXPR_AGGREGATE:
    return pin_part(e->aggregate.parameter, at) && pin_part(e->aggregate.of, at);
  case EXPR_BINARY:
    return pin_part(e->binary.left, at) && pin_part(e->binary.right, at);
  case EXPR_NEGATE:
    return pin_part(e->negated, at);
  default:
    return true;
  }
}
