/* The status as JSON: see alert/status.h. Values of rules are strings, since JSON knows no NaN and no infinity. */
#include "alert/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "config/schema.h"

#define HEAD "{\"schema\":%d,\"digest\":\"%016" PRIx64 "\","

/* A member ends with a comma, which the closing bracket takes away. */
static void put_close(struct buf *out, const char *bracket) {
  if (out->length && out->data[out->length - 1] == ',') out->data[--out->length] = 0;
  buf_puts(out, bracket);
  buf_putc(out, ',');
}

static void put_text(struct buf *out, const char *text) {
  buf_putc(out, '"');
  text_json(out, text, strlen(text));
  buf_putc(out, '"');
}

static void put_string(struct buf *out, const char *name, const char *value) {
  if (!value) return;
  put_text(out, name);
  buf_putc(out, ':');
  put_text(out, value);
  buf_putc(out, ',');
}

static void put_value(struct buf *out, const char *name, double value) {
  char number[NUMBER_SIZE];
  number_format(value, number);
  put_string(out, name, number);
}

static void put_seconds(struct buf *out, const char *name, msec_t span) {
  char number[NUMBER_SIZE];
  number_format((double)span / 1000.0, number);
  buf_printf(out, "\"%s\":%s,", name, number);
}

static void put_labels(struct buf *out, const char *name, const struct labels *l) {
  buf_printf(out, "\"%s\":{", name);
  for (size_t i = 0; i < l->count; i++) put_string(out, l->pairs[i].name, l->pairs[i].value);
  put_close(out, "}");
}

/* Targets */

static const char *state_of(const struct batch *b) {
  if (!b->polled) return "unpolled";
  if (batch_is_well(b)) return "up";
  return b->why.kind == FAIL_STARTING ? "starting" : "down";
}

static void put_target(struct buf *out, const struct batch *b, msec_t now) {
  buf_puts(out, "\n {");
  put_string(out, "name", b->id->name);
  put_string(out, "kind", b->id->kind);
  put_string(out, "state", state_of(b));
  if (b->success) put_seconds(out, "age_seconds", MAX(now - b->success, 0));
  if (b->polled && !batch_is_well(b)) {
    put_string(out, "reason", fail_kind_name(b->why.kind));
    put_string(out, "sentence", b->why.text);
  }
  put_close(out, "}");
}

/* Rules */

static void put_alert(struct buf *out, const struct alert_view *a) {
  buf_putc(out, '{');
  put_string(out, "state", alert_state_name(a->state));
  put_value(out, "value", a->value);
  put_seconds(out, "active_at", a->active_at);
  if (a->state == ALERT_PENDING) put_seconds(out, "fires_in_seconds", a->left);
  put_labels(out, "labels", a->labels);
  put_labels(out, "annotations", a->annotations);
  put_close(out, "}");
}

static void put_rule(struct buf *out, const struct rule_view *r) {
  buf_puts(out, "\n {");
  put_string(out, "name", r->name);
  put_string(out, "group", r->group);
  put_string(out, "health", rule_health_name(r->health));
  put_string(out, "severity", r->severity);
  if (r->op) {
    put_string(out, "op", r->op);
    put_value(out, "threshold", r->threshold);
  }
  if (r->health == RULE_ERROR) put_string(out, "error", r->error);
  if (r->health == RULE_WARMING) put_seconds(out, "warm_in_seconds", r->warm_in);
  buf_puts(out, "\"alerts\":[");
  for (size_t i = 0; i < r->alert_count; i++) put_alert(out, &r->alerts[i]);
  put_close(out, "]");
  buf_puts(out, "\"values\":[");
  for (size_t i = 0; i < r->value_count; i++) {
    buf_putc(out, '{');
    put_value(out, "value", r->values[i].value);
    put_labels(out, "labels", r->values[i].labels);
    put_close(out, "}");
  }
  put_close(out, "]");
  put_close(out, "}");
}

/* What records is only told of when it cannot. */
static void put_rules(struct buf *out, const struct rules_view *v, msec_t now) {
  if (v->evaluated) put_seconds(out, "evaluated_age_seconds", MAX(now - v->evaluated, 0));
  put_seconds(out, "evaluation_interval_seconds", v->interval);
  buf_puts(out, "\"rules\":[");
  for (size_t i = 0; i < v->count; i++)
    if (!v->rules[i].records || v->rules[i].health == RULE_ERROR) put_rule(out, &v->rules[i]);
  put_close(out, "]");
}

/* The whole */

bool status_is_of(const char *json, uint64_t digest) {
  char head[64];
  snprintf(head, sizeof head, HEAD, STATUS_SCHEMA, digest);
  return json && !strncmp(json, head, strlen(head));
}

void status_write(struct buf *out, const struct status *s) {
  buf_printf(out, HEAD "\"targets\":[", STATUS_SCHEMA, s->digest);
  for (size_t i = 0; i < s->targets->count; i++) put_target(out, s->targets->batches[i], s->now);
  put_close(out, "]");
  if (s->rules) put_rules(out, s->rules, s->now);
  put_close(out, "}");
  if (!out->overflow) out->data[out->length - 1] = '\n';
}

static uint64_t fold_number(uint64_t digest, int64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, number);
  return schema_digest_text(digest, text);
}

static uint64_t fold_pairs(uint64_t digest, const struct pairs *p) {
  for (size_t i = 0; i < p->count; i++) digest = schema_digest_text(schema_digest_text(digest, p->names[i]), p->values[i]);
  return fold_number(digest, (int64_t)p->count);
}

uint64_t status_digest(const struct config *config, const struct rule_set *rules) {
  uint64_t digest = config_digest(config);
  for (size_t i = 0; rules && i < rules->count; i++) {
    const struct rule_group *g = &rules->groups[i];
    digest = fold_number(digest, g->interval);
    for (const struct rule *r = g->rules; r < g->rules + g->count; r++) {
      digest = schema_digest_text(schema_digest_text(digest, r->identity), r->text);
      digest = fold_number(fold_number(digest, r->pending), r->keep_firing);
      digest = fold_pairs(fold_pairs(digest, &r->labels), &r->annotations);
    }
  }
  return digest;
}
