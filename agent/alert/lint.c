/* The lint of rules: see alert/lint.h. What a rule records is known from its own expression, wherever in the files it stands. */
#include "alert/lint.h"

#include <string.h>

#include "base/map.h"
#include "config/tree.h"

enum { CHAIN_MAX = 50 }; /* of rules that record what other rules record; beyond, labels are not known */

/* A name under which rules record. */
struct recorded {
  const struct rule_group *group;
  const struct rule *rule;
  bool several; /* rules, and their labels may differ … */
  bool busy;    /* … or it records itself: nothing is known of the labels */
  bool done;
  struct label_set labels;
};
struct rules_lint {
  const struct lint_knowledge *outer;
  struct lint_knowledge known; /* with what is recorded */
  msec_t poll_interval;
  struct map recorded;
  int chain; /* how many of them are being inferred */
  struct arena arena;
  const struct rule_group *group; /* that is looked at … */
  const struct rule *rule;
  void (*each)(const struct rule_finding *found, void *arg);
  void *arg;
};

const char *lint_severity_name(enum lint_severity severity) {
  return severity == LINT_WARNING ? "warning" : "info";
}

static msec_t interval_of(const struct rules_lint *l, const struct rule_group *g) {
  return g->interval ? g->interval : l->poll_interval;
}

/* What is recorded */

static void infer(struct rules_lint *l, struct recorded *r) {
  struct lint_result *result = arena_alloc(&l->arena, sizeof *result);
  r->busy = true;
  l->chain++;
  promql_lint(r->rule->expr, &l->known, &l->arena, result);
  l->chain--;
  r->busy = false;
  r->labels = result->labels;
  for (size_t i = 0; i < r->rule->labels.count; i++)
    label_set_put(&r->labels, r->rule->labels.names[i], *r->rule->labels.values[i] ? LABEL_ALWAYS : LABEL_NEVER, &l->arena);
  r->done = true;
}

static bool find(void *context, const char *metric, struct metric_facts *ret) {
  struct rules_lint *l = context;
  struct recorded *r = map_find(&l->recorded, metric, strlen(metric));
  if (!r) return l->outer->find(l->outer->context, metric, ret);
  if (!r->several && !r->busy && !r->done && l->chain < CHAIN_MAX) infer(l, r);
  *ret = (struct metric_facts){.labels = r->done ? r->labels : (struct label_set){.open = true},
                               .every = interval_of(l, r->group),
                               .part = arena_printf(&l->arena, "the rule %s", r->rule->name)};
  return true;
}

static const char *similar(void *context, const char *metric) {
  const struct rules_lint *l = context;
  return l->outer->similar ? l->outer->similar(l->outer->context, metric) : NULL;
}

static void note_recorded(struct rules_lint *l, const struct rule_group *g, const struct rule *rule) {
  if (!rule->records) return;
  struct recorded **slot = (struct recorded **)map_slot(&l->recorded, rule->name, strlen(rule->name));
  if (*slot) {
    (*slot)->several = true;
    return;
  }
  *slot = arena_alloc(&l->arena, sizeof **slot);
  (*slot)->group = g;
  (*slot)->rule = rule;
}

/* Findings */

/* Where the character at `offset` of the expression stands in the file. */
static struct node place_of(const struct rules_lint *l, size_t offset) {
  const struct node expr = {.line = l->rule->expr_line, .column = l->rule->expr_column, .text = l->rule->text};
  return node_inside(l->group->source, &expr, offset);
}

static void say(const struct rules_lint *l, const struct node *at, enum lint_severity severity, const char *text) {
  const struct rule_finding found = {l->rule->file, at->line, at->column, severity, l->rule->name, text};
  l->each(&found, l->arg);
}

static void check_expression(struct rules_lint *l) {
  struct lint_result *result = arena_alloc(&l->arena, sizeof *result);
  promql_lint(l->rule->expr, &l->known, &l->arena, result);
  for (size_t i = 0; i < result->count; i++) {
    const struct lint_finding *f = &result->findings[i];
    struct node at = place_of(l, f->offset);
    bool never = result->never && f->never;
    const char *effect = !never ? "" : l->rule->records ? "can never record anything: " : "can never fire: ";
    say(l, &at, f->severity, arena_printf(&l->arena, "%s%s", effect, f->text));
  }
}

static void check_pending(struct rules_lint *l) {
  char pending[40], interval[40];
  msec_t between = interval_of(l, l->group);
  struct node at = {.line = l->rule->line, .column = l->rule->column};
  if (!l->rule->pending || l->rule->pending >= between) return;
  duration_format(l->rule->pending, pending, sizeof pending);
  duration_format(between, interval, sizeof interval);
  say(l, &at, LINT_INFO,
      arena_printf(&l->arena, "for: %s is shorter than the %s between evaluations, and so the same as for: %s", pending, interval,
                   interval));
}

/* Whether a template prints the value: {{ $value }}, not {{ if gt $value 90.0 }}. */
static bool prints_value(const char *text) {
  static const char *const conditions[] = {"if", "else", "with", "range"};
  for (const char *p = strstr(text, "{{"), *end; p && (end = strstr(p, "}}")); p = strstr(end, "{{")) {
    const char *word = p + 2 + strspn(p + 2, "- \t\n");
    const char *value = strstr(word, "$value") ? strstr(word, "$value") : strstr(word, ".Value");
    bool asks = false;
    for (size_t i = 0; i < COUNTOF(conditions); i++) asks |= !strncmp(word, conditions[i], strlen(conditions[i]));
    if (value && value < end && !asks) return true;
  }
  return false;
}

static void check_labels(struct rules_lint *l) {
  const struct pairs *labels = &l->rule->labels;
  struct node at = {.line = l->rule->line, .column = l->rule->column};
  for (size_t i = 0; i < labels->count && !l->rule->records; i++)
    if (prints_value(labels->values[i]))
      say(l, &at, LINT_WARNING,
          arena_printf(
              &l->arena,
              "the label %s is made of the value: each value is another alert, which begins to wait and is told anew; put it "
              "into annotations:",
              labels->names[i]));
}

static void (*const checks[])(struct rules_lint *l) = {check_expression, check_pending, check_labels};

static void check_rule(struct rules_lint *l, const struct rule_group *g, const struct rule *rule) {
  l->group = g;
  l->rule = rule;
  for (size_t i = 0; i < COUNTOF(checks); i++) checks[i](l);
}

void rules_lint(const struct rule_set *set, const struct lint_knowledge *known, msec_t poll_interval,
                void (*each)(const struct rule_finding *found, void *arg), void *arg) {
  struct rules_lint l = {.outer = known, .poll_interval = poll_interval, .each = each, .arg = arg};
  l.known = (struct lint_knowledge){&l, find, similar};
  arena_init(&l.arena);
  for (size_t g = 0; g < set->count; g++)
    for (size_t i = 0; i < set->groups[g].count; i++) note_recorded(&l, &set->groups[g], &set->groups[g].rules[i]);
  for (size_t g = 0; g < set->count; g++)
    for (size_t i = 0; i < set->groups[g].count; i++) check_rule(&l, &set->groups[g], &set->groups[g].rules[i]);
  map_done(&l.recorded);
  arena_done(&l.arena);
}
