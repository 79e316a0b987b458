/* What holds between the samples of a family. OpenMetrics: the samples of one label set (a group) lie together, with or without timestamps that do not
 * run backwards, each once; and histograms, gauge histograms, summaries, counters, infos and state sets are what their types promise. Text
 * 0.0.4 by the letter: no series twice, and le and quantile are numbers. */
#include <math.h>
#include <string.h>

#include "agent/metric/parser.h"
#include "base/number.h"

enum { NAME_SHOWN = 80, KEY_MAX = 1 << 30 };

static bool is_histogram(const struct parser *p) {
  return p->sample.family->type == PARSED_HISTOGRAM || p->sample.family->type == PARSED_GAUGEHISTOGRAM;
}

/* The label that tells the samples of a group apart; NULL when there is none. */
static const char *edge_name(const struct parser *p, enum role role) {
  const struct parsed_family *f = p->sample.family;
  if (role == ROLE_BUCKET) return "le";
  if (role != ROLE_VALUE) return NULL;
  return f->type == PARSED_SUMMARY ? "quantile" : f->type == PARSED_STATESET ? f->name : NULL;
}

static const struct label *find_label(const struct parser *p, const char *name) {
  for (size_t i = 0; i < p->labels.count; i++)
    if (!strcmp(p->labels.sorted[i].name, name)) return &p->labels.sorted[i];
  return NULL;
}

/* The label set as bytes that are equal for equal sets alone, without the label `but`; empty values are as if they were absent. */
static void put_labels(struct parser *p, struct buf *out, const char *but) {
  for (size_t i = 0; i < p->labels.count; i++) {
    const struct label *l = &p->labels.sorted[i];
    if (!l->length || (but && !strcmp(l->name, but))) continue;
    buf_put(out, l->name, strlen(l->name) + 1);
    buf_put(out, &l->length, sizeof l->length);
    buf_put(out, l->value, l->length);
  }
}

/* Adds the key that is in `b` to `seen`. False when it is there already. */
static bool add_key(struct map *seen, struct arena *keys, const struct buf *b) {
  const char *key = b->data ? b->data : "";
  if (map_find(seen, key, b->length)) return false;
  *map_slot(seen, arena_copy_bytes(keys, key, b->length), b->length) = seen;
  return true;
}

static void forget(struct map *seen, struct arena *keys) {
  map_done(seen);
  arena_done(keys);
}

/* --- text 0.0.4 --- */

static bool text_edge(struct parser *p, const char *name, const char *kind) {
  double ignored;
  const struct label *l = find_label(p, name);
  if (!l || scan_number(p, l->value, l->length, &ignored)) return true;
  return parser_fail(p, p->sample_at, "the label %s of a %s is a number, not \"%.40s\"", name, kind, l->value);
}

static bool text_sample(struct parser *p) {
  struct group *g = &p->group;
  enum parsed_type type = p->sample.family->type;
  if (type == PARSED_HISTOGRAM && !text_edge(p, "le", "histogram")) return false;
  if (type == PARSED_SUMMARY && !text_edge(p, "quantile", "summary")) return false;
  buf_clear(&g->next);
  buf_put(&g->next, p->sample.name, strlen(p->sample.name) + 1);
  put_labels(p, &g->next, NULL);
  return add_key(&g->seen, &g->seen_keys, &g->next) ||
         parser_fail(p, p->sample_at, "this series stands twice on the page: name and labels are unique");
}

/* --- OpenMetrics --- */

static bool fail_group(struct parser *p, const char *text) {
  return parser_fail_line(p, p->group.line, 1, "the %s \"%.*s\", label set by label set: %s",
                          p->family->shown.type == PARSED_COUNTER ? "counter" : "histogram", NAME_SHOWN, p->family->shown.name,
                          text);
}

/* What can be said of a histogram only when all of its samples of one moment are seen. */
static bool histogram_ends(struct parser *p) {
  const struct group *g = &p->group;
  bool sum = g->roles & 1u << ROLE_SUM, count = g->roles & 1u << ROLE_COUNT, bucket = g->roles & 1u << ROLE_BUCKET;
  bool gauge = p->family->shown.type == PARSED_GAUGEHISTOGRAM;
  if (!bucket || !isinf(g->edge) || g->edge < 0) return fail_group(p, "the last bucket has le=\"+Inf\", and there must be one");
  if (count && g->count != g->bucket)
    return fail_group(p, gauge ? "_gcount is what the bucket +Inf has" : "_count is what the bucket +Inf has");
  if (sum != count) return fail_group(p, gauge ? "_gsum and _gcount come together" : "_sum and _count come together");
  if (g->negative_edge && sum && !gauge) return fail_group(p, "with negative buckets there is no _sum: it could fall");
  if (!g->negative_edge && g->negative_sum) return fail_group(p, "_gsum is not negative when no bucket is");
  return true;
}

/* The samples of one moment are seen. */
static bool moment_ends(struct parser *p) {
  struct group *g = &p->group;
  enum parsed_type type = p->family->shown.type;
  bool histogram = type == PARSED_HISTOGRAM || type == PARSED_GAUGEHISTOGRAM;
  if (histogram && !histogram_ends(p)) return false;
  g->any_roles |= g->roles;
  g->roles = 0;
  g->negative_edge = g->negative_sum = false;
  g->bucket = 0;
  forget(&g->elements, &g->element_keys);
  return true;
}

static bool group_ends(struct parser *p) {
  struct group *g = &p->group;
  if (!g->line) return true;
  if (!moment_ends(p)) return false;
  if (p->family->shown.type == PARSED_COUNTER && !(g->any_roles & 1u << ROLE_TOTAL))
    return fail_group(p, "there is always a _total");
  return true;
}

static int moment_compare(struct moment a, struct moment b) {
  if (a.seconds != b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return (a.nanoseconds > b.nanoseconds) - (a.nanoseconds < b.nanoseconds);
}

/* Another sample of the group: its timestamp against the one before. The infos of a family are told apart by their labels alone: any order will do. */
static bool next_moment(struct parser *p) {
  struct group *g = &p->group;
  if (p->sample.timed != g->timed)
    return parser_fail(p, p->sample_at, "either all samples of a label set have timestamps or none has");
  int order = g->timed ? moment_compare(p->moment, g->moment) : 0;
  if (order < 0 && p->sample.family->type != PARSED_INFO)
    return parser_fail(p, p->sample_at, "the timestamps of a label set do not run backwards");
  if (order != 0 && !moment_ends(p)) return false;
  g->moment = p->moment;
  return true;
}

/* The group of this sample: the one of the last sample, or another that begins. */
static bool enter_group(struct parser *p, const char *edge) {
  struct group *g = &p->group;
  buf_clear(&g->next);
  if (p->sample.family->type != PARSED_INFO) put_labels(p, &g->next, edge);
  if (g->line && g->next.length == g->key.length && (!g->key.length || !memcmp(g->next.data, g->key.data, g->key.length)))
    return next_moment(p);
  if (!group_ends(p)) return false;
  if (!add_key(&g->seen, &g->seen_keys, &g->next))
    return parser_fail(p, p->sample_at, "all samples of one label set lie together: others came between");
  struct buf swap = g->key;
  g->key = g->next;
  g->next = swap;
  g->line = p->line_number;
  g->timed = p->sample.timed;
  g->moment = p->moment;
  g->any_roles = 0;
  return true;
}

/* True when this moment of the group has the sample already. */
static bool is_repeated(struct parser *p, enum role role, const char *edge) {
  struct group *g = &p->group;
  if (role == ROLE_BUCKET && !g->timed) return false; /* buckets rise */
  if (!edge && role != ROLE_INFO) return g->roles & 1u << role;
  buf_clear(&g->next);
  put_labels(p, &g->next, NULL);
  return !add_key(&g->elements, &g->element_keys, &g->next);
}

static bool parse_edge(const struct label *l, double *ret) {
  if (!l || !number_parse(l->value, l->length, ret) || isnan(*ret)) return false;
  return !isinf(*ret) || *ret < 0 || (l->length == 4 && !memcmp(l->value, "+Inf", 4));
}

static bool bucket_fits(struct parser *p) {
  struct group *g = &p->group;
  double edge, value = p->sample.value;
  if (!parse_edge(find_label(p, "le"), &edge))
    return parser_fail(p, p->sample_at, "a bucket has the label le with a number; the last one is written +Inf");
  bool first = !(g->roles & 1u << ROLE_BUCKET);
  if (!first && edge <= g->edge) return parser_fail(p, p->sample_at, "the buckets of a label set stand by rising le, each once");
  if (!first && value < g->bucket) return parser_fail(p, p->value_at, "buckets are cumulative: none has less than the one before");
  g->negative_edge = g->negative_edge || edge < 0;
  g->edge = edge;
  g->bucket = value;
  return true;
}

/* What the role alone asks of the value. */
static bool value_fits(struct parser *p, enum role role) {
  double value = p->sample.value;
  bool counts = role == ROLE_TOTAL || role == ROLE_BUCKET || role == ROLE_COUNT || role == ROLE_SUM;
  bool gauge_sum = role == ROLE_SUM && p->sample.family->type == PARSED_GAUGEHISTOGRAM;
  if (counts && isnan(value)) return parser_fail(p, p->value_at, "what counts is never NaN");
  if (counts && value < 0 && !gauge_sum) return parser_fail(p, p->value_at, "what counts is never negative");
  if ((role == ROLE_BUCKET || role == ROLE_COUNT) && (isinf(value) || value != trunc(value)))
    return parser_fail(p, p->value_at, "the value of a bucket or a count is a whole number");
  if (role == ROLE_INFO && value != 1) return parser_fail(p, p->value_at, "the value of an info is 1");
  return true;
}

/* Samples that have the name of their family: quantiles and states. */
static bool edge_fits(struct parser *p, const char *edge) {
  double quantile, value = p->sample.value;
  const struct label *l = find_label(p, edge);
  if (p->sample.family->type == PARSED_SUMMARY) {
    if (!parse_edge(l, &quantile) || !(quantile >= 0 && quantile <= 1))
      return parser_fail(p, p->sample_at, "a sample with a summary's name has the label quantile with a number from 0 to 1");
    return !(value < 0) || parser_fail(p, p->value_at, "the value of a quantile is not negative");
  }
  if (!l) return parser_fail(p, p->sample_at, "a state of a state set is in the label that has the family's name");
  return value == 0 || value == 1 || parser_fail(p, p->value_at, "the value of a state is 0 or 1");
}

static bool exemplar_fits(struct parser *p, enum role role) {
  if (!p->exemplar_at || role == ROLE_TOTAL || (role == ROLE_BUCKET && is_histogram(p))) return true;
  return parser_fail(p, p->exemplar_at, "only a counter's _total and the buckets of histograms have exemplars");
}

static bool openmetrics_sample(struct parser *p, enum role role) {
  struct group *g = &p->group;
  const char *edge = edge_name(p, role);
  if (!exemplar_fits(p, role) || !value_fits(p, role) || !enter_group(p, edge)) return false;
  if (edge && role != ROLE_BUCKET && !edge_fits(p, edge)) return false;
  bool again = is_repeated(p, role, edge);
  if (again && !g->timed)
    return parser_fail(p, p->sample_at, "this series stands twice on the page without timestamps that tell the two apart");
  if (again) return true;
  if (role == ROLE_BUCKET && !bucket_fits(p)) return false;
  if (role == ROLE_COUNT) g->count = p->sample.value;
  if (role == ROLE_SUM) g->negative_sum = p->sample.value < 0;
  g->roles |= 1u << role;
  return true;
}

bool rules_sample(struct parser *p, enum role role) {
  struct group *g = &p->group;
  if (!p->strict) return true;
  if (!g->key.max) buf_init(&g->key, KEY_MAX), buf_init(&g->next, KEY_MAX);
  return p->format == EXPOSITION_TEXT ? text_sample(p) : openmetrics_sample(p, role);
}

bool rules_family_ends(struct parser *p) {
  struct group *g = &p->group;
  if (!p->strict) return true;
  bool good = p->format == EXPOSITION_TEXT || group_ends(p);
  forget(&g->seen, &g->seen_keys);
  forget(&g->elements, &g->element_keys);
  g->line = 0;
  return good;
}

void rules_done(struct parser *p) {
  struct group *g = &p->group;
  forget(&g->seen, &g->seen_keys);
  forget(&g->elements, &g->element_keys);
  buf_done(&g->key);
  buf_done(&g->next);
}
