/* Aggregation: elements fall into groups by the labels that stay, and each group becomes one number. An aggregator is a row. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "agent/promql/eval.h"
#include "base/map.h"

/* Neumaier's sum: what plain addition loses is kept beside it. */
static double sum_of(const double *values, size_t count) {
  double sum = 0, lost = 0;
  for (size_t i = 0; i < count; i++) {
    double next = sum + values[i];
    if (isinf(next))
      lost = 0;
    else
      lost += fabs(sum) >= fabs(values[i]) ? (sum - next) + values[i] : (values[i] - next) + sum;
    sum = next;
  }
  return sum + lost;
}

static double avg_of(const double *values, size_t count) {
  return sum_of(values, count) / (double)count;
}

static double count_of(const double *values, size_t count) {
  (void)values;
  return (double)count;
}

static double min_of(const double *values, size_t count) {
  double least = values[0];
  for (size_t i = 1; i < count; i++)
    if (values[i] < least || isnan(least)) least = values[i];
  return least;
}

static double max_of(const double *values, size_t count) {
  double most = values[0];
  for (size_t i = 1; i < count; i++)
    if (values[i] > most || isnan(most)) most = values[i];
  return most;
}

static const struct aggregator aggregators[] = {
    {"sum", sum_of}, {"avg", avg_of}, {"min", min_of}, {"max", max_of}, {"count", count_of},
};

const struct aggregator *aggregator_find(const char *name, size_t length) {
  for (size_t i = 0; i < COUNTOF(aggregators); i++)
    if (strlen(aggregators[i].name) == length && !strncasecmp(aggregators[i].name, name, length)) return &aggregators[i];
  return NULL;
}

struct group {
  struct labels *labels;
  double *values;
  size_t count;
};

/* The group of each element, in order of first appearance; returns how many groups there are. */
static size_t group_elements(struct eval *ev, const struct value *v, const struct grouping *g, struct group *groups,
                             size_t *group_of) {
  struct map by_hash = {0};
  size_t count = 0;
  for (size_t i = 0; i < v->count; i++) {
    struct labels *kept = labels_grouped(v->elements[i].labels, g);
    void **slot = map_slot(&by_hash, arena_copy_bytes(ev->arena, &kept->hash, sizeof kept->hash), sizeof kept->hash);
    struct group *known = *slot;
    if (known) {
      labels_unref(kept);
    } else {
      known = *slot = &groups[count++];
      known->labels = kept;
    }
    known->count++;
    group_of[i] = (size_t)(known - groups);
  }
  map_done(&by_hash);
  return count;
}

bool eval_aggregate(struct eval *ev, const struct expr *e, struct value *ret) {
  struct value of;
  if (!eval_expr(ev, e->aggregate.of, &of)) return false;
  struct group *groups = arena_alloc(ev->arena, of.count * sizeof *groups);
  size_t *group_of = arena_alloc(ev->arena, of.count * sizeof *group_of);
  size_t count = group_elements(ev, &of, &e->aggregate.grouping, groups, group_of);
  *ret = eval_vector(ev, count);
  for (size_t i = 0; i < count; i++) {
    groups[i].values = arena_alloc(ev->arena, groups[i].count * sizeof(double));
    groups[i].count = 0;
  }
  for (size_t i = 0; i < of.count; i++) {
    struct group *g = &groups[group_of[i]];
    g->values[g->count++] = of.elements[i].value;
  }
  for (size_t i = 0; i < count; i++)
    value_add(ret, groups[i].labels, e->aggregate.aggregator->reduce(groups[i].values, groups[i].count));
  value_done(&of);
  return true;
}
