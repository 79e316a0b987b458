/* Legal names: see metric/name.h. */
#include "agent/metric/name.h"

#include <string.h>

#include "base/text.h"

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_legal(char c, bool colon) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || (colon && c == ':');
}

static bool all_legal(const char *name, bool colon) {
  if (!name[0] || is_digit(name[0])) return false;
  size_t i = 0;
  while (i < NAME_SIZE && is_legal(name[i], colon)) i++;
  return i < NAME_SIZE && !name[i];
}

bool name_is_family(const char *name) {
  return all_legal(name, true);
}

bool name_is_label(const char *name) {
  return all_legal(name, false) && !(name[0] == '_' && name[1] == '_');
}

static void make_legal(char out[NAME_SIZE], const char *name, bool colon) {
  SCOPED(buf_done) struct buf b;
  buf_init(&b, NAME_SIZE * 4);
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
