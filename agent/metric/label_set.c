/* Label sets: see metric/labels.h. A set is one block: the pairs, then their strings. */
#include "metric/labels.h"

#include <stdlib.h>
#include <string.h>

#include "agent/metric/label_text.h"
#include "base/mem.h"
#include "base/text.h"
#include "metric/section.h"

enum { FEW = 32 }; /* pairs that are sorted on the stack */

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
  int order = 1;
  while (i > 0 && (order = strcmp(sorted[i - 1].name, pair.name)) > 0) i--;
  if (i > 0 && order == 0) {
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

/* The set of pairs that are sorted, each name once, no value empty. */
static struct labels *copy_sorted(const struct label_pair *sorted, size_t count) {
  size_t bytes = 0;
  for (size_t i = 0; i < count; i++) bytes += strlen(sorted[i].name) + strlen(sorted[i].value) + 2;
  struct labels *l = mem_resize(NULL, 1, sizeof *l + count * sizeof *sorted + bytes);
  atomic_init(&l->references, 1);
  l->count = count;
  l->text_length = bytes;
  char *end = (char *)&l->pairs[count];
  for (size_t i = 0; i < count; i++) {
    l->pairs[i].name = place(&end, sorted[i].name);
    l->pairs[i].value = place(&end, sorted[i].value);
  }
  l->hash = text_hash(&l->pairs[count], bytes);
  return l;
}

struct labels *labels_new(const struct label_pair *pairs, size_t count) {
  struct label_pair few[FEW], *sorted = count > FEW ? mem_resize(NULL, count, sizeof *sorted) : few;
  size_t distinct = 0, kept = 0;
  for (size_t i = 0; i < count; i++) insert(sorted, &distinct, pairs[i]);
  for (size_t i = 0; i < distinct; i++)
    if (*sorted[i].value) sorted[kept++] = sorted[i];
  struct labels *l = copy_sorted(sorted, kept);
  if (sorted != few) free(sorted);
  return l;
}

/* Appends a NUL-terminated copy. */
static char *copy_span(char **to, const char *text, size_t length) {
  char *at = *to;
  memcpy(at, text, length);
  at[length] = 0;
  *to += length + 1;
  return at;
}

/* The same with text_escape() undone. */
static char *copy_unescaped(char **to, const char *text, size_t length) {
  char *at = *to, *end = at;
  for (size_t i = 0; i < length; i++) {
    bool escaped = text[i] == '\\' && i + 1 < length;
    i += escaped;
    *end++ = escaped && text[i] == 'n' ? '\n' : text[i];
  }
  *end = 0;
  *to = end + 1;
  return at;
}

static bool names_one_of(const struct label_pair *pairs, size_t count, const struct label_span *l) {
  for (size_t i = 0; i < count; i++)
    if (!strncmp(pairs[i].name, l->name, l->name_length) && !pairs[i].name[l->name_length]) return true;
  return false;
}

struct labels *labels_from_text(const char *text, size_t length, const struct label_pair *extra, size_t extra_count) {
  struct label_pair pairs[LABELS_MAX + FEW];
  struct label_span l;
  size_t count = 0;
  char *strings = mem_resize(NULL, 1, length + 1 + (LABELS_MAX + extra_count) * sizeof LABEL_EXPORTED), *to = strings;
  for (const char *cursor = text; count < LABELS_MAX && label_text_next(&cursor, &l);) {
    size_t exported = names_one_of(extra, extra_count, &l) ? label_text_exported(text, &l) : 0;
    pairs[count].name = to;
    while (exported--) to = stpcpy(to, LABEL_EXPORTED);
    copy_span(&to, l.name, l.name_length);
    pairs[count++].value = copy_unescaped(&to, l.value, l.value_length);
  }
  for (size_t i = 0; i < extra_count && i < FEW; i++) pairs[count++] = extra[i];
  struct labels *set = labels_new(pairs, count);
  free(strings);
  return set;
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
  if (a == b) return true;
  return a->hash == b->hash && a->count == b->count && a->text_length == b->text_length &&
         !memcmp(&a->pairs[a->count], &b->pairs[b->count], a->text_length);
}

const char *labels_key(const struct labels *l, size_t *ret_length) {
  *ret_length = l->text_length;
  return (const char *)&l->pairs[l->count];
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
