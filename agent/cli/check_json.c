/* The report for programs. The schema's number changes when a key changes its meaning; keys may be added. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/cli/check_report.h"

#define SCHEMA 1

static void set_text(json_t *object, const char *key, const char *text) {
  if (text && *text) json_object_set_new(object, key, json_string(text));
}

/* JSON knows no NaN and no infinity: null. */
static json_t *number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *seconds(msec_t span) {
  return json_real((double)span / 1000);
}

static char *lower(struct arena *a, const char *name) {
  char *copy = arena_copy(a, name);
  for (char *c = copy; *c; c++) *c = (char)(*c | 0x20);
  return copy;
}

static json_t *row(const struct verdict *v, struct arena *a) {
  json_t *o = json_object();
  set_text(o, "status", lower(a, level_name(v->level)));
  set_text(o, "check", v->check);
  set_text(o, "target", v->target);
  set_text(o, "series", v->series);
  set_text(o, "state", v->state);
  set_text(o, "reason", v->reason);
  if (!v->is_target && !isnan(v->value)) json_object_set_new(o, "value", number(v->value));
  if (v->op) {
    set_text(o, "op", v->op);
    json_object_set_new(o, "threshold", number(v->threshold));
  }
  if (v->left) json_object_set_new(o, v->level == LEVEL_WAITING ? "judged_in_seconds" : "fires_in_seconds", seconds(v->left));
  set_text(o, "message", v->message);
  set_text(o, "hint", v->hint);
  return o;
}

static void set_time(json_t *root) {
  char text[32];
  struct tm utc;
  time_t now = (time_t)clock_wall();
  gmtime_r(&now, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  set_text(root, "time", text);
}

static json_t *head(const struct report *r, struct arena *a) {
  enum level level = report_level(r);
  json_t *root = json_object();
  json_object_set_new(root, "schema", json_integer(SCHEMA));
  set_text(root, "status", level_exit(level) ? lower(a, level_name(level)) : "ok");
  json_object_set_new(root, "exit_code", json_integer(level_exit(level)));
  set_time(root);
  json_object_set_new(root, "duration_seconds", seconds(r->took));
  set_text(root, "message", r->trouble);
  set_text(root, "source", r->asked ? "agent" : "poll");
  set_text(root, "note", r->note);
  json_object_set_new(root, "data_age_seconds", seconds(r->age));
  json_object_set_new(root, "judged", json_integer((json_int_t)r->judged));
  json_object_set_new(root, "waiting_for_history", json_integer((json_int_t)r->waiting));
  json_object_set_new(root, "nothing_to_judge", json_integer((json_int_t)r->idle));
  return root;
}

void report_json(struct buf *out, const struct report *r) {
  struct arena a;
  arena_init(&a);
  json_t *root = head(r, &a), *checks = json_array();
  for (size_t i = 0; i < r->count; i++) json_array_append_new(checks, row(&r->rows[i], &a));
  json_object_set_new(root, "checks", checks);
  char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
  if (text) buf_puts(out, text);
  buf_putc(out, '\n');
  free(text);
  json_decref(root);
  arena_done(&a);
}
