/* Rendering label sets: see metric/labels.h. Collectors mostly give sorted names and plain values, so both are tried first: one comparison a
 * name, one pass over a value. */
#include "agent/metric/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "agent/metric/name.h"

enum { FIRST_SETS = 64 };

void label_table_init(struct label_table *t, struct buf *text) {
  *t = (struct label_table){.count = 1, .capacity = FIRST_SETS, .slot_count = FIRST_SETS * 2};
  t->sets = mem_resize(NULL, t->capacity, sizeof *t->sets);
  t->sets[0] = (struct label_set){0};
  t->slots = mem_zero(t->slot_count * sizeof *t->slots);
  buf_init(&t->scratch, LABEL_VALUE_MAX * 2);
  buf_put(text, "", 1);
}

void label_table_done(struct label_table *t) {
  free(t->sets);
  free(t->slots);
  buf_done(&t->scratch);
}

/* Where the set with this text is kept, or the free slot for it. */
static labels_t *probe(const struct label_table *t, const char *text, const struct label_set *set) {
  for (size_t i = set->hash & (t->slot_count - 1);; i = (i + 1) & (t->slot_count - 1)) {
    const struct label_set *other = &t->sets[t->slots[i]];
    if (!t->slots[i]) return &t->slots[i];
    if (other->hash == set->hash && other->length == set->length && !memcmp(text + other->text, text + set->text, set->length))
      return &t->slots[i];
  }
}

static void grow(struct label_table *t, const char *text) {
  t->capacity *= 2;
  t->slot_count *= 2;
  t->sets = mem_resize(t->sets, t->capacity, sizeof *t->sets);
  free(t->slots);
  t->slots = mem_zero(t->slot_count * sizeof *t->slots);
  for (size_t i = 1; i < t->count; i++) *probe(t, text, &t->sets[i]) = (labels_t)i;
}

/* The labels that count, sorted by name: empty values are left out, illegal names become legal (in `names`), a second label of a name is
 * ignored. False when they are too many. */
static bool collect(const struct label *labels, size_t count, struct label *out, size_t *ret_count, char names[][NAME_SIZE]) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    struct label l = labels[i];
    if (l.value && l.length == LABEL_STRING) l.length = strlen(l.value);
    if (!l.value || !l.length) continue;
    if (n == LABELS_MAX) return false;
    if (!name_is_label(l.name)) {
      name_make_label(names[n], l.name);
      l.name = names[n];
    }
    size_t at = n;
    int order = 1;
    while (at > 0 && (order = strcmp(l.name, out[at - 1].name)) < 0) at--;
    if (order == 0) continue;
    memmove(out + at + 1, out + at, (n - at) * sizeof *out);
    out[at] = l;
    n++;
  }
  *ret_count = n;
  return true;
}

/* Copies a value that needs neither repair nor escapes. False when it does. */
static bool copy_plain(char *to, const char *value, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)value[i];
    if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
    to[i] = (char)c;
  }
  return true;
}

static void render(struct label_table *t, struct buf *text, const struct label *l) {
  size_t name_length = strlen(l->name);
  buf_put(text, l->name, name_length);
  buf_put(text, "=\"", 2);
  char *room = l->length <= LABEL_VALUE_MAX ? buf_room(text, l->length) : NULL;
  if (room && copy_plain(room, l->value, l->length)) {
    buf_added(text, l->length);
  } else {
    buf_clear(&t->scratch);
    text_clean(&t->scratch, l->value, l->length, LABEL_VALUE_MAX);
    text_escape(text, t->scratch.data, t->scratch.length);
  }
  buf_putc(text, '"');
  if (name_length == 6 && !memcmp(l->name, "target", 6)) t->has_target = true;
}

static labels_t intern(struct label_table *t, struct buf *text, size_t start) {
  size_t length = text->length - start;
  struct label_set set = {
      .text = (uint32_t)start, .hash = (uint32_t)text_hash(text->data + start, length), .length = (uint16_t)length};
  labels_t *slot = probe(t, text->data, &set);
  if (*slot) {
    text->length = start;
    text->data[start] = 0;
    return *slot;
  }
  buf_put(text, "", 1);
  if (text->overflow) return LABELS_REFUSED;
  if (t->count == t->capacity) {
    grow(t, text->data);
    slot = probe(t, text->data, &set);
  }
  t->sets[t->count] = set;
  *slot = (labels_t)t->count;
  return (labels_t)t->count++;
}

labels_t label_table_add(struct label_table *t, struct buf *text, const struct label *labels, size_t count) {
  struct label sorted[LABELS_MAX];
  char names[LABELS_MAX][NAME_SIZE];
  size_t n, start = text->length;
  if (!collect(labels, count, sorted, &n, names)) return LABELS_REFUSED;
  if (!n) return 0;
  for (size_t i = 0; i < n; i++) {
    if (i) buf_putc(text, ',');
    render(t, text, &sorted[i]);
  }
  return text->overflow ? LABELS_REFUSED : intern(t, text, start);
}
