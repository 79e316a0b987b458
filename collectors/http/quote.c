/* Quotes: see quote.h. */
#include "collectors/http/quote.h"

#include <string.h>

#include "base/text.h"

enum { SCANNED_MAX = 4096 };

/* Bytes are taken one by one; where any were left out, one blank stands. */
struct line {
  char text[QUOTE_MAX + 1];
  size_t length;
  bool gap;
};

static void put(struct line *l, char c) {
  if (l->gap && l->length) l->text[l->length++] = ' ';
  l->gap = false;
  if (l->length < QUOTE_MAX) l->text[l->length++] = c;
}

void quote(struct buf *out, const char *text, size_t length) {
  size_t scanned = MIN(length, (size_t)SCANNED_MAX), i = 0;
  struct line line = {.length = 0};
  if (memchr(text, 0, scanned)) return;
  while (i < scanned && strchr(" \t\r\n", text[i])) i++; /* there is no NUL */
  bool markup = i < scanned && text[i] == '<', inside = false;
  for (; i < scanned && line.length < QUOTE_MAX; i++) {
    unsigned char c = (unsigned char)text[i];
    if (markup && (c == '<' || c == '>')) inside = c == '<';
    if (inside || (markup && c == '>') || c <= ' ' || c == 0x7F)
      line.gap = true;
    else
      put(&line, (char)c);
  }
  if (!line.length) return;
  buf_putc(out, '"');
  text_clean(out, line.text, line.length, sizeof line.text * 3);
  buf_puts(out, i < length ? "…\"" : "\"");
}
