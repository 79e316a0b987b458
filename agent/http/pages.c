/* The JSON pages, and what all pages say of a target: see pages.h. */
#include "agent/http/pages.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "metric/snapshot.h"

bool fleet_is_ready(const struct view *v) {
  size_t polled = 0;
  for (size_t i = 0; i < v->snapshot->count; i++) {
    const struct batch *b = v->snapshot->batches[i];
    if (!strcmp(b->id->name, SELF)) continue;
    if (!b->polled) return false;
    polled++;
  }
  return polled >= v->expected;
}

enum fleet fleet_state(const struct view *v) {
  for (size_t i = 0; i < v->snapshot->count; i++)
    if (v->snapshot->batches[i]->polled && !batch_is_well(v->snapshot->batches[i])) return FLEET_DOWN;
  return fleet_is_ready(v) ? FLEET_OK : FLEET_STARTING;
}

const char *batch_state(const struct batch *b) {
  if (!b->polled) return "starting";
  return batch_is_well(b) ? "up" : "down";
}

const char *batch_reason(const struct batch *b, bool local) {
  if (!b->polled) return "the first poll has not ended";
  return local && b->why.text[0] ? b->why.text : fail_kind_name(b->why.kind);
}

static void put_string(struct buf *out, const char *name, const char *value) {
  buf_printf(out, "\"%s\":\"", name);
  text_json(out, value, strlen(value));
  buf_putc(out, '"');
}

static void put_seconds(struct buf *out, const char *name, msec_t span) {
  char number[NUMBER_SIZE];
  number_format((double)span / 1000.0, number);
  buf_printf(out, "\"%s\":%s", name, number);
}

/* __metrics_path__ is the path itself: Prometheus encodes it when it builds the URL. */
static void put_discovered(struct buf *out, const struct identity *id, const char *host) {
  buf_puts(out, "{\"targets\":[\"");
  text_json(out, host, strlen(host));
  buf_puts(out, "\"],\"labels\":{\"__metrics_path__\":\"/targets/");
  text_json(out, id->name, strlen(id->name));
  buf_puts(out, "/metrics\",");
  put_string(out, "job", id->job);
  buf_putc(out, ',');
  put_string(out, "instance", id->instance);
  buf_putc(out, ',');
  put_string(out, "target", id->name);
  buf_puts(out, "}}");
}

void page_discovery(struct buf *out, const struct view *v) {
  buf_putc(out, '[');
  for (size_t i = 0; i < v->snapshot->count; i++) {
    buf_puts(out, i ? ",\n " : "");
    put_discovered(out, v->snapshot->batches[i]->id, v->host);
  }
  buf_puts(out, "]\n");
}

static void put_health(struct buf *out, const struct batch *b, const struct view *v) {
  buf_putc(out, '{');
  put_string(out, "name", b->id->name);
  buf_putc(out, ',');
  put_string(out, "kind", b->id->kind);
  buf_puts(out, batch_is_well(b) ? ",\"up\":true," : ",\"up\":false,");
  if (b->success)
    put_seconds(out, "age_seconds", MAX(v->now - b->success, 0));
  else
    buf_puts(out, "\"age_seconds\":null");
  if (!batch_is_well(b)) {
    buf_putc(out, ',');
    put_string(out, "reason", batch_reason(b, v->local));
  }
  buf_putc(out, '}');
}

void page_health(struct buf *out, const struct view *v) {
  static const char *const names[] = {[FLEET_OK] = "ok", [FLEET_STARTING] = "starting", [FLEET_DOWN] = "down"};
  buf_putc(out, '{');
  put_string(out, "status", names[fleet_state(v)]);
  buf_putc(out, ',');
  put_seconds(out, "uptime_seconds", v->now - v->started);
  buf_puts(out, ",\"targets\":[");
  for (size_t i = 0; i < v->snapshot->count; i++) {
    buf_puts(out, i ? ",\n " : "");
    put_health(out, v->snapshot->batches[i], v);
  }
  buf_puts(out, "]}\n");
}
