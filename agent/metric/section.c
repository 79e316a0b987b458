/* The section: see metric/section.h.
 *
 * While it is written, samples are drafts in the order in which they came, and families and label sets are small numbers. Finishing puts the
 * drafts family by family (a counting sort: two passes), drops duplicates by looking which family a label set was last seen with, and keeps
 * three blocks of exactly the size needed: samples, families, text. Everything that served the writing is freed. */
#include "metric/section_reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/metric/labels.h"
#include "agent/metric/name.h"
#include "agent/metric/references.h"
#include "agent/metric/section_private.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"

#define HELP_MAX       ((size_t)1000)
#define FIRST_SAMPLES  ((size_t)64)
#define FIRST_FAMILIES ((size_t)32)

struct draft {
  double value;
  labels_t labels;
  uint32_t text;
  uint32_t group;
  uint8_t text_length, suffix;
};

/* From a family's address to its group. Families of the same name are one group, which goes by the first of them. */
struct member {
  const struct family *family;
  uint32_t group;
};

struct writer {
  struct draft *drafts;
  size_t count, capacity;
  struct section_family *groups;
  size_t group_count, group_capacity;
  struct member *members; /* a hash table */
  size_t member_count, member_capacity;
  struct map names; /* to the first family of that name */
  struct label_table labels;
};

/* A family of the section's own. */
struct made_family {
  struct family family;
  struct made_family *next;
};

struct section {
  atomic_uint references;
  const char *part;
  struct writer *writer; /* NULL when finished */
  struct buf text;
  struct arena arena; /* made families */
  struct made_family *made;
  struct sample *samples;
  struct section_family *families;
  size_t sample_count, family_count, dropped;
  size_t samples_max, bytes_max;
  bool has_target, hidden;
};

/* What section_family() gives above its cap: its samples are dropped. */
static const struct family refused_family = {.name = "", .help = ""};

struct section *section_new(const char *part) {
  struct section *s = mem_zero(sizeof *s);
  struct writer *w = s->writer = mem_zero(sizeof *w);
  atomic_init(&s->references, 1);
  s->part = part;
  s->samples_max = SECTION_SAMPLES_MAX;
  s->bytes_max = SECTION_BYTES_MAX;
  buf_init(&s->text, s->bytes_max);
  arena_init(&s->arena);
  label_table_init(&w->labels, &s->text);
  w->capacity = FIRST_SAMPLES;
  w->drafts = mem_resize(NULL, w->capacity, sizeof *w->drafts);
  w->group_capacity = FIRST_FAMILIES;
  w->groups = mem_resize(NULL, w->group_capacity, sizeof *w->groups);
  w->member_capacity = FIRST_FAMILIES * 2;
  w->members = mem_zero(w->member_capacity * sizeof *w->members);
  return s;
}

void section_limit(struct section *s, size_t samples, size_t bytes) {
  assert(s->writer && !s->writer->count);
  s->samples_max = samples;
  s->bytes_max = s->text.max = bytes;
}

void section_hide(struct section *s) {
  assert(s->writer && !s->writer->count);
  s->hidden = true;
}

static void writer_free(struct writer *w) {
  if (!w) return;
  free(w->drafts);
  free(w->groups);
  free(w->members);
  map_done(&w->names);
  label_table_done(&w->labels);
  free(w);
}

labels_t section_labels(struct section *s, const struct label *labels, size_t count) {
  assert(s->writer);
  return label_table_add(&s->writer->labels, &s->text, labels, count);
}

labels_t section_label_pairs(struct section *s, const char *name, ...) {
  struct label labels[LABELS_MAX + 1]; /* one more, so that too many are told from just enough */
  size_t count = 0;
  va_list args;
  va_start(args, name);
  for (; name && count < COUNTOF(labels); name = va_arg(args, const char *))
    labels[count++] = (struct label){name, va_arg(args, const char *), LABEL_STRING};
  va_end(args);
  return section_labels(s, labels, count);
}

static struct member *find_member(const struct writer *w, const struct family *family) {
  size_t i = (size_t)(((uint64_t)(uintptr_t)family * 0x9E3779B97F4A7C15u) >> 32);
  for (;; i++) {
    struct member *m = &w->members[i & (w->member_capacity - 1)];
    if (!m->family || m->family == family) return m;
  }
}

static void grow_members(struct writer *w) {
  struct member *old = w->members;
  size_t old_capacity = w->member_capacity;
  w->member_capacity *= 2;
  w->members = mem_zero(w->member_capacity * sizeof *w->members);
  for (size_t i = 0; i < old_capacity; i++)
    if (old[i].family) *find_member(w, old[i].family) = old[i];
  free(old);
}

static void add_member(struct writer *w, const struct family *family, uint32_t group) {
  if (++w->member_count > w->member_capacity / 2) grow_members(w);
  *find_member(w, family) = (struct member){family, group};
}

static uint32_t add_group(struct writer *w, const struct family *family) {
  if (w->group_count == w->group_capacity) {
    w->group_capacity *= 2;
    w->groups = mem_resize(w->groups, w->group_capacity, sizeof *w->groups);
  }
  w->groups[w->group_count] = (struct section_family){.family = family};
  add_member(w, family, (uint32_t)w->group_count);
  return (uint32_t)w->group_count++;
}

static uint32_t group_of(struct writer *w, const struct family *family) {
  const struct member *m = find_member(w, family);
  if (m->family) return m->group;
  void **first = map_slot(&w->names, family->name, strlen(family->name));
  if (!*first) memcpy(first, &family, sizeof(void *)); /* the map's values are not const */
  if (*first == family) return add_group(w, family);
  m = find_member(w, *first);
  uint32_t group = m->family ? m->group : add_group(w, *first);
  add_member(w, family, group);
  return group;
}

static bool takes_suffix(const struct family *family) {
  return family->type == METRIC_HISTOGRAM || family->type == METRIC_SUMMARY;
}

static bool add(struct section *s, const struct family *family, enum suffix suffix, labels_t labels, double value) {
  struct writer *w = s->writer;
  assert(w);
  if (family == &refused_family || labels >= w->labels.count || w->count == s->samples_max) return false;
  char *room = s->hidden ? NULL : buf_room(&s->text, NUMBER_SIZE);
  if (!room && !s->hidden) return false;
  uint32_t group = group_of(w, family);
  if (suffix != SUFFIX_NONE && !takes_suffix(w->groups[group].family)) return false;
  if (w->count == w->capacity) {
    w->capacity *= 2;
    w->drafts = mem_resize(w->drafts, w->capacity, sizeof *w->drafts);
  }
  size_t length = room ? number_format(value, room) : 0;
  uint32_t text = room ? (uint32_t)s->text.length : 0; /* at 0 is "" */
  w->drafts[w->count++] = (struct draft){value, labels, text, group, (uint8_t)length, (uint8_t)suffix};
  w->groups[group].count++;
  if (room) buf_added(&s->text, length + 1);
  return true;
}

void section_add_suffix(struct section *s, const struct family *family, enum suffix suffix, labels_t labels, double value) {
  if (!add(s, family, suffix, labels, value)) s->dropped++;
}

static struct family *make_family(struct section *s, const char *name, enum metric_type type, const char *help) {
  SCOPED(buf_done) struct buf clean;
  buf_init(&clean, HELP_MAX * 2);
  text_clean(&clean, help ? help : "", help ? strlen(help) : 0, HELP_MAX);
  struct made_family *made = arena_alloc(&s->arena, sizeof *made);
  made->family = (struct family){
      .name = arena_copy(&s->arena, name), .help = arena_copy_bytes(&s->arena, clean.data, clean.length), .type = type};
  made->next = s->made;
  s->made = made;
  return &made->family;
}

const struct family *section_family(struct section *s, const char *name, enum metric_type type, const char *help) {
  struct writer *w = s->writer;
  char legal[NAME_SIZE];
  assert(w);
  if (!name_is_family(name)) {
    name_make_family(legal, name);
    name = legal;
  }
  const struct family *known = map_find(&w->names, name, strlen(name));
  if (known) return known;
  if (w->names.count >= s->samples_max || s->arena.bytes >= s->bytes_max) return &refused_family;
  struct family *made = make_family(s, name, type, help);
  *map_slot(&w->names, made->name, strlen(made->name)) = made;
  return made;
}

/* Puts the drafts family by family; `labels` of the samples is still the number of the set. */
static void place(struct section *s, struct writer *w) {
  uint32_t first = 0;
  for (size_t i = 0; i < w->group_count; i++) {
    w->groups[i].first = first;
    first += w->groups[i].count;
    w->groups[i].count = 0;
  }
  s->samples = mem_resize(NULL, w->count, sizeof *s->samples);
  for (size_t i = 0; i < w->count; i++) {
    const struct draft *d = &w->drafts[i];
    struct section_family *g = &w->groups[d->group];
    s->samples[g->first + g->count++] = (struct sample){.family = g->family,
                                                        .value = d->value,
                                                        .labels = d->labels,
                                                        .text = d->text,
                                                        .text_length = d->text_length,
                                                        .suffix = d->suffix};
  }
}

/* Keeps the first of equal samples of a group, moves them to `to`, and returns how many they are. */
static uint32_t keep_first(struct section *s, struct writer *w, uint32_t group, struct sample *to) {
  uint32_t kept = 0;
  const struct section_family *g = &w->groups[group];
  for (uint32_t i = 0; i < g->count; i++) {
    struct sample sample = s->samples[g->first + i];
    struct label_set *set = &w->labels.sets[sample.labels];
    unsigned seen = set->family == group + 1 ? set->suffixes : 0u, bit = 1u << sample.suffix;
    if (seen & bit) continue;
    set->family = group + 1;
    set->suffixes = (uint8_t)(seen | bit);
    sample.labels = set->text;
    sample.labels_length = set->length;
    to[kept++] = sample;
  }
  return kept;
}

static void seal(struct section *s, struct writer *w) {
  place(s, w);
  uint32_t total = 0, families = 0;
  for (uint32_t i = 0; i < w->group_count; i++) {
    uint32_t kept = keep_first(s, w, i, s->samples + total);
    if (kept) w->groups[families++] = (struct section_family){w->groups[i].family, total, kept};
    total += kept;
  }
  s->dropped += w->count - total;
  s->sample_count = total;
  s->family_count = families;
  s->families = mem_resize(w->groups, families, sizeof *w->groups);
  w->groups = NULL;
  s->text.data = mem_resize(s->text.data, s->text.length + 1, 1);
  s->text.capacity = s->text.length + 1;
}

struct section *section_finish(struct section *s) {
  struct writer *w = s->writer;
  assert(w);
  seal(s, w);
  s->has_target = w->labels.has_target;
  writer_free(w);
  s->writer = NULL;
  return s;
}

struct section *section_ref(struct section *s) {
  reference_take(&s->references);
  return s;
}

void section_unref(struct section *s) {
  if (!s || !reference_drop(&s->references)) return;
  writer_free(s->writer);
  buf_done(&s->text);
  arena_done(&s->arena);
  free(s->samples);
  free(s->families);
  free(s);
}

const char *section_part(const struct section *s) {
  return s->part;
}

const struct sample *section_samples(const struct section *s, size_t *ret_count) {
  *ret_count = s->sample_count;
  return s->samples;
}

const struct section_family *section_families(const struct section *s, size_t *ret_count) {
  *ret_count = s->family_count;
  return s->families;
}

const char *section_text(const struct section *s, uint32_t offset) {
  return s->text.data + offset;
}

size_t section_dropped(const struct section *s) {
  return s->dropped;
}

size_t section_bytes(const struct section *s) {
  return sizeof *s + s->text.capacity + s->arena.bytes + s->sample_count * sizeof *s->samples +
         s->family_count * sizeof *s->families;
}

bool section_is_hidden(const struct section *s) {
  return s->hidden;
}

bool section_has_target_label(const struct section *s) {
  return s->has_target;
}

bool section_made_family(const struct section *s, const struct family *family) {
  const struct made_family *m = s->made;
  while (m && &m->family != family) m = m->next;
  return m != NULL;
}
