/* histogram_quantile and histogram_fraction on classic histograms: series that differ in nothing but the label le, each counting what was not above it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/promql/eval.h"
#include "agent/promql/functions.h"
#include "agent/promql/keys.h"
#include "base/number.h"

/* So many of a count may be lost in sums of rates: no step down, and none up. */
static const double insignificant = 1e-12;

struct bucket {
  double upper, count;
};
struct histogram {
  struct bucket *buckets;
  size_t count, capacity;
};

/* Buckets of a histogram */

static int by_upper(const void *a, const void *b) {
  double x = ((const struct bucket *)a)->upper, y = ((const struct bucket *)b)->upper;
  return (x > y) - (x < y);
}

/* Sorts, and makes one of those with the same bound (1 and 1.0). False when the last is not +Inf: then nobody knows how many there are. */
static bool in_order(struct histogram *h) {
  size_t last = 0;
  qsort(h->buckets, h->count, sizeof *h->buckets, by_upper);
  for (size_t i = 1; i < h->count; i++)
    if (h->buckets[i].upper == h->buckets[last].upper)
      h->buckets[last].count += h->buckets[i].count;
    else
      h->buckets[++last] = h->buckets[i];
  h->count = last + 1;
  return h->buckets[last].upper == INFINITY;
}

static bool nearly_equal(double a, double b) {
  static const double least_normal = 2.2250738585072014e-308;
  double sum = fabs(a) + fabs(b), away = fabs(a - b);
  if (a == b) return true;
  if (a == 0 || b == 0 || sum < least_normal) return away < insignificant * least_normal;
  return away / fmin(sum, 1.7976931348623157e308) < insignificant;
}

/* Where counts went down and were held up. */
struct repair {
  double lowest, highest; /* bounds of such buckets */
  double most;            /* by how much; 0: nowhere */
};
static const struct repair no_repair = {INFINITY, -INFINITY, 0};

/* Buckets are scraped and summed one by one, so that a count may be less than that below it. */
static void hold_up(struct histogram *h, struct repair *ret) {
  double before = h->buckets[0].count;
  for (size_t i = 1; i < h->count; i++) {
    struct bucket *b = &h->buckets[i];
    bool same = nearly_equal(before, b->count), less = !same && b->count < before;
    if (less) *ret = (struct repair){fmin(ret->lowest, b->upper), fmax(ret->highest, b->upper), fmax(ret->most, before - b->count)};
    if (same || less)
      b->count = before;
    else
      before = b->count;
  }
}

/* The value at `rank` of all, as if those of a bucket lay evenly in it; the lowest bucket begins at 0 when it is above. */
static double at_rank(const struct histogram *h, double rank) {
  size_t i = 0, last = h->count - 1;
  while (i < last && !(h->buckets[i].count >= rank)) i++;
  const struct bucket *b = &h->buckets[i];
  if (i == last) return h->buckets[last - 1].upper;
  if (i == 0 && b->upper <= 0) return b->upper;
  double lower = i ? b[-1].upper : 0, below = i ? b[-1].count : 0;
  return lower + (b->upper - lower) * ((rank - below) / (b->count - below));
}

/* How many are not above `x`. */
static double rank_of(const struct histogram *h, double x) {
  double lower = h->buckets[0].upper <= 0 ? -INFINITY : 0, below = 0, total = h->buckets[h->count - 1].count;
  size_t i = 0;
  for (; i < h->count && lower < x && !(h->buckets[i].upper > x); i++) {
    lower = h->buckets[i].upper;
    below = h->buckets[i].count;
  }
  const struct bucket *b = &h->buckets[i];
  double rank = below;
  if (i == h->count) return total;
  if (lower < x) rank = isinf(lower) ? b->count : below + (b->count - below) * (x - lower) / (b->upper - lower);
  return rank > total ? total : rank;
}

static double fraction(struct histogram *h, double from, double to) {
  if (!in_order(h)) return NAN;
  double total = h->buckets[h->count - 1].count;
  if (total == 0 || isnan(from) || isnan(to)) return NAN;
  return from >= to ? 0 : (rank_of(h, to) - rank_of(h, from)) / total;
}

/* Histograms of a vector */

/* What lasts from step to step. */
struct lasting {
  struct keys keys; /* the labels without le */
  struct repaired *repaired;
};

static struct labels *without_le(struct labels *l, const struct grouping *none) {
  struct label_pair pairs[l->count + 1];
  size_t count = 0;
  (void)none;
  for (size_t i = 0; i < l->count; i++)
    if (strcmp(l->pairs[i].name, "le") != 0) pairs[count++] = l->pairs[i];
  return labels_new(pairs, count);
}

static struct lasting *lasting_of(struct eval *ev, const struct expr *e) {
  bool new;
  struct lasting *l = eval_node(ev, e, sizeof *l, &new);
  if (new) keys_init(&l->keys, ev->lasting, without_le, NULL);
  return l;
}

static void warn_of_bucket(struct eval *ev, const struct expr *of, const struct labels *l) {
  const char *name = labels_get(l, "__name__");
  eval_annotate(ev, of, true, "bucket label \"le\" is missing or has a malformed value of \"%s\"%s%s%s", labels_get(l, "le"),
                *name ? " for metric name \"" : "", name, *name ? "\"" : "");
}

static void add_bucket(struct arena *a, struct histogram *h, struct bucket b) {
  if (h->count == h->capacity) {
    h->capacity = h->capacity ? h->capacity * 2 : 16;
    struct bucket *more = arena_alloc(a, h->capacity * sizeof b);
    if (h->count) memcpy(more, h->buckets, h->count * sizeof b);
    h->buckets = more;
  }
  h->buckets[h->count++] = b;
}

/* The histograms of a vector's elements, by the number of their labels; those with no bucket at this step are empty. */
static struct histogram *gather(struct eval *ev, const struct expr *of, const struct value *v, struct keys *keys) {
  size_t *number_of = arena_alloc(ev->arena, v->count * sizeof *number_of);
  for (size_t i = 0; i < v->count; i++) {
    size_t source = keys_source(keys, v->elements[i].labels);
    number_of[i] = keys->key_of[source];
  }
  struct histogram *all = arena_alloc(ev->arena, keys->keys->count * sizeof *all);
  for (size_t i = 0; i < v->count; i++) {
    const struct labels *l = v->elements[i].labels;
    const char *le = labels_get(l, "le");
    double upper;
    if (number_parse(le, strlen(le), &upper) && !isnan(upper))
      add_bucket(ev->arena, &all[number_of[i]], (struct bucket){upper, v->elements[i].value});
    else
      warn_of_bucket(ev, of, l);
  }
  return all;
}

/* Adds what a histogram gives; the metric's name goes. */
static void add(struct value *ret, const struct keys *keys, size_t number, double value) {
  value_add(ret, labels_ref(keys->keys->sets[number]), value, true);
}

/* histogram_quantile */

enum { NAME_BYTES_MAX = 400, TOLD_BYTES_MAX = 1000 };

/* What was held up of a metric at all steps, and how it is told. */
struct repaired {
  const char *name;
  struct repair worst;
  size_t count;
  double from, to; /* when */
  struct repaired *next;
  char told[TOLD_BYTES_MAX];
};

static void write_time(double wall, char *out, size_t size) {
  time_t t = (time_t)wall;
  struct tm broken_down;
  *out = 0;
  if (gmtime_r(&t, &broken_down)) strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &broken_down);
}

static void write_repaired(struct repaired *r) {
  char lowest[NUMBER_SIZE], highest[NUMBER_SIZE], from[32], to[32];
  bool named = *r->name && strlen(r->name) <= NAME_BYTES_MAX;
  number_format(r->worst.lowest, lowest);
  number_format(r->worst.highest, highest);
  write_time(r->from, from, sizeof from);
  write_time(r->to, to, sizeof to);
  snprintf(r->told, sizeof r->told,
           "input to histogram_quantile needed to be fixed for monotonicity (see "
           "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)%s%s%s, from buckets %s to %s, "
           "with a max "
           "diff of %.2g, over %zu samples from %s to %s",
           named ? " for metric name \"" : "", named ? r->name : "", named ? "\"" : "", lowest, highest, r->worst.most, r->count,
           from, to);
}

static struct repaired *repaired_of(struct eval *ev, struct lasting *l, const char *name, bool *ret_new) {
  struct repaired *r = l->repaired;
  while (r && strcmp(r->name, name) != 0) r = r->next;
  *ret_new = !r;
  if (r) return r;
  r = arena_alloc(ev->lasting, sizeof *r);
  *r = (struct repaired){.name = name, .worst = no_repair, .from = eval_wall(ev, ev->at), .next = l->repaired};
  return l->repaired = r;
}

/* One annotation for each metric: it grows worse, and does not become many. */
static void tell(struct eval *ev, const struct expr *of, struct lasting *l, const char *name, const struct repair *repair) {
  bool new;
  struct repaired *r = repaired_of(ev, l, name, &new);
  r->worst.lowest = fmin(r->worst.lowest, repair->lowest);
  r->worst.highest = fmax(r->worst.highest, repair->highest);
  r->worst.most = fmax(r->worst.most, repair->most);
  r->count++;
  r->to = eval_wall(ev, ev->at);
  write_repaired(r);
  struct annotation *a = new ? eval_annotate(ev, of, false, "%s", r->told) : NULL;
  if (a) a->text = r->told;
}

static double quantile(double q, struct histogram *h, struct repair *ret) {
  *ret = no_repair;
  if (isnan(q)) return NAN;
  if (q < 0) return -INFINITY;
  if (q > 1) return INFINITY;
  if (!in_order(h)) return NAN;
  hold_up(h, ret);
  double total = h->buckets[h->count - 1].count;
  return h->count < 2 || total == 0 ? NAN : at_rank(h, q * total);
}

static bool histogram_quantile(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  struct lasting *lasting = lasting_of(ev, e);
  const struct expr *of = e->call.args[1];
  struct histogram *all = gather(ev, of, &args[1], &lasting->keys);
  struct repair repair;
  warn_of_share(ev, e->call.args[0], args[0].scalar);
  *ret = eval_vector(ev, lasting->keys.keys->count);
  for (size_t i = 0; i < lasting->keys.keys->count; i++) {
    if (!all[i].count) continue;
    add(ret, &lasting->keys, i, quantile(args[0].scalar, &all[i], &repair));
    if (repair.most > 0) tell(ev, of, lasting, labels_get(lasting->keys.keys->sets[i], "__name__"), &repair);
  }
  return true;
}

static bool histogram_fraction(struct eval *ev, const struct expr *e, struct value *args, struct value *ret) {
  struct lasting *lasting = lasting_of(ev, e);
  struct histogram *all = gather(ev, e->call.args[2], &args[2], &lasting->keys);
  *ret = eval_vector(ev, lasting->keys.keys->count);
  for (size_t i = 0; i < lasting->keys.keys->count; i++)
    if (all[i].count) add(ret, &lasting->keys, i, fraction(&all[i], args[0].scalar, args[1].scalar));
  return true;
}

static const struct function rows[] = {
    {.name = "histogram_quantile",
     .result = VALUE_VECTOR,
     .args = {VALUE_SCALAR, VALUE_VECTOR},
     .arg_count = 2,
     .whole = histogram_quantile},
    {.name = "histogram_fraction",
     .result = VALUE_VECTOR,
     .args = {VALUE_SCALAR, VALUE_SCALAR, VALUE_VECTOR},
     .arg_count = 3,
     .whole = histogram_fraction},
};
const struct functions histogram_functions = FUNCTIONS(rows);
