/* The pages of the API: one row each, and the envelope that all answers come in. */
#include "api/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/api/page.h"
#include "base/version.h"

/* Grafana chooses by the version what it may ask for: it is that of the Prometheus whose API and PromQL this is. Ours follows as semantic versions have it. */
bool api_build(struct page *p) {
  buf_printf(p->out, "{\"version\":\"3.0.0+sonde.%s\"", version_number());
  buf_putc(p->out, ',');
  json_member(p->out, "revision", version_revision());
  buf_puts(p->out, ",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}");
  return true;
}

/* What Grafana asks for in passing and is never here: exemplars. */
bool api_nothing(struct page *p) {
  buf_puts(p->out, "[]");
  return true;
}

/* A path is `head`, or with a tail: head, a name, tail. */
static const struct row {
  const char *head, *tail;
  page_fn *make;
} rows[] = {
    {"query", NULL, api_query},
    {"query_range", NULL, api_query_range},
    {"series", NULL, api_series},
    {"labels", NULL, api_labels},
    {"label/", "/values", api_values},
    {"metadata", NULL, api_metadata},
    {"rules", NULL, api_rules},
    {"alerts", NULL, api_active_alerts},
    {"status/buildinfo", NULL, api_build},
    {"query_exemplars", NULL, api_nothing},
};

static const struct row *find(const char *path, const char **name, size_t *length) {
  for (size_t i = 0; i < COUNTOF(rows); i++) {
    size_t head = strlen(rows[i].head), tail = rows[i].tail ? strlen(rows[i].tail) : 0, all = strlen(path);
    *name = path + head;
    *length = 0;
    if (!rows[i].tail && !strcmp(path, rows[i].head)) return &rows[i];
    if (!rows[i].tail || strncmp(path, rows[i].head, head) != 0 || all <= head + tail) continue;
    *length = all - head - tail;
    if (!strcmp(path + all - tail, rows[i].tail) && !memchr(*name, '/', *length)) return &rows[i];
  }
  return NULL;
}

bool api_has(const char *path) {
  const char *name;
  size_t length;
  return find(path, &name, &length);
}

bool api_fail(struct page *p, unsigned status, const char *format, ...) {
  char sentence[400];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  p->status = status;
  return fail(&p->fail, FAIL_CONFIG, "%s", sentence);
}

/* The envelope */

static const char *error_type(unsigned status) {
  return status == 400   ? "bad_data"
         : status == 422 ? "execution"
         : status == 503 ? "timeout"
         : status == 404 ? "not_found"
                         : "internal";
}

static unsigned put_error(struct buf *out, unsigned status, const char *sentence) {
  buf_clear(out);
  buf_puts(out, "{\"status\":\"error\",");
  json_member(out, "errorType", error_type(status));
  buf_putc(out, ',');
  json_member(out, "error", sentence);
  buf_putc(out, '}');
  return status;
}

static void put_annotations(struct page *p, const char *name, bool warnings) {
  size_t shown = 0;
  if (warnings && p->cut) {
    shown++;
    buf_puts(p->out, ",\"warnings\":[\"results truncated due to limit\"");
  }
  for (size_t i = 0; i < p->annotation_count; i++) {
    if (p->annotations[i].warning != warnings) continue;
    if (shown++)
      buf_putc(p->out, ',');
    else
      buf_printf(p->out, ",\"%s\":[", name);
    json_text(p->out, p->annotations[i].text);
  }
  if (shown) buf_putc(p->out, ']');
}

static unsigned make(struct page *p, const struct row *row) {
  buf_puts(p->out, "{\"status\":\"success\",\"data\":");
  if (!row->make(p)) return put_error(p->out, p->status, p->fail.text);
  put_annotations(p, "warnings", true);
  put_annotations(p, "infos", false);
  buf_putc(p->out, '}');
  if (p->out->overflow) {
    api_fail(p, 422, "the answer would be larger than %zu MB; ask for less", p->out->max >> 20);
    return put_error(p->out, p->status, p->fail.text);
  }
  return 200;
}

unsigned api_answer(const struct api *api, const struct api_request *request, struct buf *out) {
  const char *name;
  size_t length;
  const struct row *row = find(request->path, &name, &length);
  struct page p = {.api = api, .request = request, .out = out, .status = 500};
  if (!row) return put_error(out, 404, "there is no such page");
  arena_init(&p.arena);
  p.name = arena_copy_bytes(&p.arena, name, length);
  unsigned status = make(&p, row);
  arena_done(&p.arena);
  return status;
}
