/* Transitions become what is kept and who is told: one transaction for all of an evaluation. Labels are kept as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "agent/alert/running.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"

enum { BODY_MAX = 1 << 20 };

static const char *json_of(const struct labels *l, struct arena *a) {
  SCOPED(buf_done) struct buf out;
  buf_init(&out, BODY_MAX);
  buf_putc(&out, '{');
  for (size_t i = 0; i < l->count; i++) {
    buf_puts(&out, i ? ",\"" : "\"");
    text_json(&out, l->pairs[i].name, strlen(l->pairs[i].name));
    buf_puts(&out, "\":\"");
    text_json(&out, l->pairs[i].value, strlen(l->pairs[i].value));
    buf_puts(&out, "\"");
  }
  buf_puts(&out, "}");
  return arena_copy(a, out.overflow ? "{}" : out.data);
}

static void unref_json(json_t **json) {
  json_decref(*json);
}

static struct labels *labels_of(const char *text) {
  SCOPED(unref_json) json_t *object = json_loads(text, 0, NULL);
  if (!json_is_object(object)) return NULL;
  size_t count = 0;
  struct label_pair all[json_object_size(object) + 1];
  const char *name;
  json_t *value;
  json_object_foreach(object, name, value) if (json_is_string(value)) all[count++] =
      (struct label_pair){name, json_string_value(value)};
  return labels_new(all, count);
}

bool alert_restore(const struct alert_record *record, struct alert *ret) {
  *ret = (struct alert){
      .labels = labels_of(record->labels),
      .annotations = labels_of(record->annotations),
      .state = record->state == ALERT_FIRING ? ALERT_FIRING : ALERT_PENDING,
      .active_at = record->active_at,
      .fired_at = record->fired_at,
      .keep_since = record->keep_since,
      .value = record->value,
      .fingerprint = record->fingerprint,
      .restored = true,
  };
  if (ret->labels && ret->annotations) return true;
  labels_unref(ret->labels);
  labels_unref(ret->annotations);
  return false;
}

static struct alert_record record_of(const char *rule, const struct alert *a, struct arena *arena) {
  return (struct alert_record){
      .rule = rule,
      .labels = json_of(a->labels, arena),
      .annotations = json_of(a->annotations, arena),
      .fingerprint = a->fingerprint,
      .state = (int)a->state,
      .gone = a->state == ALERT_RESOLVED,
      .active_at = a->active_at,
      .fired_at = a->fired_at,
      .resolved_at = a->resolved_at,
      .keep_since = a->keep_since,
      .value = a->value,
  };
}

/* Pending alerts are nobody's business but ours. */
static bool is_told(const struct transition *t) {
  if (t->alert.state == ALERT_RESOLVED) return t->from == ALERT_FIRING;
  return t->alert.state == ALERT_FIRING && t->from != ALERT_FIRING;
}

static size_t add_notes(const struct delivery *d, const struct transition *t, int64_t wall, struct arena *a,
                        struct notification *ret) {
  const struct config *c = d->config;
  for (size_t i = 0; i < c->receiver_count; i++) {
    SCOPED(buf_done) struct buf body;
    buf_init(&body, BODY_MAX);
    d->hooks->body(d->hooks->context, c, c->receivers[i].name, &t->alert, &body);
    ret[i] = (struct notification){
        .receiver = c->receivers[i].name,
        .body = arena_copy(a, body.data ? body.data : ""),
        .queued_at = wall,
        .next_try = wall,
        .fingerprint = t->alert.fingerprint,
    };
  }
  return c->receiver_count;
}

/* One line, whoever else is told. */
static void log_alert(const struct transition *t) {
  const struct alert *a = &t->alert;
  SCOPED(buf_done) struct buf labels;
  char value[NUMBER_SIZE];
  buf_init(&labels, 600);
  labels_write(&labels, a->labels);
  number_format(a->value, value);
  const char *target = labels_get(a->labels, "target"), *summary = labels_get(a->annotations, "summary");
  (a->state == ALERT_FIRING ? log_warn : log_info)(*target ? target : NULL, "%s %s: %.300s%svalue=%s labels=%s",
                                                   alert_state_name(a->state), labels_get(a->labels, "alertname"), summary,
                                                   *summary ? "; " : "", value, labels.length ? labels.data : "(too many)");
}

void deliver(const struct delivery *d, const struct transitions *changes, int64_t wall) {
  struct arena a;
  size_t notes_count = 0;
  if (!changes->count) return;
  arena_init(&a);
  struct alert_record *records = arena_alloc(&a, changes->count * sizeof *records);
  struct notification *notes = arena_alloc(&a, (changes->count * d->config->receiver_count + 1) * sizeof *notes);
  for (size_t i = 0; i < changes->count; i++) {
    const struct transition *t = &changes->items[i];
    records[i] = record_of(t->rule, &t->alert, &a);
    if (d->state && is_told(t)) notes_count += add_notes(d, t, wall, &a, &notes[notes_count]);
  }
  if (d->state) state_commit(d->state, records, changes->count, notes, notes_count);
  for (size_t i = 0; d->state && i < changes->count; i++)
    if (is_told(&changes->items[i])) log_alert(&changes->items[i]);
  if (notes_count) d->hooks->committed(d->hooks->context);
  arena_done(&a);
}

void deliver_moved(const struct delivery *d, const char *rule, const struct alerts *alerts) {
  struct arena a;
  if (!d->state) return;
  arena_init(&a);
  struct alert_record *records = arena_alloc(&a, (alerts->count + 1) * sizeof *records);
  for (size_t i = 0; i < alerts->count; i++) records[i] = record_of(rule, &alerts->items[i], &a);
  state_commit(d->state, records, alerts->count, NULL, 0);
  arena_done(&a);
}
