/* Pieces of JSON: see json.h. */
#include "agent/notify/json.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

void put_json_text(struct buf *out, const char *text) {
  buf_putc(out, '"');
  text_json(out, text, strlen(text));
  buf_putc(out, '"');
}

void put_json_labels(struct buf *out, const struct labels *l) {
  buf_putc(out, '{');
  for (size_t i = 0; i < l->count; i++) {
    if (i) buf_putc(out, ',');
    put_json_text(out, l->pairs[i].name);
    buf_putc(out, ':');
    put_json_text(out, l->pairs[i].value);
  }
  buf_putc(out, '}');
}

void put_json_time(struct buf *out, int64_t time) {
  time_t seconds = (time_t)(time / 1000);
  struct tm utc;
  if (!gmtime_r(&seconds, &utc)) gmtime_r(&(time_t){0}, &utc);
  buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
             utc.tm_sec);
  if (time % 1000) buf_printf(out, ".%03d", (int)(time % 1000));
  buf_puts(out, "Z\"");
}
