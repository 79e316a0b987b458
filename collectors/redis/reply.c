/* Readers of replies for callers who expect a shape and get whatever the server sent. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "collectors/redis_link.h"

static bool is_text(const struct reply *r) {
  return r->type == REPLY_STRING || r->type == REPLY_STATUS;
}

bool reply_integer(const struct reply *r, int64_t *ret) {
  if (r->type == REPLY_INTEGER) {
    *ret = r->integer;
    return true;
  }
  if (!is_text(r) || r->length == 0 || (r->text[0] != '-' && (r->text[0] < '0' || r->text[0] > '9'))) return false;
  char *end;
  errno = 0;
  long long value = strtoll(r->text, &end, 10);
  if (errno || end != r->text + r->length) return false;
  *ret = value;
  return true;
}

bool reply_number(const struct reply *r, double *ret) {
  if (r->type == REPLY_INTEGER) {
    *ret = (double)r->integer;
    return true;
  }
  return is_text(r) && number_parse(r->text, r->length, ret);
}

const struct reply *reply_item(const struct reply *r, size_t i) {
  static const struct reply nil = {.type = REPLY_NIL};
  return r->type == REPLY_ARRAY && i < r->count ? r->items[i] : &nil;
}

bool reply_is(const struct reply *r, const char *text) {
  return is_text(r) && r->length == strlen(text) && memcmp(r->text, text, r->length) == 0;
}
