/* Errors as a kind and a sentence: see base/fail.h. */
#include "base/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A sentence that was cut in the middle of a UTF-8 character loses the broken character. */
static void cut_at_character(char *text, size_t size) {
  size_t length = strnlen(text, size - 1);
  if (length + 1 < size) return;
  size_t start = length;
  while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) start--;
  if (start > 0 && (unsigned char)text[start - 1] >= 0xC0)
    start--;
  else
    start = length; /* it ended in ASCII */
  text[start] = 0;
}

/* The sentence is made aside: the arguments may point into *f. `rest` (NULL for none) follows behind ": ". */
static bool make(struct fail *f, enum fail_kind kind, const char *rest, const char *format, va_list args) {
  if (!f) return false;
  struct fail made = {.kind = kind};
  char whole[2 * sizeof made.text] = "";
  int n = vsnprintf(whole, sizeof made.text, format, args);
  size_t used = n < 0 ? 0 : MIN((size_t)n, sizeof made.text - 1);
  if (rest) snprintf(whole + used, sizeof whole - used, ": %s", rest);
  memcpy(made.text, whole, sizeof made.text - 1);
  cut_at_character(made.text, sizeof made.text);
  *f = made;
  return false;
}

bool fail(struct fail *f, enum fail_kind kind, const char *format, ...) {
  va_list args;
  va_start(args, format);
  make(f, kind, NULL, format, args);
  va_end(args);
  return false;
}

bool fail_prefix(struct fail *f, const char *format, ...) {
  if (!f) return false;
  struct fail old = *f;
  va_list args;
  va_start(args, format);
  make(f, old.kind, old.text, format, args);
  va_end(args);
  return false;
}

bool fail_errno(struct fail *f, const char *format, ...) {
  char reason[128];
  const char *text = strerror_r(errno, reason, sizeof reason);
  va_list args;
  va_start(args, format);
  make(f, FAIL_SYSTEM, text, format, args);
  va_end(args);
  return false;
}

const char *fail_kind_name(enum fail_kind kind) {
#define X(value, name) [value] = name,
  static const char *const names[] = {FAIL_KINDS(X)};
#undef X
  return (size_t)kind < COUNTOF(names) ? names[kind] : "unknown";
}
