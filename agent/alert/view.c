/* What pages and `sonde check` see of the rules: copied once for each evaluation, so that nobody who looks holds up the evaluator. */
#include <stdlib.h>
#include <string.h>

#include "agent/alert/running.h"
#include "base/mem.h"

const char *rule_health_name(enum rule_health health) {
  static const char *const names[] = {
      [RULE_UNKNOWN] = "unknown", [RULE_OK] = "ok", [RULE_IDLE] = "idle", [RULE_WARMING] = "warming", [RULE_ERROR] = "error"};
  return names[health];
}

static void unref_labels(void *l) {
  labels_unref(l);
}

static struct labels *kept(struct rules_view *v, struct labels *l) {
  arena_defer(&v->arena, unref_labels, labels_ref(l));
  return l;
}

struct rules_view *view_new(size_t rules, msec_t interval) {
  struct rules_view *v = mem_zero(sizeof *v);
  arena_init(&v->arena);
  atomic_init(&v->references, 1);
  v->interval = interval;
  v->rules = arena_alloc(&v->arena, rules * sizeof *v->rules);
  return v;
}

void rules_view_unref(struct rules_view *v) {
  if (!v || atomic_fetch_sub(&v->references, 1) != 1) return;
  arena_done(&v->arena);
  free(v);
}

static const char *severity_of(const struct rule *rule) {
  for (size_t i = 0; i < rule->labels.count; i++)
    if (!strcmp(rule->labels.names[i], "severity")) return rule->labels.values[i];
  return "";
}

static struct pairs copied(struct arena *a, const struct pairs *p) {
  struct pairs made = {arena_alloc(a, p->count * sizeof *p->names), arena_alloc(a, p->count * sizeof *p->values), p->count};
  for (size_t i = 0; i < p->count; i++) {
    made.names[i] = arena_copy(a, p->names[i]);
    made.values[i] = arena_copy(a, p->values[i]);
  }
  return made;
}

static void add_alerts(struct rules_view *v, struct rule_view *out, const struct running_rule *r, int64_t wall) {
  out->alerts = arena_alloc(&v->arena, r->alerts.count * sizeof *out->alerts);
  for (size_t i = 0; i < r->alerts.count; i++) {
    const struct alert *a = &r->alerts.items[i];
    out->alerts[out->alert_count++] = (struct alert_view){
        .labels = kept(v, a->labels),
        .annotations = kept(v, a->annotations),
        .state = a->state,
        .value = a->value,
        .active_at = a->active_at,
        .fired_at = a->fired_at,
        .left = a->state == ALERT_PENDING ? MAX((msec_t)0, r->rule->pending - (wall - a->active_at)) : 0,
    };
  }
}

void view_add(struct rules_view *v, const struct rule_group *group, const struct running_rule *r, msec_t now, int64_t wall) {
  const struct rule *rule = r->rule;
  struct rule_view *out = &v->rules[v->count++];
  struct comparison c = {0};
  bool compares = !rule->records && promql_comparison(rule->expr, &c);
  *out = (struct rule_view){
      .group = arena_copy(&v->arena, group->name),
      .name = arena_copy(&v->arena, rule->name),
      .expr = arena_copy(&v->arena, rule->text),
      .file = arena_copy(&v->arena, rule->file),
      .records = rule->records,
      .severity = arena_copy(&v->arena, severity_of(rule)),
      .op = compares ? c.op : NULL,
      .threshold = c.threshold,
      .pending = rule->pending,
      .keep_firing = rule->keep_firing,
      .interval = group->interval ? group->interval : v->interval,
      .limit = group->limit,
      .labels = copied(&v->arena, &rule->labels),
      .annotations = copied(&v->arena, &rule->annotations),
      .health = r->health,
      .error = r->health == RULE_ERROR ? arena_copy(&v->arena, r->error.text) : NULL,
      .warm_in = r->health == RULE_WARMING ? MAX((msec_t)0, r->warm_at - now) : 0,
      .seconds = r->seconds,
      .values = arena_alloc(&v->arena, r->value_count * sizeof(struct element)),
      .value_count = r->value_count,
  };
  for (size_t i = 0; i < r->value_count; i++)
    out->values[i] = (struct element){.labels = kept(v, r->values[i].labels), .value = r->values[i].value};
  add_alerts(v, out, r, wall);
}
