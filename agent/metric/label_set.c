/* Label sets: see metric/labels.h. A set is one block: the pairs, then their strings. */
#include "metric/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct labels *labels_ref(struct labels *l) {
  atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
  return l;
}

void labels_unref(struct labels *l) {
  if (l && atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) == 1) free(l);
}

/* Puts the pair where it belongs; of one name the later value wins. */
static void insert(struct label_pair *sorted, size_t *count, struct label_pair pair) {
  size_t i = *count;
  while (i > 0 && strcmp(sorted[i - 1].name, pair.name) > 0) i--;
  if (i > 0 && !strcmp(sorted[i - 1].name, pair.name)) {
    sorted[i - 1].value = pair.value;
    return;
  }
  memmove(&sorted[i + 1], &sorted[i], (*count - i) * sizeof *sorted);
  sorted[i] = pair;
  (*count)++;
}

static char *place(char **end, const char *text) {
  size_t size = strlen(text) + 1;
  char *at = *end;
  memcpy(at, text, size);
  *end += size;
  return at;
}

struct labels *labels_new(const struct label_pair *pairs, size_t count) {
  struct label_pair *sorted = mem_resize(NULL, count + 1, sizeof *sorted);
  size_t kept = 0, bytes = 0;
  for (size_t i = 0; i < count; i++) insert(sorted, &kept, pairs[i]);
  size_t all = kept;
  kept = 0;
  for (size_t i = 0; i < all; i++)
    if (*sorted[i].value) sorted[kept++] = sorted[i];
  for (size_t i = 0; i < kept; i++) bytes += strlen(sorted[i].name) + strlen(sorted[i].value) + 2;
  struct labels *l = mem_zero(sizeof *l + kept * sizeof *sorted + bytes);
  atomic_init(&l->references, 1);
  l->count = kept;
  char *strings = (char *)&l->pairs[kept], *end = strings;
  for (size_t i = 0; i < kept; i++) {
    l->pairs[i].name = place(&end, sorted[i].name);
    l->pairs[i].value = place(&end, sorted[i].value);
  }
  l->hash = text_hash(strings, bytes);
  free(sorted);
  return l;
}

/* Undoes text_escape() up to the closing quote; returns what lies behind it. */
static const char *unescape(const char *from, const char *end, char **to) {
  while (from < end && *from != '"') {
    if (*from == '\\' && from + 1 < end) {
      from++;
      *(*to)++ = *from == 'n' ? '\n' : *from;
      from++;
    } else {
      *(*to)++ = *from++;
    }
  }
  *(*to)++ = 0;
  return from + 1;
}

struct labels *labels_from_text(const char *text, size_t length, const struct label_pair *extra, size_t extra_count) {
  struct label_pair pairs[64];
  char *strings = mem_resize(NULL, length + 1, 1), *to = strings;
  size_t count = 0;
  for (const char *p = text, *end = text + length; p < end && count + extra_count < COUNTOF(pairs);) {
    const char *equals = memchr(p, '=', (size_t)(end - p));
    if (!equals || equals + 2 > end) break;
    pairs[count].name = to;
    memcpy(to, p, (size_t)(equals - p));
    to += equals - p;
    *to++ = 0;
    pairs[count++].value = to;
    p = unescape(equals + 2, end, &to);
    if (p < end && *p == ',') p++;
  }
  for (size_t i = 0; i < extra_count && count < COUNTOF(pairs); i++) pairs[count++] = extra[i];
  struct labels *l = labels_new(pairs, count);
  free(strings);
  return l;
}

const char *labels_get(const struct labels *l, const char *name) {
  for (size_t i = 0; i < l->count; i++)
    if (!strcmp(l->pairs[i].name, name)) return l->pairs[i].value;
  return "";
}

int labels_compare(const struct labels *a, const struct labels *b) {
  for (size_t i = 0; i < a->count && i < b->count; i++) {
    int order = strcmp(a->pairs[i].name, b->pairs[i].name);
    if (!order) order = strcmp(a->pairs[i].value, b->pairs[i].value);
    if (order) return order;
  }
  return (a->count > b->count) - (a->count < b->count);
}

bool labels_equal(const struct labels *a, const struct labels *b) {
  return a == b || (a->hash == b->hash && !labels_compare(a, b));
}

void labels_write(struct buf *out, const struct labels *l) {
  const char *name = labels_get(l, "__name__");
  size_t shown = 0;
  buf_puts(out, name);
  for (size_t i = 0; i < l->count; i++) {
    if (!strcmp(l->pairs[i].name, "__name__")) continue;
    buf_printf(out, "%s%s=\"", shown++ ? "," : "{", l->pairs[i].name);
    text_escape(out, l->pairs[i].value, strlen(l->pairs[i].value));
    buf_putc(out, '"');
  }
  if (shown)
    buf_putc(out, '}');
  else if (!*name)
    buf_puts(out, "{}");
}

static uint64_t fnv(uint64_t hash, const char *text) {
  for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211u;
  return (hash ^ 0xFF) * 1099511628211u;
}

uint64_t labels_fingerprint(const struct labels *l) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < l->count; i++) hash = fnv(fnv(hash, l->pairs[i].name), l->pairs[i].value);
  return hash;
}
