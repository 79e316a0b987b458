/* Neumaier's sum: what plain addition loses is kept beside it. */
#ifndef SONDE_AGENT_PROMQL_SUM_H
#define SONDE_AGENT_PROMQL_SUM_H

#include <math.h>

struct sum {
  double total, lost;
};

static inline void sum_add(struct sum *s, double x) {
  double next = s->total + x;
  if (isinf(next))
    s->lost = 0;
  else
    s->lost += fabs(s->total) >= fabs(x) ? (s->total - next) + x : (x - next) + s->total;
  s->total = next;
}

static inline double sum_value(const struct sum *s) {
  return s->total + s->lost;
}

#endif
