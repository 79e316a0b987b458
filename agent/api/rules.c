/* rules and alerts: what the evaluator knows, as Prometheus shows it. */
#include <string.h>

#include "agent/api/page.h"

/* rule_name[]=, rule_group[]=, file[]=: none, or one that is equal. */
static bool is_chosen(const struct page *p, const char *parameter, const char *value) {
  bool any = false;
  for (size_t i = 0; i < p->request->count; i++) {
    if (strcmp(p->request->parameters[i].name, parameter) != 0) continue;
    any = true;
    if (!strcmp(p->request->parameters[i].value, value)) return true;
  }
  return !any;
}

static void put_alert(struct page *p, const struct alert_view *a) {
  buf_puts(p->out, "{\"labels\":");
  json_labels(p->out, a->labels);
  buf_puts(p->out, ",\"annotations\":");
  json_labels(p->out, a->annotations);
  buf_printf(p->out, ",\"state\":\"%s\",\"activeAt\":", alert_state_name(a->state));
  json_date(p->out, a->active_at);
  buf_puts(p->out, ",\"value\":");
  json_value(p->out, a->value);
  buf_putc(p->out, '}');
}

/* exclude_alerts=true: who draws a list of rules does not need what they found. */
static bool alerts_excluded(const struct page *p) {
  const char *text = api_parameter(p, "exclude_alerts");
  return text && *text && strchr("1tT", *text);
}

static void put_alerts(struct page *p, const struct rule_view *r) {
  buf_putc(p->out, '[');
  for (size_t i = 0; i < r->alert_count && !alerts_excluded(p); i++) {
    if (i) buf_putc(p->out, ',');
    put_alert(p, &r->alerts[i]);
  }
  buf_putc(p->out, ']');
}

static const char *state_of(const struct rule_view *r) {
  const char *state = "inactive";
  for (size_t i = 0; i < r->alert_count; i++) {
    if (r->alerts[i].state == ALERT_FIRING) return "firing";
    if (r->alerts[i].state == ALERT_PENDING) state = "pending";
  }
  return state;
}

static const char *health_of(const struct rule_view *r) {
  return r->health == RULE_ERROR ? "err" : r->health == RULE_UNKNOWN ? "unknown" : "ok";
}

static void put_rule(struct page *p, const struct rule_view *r, msec_t evaluated) {
  buf_putc(p->out, '{');
  json_member(p->out, "name", r->name);
  buf_putc(p->out, ',');
  json_member(p->out, "query", r->expr);
  buf_puts(p->out, ",\"labels\":");
  json_pairs(p->out, &r->labels);
  if (!r->records) {
    buf_printf(p->out, ",\"state\":\"%s\",\"duration\":%g,\"keepFiringFor\":%g,\"annotations\":", state_of(r),
               (double)r->pending / 1000, (double)r->keep_firing / 1000);
    json_pairs(p->out, &r->annotations);
    buf_puts(p->out, ",\"alerts\":");
    put_alerts(p, r);
  }
  buf_printf(p->out, ",\"health\":\"%s\",", health_of(r));
  if (r->error) {
    json_member(p->out, "lastError", r->error);
    buf_putc(p->out, ',');
  }
  buf_printf(p->out, "\"evaluationTime\":%.9f,\"lastEvaluation\":", r->seconds);
  json_date(p->out, evaluated + p->api->wall_offset);
  buf_printf(p->out, ",\"type\":\"%s\"}", r->records ? "recording" : "alerting");
}

/* The groups stand one after the other in a view. */
static bool begins_group(const struct rules_view *v, size_t i) {
  return !i || strcmp(v->rules[i].group, v->rules[i - 1].group) != 0 || strcmp(v->rules[i].file, v->rules[i - 1].file) != 0;
}

static bool is_shown(const struct page *p, const struct rule_view *r) {
  const char *type = api_parameter(p, "type");
  if (type && *type && strcmp(type, r->records ? "record" : "alert") != 0) return false;
  return is_chosen(p, "rule_name[]", r->name) && is_chosen(p, "rule_group[]", r->group) && is_chosen(p, "file[]", r->file);
}

/* The rules of the group that begins at `first`, those that are shown; returns where the next begins. */
static size_t put_rules(struct page *p, const struct rules_view *v, size_t first, size_t *ret_count) {
  size_t end = first;
  *ret_count = 0;
  do {
    if (!is_shown(p, &v->rules[end])) continue;
    if ((*ret_count)++) buf_putc(p->out, ',');
    put_rule(p, &v->rules[end], v->evaluated);
  } while (++end < v->count && !begins_group(v, end));
  return end;
}

static double seconds_of(const struct rules_view *v, size_t first) {
  double seconds = v->rules[first].seconds;
  for (size_t i = first + 1; i < v->count && !begins_group(v, i); i++) seconds += v->rules[i].seconds;
  return seconds;
}

/* A group none of whose rules is shown is not there. */
static size_t put_group(struct page *p, const struct rules_view *v, size_t first, size_t *shown) {
  const struct rule_view *r = &v->rules[first];
  size_t before = p->out->length, count;
  buf_puts(p->out, *shown ? ",{" : "{");
  json_member(p->out, "name", r->group);
  buf_putc(p->out, ',');
  json_member(p->out, "file", r->file);
  buf_printf(p->out, ",\"interval\":%g,\"limit\":%lld,\"evaluationTime\":%.9f,\"lastEvaluation\":", (double)r->interval / 1000,
             (long long)r->limit, seconds_of(v, first));
  json_date(p->out, v->evaluated + p->api->wall_offset);
  buf_puts(p->out, ",\"rules\":[");
  size_t end = put_rules(p, v, first, &count);
  buf_puts(p->out, "]}");
  *shown += count != 0;
  if (!count && p->out->data) p->out->data[p->out->length = before] = 0;
  return end;
}

bool api_rules(struct page *p) {
  const char *type = api_parameter(p, "type");
  if (type && *type && strcmp(type, "alert") != 0 && strcmp(type, "record") != 0)
    return api_fail(p, 400, "invalid parameter \"type\": \"%.60s\" is neither alert nor record", type);
  struct rules_view *v = p->api->evaluator ? evaluator_view(p->api->evaluator) : NULL;
  size_t shown = 0;
  buf_puts(p->out, "{\"groups\":[");
  for (size_t i = 0; v && i < v->count;) i = put_group(p, v, i, &shown);
  buf_puts(p->out, "]}");
  rules_view_unref(v);
  return true;
}

bool api_active_alerts(struct page *p) {
  struct rules_view *v = p->api->evaluator ? evaluator_view(p->api->evaluator) : NULL;
  bool first = true;
  buf_puts(p->out, "{\"alerts\":[");
  for (size_t i = 0; v && i < v->count; i++)
    for (size_t k = 0; k < v->rules[i].alert_count; k++) {
      if (!first) buf_putc(p->out, ',');
      first = false;
      put_alert(p, &v->rules[i].alerts[k]);
    }
  buf_puts(p->out, "]}");
  rules_view_unref(v);
  return true;
}
