/* The series that rules make: ALERTS, ALERTS_FOR_STATE and what is recorded. They end, as in Prometheus, with a stale marker in the first evaluation that
 * does not show them any more. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/alert/running.h"
#include "base/map.h"
#include "base/mem.h"

static void mark_ended(const struct emitted *e, struct history *h, msec_t at, struct labels **items, size_t count) {
  SCOPED(map_done) struct map shown = {0};
  for (size_t i = 0; i < count; i++) *map_slot(&shown, (const char *)&items[i]->hash, sizeof items[i]->hash) = items[i];
  for (size_t i = 0; i < e->count; i++) {
    const struct labels *same = map_find(&shown, (const char *)&e->items[i]->hash, sizeof e->items[i]->hash);
    if (!same || !labels_equal(same, e->items[i])) history_append(h, e->items[i], at, stale_marker());
  }
}

void emit(struct emitted *e, struct history *h, msec_t at, struct labels **items, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) history_append(h, items[i], at, values[i]);
  if (e->count) mark_ended(e, h, at, items, count);
  for (size_t i = 0; i < e->count; i++) labels_unref(e->items[i]);
  free(e->items);
  *e = (struct emitted){items, count};
}

static struct labels *named(const struct labels *l, const char *name, const char *state) {
  struct label_pair all[l->count + 2];
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++) all[count++] = l->pairs[i];
  all[count++] = (struct label_pair){"__name__", name};
  if (state) all[count++] = (struct label_pair){"alertstate", state};
  return labels_new(all, count);
}

void emit_alerts(struct emitted *e, struct history *h, msec_t at, const struct alerts *a) {
  struct labels **items = a->count ? mem_resize(NULL, a->count * 2, sizeof *items) : NULL;
  double *values = a->count ? mem_resize(NULL, a->count * 2, sizeof *values) : NULL;
  size_t count = 0;
  for (size_t i = 0; i < a->count; i++) {
    const struct alert *alert = &a->items[i];
    values[count] = 1;
    items[count++] = named(alert->labels, "ALERTS", alert_state_name(alert->state));
    values[count] = floor((double)alert->active_at / 1000);
    items[count++] = named(alert->labels, "ALERTS_FOR_STATE", NULL);
  }
  emit(e, h, at, items, values, count);
  free(values);
}

static struct labels *recorded(const struct rule *rule, const struct labels *l) {
  struct label_pair all[l->count + rule->labels.count + 1];
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++) all[count++] = l->pairs[i];
  for (size_t i = 0; i < rule->labels.count; i++) all[count++] = (struct label_pair){rule->labels.names[i], rule->labels.values[i]};
  all[count++] = (struct label_pair){"__name__", rule->name};
  return labels_new(all, count);
}

static bool is_warming(const struct judgement *j, const struct labels *l) {
  const char *target = labels_get(l, "target");
  for (size_t i = 0; i < j->doubt_count; i++)
    if (j->doubts[i].warming && (!*target || !*j->doubts[i].target || !strcmp(target, j->doubts[i].target))) return true;
  return false;
}

static void drop_all(struct labels **items, size_t count) {
  for (size_t i = 0; i < count; i++) labels_unref(items[i]);
  free(items);
}

/* What is not covered is not recorded: whoever reads the series later could not know. */
bool emit_record(struct emitted *e, struct history *h, msec_t at, const struct rule *rule, const struct judgement *j,
                 struct fail *f) {
  size_t count = 0, most = j->result->count;
  if (j->limit && most > (size_t)j->limit)
    return fail(f, FAIL_LIMIT, "%zu series are more than the group's limit of %lld", most, (long long)j->limit);
  struct labels **items = mem_resize(NULL, most + 1, sizeof *items);
  double *values = mem_resize(NULL, most + 1, sizeof *values);
  SCOPED(map_done) struct map seen = {0};
  bool ok = true;
  for (size_t i = 0; i < most && ok; i++) {
    const struct element *x = &j->result->elements[i];
    if (is_warming(j, x->labels)) continue;
    struct labels *l = items[count] = recorded(rule, x->labels);
    values[count++] = x->value;
    void **slot = map_slot(&seen, (const char *)&l->hash, sizeof l->hash);
    ok = !*slot || fail(f, FAIL_CONFIG, "two elements of the result become one series");
    *slot = l;
  }
  if (ok)
    emit(e, h, at, items, values, count);
  else
    drop_all(items, count);
  free(values);
  return ok;
}
