/* Legal names: see metric/name.h. */
#include "agent/metric/name.h"

#include <string.h>

#include "base/text.h"

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_legal(char c, bool colon) {
  unsigned lower = (unsigned char)c | 0x20u;
  return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '_' || (colon && c == ':');
}

/* The length of the legal name that is all of `name`, or 0. */
static size_t legal_length(const char *name, bool colon) {
  size_t i = 0;
  if (is_digit(name[0])) return 0;
  while (i < NAME_SIZE && is_legal(name[i], colon)) i++;
  return i < NAME_SIZE && !name[i] ? i : 0;
}

bool name_is_family(const char *name) {
  return legal_length(name, true) > 0;
}

size_t name_label_length(const char *name) {
  return name[0] == '_' && name[1] == '_' ? 0 : legal_length(name, false);
}

static void make_legal(char out[NAME_SIZE], const char *name, bool colon) {
  SCOPED(buf_done) struct buf b;
  buf_init(&b, (size_t)NAME_SIZE * 4);
  if (!name[0] || is_digit(name[0])) buf_putc(&b, '_');
  text_clean(&b, name, strlen(name), NAME_SIZE - 2);
  memcpy(out, b.data, b.length + 1);
  for (char *p = out; *p; p++)
    if (!is_legal(*p, colon)) *p = '_';
}

void name_make_family(char out[NAME_SIZE], const char *name) {
  make_legal(out, name, true);
}

void name_make_label(char out[NAME_SIZE], const char *name) {
  while (name[0] == '_' && name[1] == '_') name++;
  make_legal(out, name, false);
}
