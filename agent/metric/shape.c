/* The rules of both formats for histograms and summaries: see metric/shape.h.
 *
 * Text 0.0.4 asks that a bucket's le and a quantile's quantile be numbers. OpenMetrics also asks that the samples of one label set lie
 * together; that buckets rise and end in +Inf, which equals the count; that sum and count come together; that counts are whole and nothing
 * that counts is negative or NaN; and that quantiles lie between 0 and 1. */
#include "agent/metric/shape.h"

#include <math.h>
#include <string.h>

#include "agent/metric/label_text.h"
#include "base/number.h"

/* The samples of one label set so far. */
struct group {
  const char *key; /* the set without le or quantile, with its batch; in the page's arena */
  size_t length;
  bool sum, count, bucket;
  double sum_value, count_value, bucket_value, le;
};

struct check {
  struct page *page;
  const struct page_family *family;
  struct map seen; /* keys of all groups */
  struct group group;
};

static const char *edge_name(const struct check *c) {
  return c->family->type == METRIC_HISTOGRAM ? "le" : "quantile";
}

/* The number in le or quantile. Infinity has one spelling. */
static bool edge_parse(const struct label_span *l, double *ret) {
  if (!number_parse(l->value, l->value_length, ret)) return false;
  return !isinf(*ret) || (l->value_length == 4 && !memcmp(l->value, "+Inf", 4));
}

static const char *group_key(struct check *c, const struct run *r, const struct sample *s, size_t *ret_length) {
  const char *labels = section_text(r->section, s->labels);
  struct label_span l;
  size_t scope = c->page->label_target ? r->batch : 0, used = sizeof scope;
  char *key = arena_alloc(&c->page->arena, sizeof scope + s->labels_length + 1u);
  memcpy(key, &scope, sizeof scope);
  while (label_text_next(&labels, &l)) {
    if (l.name_length == strlen(edge_name(c)) && !memcmp(l.name, edge_name(c), l.name_length)) continue;
    memcpy(key + used, l.name, (size_t)(labels - l.name));
    used += (size_t)(labels - l.name);
  }
  *ret_length = used;
  return key;
}

/* What can be said of a group only when all of it is seen. */
static bool group_fits(const struct check *c) {
  const struct group *g = &c->group;
  if (!g->key || c->family->type == METRIC_SUMMARY) return true;
  bool ends = g->bucket && isinf(g->le) && g->le > 0;
  return ends && g->sum == g->count && (!g->count || g->count_value == g->bucket_value);
}

/* Begins another group where this sample has other labels than the one before. False when a group is torn or the last one is wrong. */
static bool enter_group(struct check *c, const struct run *r, const struct sample *s) {
  size_t length;
  const char *key = group_key(c, r, s, &length);
  if (c->group.key && c->group.length == length && !memcmp(c->group.key, key, length)) return true;
  if (!group_fits(c)) return false;
  c->group = (struct group){.key = key, .length = length};
  void **slot = map_slot(&c->seen, key, length);
  bool torn = *slot != NULL;
  *slot = c;
  return !torn;
}

static bool is_count(double value) {
  return value >= 0 && !isinf(value) && value == trunc(value);
}

static bool bucket_fits(struct check *c, const struct sample *s, double le) {
  struct group *g = &c->group;
  bool rises = !g->bucket || (le > g->le && s->value >= g->bucket_value);
  g->bucket = true;
  g->le = le;
  g->bucket_value = s->value;
  return rises && le >= 0 && is_count(s->value);
}

static bool sample_fits(struct check *c, const struct run *r, const struct sample *s) {
  struct group *g = &c->group;
  struct label_span l;
  double edge = 0;
  bool om = c->page->format == EXPOSITION_OPENMETRICS;
  bool has_edge = label_text_find(section_text(r->section, s->labels), edge_name(c), &l);
  bool is_edge = s->suffix == (c->family->type == METRIC_HISTOGRAM ? SUFFIX_BUCKET : SUFFIX_NONE);
  if (is_edge != has_edge || (!is_edge && s->suffix != SUFFIX_SUM && s->suffix != SUFFIX_COUNT)) return false;
  if (is_edge && !edge_parse(&l, &edge)) return false;
  if (!om) return true;
  if (!enter_group(c, r, s)) return false;
  if (s->suffix == SUFFIX_BUCKET) return bucket_fits(c, s, edge);
  if (s->suffix == SUFFIX_NONE) return edge >= 0 && edge <= 1 && !(s->value < 0);
  g->sum = g->sum || s->suffix == SUFFIX_SUM;
  if (s->suffix == SUFFIX_COUNT) {
    g->count = true;
    g->count_value = s->value;
  }
  return s->suffix == SUFFIX_SUM ? s->value >= 0 : is_count(s->value);
}

static bool all_fit(struct check *c) {
  for (const struct run *r = c->family->first; r; r = r->next)
    for (size_t i = 0; i < r->count; i++)
      if (!sample_fits(c, r, &r->samples[i])) return false;
  return group_fits(c);
}

bool shape_fits(struct page *p, const struct page_family *f) {
  struct check c = {.page = p, .family = f};
  bool fits = all_fit(&c);
  map_done(&c.seen);
  return fits;
}
