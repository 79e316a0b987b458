/* Where a character of a scalar stands in the file. What YAML takes out of a value is blanks, quotes and backslashes, never a letter: so the value's
 * other characters are found again in the file one after the other. An escape that stands for another character (\x41) leads a little astray. */
#include <string.h>

#include "config/tree.h"

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_character_start(char c) {
  return ((unsigned char)c & 0xC0) != 0x80;
}

/* Where the scalar begins; NULL when the file is another. */
static const char *find_start(const char *file, const struct node *scalar) {
  const char *p = file;
  for (unsigned line = 1; line < scalar->line; line++) {
    p = strchr(p, '\n');
    if (!p) return NULL;
    p++;
  }
  for (unsigned column = 1; column < scalar->column; column++) {
    if (!*p) return NULL;
    do p++;
    while (!is_character_start(*p));
  }
  return p;
}

/* Where the content begins: below `|` and `>`, behind a quote. */
static const char *skip_indicator(const char *p) {
  if (*p == '|' || *p == '>') return p + strcspn(p, "\n");
  return *p == '"' || *p == '\'' ? p + 1 : p;
}

static struct node place_of(const char *file, const char *p) {
  struct node at = {.line = 1, .column = 1};
  for (const char *c = file; c < p; c++) {
    at.column += is_character_start(*c);
    if (*c != '\n') continue;
    at.line++;
    at.column = 1;
  }
  return at;
}

struct node node_inside(const char *file, const struct node *scalar, size_t offset) {
  const char *p = find_start(file, scalar);
  if (!p) return (struct node){.line = scalar->line, .column = scalar->column};
  p = skip_indicator(p);
  for (size_t i = 0; i <= offset && scalar->text[i]; i++) {
    if (is_blank(scalar->text[i])) continue;
    const char *found = strchr(p, scalar->text[i]);
    if (!found) break;
    p = found + (i < offset);
  }
  return place_of(file, p);
}
