/* The state machine of alerting rules: see alert/alert.h. A step first makes all that can fail, the labels of the elements; only then is the state
 * touched. */
#include "alert/alert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/alert/element.h"
#include "base/map.h"
#include "base/mem.h"

const char *alert_state_name(enum alert_state state) {
  static const char *const names[] = {[ALERT_PENDING] = "pending", [ALERT_FIRING] = "firing", [ALERT_RESOLVED] = "resolved"};
  return names[state];
}

static void drop(struct alert *alert) {
  labels_unref(alert->labels);
  labels_unref(alert->annotations);
}

void alerts_add(struct alerts *a, const struct alert *alert) {
  if (a->count == a->capacity) {
    a->capacity = MAX(a->capacity * 2, (size_t)4);
    a->items = mem_resize(a->items, a->capacity, sizeof *a->items);
  }
  a->items[a->count++] = *alert;
}

void alerts_done(struct alerts *a) {
  for (size_t i = 0; i < a->count; i++) drop(&a->items[i]);
  free(a->items);
  *a = (struct alerts){0};
}

void transitions_add(struct transitions *t, const char *rule, const struct alert *alert, enum alert_state from) {
  if (t->count == t->capacity) {
    t->capacity = MAX(t->capacity * 2, (size_t)4);
    t->items = mem_resize(t->items, t->capacity, sizeof *t->items);
  }
  t->items[t->count] = (struct transition){.alert = *alert, .from = from, .rule = rule};
  labels_ref(alert->labels);
  labels_ref(alert->annotations);
  t->count++;
}

void transitions_done(struct transitions *t) {
  for (size_t i = 0; i < t->count; i++) drop(&t->items[i].alert);
  free(t->items);
  *t = (struct transitions){0};
}

struct step {
  struct alerts *alerts;
  const struct rule *rule;
  const struct judgement *judgement;
  int64_t now;
  struct transitions *out;
  struct fail *fail;
  struct labels **labels; /* of the elements; references */
  struct map by_labels;   /* alerts by the hash of their labels, index + 1 */
};

/* Doubt */

/* What is not known of the target that these labels name, or, when they name none, of any target. */
static struct doubt doubt_about(const struct judgement *j, const struct labels *l) {
  const char *target = labels_get(l, "target");
  struct doubt all = {.target = target};
  for (size_t i = 0; i < j->doubt_count; i++) {
    const struct doubt *d = &j->doubts[i];
    if (*target && *d->target && strcmp(d->target, target) != 0) continue;
    all.gap |= d->gap;
    all.down |= d->down;
    all.lost |= d->lost;
    all.warming |= d->warming;
  }
  return all;
}

/* A value over too short a time says nothing; nor does a sum over several targets when one of them has just gone. After a moment it counts as it is:
 * one dead server must not silence what is said of all. */
static bool says_nothing(const struct step *s, const struct labels *l) {
  struct doubt d = doubt_about(s->judgement, l);
  return d.warming || (d.lost && !*d.target && s->rule->no_data != NO_DATA_RESOLVE);
}

enum absence { IS_FALSE, IS_TRUE, IS_UNKNOWN };

static enum absence judge_absence(const struct step *s, const struct alert *a) {
  const struct judgement *j = s->judgement;
  struct doubt d = doubt_about(j, a->labels);
  if (d.warming) return IS_UNKNOWN;
  if (element_about(j->left, s->rule, a->labels)) return IS_FALSE;
  if ((d.gap || d.down) && s->rule->no_data == NO_DATA_KEEP) return IS_UNKNOWN;
  if ((d.gap || d.down) && s->rule->no_data == NO_DATA_ALERT) return IS_TRUE;
  return a->restored && !j->settled ? IS_UNKNOWN : IS_FALSE;
}

/* False while a second condition must become true first. Where even its left side has nothing for the alert, there is nothing left to recover. */
static bool has_recovered(const struct step *s, const struct alert *a) {
  const struct judgement *j = s->judgement;
  if (!s->rule->recover || element_about(j->recovered, s->rule, a->labels)) return true;
  return j->recover_left && !element_about(j->recover_left, s->rule, a->labels);
}

/* Elements */

static struct alert *find(const struct step *s, const struct labels *l) {
  uintptr_t index = (uintptr_t)map_find(&s->by_labels, (const char *)&l->hash, sizeof l->hash);
  struct alert *a = index ? &s->alerts->items[index - 1] : NULL;
  return a && labels_equal(a->labels, l) ? a : NULL;
}

static void index_alerts(struct step *s) {
  for (size_t i = 0; i < s->alerts->count; i++) {
    const struct labels *l = s->alerts->items[i].labels;
    *map_slot(&s->by_labels, (const char *)&l->hash, sizeof l->hash) =
        (void *)(uintptr_t)(i + 1); /* NOLINT(performance-no-int-to-ptr) */
  }
}

static bool twice(const struct step *s, const struct labels *l) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, 300);
  labels_write(&shown, l);
  return fail(s->fail, FAIL_CONFIG, "two elements become one alert, %s: leave the label in that tells them apart",
              shown.length ? shown.data : "with the same labels");
}

static bool make_labels(struct step *s) {
  const struct judgement *j = s->judgement;
  size_t count = j->result->count;
  if (j->limit && count > (size_t)j->limit)
    return fail(s->fail, FAIL_LIMIT, "%zu alerts are more than the group's limit of %lld", count, (long long)j->limit);
  if (count + s->alerts->count > ALERTS_MAX)
    return fail(s->fail, FAIL_LIMIT, "%zu alerts; the most of one rule is %d", count, ALERTS_MAX);
  SCOPED(map_done) struct map seen = {0};
  for (size_t i = 0; i < count; i++) {
    struct labels *l = s->labels[i] = element_labels(s->rule, &j->result->elements[i], j->world);
    void **slot = map_slot(&seen, (const char *)&l->hash, sizeof l->hash);
    if (*slot && labels_equal(*slot, l)) return twice(s, l);
    *slot = l;
  }
  return true;
}

/* The states */

static bool is_due(const struct step *s, const struct alert *a) {
  return a->state == ALERT_PENDING && s->now - a->active_at >= s->rule->pending;
}

static void fire(struct step *s, struct alert *a, enum alert_state from) {
  a->state = ALERT_FIRING;
  a->fired_at = s->now;
  transitions_add(s->out, s->rule->identity, a, from);
}

static void begin(struct step *s, struct labels *labels, const struct element *e) {
  struct alert a = {
      .labels = labels_ref(labels),
      .annotations = element_annotations(s->rule, e, s->judgement->world),
      .state = ALERT_PENDING,
      .active_at = s->now,
      .value = e->value,
      .fingerprint = labels_fingerprint(labels),
  };
  alerts_add(s->alerts, &a);
  struct alert *kept = &s->alerts->items[s->alerts->count - 1];
  if (is_due(s, kept))
    fire(s, kept, ALERT_RESOLVED);
  else
    transitions_add(s->out, s->rule->identity, kept, ALERT_RESOLVED);
}

/* Nobody is told, but over a restart it counts. */
static void keep_since(struct step *s, struct alert *a, int64_t since) {
  if (a->keep_since == since) return;
  a->keep_since = since;
  transitions_add(s->out, s->rule->identity, a, a->state);
}

static void go_on(struct step *s, struct alert *a) {
  keep_since(s, a, 0);
  if (is_due(s, a)) fire(s, a, ALERT_PENDING);
}

static void refresh(struct step *s, struct alert *a, const struct element *e) {
  labels_unref(a->annotations);
  a->annotations = element_annotations(s->rule, e, s->judgement->world);
  a->value = e->value;
  a->restored = false;
  go_on(s, a);
}

/* True when the alert is over. */
static bool end(struct step *s, struct alert *a) {
  if (a->state == ALERT_FIRING) {
    if (!has_recovered(s, a)) return false;
    if (s->rule->keep_firing && !a->keep_since) keep_since(s, a, s->now);
    if (s->rule->keep_firing && s->now - a->keep_since < s->rule->keep_firing) return false;
  }
  const struct element *left = element_about(s->judgement->left, s->rule, a->labels);
  enum alert_state from = a->state;
  a->state = ALERT_RESOLVED;
  a->resolved_at = s->now;
  a->value = left ? left->value : NAN;
  transitions_add(s->out, s->rule->identity, a, from);
  return true;
}

/* Alerts whose element is not there. `seen` tells which of the first `count` have one. */
static void judge_absent(struct step *s, const bool *seen, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < s->alerts->count; i++) {
    struct alert *a = &s->alerts->items[i];
    enum absence absence = i >= count || seen[i] ? IS_UNKNOWN : judge_absence(s, a);
    if (absence != IS_UNKNOWN) a->restored = false;
    if (absence == IS_TRUE) go_on(s, a);
    if (absence == IS_FALSE && end(s, a))
      drop(a);
    else
      s->alerts->items[kept++] = *a;
  }
  s->alerts->count = kept;
}

static bool has_alert_of(const struct alerts *a, const char *target) {
  for (size_t i = 0; i < a->count; i++) {
    const char *own = labels_get(a->items[i].labels, "target");
    if (!*own || !strcmp(own, target)) return true;
  }
  return false;
}

/* `no_data: alert`: a target that does not answer is an alert, also when the rule had none of it. */
static void begin_without_data(struct step *s) {
  const struct judgement *j = s->judgement;
  for (size_t i = 0; i < j->doubt_count; i++) {
    const char *target = j->doubts[i].target;
    if (!j->doubts[i].down || has_alert_of(s->alerts, target)) continue;
    struct element e = {.labels = labels_new(&(struct label_pair){"target", target}, 1), .value = NAN};
    struct labels *l = element_labels(s->rule, &e, j->world);
    begin(s, l, &e);
    labels_unref(l);
    labels_unref(e.labels);
  }
}

static void apply(struct step *s) {
  const struct value *result = s->judgement->result;
  size_t count = s->alerts->count;
  bool *seen = mem_zero(count + 1);
  index_alerts(s);
  for (size_t i = 0; i < result->count; i++) {
    struct alert *a = find(s, s->labels[i]);
    if (a) seen[a - s->alerts->items] = true;
    if (says_nothing(s, s->labels[i])) continue;
    if (a)
      refresh(s, a, &result->elements[i]);
    else
      begin(s, s->labels[i], &result->elements[i]);
  }
  judge_absent(s, seen, count);
  if (s->rule->no_data == NO_DATA_ALERT) begin_without_data(s);
  free(seen);
}

bool alerts_step(struct alerts *a, const struct rule *rule, const struct judgement *j, int64_t now, struct transitions *out,
                 struct fail *f) {
  struct step s = {.alerts = a, .rule = rule, .judgement = j, .now = now, .out = out, .fail = f};
  s.labels = mem_zero((j->result->count + 1) * sizeof(struct labels *));
  bool ok = make_labels(&s);
  if (ok) apply(&s);
  for (size_t i = 0; i < j->result->count; i++) labels_unref(s.labels[i]);
  free(s.labels);
  map_done(&s.by_labels);
  return ok;
}
