/* Rendering label sets: see metric/labels.h. Collectors mostly give sorted names and plain values, so both are tried first: one comparison a
 * name, one pass over a value. */
#include "agent/metric/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "agent/metric/name.h"

#define FIRST_SETS ((size_t)64)

void label_table_init(struct label_table *t, struct buf *text) {
  *t = (struct label_table){.count = 1, .capacity = FIRST_SETS, .slot_count = FIRST_SETS * 2};
  t->sets = mem_resize(NULL, t->capacity, sizeof *t->sets);
  t->sets[0] = (struct label_set){0};
  t->slots = mem_zero(t->slot_count * sizeof *t->slots);
  buf_init(&t->scratch, (size_t)LABEL_VALUE_MAX * 2);
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

/* A label that is to be rendered. */
struct piece {
  const char *name, *value;
  size_t name_length, length;
};

/* The labels that count, sorted by name: empty values are left out, illegal names become legal (in `names`), a second label of a name is
 * ignored. False when they are too many. */
static bool collect(const struct label *labels, size_t count, struct piece *out, size_t *ret_count, char names[][NAME_SIZE]) {
  size_t n = 0;
  for (const struct label *l = labels; l < labels + count; l++) {
    size_t length = !l->value ? 0 : l->length == LABEL_STRING ? strlen(l->value) : l->length;
    if (!length) continue;
    if (n == LABELS_MAX) return false;
    struct piece piece = {l->name, l->value, name_label_length(l->name), length};
    if (!piece.name_length) {
      name_make_label(names[n], l->name);
      piece.name = names[n];
      piece.name_length = strlen(names[n]);
    }
    size_t at = n;
    int order = 1;
    while (at > 0 && (order = strcmp(piece.name, out[at - 1].name)) < 0) at--;
    if (order == 0) continue;
    memmove(out + at + 1, out + at, (n - at) * sizeof *out);
    out[at] = piece;
    n++;
  }
  *ret_count = n;
  return true;
}

/* True when one of eight bytes is a control character, a quote, a backslash or not ASCII. Subtracting from such a byte sets its highest bit;
 * from others it does not, unless one of them stands before. */
static bool is_special(uint64_t word) {
  const uint64_t ones = 0x0101010101010101u, highest = ones * 0x80;
  uint64_t controls = word - ones * ' ', quotes = (word ^ ones * '"') - ones, backslashes = (word ^ ones * '\\') - ones;
  return ((word | controls | quotes | backslashes) & highest) != 0;
}

static bool copy_word(char *to, const char *from) {
  uint64_t word;
  memcpy(&word, from, sizeof word);
  memcpy(to, &word, sizeof word);
  return !is_special(word);
}

/* Copies a value that needs neither repair nor escapes. False when it does, or may. The last eight bytes may overlap those before. */
static bool copy_plain(char *to, const char *value, size_t length) {
  size_t i = 0;
  for (; i + 8 <= length; i += 8)
    if (!copy_word(to + i, value + i)) return false;
  if (length >= 8) return copy_word(to + length - 8, value + length - 8);
  for (; i < length; i++) {
    unsigned char c = (unsigned char)value[i];
    if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
    to[i] = (char)c;
  }
  return true;
}

/* Appends name="value" and what is to follow it. */
static void render(struct label_table *t, struct buf *text, const struct piece *piece, char behind) {
  size_t before = piece->name_length + 2;
  char *room = buf_room(text, before + MIN(piece->length, LABEL_VALUE_MAX) + 2);
  if (!room) return;
  memcpy(room, piece->name, piece->name_length);
  room[before - 2] = '=';
  room[before - 1] = '"';
  if (piece->length <= LABEL_VALUE_MAX && copy_plain(room + before, piece->value, piece->length)) {
    room[before + piece->length] = '"';
    room[before + piece->length + 1] = behind;
    buf_added(text, before + piece->length + 2);
    return;
  }
  buf_added(text, before);
  buf_clear(&t->scratch);
  text_clean(&t->scratch, piece->value, piece->length, LABEL_VALUE_MAX);
  text_escape(text, t->scratch.data, t->scratch.length);
  buf_put(text, (char[]){'"', behind}, 2);
}

static labels_t intern(struct label_table *t, struct buf *text, size_t start) {
  size_t length = text->length - start - 1; /* the NUL behind it is there */
  struct label_set set = {
      .text = (uint32_t)start, .hash = (uint32_t)text_hash(text->data + start, length), .length = (uint16_t)length};
  labels_t *slot = probe(t, text->data, &set);
  if (*slot) {
    text->length = start;
    text->data[start] = 0;
    return *slot;
  }
  if (t->count == t->capacity) {
    grow(t, text->data);
    slot = probe(t, text->data, &set);
  }
  t->sets[t->count] = set;
  *slot = (labels_t)t->count;
  return (labels_t)t->count++;
}

labels_t label_table_add(struct label_table *t, struct buf *text, const struct label *labels, size_t count) {
  struct piece sorted[LABELS_MAX];
  char names[LABELS_MAX][NAME_SIZE];
  size_t n, start = text->length;
  if (!collect(labels, count, sorted, &n, names)) return LABELS_REFUSED;
  if (!n) return 0;
  for (size_t i = 0; i < n; i++) {
    render(t, text, &sorted[i], i + 1 < n ? ',' : '\0');
    if (sorted[i].name_length == 6 && !memcmp(sorted[i].name, "target", 6)) t->has_target = true;
  }
  return text->overflow ? LABELS_REFUSED : intern(t, text, start);
}
