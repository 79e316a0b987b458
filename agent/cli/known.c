/* What is known of metrics, for the lint: every row of every catalogue by the names of its series, with the part that brings it and how often. A metric that is
 * in none of them is looked for in the history of a running agent: what a scrape brought has a name and labels there. */
#include "agent/cli/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/evaluator.h"
#include "base/map.h"
#include "base/mem.h"
#include "collectors/collector.h"
#include "config/suggest.h"
#include "history/keep.h"
#include "notify/notify.h"
#include "poll/self.h"

enum { NAMES_MAX = 8192, SLIP_MAX = 3 /* letters */ };

struct known {
  struct arena arena;
  struct config *defaults; /* when no configuration is given */
  const struct config *config;
  struct history *history;
  struct map metrics; /* struct metric_facts by the name of their series */
  const char *names[NAMES_MAX];
  size_t name_count;
  const struct kind *kind; /* whose catalogue is read; NULL: the agent's own */
};

/* What only a running server can name. */
static const struct { const char *prefix, *part; } patterns[] = {{"pg_settings_", "settings"}};

/* How often a part brings something new: the slowest of the targets that have it. */
static msec_t cadence(const struct known *k, const struct kind *kind, const char *name) {
  size_t part = 0;
  while (kind && part < kind->part_count && strcmp(kind->parts[part].name, name) != 0) part++;
  if (!kind || part == kind->part_count) return k->config->poll_interval;
  msec_t slowest = 0;
  for (size_t i = 0; i < k->config->target_count; i++) {
    const struct target_config *t = &k->config->targets[i];
    if (t->kind == kind && t->parts[part].on) slowest = MAX(slowest, MAX(t->every, t->parts[part].every));
  }
  return slowest ? slowest : MAX(k->config->poll_interval, kind->parts[part].every);
}

static struct metric_facts facts_of(struct known *k, const struct kind *kind, const char *part) {
  return (struct metric_facts){.every = cadence(k, kind, part),
                               .part = *part ? arena_printf(&k->arena, "the part %s", part) : "its target"};
}

static void add(struct known *k, const char *name, const struct metric_facts *facts) {
  struct metric_facts **slot = (struct metric_facts **)map_slot(&k->metrics, name, strlen(name));
  if (*slot) return;
  *slot = arena_alloc(&k->arena, sizeof **slot);
  **slot = *facts;
  if (k->name_count < COUNTOF(k->names)) k->names[k->name_count++] = name;
}

/* A histogram or summary is several names. */
static void add_family(const struct family *family, const char *part, void *arg) {
  struct known *k = arg;
  struct metric_facts facts = facts_of(k, k->kind, part ? part : "");
  bool has_buckets = family->type == METRIC_HISTOGRAM, is_several = has_buckets || family->type == METRIC_SUMMARY;
  facts.labels = label_set_of_family(family->labels, &k->arena);
  facts.type = is_several ? METRIC_COUNTER : family->type;
  if (!is_several) {
    add(k, family->name, &facts);
    return;
  }
  for (enum suffix s = SUFFIX_SUM; s <= SUFFIX_COUNT; s++)
    add(k, arena_printf(&k->arena, "%s%s", family->name, suffix_text(s)), &facts);
  facts.labels = label_set_of_family(family->labels, &k->arena);
  label_set_put(&facts.labels, has_buckets ? "le" : "quantile", LABEL_ALWAYS, &k->arena);
  facts.type = has_buckets ? METRIC_COUNTER : METRIC_GAUGE;
  add(k, has_buckets ? arena_printf(&k->arena, "%s_bucket", family->name) : family->name, &facts);
}

void own_catalogue(family_fn *each, void *arg) {
  agent_catalogue(each, arg);
  history_catalogue(each, arg);
  evaluator_catalogue(each, arg);
  notifier_catalogue(each, arg);
}

/* What the agent makes beside its targets' sections. */
static void add_made(struct known *k) {
  struct metric_facts up = {METRIC_GAUGE, label_set_of_family(NULL, &k->arena), k->config->poll_interval, "every target"};
  struct metric_facts alerts = {.labels = {.open = true}, .every = k->config->poll_interval};
  add(k, "up", &up);
  add(k, "ALERTS", &alerts);
  add(k, "ALERTS_FOR_STATE", &alerts);
}

struct known *known_new(const struct config *config, struct history *history) {
  struct known *k = mem_zero(sizeof *k);
  arena_init(&k->arena);
  if (!config) k->defaults = config_new();
  k->config = config ? config : k->defaults;
  k->history = history;
  for (size_t i = 0; collectors[i]; i++) {
    k->kind = &collectors[i]->kind;
    collectors[i]->catalogue(add_family, k);
  }
  k->kind = NULL;
  own_catalogue(add_family, k);
  add_made(k);
  return k;
}

void known_free(struct known *k) {
  if (!k) return;
  map_done(&k->metrics);
  config_unref(k->defaults);
  arena_done(&k->arena);
  free(k);
}

/* Finding */

/* The kind that has a part of this name: patterns are few, and their parts' names are one kind's own. */
static const struct kind *kind_with(const char *part) {
  for (size_t i = 0; collectors[i]; i++)
    for (size_t p = 0; p < collectors[i]->kind.part_count; p++)
      if (!strcmp(collectors[i]->kind.parts[p].name, part)) return &collectors[i]->kind;
  return NULL;
}

static bool find_pattern(struct known *k, const char *metric, struct metric_facts *ret) {
  for (size_t i = 0; i < COUNTOF(patterns); i++) {
    if (strncmp(metric, patterns[i].prefix, strlen(patterns[i].prefix)) != 0) continue;
    *ret = facts_of(k, kind_with(patterns[i].part), patterns[i].part);
    ret->type = METRIC_GAUGE;
    ret->labels = label_set_of_family(NULL, &k->arena);
    return true;
  }
  return false;
}

/* The labels of all series of the name: always there is what each has. */
static struct label_set common_labels(struct known *k, struct labels **sets, size_t count) {
  struct label_set s = {0};
  for (size_t i = 0; i < count; i++)
    for (size_t p = 0; p < sets[i]->count; p++) {
      const char *name = sets[i]->pairs[p].name;
      if (strcmp(name, "__name__") != 0 && label_set_get(&s, name) == LABEL_NEVER)
        label_set_put(&s, arena_copy(&k->arena, name), LABEL_ALWAYS, &k->arena);
    }
  for (size_t n = 0; n < s.count; n++)
    for (size_t i = 0; i < count; i++)
      if (!*labels_get(sets[i], s.items[n].name)) s.items[n].presence = LABEL_MAYBE;
  return s;
}

static bool find_seen(struct known *k, const char *metric, struct metric_facts *ret) {
  struct matcher named = {.op = MATCH_EQUAL, .name = "__name__", .value = metric};
  SCOPED(arena_done) struct arena scratch; /* every selector of every rule is looked up */
  struct labels **sets;
  size_t count;
  msec_t now = clock_now();
  arena_init(&scratch);
  if (!k->history || !history_series(k->history, &named, 1, now - PROMQL_LOOKBACK, now, &scratch, &sets, &count, NULL))
    return false;
  *ret = (struct metric_facts){.labels = common_labels(k, sets, count)};
  for (size_t i = 0; i < count; i++) labels_unref(sets[i]);
  return count;
}

/* An exporter that is scraped may show names of ours with labels of its own. */
static void add_seen(struct known *k, const char *metric, struct metric_facts *facts) {
  struct metric_facts seen;
  if (!find_seen(k, metric, &seen)) return;
  facts->labels = label_set_copy(&facts->labels, &k->arena);
  for (size_t i = 0; i < seen.labels.count; i++)
    if (label_set_get(&facts->labels, seen.labels.items[i].name) == LABEL_NEVER)
      label_set_put(&facts->labels, seen.labels.items[i].name, LABEL_MAYBE, &k->arena);
}

static bool find(void *context, const char *metric, struct metric_facts *ret) {
  struct known *k = context;
  const struct metric_facts *known = map_find(&k->metrics, metric, strlen(metric));
  if (known) *ret = *known;
  if (!known && !find_pattern(k, metric, ret)) return find_seen(k, metric, ret);
  add_seen(k, metric, ret);
  return true;
}

/* A slip is in one place, or an ending that is missing; what differs in two is another metric. */
static bool is_slip(const char *a, const char *b) {
  size_t a_left = strlen(a), b_left = strlen(b), same = 0;
  while (a[same] && a[same] == b[same]) same++;
  if (!a[same] || !b[same]) return true;
  for (; a_left > same && b_left > same && a[a_left - 1] == b[b_left - 1]; a_left--) b_left--;
  return MAX(a_left, b_left) - same <= SLIP_MAX;
}

static const char *similar(void *context, const char *metric) {
  const struct known *k = context;
  const char *other = suggest(metric, k->names, k->name_count);
  return other && is_slip(metric, other) ? other : NULL;
}

void known_lint(struct known *k, const struct rule_set *rules, void (*each)(const struct rule_finding *found, void *arg),
                void *arg) {
  struct lint_knowledge knowledge = {k, find, similar};
  rules_lint(rules, &knowledge, k->config->poll_interval, each, arg);
}

struct printing {
  enum lint_severity least;
  size_t warnings;
};

static void print(const struct rule_finding *f, void *arg) {
  struct printing *p = arg;
  p->warnings += f->severity == LINT_WARNING;
  if (f->severity >= p->least)
    printf("%s:%u:%u: %s: %s: %s\n", f->file, f->line, f->column, lint_severity_name(f->severity), f->rule, f->text);
}

size_t known_lint_print(struct known *k, const struct rule_set *rules, enum lint_severity least) {
  struct printing p = {.least = least};
  known_lint(k, rules, print, &p);
  return p.warnings;
}
