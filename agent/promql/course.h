/* An expression's values over many steps. */
#ifndef SONDE_AGENT_PROMQL_COURSE_H
#define SONDE_AGENT_PROMQL_COURSE_H

#include "agent/promql/eval.h"
#include "agent/promql/keys.h"

/* The points of one label set, in the lasting arena. */
struct course {
  bool unnamed; /* the metric's name is to go */
  struct point *points;
  size_t count, capacity;
};
struct courses {
  struct label_sets *labels; /* of each course, by its number */
  struct course *items;
  size_t capacity;
};
/* Adds the values at from, from + step, … <= to. False when a step has several elements with the same labels. */
bool courses_collect(struct eval *ev, const struct expr *e, const struct frame *frame, msec_t step, struct courses *ret) MUST_CHECK;
/* Takes the points of a range or subquery as they are. */
bool courses_of_windows(struct eval *ev, const struct expr *range, struct courses *ret) MUST_CHECK;
/* As a MATRIX, without the names that are to go; courses that then are one are joined. False when they have values at the same step. */
bool courses_finish(struct eval *ev, const struct courses *c, struct value *ret) MUST_CHECK;

#endif
