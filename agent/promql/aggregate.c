/* Aggregation: elements fall into groups by the labels that stay, and each group becomes one number. An aggregator is a row. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "agent/promql/eval.h"
#include "agent/promql/keys.h"
#include "agent/promql/sum.h"
#include "base/map.h"

static double sum_of_parts(const double *values, size_t count, double parts) {
  struct sum s = {0, 0};
  for (size_t i = 0; i < count; i++) sum_add(&s, values[i] / parts);
  return sum_value(&s);
}

static double sum_of(const double *values, size_t count) {
  return sum_of_parts(values, count, 1);
}

static double avg_of(const double *values, size_t count) {
  double sum = sum_of(values, count);
  return isinf(sum) ? sum_of_parts(values, count, (double)count) : sum / (double)count; /* a sum may overflow, a mean does not */
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
  bool unnamed;
};
struct groups {
  struct group *items;
  size_t count;
  size_t *of; /* the group of each element */
};

/* Groups in the order in which they first appear. */
static void group_elements(struct eval *ev, const struct value *v, const struct grouping *g, struct groups *ret) {
  struct map known = {0};
  ret->items = arena_alloc(ev->arena, v->count * sizeof *ret->items);
  ret->of = arena_alloc(ev->arena, v->count * sizeof *ret->of);
  ret->count = 0;
  for (size_t i = 0; i < v->count; i++) {
    size_t length;
    struct labels *kept = labels_grouped(v->elements[i].labels, g);
    const char *key = labels_key(kept, &length);
    struct group *group = map_find(&known, key, length);
    if (group) {
      labels_unref(kept);
    } else {
      *map_slot(&known, key, length) = group = &ret->items[ret->count++];
      group->labels = kept;
    }
    group->count++;
    group->unnamed |= v->unnamed[i];
    ret->of[i] = (size_t)(group - ret->items);
  }
  map_done(&known);
}

static void collect_values(struct eval *ev, const struct value *v, struct groups *groups) {
  for (size_t i = 0; i < groups->count; i++) {
    groups->items[i].values = arena_alloc(ev->arena, groups->items[i].count * sizeof(double));
    groups->items[i].count = 0;
  }
  for (size_t i = 0; i < v->count; i++) {
    struct group *g = &groups->items[groups->of[i]];
    g->values[g->count++] = v->elements[i].value;
  }
}

bool eval_aggregate(struct eval *ev, const struct expr *e, struct value *ret) {
  struct value of;
  struct groups groups;
  if (!eval_expr(ev, e->aggregate.of, &of)) return false;
  group_elements(ev, &of, &e->aggregate.grouping, &groups);
  collect_values(ev, &of, &groups);
  value_done(&of);
  *ret = eval_vector(ev, groups.count);
  for (size_t i = 0; i < groups.count; i++) {
    const struct group *g = &groups.items[i];
    value_add(ret, g->labels, e->aggregate.aggregator->reduce(g->values, g->count), g->unnamed);
  }
  return true;
}
