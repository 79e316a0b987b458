/* See metric/label_text.h. The text is our own rendering, so it is well-formed. */
#include "agent/metric/label_text.h"

#include <string.h>

bool label_text_next(const char **cursor, struct label_span *ret) {
  const char *p = *cursor;
  if (*p == ',') p++;
  if (!*p) return false;
  ret->name = p;
  ret->name_length = strcspn(p, "=");
  ret->value = p += ret->name_length + 2; /* behind =" */
  while (*p != '"') p += *p == '\\' ? 2 : 1;
  ret->value_length = (size_t)(p - ret->value);
  *cursor = p + 1;
  return true;
}

bool label_text_find(const char *text, const char *name, struct label_span *ret) {
  size_t length = strlen(name);
  while (label_text_next(&text, ret))
    if (ret->name_length == length && !memcmp(ret->name, name, length)) return true;
  return false;
}

/* True when the name of `other` is that of `l` behind so many prefixes. */
static bool is_exported(const struct label_span *other, const struct label_span *l, size_t times) {
  static const char prefix[] = LABEL_EXPORTED;
  size_t n = strlen(prefix);
  if (other->name_length != times * n + l->name_length) return false;
  for (size_t i = 0; i < times; i++)
    if (memcmp(other->name + i * n, prefix, n) != 0) return false;
  return !memcmp(other->name + times * n, l->name, l->name_length);
}

size_t label_text_exported(const char *text, const struct label_span *l) {
  struct label_span other;
  size_t times = 1;
  for (const char *cursor = text; label_text_next(&cursor, &other);)
    if (is_exported(&other, l, times)) {
      times++;
      cursor = text;
    }
  return times;
}
