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
