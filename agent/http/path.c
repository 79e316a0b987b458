/* Paths and hosts from outside: see path.h. */
#include "agent/http/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LETTERS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS   "0123456789"
#define HOST_MAX 253

static int hex(char c) {
  const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
  return at ? (int)(at - digits) : -1;
}

/* The next character of *cursor, which is moved behind it; -1 when it may not stand in a path. */
static int next_character(const char **cursor) {
  const char *at = *cursor;
  int c = (unsigned char)*at++;
  if (c == '%') {
    int high = hex(at[0]), low = high < 0 ? -1 : hex(at[1]);
    if (low < 0) return -1;
    c = high * 16 + low;
    at += 2;
  }
  *cursor = at;
  return c < 0x20 || c == 0x7F ? -1 : c;
}

bool path_decode_value(const char *value, char *out, size_t size) {
  size_t length = 0;
  while (*value) {
    int c = next_character(&value);
    if (c < 0 || length + 1 >= size) return false;
    out[length++] = (char)c;
  }
  out[length] = 0;
  return true;
}

bool path_decode(const char *path, char *out, size_t size) {
  return path[0] == '/' && path_decode_value(path, out, size);
}

bool path_match(char *path, const char *head, const char *tail, const char **ret_between) {
  if (!tail) return !strcmp(path, head);
  size_t all = strlen(path), first = strlen(head), last = strlen(tail);
  if (all <= first + last || strncmp(path, head, first) != 0 || strcmp(path + all - last, tail) != 0) return false;
  path[all - last] = 0;
  *ret_between = path + first;
  return true;
}

void path_encode(struct buf *out, const char *name) {
  text_percent(out, name, ":/");
}

static bool port_is_valid(const char *text) {
  size_t length = strspn(text, DIGITS);
  if (!length || length > 5 || text[length]) return false;
  unsigned long port = strtoul(text, NULL, 10);
  return port >= 1 && port <= 65535;
}

bool host_is_valid(const char *text) {
  bool brackets = text[0] == '[';
  size_t length = brackets ? strspn(text + 1, DIGITS "abcdefABCDEF:.") : strspn(text, LETTERS DIGITS "-._");
  if (!length || length > HOST_MAX) return false;
  const char *rest = text + length;
  if (brackets) {
    if (rest[1] != ']') return false;
    rest += 2;
  }
  return !*rest || (*rest == ':' && port_is_valid(rest + 1));
}
