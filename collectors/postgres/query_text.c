/* A small scanner of SQL's tokens, as far as blanks, comments, literals and words matter. It never fails: an unfinished literal
 * (the server cuts long texts) ends with the text. */
#include "collectors/postgres/query_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/attr.h"

static bool is_word(char c) {
  return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* What is longer than the whole text may become is cut: the rest would be cut anyway. */
static void put(struct buf *out, const char *p, size_t length) {
  buf_put(out, p, MIN(length, out->max - out->length));
}

/* Behind a literal that begins at its quote. A doubled quote stays within; a backslash escapes where `escapes`. */
static const char *after_quoted(const char *p, bool escapes) {
  char quote = *p++;
  for (; *p; p++) {
    if ((escapes && *p == '\\' && p[1]) || (*p == quote && p[1] == quote))
      p++;
    else if (*p == quote)
      return p + 1;
  }
  return p;
}

/* Behind $tag$ … $tag$; NULL when no such literal begins here. */
static const char *after_dollars(const char *p) {
  size_t tag = 1;
  while (isalpha((unsigned char)p[tag]) || p[tag] == '_') tag++;
  if (p[tag] != '$') return NULL;
  for (const char *q = p + tag + 1; *q; q++)
    if (strncmp(q, p, tag + 1) == 0) return q + tag + 1;
  return p + strlen(p);
}

/* Block comments nest in PostgreSQL. */
static const char *after_comment(const char *p) {
  if (*p == '-') return p + strcspn(p, "\n");
  for (unsigned depth = 0; *p; p++) {
    if (p[0] == '/' && p[1] == '*')
      depth++, p++;
    else if (p[0] == '*' && p[1] == '/' && (p++, --depth == 0))
      return p + 1;
  }
  return p;
}

static const char *after_blank(const char *p) {
  for (;;) {
    if (isspace((unsigned char)*p))
      p++;
    else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'))
      p = after_comment(p);
    else
      return p;
  }
}

/* Copies a word; one that begins with a digit is a number. E'…' has escapes and belongs to its word. */
static const char *word(struct buf *out, const char *p) {
  size_t length = 0;
  while (is_word(p[length]) || (isdigit((unsigned char)*p) && p[length] == '.')) length++;
  bool prefix = length == 1 && p[1] == '\'' && strchr("eEbBxXnN", *p);
  if (prefix) return buf_putc(out, '?'), after_quoted(p + 1, *p == 'e' || *p == 'E');
  if (isdigit((unsigned char)*p))
    buf_putc(out, '?');
  else
    put(out, p, length);
  return p + length;
}

static const char *token(struct buf *out, const char *p) {
  const char *end = *p == '$' ? after_dollars(p) : *p == '\'' ? after_quoted(p, false) : NULL;
  if (end) return buf_putc(out, '?'), end;
  if (*p == '"') {
    end = after_quoted(p, false);
    put(out, p, (size_t)(end - p));
    return end;
  }
  if (is_word(*p)) return word(out, p);
  buf_putc(out, *p);
  return p + 1;
}

void query_text(struct buf *out, const char *sql, size_t max) {
  struct buf all;
  buf_init(&all, max + 4); /* to see that it must be cut */
  const char *p = after_blank(sql);
  while (*p && all.length <= max && !all.overflow) {
    p = token(&all, p);
    const char *next = after_blank(p);
    if (next != p && *next) buf_putc(&all, ' ');
    p = next;
  }
  size_t length = MIN(all.length, max);
  while (length > 0 && length < all.length && ((unsigned char)all.data[length] & 0xC0) == 0x80) length--;
  buf_put(out, all.data, length);
  buf_done(&all);
}
