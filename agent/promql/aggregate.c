/* Aggregation: elements fall into groups by the labels that stay. Most aggregators make one number of each group, which are rows; topk and bottomk let some
 * elements of it through, and count_values makes a group of each value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/promql/eval.h"
#include "agent/promql/keys.h"
#include "agent/promql/statistics.h"
#include "base/number.h"
#include "base/text.h"

/* Rows */

static double sum_of(double *values, size_t count, double parameter) {
  struct sum s = {values[0], 0};
  (void)parameter;
  for (size_t i = 1; i < count; i++) sum_add(&s, values[i]);
  return sum_value(&s);
}

static double avg_of(double *values, size_t count, double parameter) {
  struct mean m = {0};
  (void)parameter;
  for (size_t i = 0; i < count; i++) mean_add(&m, values[i]);
  return mean_value(&m);
}

static double count_of(double *values, size_t count, double parameter) {
  (void)values, (void)parameter;
  return (double)count;
}

static double group_of(double *values, size_t count, double parameter) {
  (void)values, (void)count, (void)parameter;
  return 1;
}

static double min_of(double *values, size_t count, double parameter) {
  double least = values[0];
  (void)parameter;
  for (size_t i = 1; i < count; i++)
    if (values[i] < least || isnan(least)) least = values[i];
  return least;
}

static double max_of(double *values, size_t count, double parameter) {
  double most = values[0];
  (void)parameter;
  for (size_t i = 1; i < count; i++)
    if (values[i] > most || isnan(most)) most = values[i];
  return most;
}

static double stdvar_of(double *values, size_t count, double parameter) {
  struct variance v = {0};
  (void)parameter;
  for (size_t i = 0; i < count; i++) variance_add(&v, values[i]);
  return variance_value(&v);
}

static double stddev_of(double *values, size_t count, double parameter) {
  return sqrt(stdvar_of(values, count, parameter));
}

static double share_of(double *values, size_t count, double parameter) {
  return quantile_of(parameter, values, count);
}

/* Groups */

struct group {
  size_t *elements;
  size_t count;
  bool unnamed;
};
struct groups {
  const struct value *of;
  const struct keys *keys;
  size_t *key_of;       /* of each element */
  struct group *by_key; /* those of other steps are empty */
  size_t *order;        /* the keys, as they first appeared */
  size_t count;
};

static struct keys *keys_of(struct eval *ev, const struct expr *e) {
  bool new;
  struct keys *k = eval_node(ev, e, sizeof *k, &new);
  if (new) keys_init(k, ev->lasting, labels_grouped, &e->aggregate.grouping);
  return k;
}

static void group_elements(struct eval *ev, struct keys *k, const struct value *of, struct groups *ret) {
  *ret = (struct groups){.of = of, .keys = k, .key_of = arena_alloc(ev->arena, of->count * sizeof(size_t))};
  for (size_t i = 0; i < of->count; i++) {
    size_t source = keys_source(k, of->elements[i].labels);
    ret->key_of[i] = k->key_of[source];
  }
  ret->by_key = arena_alloc(ev->arena, k->keys->count * sizeof *ret->by_key);
  ret->order = arena_alloc(ev->arena, of->count * sizeof *ret->order);
  for (size_t i = 0; i < of->count; i++) {
    struct group *g = &ret->by_key[ret->key_of[i]];
    if (!g->count++) ret->order[ret->count++] = ret->key_of[i];
    g->unnamed |= of->unnamed[i];
  }
  for (size_t i = 0; i < ret->count; i++) {
    struct group *g = &ret->by_key[ret->order[i]];
    g->elements = arena_alloc(ev->arena, g->count * sizeof *g->elements);
    g->count = 0;
  }
  for (size_t i = 0; i < of->count; i++) {
    struct group *g = &ret->by_key[ret->key_of[i]];
    g->elements[g->count++] = i;
  }
}

static void reduce(struct eval *ev, const struct aggregator *a, const struct groups *g, double parameter, struct value *ret) {
  double *values = arena_alloc(ev->arena, g->of->count * sizeof *values);
  *ret = eval_vector(ev, g->count);
  for (size_t i = 0; i < g->count; i++) {
    const struct group *group = &g->by_key[g->order[i]];
    for (size_t k = 0; k < group->count; k++) values[k] = g->of->elements[group->elements[k]].value;
    struct labels *labels = labels_ref(g->keys->keys->sets[g->order[i]]);
    value_add(ret, labels, a->reduce(values, group->count, parameter), group->unnamed);
  }
}

/* topk, bottomk */

struct ranked {
  double key; /* the value, or its negative: the least comes first */
  size_t element;
};

static int by_rank(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  int order = isnan(x->key) || isnan(y->key) ? isnan(x->key) - isnan(y->key) : (x->key > y->key) - (x->key < y->key);
  return order ? order : (x->element > y->element) - (x->element < y->element);
}

static bool check_count(struct eval *ev, double k) {
  static const double most = 9223372036854775808.0; /* 2^63 */
  if (isnan(k)) return fail(ev->fail, FAIL_CONFIG, "Parameter value is NaN");
  return k < most || fail(ev->fail, FAIL_CONFIG, "Scalar value %g overflows int64", k);
}

static void pick(struct eval *ev, const struct aggregator *a, const struct groups *g, double k, struct value *ret) {
  const struct value *of = g->of;
  struct ranked *all = arena_alloc(ev->arena, of->count * sizeof *all);
  *ret = eval_vector(ev, of->count);
  for (size_t i = 0; i < g->count && k >= 1; i++) {
    const struct group *group = &g->by_key[g->order[i]];
    for (size_t m = 0; m < group->count; m++) {
      double value = of->elements[group->elements[m]].value;
      all[m] = (struct ranked){a->picks == PICK_LARGEST ? -value : value, group->elements[m]};
    }
    qsort(all, group->count, sizeof *all, by_rank);
    for (size_t m = 0; m < group->count && (double)m < floor(k); m++) {
      const struct element *x = &of->elements[all[m].element];
      value_add(ret, labels_ref(x->labels), x->value, of->unnamed[all[m].element]);
    }
  }
}

/* count_values */

/* Without an exponent, however long that is. */
static void write_plainly(struct buf *out, double value) {
  char number[NUMBER_SIZE];
  number_format(value, number);
  if (value == 0 && signbit(value)) buf_putc(out, '-');
  const char *exponent = strchr(number, 'e'), *p = number;
  if (!exponent) {
    buf_puts(out, number);
    return;
  }
  long point = strtol(exponent + 1, NULL, 10); /* how many digits stand before it, once the first is counted */
  if (*p == '-') buf_putc(out, *p++);
  for (long i = point; i < 0; i++) buf_puts(out, i == point ? "0." : "0");
  for (; p < exponent; p++) {
    if (*p == '.') continue;
    buf_putc(out, *p);
    if (point-- == 0 && p + 1 < exponent) buf_putc(out, '.');
  }
  for (; point >= 0; point--) buf_putc(out, '0');
}

static struct labels *with_label(const struct labels *l, const char *name, const char *value) {
  struct label_pair pairs[l->count + 1];
  memcpy(pairs, l->pairs, l->count * sizeof *pairs);
  pairs[l->count] = (struct label_pair){name, value};
  return labels_new(pairs, l->count + 1);
}

/* The elements, each with its value as a label. */
static struct value with_values(struct eval *ev, const struct value *of, const char *name) {
  struct value labelled = eval_vector(ev, of->count);
  SCOPED(buf_done) struct buf text;
  buf_init(&text, 1000);
  for (size_t i = 0; i < of->count; i++) {
    buf_clear(&text);
    write_plainly(&text, of->elements[i].value);
    value_add(&labelled, with_label(of->elements[i].labels, name, text.data), 1, of->unnamed[i]);
  }
  return labelled;
}

/* A string that is no text is shown as it would be written. */
static bool fail_label(struct eval *ev, const char *name) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, 300);
  for (const char *p = name; *p; p++) buf_printf(&shown, (unsigned char)*p < 0x80 ? "%c" : "\\x%02x", (unsigned char)*p);
  return fail(ev->fail, FAIL_CONFIG, "invalid label name \"%s\"", shown.length ? shown.data : "");
}

/* Its labels are another set for each value, so they last for the step alone. */
static bool count_values(struct eval *ev, const struct expr *e, const char *name, const struct value *of, struct value *ret) {
  if (!*name || !text_is_clean(name, strlen(name))) return fail_label(ev, name);
  struct grouping grouping = e->aggregate.grouping;
  const char **names = arena_alloc(ev->arena, (grouping.count + 1) * sizeof *names);
  for (size_t i = 0; i < grouping.count; i++) names[i] = grouping.names[i];
  if (grouping.only) names[grouping.count++] = name;
  grouping.names = names;
  struct keys keys;
  struct groups groups;
  struct value labelled = with_values(ev, of, name);
  keys_init(&keys, ev->arena, labels_grouped, &grouping);
  group_elements(ev, &keys, &labelled, &groups);
  reduce(ev, e->aggregate.aggregator, &groups, 0, ret);
  value_done(&labelled);
  return true;
}

static const struct aggregator aggregators[] = {
    {.name = "sum", .reduce = sum_of},
    {.name = "avg", .reduce = avg_of},
    {.name = "min", .reduce = min_of},
    {.name = "max", .reduce = max_of},
    {.name = "count", .reduce = count_of},
    {.name = "group", .reduce = group_of},
    {.name = "stddev", .reduce = stddev_of},
    {.name = "stdvar", .reduce = stdvar_of},
    {.name = "quantile", .parameter = PARAMETER_NUMBER, .reduce = share_of},
    {.name = "topk", .parameter = PARAMETER_NUMBER, .picks = PICK_LARGEST},
    {.name = "bottomk", .parameter = PARAMETER_NUMBER, .picks = PICK_SMALLEST},
    {.name = "count_values", .parameter = PARAMETER_LABEL, .reduce = count_of},
};

const struct aggregator *aggregator_find(const char *name, size_t length) {
  for (size_t i = 0; i < COUNTOF(aggregators); i++)
    if (strlen(aggregators[i].name) == length && !strncasecmp(aggregators[i].name, name, length)) return &aggregators[i];
  return NULL;
}

static bool aggregate(struct eval *ev, const struct expr *e, const struct value *parameter, const struct value *of,
                      struct value *ret) {
  const struct aggregator *a = e->aggregate.aggregator;
  struct groups groups;
  if (!eval_goes_on(ev, of->count)) return false;
  if (a->parameter == PARAMETER_LABEL) return count_values(ev, e, parameter->string, of, ret);
  if (a->picks && !check_count(ev, parameter->scalar)) return false;
  group_elements(ev, keys_of(ev, e), of, &groups);
  if (a->picks)
    pick(ev, a, &groups, parameter->scalar, ret);
  else
    reduce(ev, a, &groups, parameter->scalar, ret);
  return true;
}

bool eval_aggregate(struct eval *ev, const struct expr *e, struct value *ret) {
  const struct expr *with = e->aggregate.parameter;
  struct value parameter = {.string = ""}, of;
  if (with && !eval_expr(ev, with, &parameter)) return false;
  if (e->aggregate.aggregator->reduce == share_of) warn_of_share(ev, with, parameter.scalar);
  if (!eval_expr(ev, e->aggregate.of, &of)) return false;
  bool ok = aggregate(ev, e, &parameter, &of, ret);
  value_done(&of);
  return ok;
}
