/* One evaluation of one rule: the expression, what it is compared with, its second condition, and how much of the past that they looked at is there. */
#include <stdlib.h>
#include <string.h>

#include "agent/alert/load.h"
#include "agent/alert/running.h"
#include "base/log.h"
#include "base/mem.h"

enum { IDLE_MAX = 10 };

/* All that is evaluated lives until the rule is done with. */
struct look {
  const struct rule_group *group;
  const struct moment *moment;
  struct arena arena;
  struct value result, left, recovered, recover_left;
  struct doubt *doubts;
  size_t doubt_count;
  struct evaluation notes; /* of the expression */
};

/* A number is a vector with one element that has no labels. */
static void make_vector(struct look *l, struct value *v) {
  if (v->type != VALUE_SCALAR) return;
  struct element *only = arena_alloc(&l->arena, sizeof *only);
  *only = (struct element){.labels = labels_new(NULL, 0), .value = v->scalar};
  *v = (struct value){.type = VALUE_VECTOR, .elements = only, .count = 1};
}

static bool evaluate(struct look *l, const struct expr *e, struct value *ret, struct evaluation *notes, struct fail *f) {
  *ret = (struct value){.type = VALUE_VECTOR};
  if (!promql_eval(e, &l->moment->source, l->moment->at - l->group->query_offset, &l->arena, ret, notes, f)) {
    *ret = (struct value){.type = VALUE_VECTOR};
    return false;
  }
  make_vector(l, ret);
  return true;
}

static void drop_labels(void *labels) {
  labels_unref(labels);
}

/* What the comparison of an expression compares; NULL when there is none, or when it cannot be evaluated alone. */
static const struct value *evaluate_left(struct look *l, const struct expr *e, struct value *ret) {
  struct comparison c;
  struct evaluation notes;
  return promql_comparison(e, &c) && evaluate(l, c.value, ret, &notes, NULL) ? ret : NULL;
}

/* Doubts */

/* Whether the target of a series `up` answers, and did in the time before. A target without such points has not been polled yet. */
static void note_up(struct ups *ups, const struct series *up) {
  struct doubt *d = arena_alloc(&ups->arena, sizeof *d);
  d->target = arena_copy(&ups->arena, labels_get(up->labels, "target"));
  d->down = up->points[up->count - 1].value != 1;
  for (size_t i = 0; i < up->count && d->down; i++) d->lost |= up->points[i].value == 1;
  *map_slot(&ups->by_target, d->target, strlen(d->target)) = d;
}

static void look_up(const struct moment *m) {
  struct ups *ups = m->ups;
  struct matcher named = {.op = MATCH_EQUAL, .name = "__name__", .value = "up"};
  struct selection s;
  if (ups->known) return;
  ups->known = true;
  if (!m->source.select(m->source.context, &named, 1, m->at - PROMQL_LOOKBACK, m->at, &ups->arena, &s, NULL)) return;
  for (size_t i = 0; i < s.count; i++)
    if (s.series[i].count) note_up(ups, &s.series[i]);
  selection_done(&s);
}

static void add_doubts(struct look *l, const struct evaluation *notes) {
  struct doubt *all = arena_alloc(&l->arena, (l->doubt_count + notes->missing_count + 1) * sizeof *all);
  if (l->doubt_count) memcpy(all, l->doubts, l->doubt_count * sizeof *all);
  for (size_t i = 0; i < notes->missing_count; i++) {
    const struct missing *m = &notes->missing[i];
    struct doubt *d = &all[l->doubt_count++];
    *d = (struct doubt){.target = m->target, .gap = m->gap, .warming = m->warming};
    if (!m->gap || !*m->target) continue;
    look_up(l->moment);
    const struct doubt *known = map_find(&l->moment->ups->by_target, m->target, strlen(m->target));
    d->down = !known || known->down;
    d->lost = !known || known->lost;
  }
  l->doubts = all;
}

/* What is recorded of a target that does not answer is missing as well; only the rule that records knows of the target. */
struct recorded_doubts {
  struct look *look;
  struct map seen; /* rules: each is asked once, also where they record in a circle */
};

static void note_recorded(const char *name, void *arg);

static void ask_recording(struct recorded_doubts *d, const struct rule *rule) {
  struct value unused;
  struct evaluation notes;
  void **slot = map_slot(&d->seen, rule->identity, strlen(rule->identity));
  if (*slot) return;
  *slot = d;
  if (evaluate(d->look, rule->expr, &unused, &notes, NULL)) add_doubts(d->look, &notes);
  value_done(&unused);
  promql_metrics(rule->expr, note_recorded, d);
}

static void note_recorded(const char *name, void *arg) {
  struct recorded_doubts *d = arg;
  const struct rule_set *set = d->look->moment->set;
  for (size_t g = 0; set && g < set->count; g++)
    for (size_t i = 0; i < set->groups[g].count; i++) {
      const struct rule *rule = &set->groups[g].rules[i];
      if (rule->records && !strcmp(rule->name, name)) ask_recording(d, rule);
    }
}

/* They count where an alert may end for want of data, or begin. */
static void add_recorded_doubts(struct look *l, const struct running_rule *r) {
  struct recorded_doubts d = {.look = l};
  if (r->rule->records || (!r->alerts.count && r->rule->no_data != NO_DATA_ALERT)) return;
  promql_metrics(r->rule->expr, note_recorded, &d);
  if (r->rule->recover) promql_metrics(r->rule->recover, note_recorded, &d);
  map_done(&d.seen);
}

/* Templates */

/* The expression of a template's query, at the time of the rule. */
static bool query(void *context, const char *text, struct arena *a, struct template_sample **ret, size_t *ret_count,
                  struct fail *f) {
  struct look *l = context;
  struct value v;
  struct evaluation notes;
  const struct expr *e = promql_parse(text, a, f);
  bool good = e && (promql_type(e) == VALUE_VECTOR || promql_type(e) == VALUE_SCALAR ||
                    fail(f, FAIL_CONFIG, "a template can show an instant vector or a number"));
  if (!good || !evaluate(l, e, &v, &notes, f)) return fail_prefix(f, "query \"%.100s\"", text);
  struct template_sample *samples = arena_alloc(a, (v.count + 1) * sizeof *samples);
  for (size_t i = 0; i < v.count; i++) {
    arena_defer(a, drop_labels, labels_ref(v.elements[i].labels));
    samples[i] = (struct template_sample){v.elements[i].labels, v.elements[i].value};
  }
  *ret = samples;
  *ret_count = v.count;
  value_done(&v);
  return true;
}

static struct template_world world_of(struct look *l) {
  const struct moment *m = l->moment;
  return (struct template_world){
      .external_labels = m->external_labels,
      .external_url = m->external_url,
      .wall = (double)m->wall / 1000,
      .query = query,
      .context = l,
  };
}

/* Judging */

static bool judge(struct look *l, struct running_rule *r, struct transitions *out, struct fail *f) {
  const struct rule *rule = r->rule;
  const struct moment *m = l->moment;
  struct evaluation recover_notes = {0};
  const struct template_world world = world_of(l);
  if (!evaluate(l, rule->expr, &l->result, &l->notes, f)) return false;
  add_doubts(l, &l->notes);
  struct judgement j = {.result = &l->result, .limit = l->group->limit, .settled = m->settled, .world = &world};
  if (!rule->records) j.left = evaluate_left(l, rule->expr, &l->left);
  if (rule->recover) {
    if (!evaluate(l, rule->recover, &l->recovered, &recover_notes, f)) return fail_prefix(f, "recover");
    add_doubts(l, &recover_notes);
    j.recovered = &l->recovered;
    j.recover_left = evaluate_left(l, rule->recover, &l->recover_left);
  }
  add_recorded_doubts(l, r);
  j.doubts = l->doubts;
  j.doubt_count = l->doubt_count;
  if (rule->records) return emit_record(&r->emitted, m->history, m->at, rule, &j, f);
  if (!alerts_step(&r->alerts, rule, &j, m->wall, out, f)) return false;
  emit_alerts(&r->emitted, m->history, m->at, &r->alerts);
  return true;
}

static void drop_values(struct running_rule *r) {
  for (size_t i = 0; i < r->value_count; i++) labels_unref(r->values[i].labels);
  free(r->values);
  r->values = NULL;
  r->value_count = 0;
}

static bool is_an_alert(const struct look *l, const struct labels *labels) {
  for (size_t i = 0; i < l->result.count; i++)
    if (labels_equal(l->result.elements[i].labels, labels)) return true;
  return false;
}

static void keep_values(struct running_rule *r, const struct look *l) {
  drop_values(r);
  if (!l->left.count) return;
  r->values = mem_resize(NULL, MIN(l->left.count, (size_t)RULE_VALUES_MAX), sizeof *r->values);
  for (size_t i = 0; i < l->left.count && r->value_count < RULE_VALUES_MAX; i++) {
    const struct element *x = &l->left.elements[i];
    if (!is_an_alert(l, x->labels))
      r->values[r->value_count++] = (struct element){.labels = labels_ref(x->labels), .value = x->value};
  }
}

static enum rule_health health_of(const struct evaluation *notes) {
  if (notes->warming) return RULE_WARMING;
  return notes->selected ? RULE_OK : RULE_IDLE;
}

static void say(const struct running_rule *r, const struct look *l, bool ok, const struct fail *why) {
  const struct rule_group *group = l->group;
  if (l->moment->silent) return;
  if (!ok && (r->health != RULE_ERROR || strcmp(r->error.text, why->text) != 0))
    log_error(NULL, "the rule %s of the group %s cannot be evaluated: %s", r->rule->name, group->name, why->text);
  if (ok && r->health == RULE_ERROR)
    log_info(NULL, "the rule %s of the group %s can be evaluated again", r->rule->name, group->name);
}

/* A rule that looks at nothing is silent for ever, and nobody would know. Of the rules that sonde brings along many are for servers that are not here. */
static void count_idle(struct running_rule *r, const struct look *l) {
  const struct rule_group *group = l->group;
  if (r->health == RULE_IDLE && (l->notes.gap || l->result.count || !promql_span(r->rule->expr))) return;
  bool was_idle = r->idle >= IDLE_MAX;
  r->idle = r->health == RULE_IDLE ? r->idle + !was_idle : 0;
  if (was_idle == (r->idle >= IDLE_MAX) || l->moment->silent || pack_text(r->rule->file)) return;
  if (was_idle)
    log_info(NULL, "the rule %s of the group %s matches series now", r->rule->name, group->name);
  else
    log_warn(NULL,
             "the rule %s of the group %s has matched no series in %d evaluations: are its metrics spelt right, and does a "
             "target bring them?",
             r->rule->name, group->name, IDLE_MAX);
}

void rule_evaluate(struct running_rule *r, const struct rule_group *group, const struct moment *m, struct transitions *out) {
  struct look l = {.group = group, .moment = m};
  struct fail why = {0};
  double begun = clock_seconds();
  arena_init(&l.arena);
  bool ok = judge(&l, r, out, &why);
  say(r, &l, ok, &why);
  r->health = ok ? health_of(&l.notes) : RULE_ERROR;
  count_idle(r, &l);
  r->error = why;
  r->warm_at = l.notes.warm_at;
  if (ok) keep_values(r, &l);
  value_done(&l.result);
  value_done(&l.left);
  value_done(&l.recovered);
  value_done(&l.recover_left);
  arena_done(&l.arena);
  r->seconds = clock_seconds() - begun;
}

void running_rule_done(struct running_rule *r) {
  drop_values(r);
  alerts_done(&r->alerts);
  for (size_t i = 0; i < r->emitted.count; i++) labels_unref(r->emitted.items[i]);
  free(r->emitted.items);
  r->emitted = (struct emitted){0};
}
