/* JSON as Prometheus writes it. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "agent/api/page.h"
#include "base/number.h"
#include "base/text.h"

void json_text(struct buf *out, const char *text) {
  buf_putc(out, '"');
  text_json(out, text, strlen(text));
  buf_putc(out, '"');
}

void json_member(struct buf *out, const char *name, const char *value) {
  json_text(out, name);
  buf_putc(out, ':');
  json_text(out, value);
}

void json_labels(struct buf *out, const struct labels *l) {
  buf_putc(out, '{');
  for (size_t i = 0; i < l->count; i++) {
    if (i) buf_putc(out, ',');
    json_member(out, l->pairs[i].name, l->pairs[i].value);
  }
  buf_putc(out, '}');
}

void json_pairs(struct buf *out, const struct pairs *p) {
  buf_putc(out, '{');
  for (size_t i = 0; i < p->count; i++) {
    if (i) buf_putc(out, ',');
    json_member(out, p->names[i], p->values[i]);
  }
  buf_putc(out, '}');
}

void json_time(struct buf *out, const struct page *p, msec_t time) {
  int64_t wall = time + p->api->wall_offset;
  uint64_t size = wall < 0 ? (uint64_t)-wall : (uint64_t)wall;
  buf_printf(out, "%s%" PRIu64, wall < 0 ? "-" : "", size / 1000);
  if (size % 1000) buf_printf(out, ".%03u", (unsigned)(size % 1000));
}

void json_value(struct buf *out, double value) {
  char number[NUMBER_SIZE];
  buf_putc(out, '"');
  buf_put(out, number, number_format(value, number));
  buf_putc(out, '"');
}

void json_date(struct buf *out, int64_t wall) {
  time_t seconds = (time_t)(wall / 1000);
  struct tm utc;
  char shown[40];
  if (!gmtime_r(&seconds, &utc)) utc = (struct tm){.tm_mday = 1, .tm_year = 70};
  buf_put(out, shown, strftime(shown, sizeof shown, "\"%Y-%m-%dT%H:%M:%S", &utc));
  buf_printf(out, ".%03dZ\"", (int)(wall % 1000));
}
