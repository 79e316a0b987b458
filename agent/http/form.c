/* application/x-www-form-urlencoded: see form.h. */
#include "agent/http/form.h"

#include <string.h>

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL for a %00. */
static const char *decoded(struct arena *a, const char *text, size_t length) {
  char *out = arena_copy_bytes(a, text, length);
  size_t n = 0;
  for (size_t i = 0; i < length; i++) {
    int high = text[i] == '%' && i + 2 < length ? hex(text[i + 1]) : -1, low = high >= 0 ? hex(text[i + 2]) : -1;
    out[n] = text[i] == '+' ? ' ' : text[i];
    if (low >= 0) {
      out[n] = (char)(high * 16 + low);
      i += 2;
    }
    if (!out[n++]) return NULL;
  }
  out[n] = 0;
  return out;
}

bool form_add(struct form *f, const char *name, size_t name_length, const char *value, size_t value_length) {
  if (f->count == FORM_PARAMETERS_MAX) return false;
  if (f->count == f->capacity) {
    f->capacity = MAX(f->capacity * 2, (size_t)8);
    struct parameter *more = arena_alloc(f->arena, f->capacity * sizeof *more);
    if (f->count) memcpy(more, f->parameters, f->count * sizeof *more);
    f->parameters = more;
  }
  struct parameter *p = &f->parameters[f->count++];
  p->name = decoded(f->arena, name, name_length);
  p->value = decoded(f->arena, value, value_length);
  return p->name && p->value;
}

bool form_parse(struct form *f, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *stop = memchr(text, '&', (size_t)(end - text));
    if (!stop) stop = end;
    const char *equal = memchr(text, '=', (size_t)(stop - text)), *value = equal ? equal + 1 : stop;
    if (stop > text && !form_add(f, text, (size_t)((equal ? equal : stop) - text), value, (size_t)(stop - value))) return false;
    text = stop + 1;
  }
  return true;
}
