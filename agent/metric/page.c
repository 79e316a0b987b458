/* Merging: see metric/page.h. Three things can stand in the way of two families on one page:
 *   - the same name: they become one, whose type is unknown if theirs differ; of equal series the first is kept;
 *   - a sample of one has the name of the other: the static one stays, then the earlier, and the other is left out and counted;
 *   - one's type reserves a name without using it (an OpenMetrics counter x_total reserves x and x_created): it gives up its type, which
 *     costs no sample. */
#include "agent/metric/page.h"

#include <string.h>

#include "agent/metric/label_text.h"
#include "agent/metric/section_private.h"
#include "agent/metric/shape.h"

static bool ends_in(const char *name, size_t length, const char *tail) {
  size_t n = strlen(tail);
  return length >= n && !memcmp(name + length - n, tail, n);
}

static bool has_suffixes(enum metric_type type) {
  return type == METRIC_HISTOGRAM || type == METRIC_SUMMARY;
}

bool run_gives_way(const struct page *p, const struct run *r) {
  return p->label_target && section_has_target_label(r->section);
}

void run_put_labels(struct buf *out, const char *labels) {
  struct label_span l;
  for (const char *p = labels; label_text_next(&p, &l);) {
    bool clashes = l.name_length == 6 && !memcmp(l.name, "target", 6);
    if (l.name != labels) buf_putc(out, ',');
    for (size_t n = clashes ? label_text_exported(labels, &l) : 0; n > 0; n--) buf_puts(out, LABEL_EXPORTED);
    buf_put(out, l.name, (size_t)(p - l.name));
  }
}

static uint8_t suffixes_of(const struct run *r) {
  unsigned bits = 0;
  for (size_t i = 0; i < r->count; i++) bits |= 1u << r->samples[i].suffix;
  return (uint8_t)bits;
}

static struct page_family *add_family(struct page *p, const struct family *family) {
  struct page_family *f = arena_alloc(&p->arena, sizeof *f);
  f->name = family->name;
  f->name_length = strlen(family->name);
  f->help = family->help;
  f->type = family->type;
  f->order = p->count++;
  if (p->last)
    p->last->next = f;
  else
    p->first = f;
  p->last = f;
  p->created = p->created || ends_in(f->name, f->name_length, "_created") || ends_in(f->name, f->name_length, "_created_total");
  return f;
}

static void add_run(struct page *p, struct page_family *f, const struct section *section, const struct section_family *group,
                    const struct sample *samples, size_t batch) {
  struct run *r = arena_alloc(&p->arena, sizeof *r);
  *r = (struct run){samples + group->first, group->count, batch, section, group->family, NULL};
  if (f->last) {
    f->repeated = f->repeated || !p->label_target || f->last->batch == batch;
    f->last->next = r;
  } else {
    f->first = r;
  }
  f->repeated = f->repeated || run_gives_way(p, r);
  f->last = r;
  if (f->type != group->family->type) f->type = METRIC_UNTYPED;
  f->suffixes |= has_suffixes(group->family->type) ? suffixes_of(r) : 1u << SUFFIX_NONE;
  f->apart = f->apart || (p->format == EXPOSITION_OPENMETRICS && group->family->om_unknown);
}

static void add_section(struct page *p, const struct section *section, size_t batch) {
  size_t groups, count;
  if (section_is_hidden(section)) return;
  const struct section_family *group = section_families(section, &groups);
  const struct sample *samples = section_samples(section, &count);
  for (size_t i = 0; i < groups; i++, group++) {
    const struct family *family = group->family;
    void **slot = map_slot(&p->names, family->name, strlen(family->name));
    if (!*slot) *slot = add_family(p, family);
    add_run(p, *slot, section, group, samples, batch);
  }
}

/* What tells a series from another of its family, within the page or within its target. */
static const char *series_key(struct page *p, const struct run *r, const struct sample *s, size_t *ret_length) {
  SCOPED(buf_done) struct buf renamed;
  size_t scope = p->label_target ? r->batch : 0, length = s->labels_length;
  const char *labels = section_text(r->section, s->labels);
  buf_init(&renamed, SECTION_BYTES_MAX);
  if (length && run_gives_way(p, r)) {
    run_put_labels(&renamed, labels);
    labels = renamed.data;
    length = renamed.length;
  }
  *ret_length = sizeof scope + 1 + length;
  char *key = arena_alloc(&p->arena, *ret_length);
  memcpy(key, &scope, sizeof scope);
  key[sizeof scope] = (char)s->suffix;
  memcpy(key + sizeof scope + 1, labels, length);
  return key;
}

static void drop_repeated(struct page *p, struct page_family *f) {
  SCOPED(map_done) struct map seen = {0};
  for (struct run *r = f->first; r; r = r->next) {
    struct sample *kept = arena_alloc(&p->arena, r->count * sizeof *kept);
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
      size_t length;
      const char *key = series_key(p, r, &r->samples[i], &length);
      void **slot = map_slot(&seen, key, length);
      if (!*slot) kept[count++] = r->samples[i];
      *slot = r;
    }
    p->left_out += r->count - count;
    r->samples = kept;
    r->count = count;
  }
}

static bool is_static(const struct page_family *f) {
  for (const struct run *r = f->first; r; r = r->next)
    if (!section_made_family(r->section, r->family)) return true;
  return false;
}

/* Of two families with a sample name in common, the one that stays. */
static struct page_family *winner(struct page_family *a, struct page_family *b) {
  if (is_static(a) != is_static(b)) return is_static(a) ? a : b;
  return a->order < b->order ? a : b;
}

/* Where the owner of <stem><tail> is kept. */
static void **owner(struct page *p, const char *stem, size_t stem_length, const char *tail) {
  size_t length = stem_length + strlen(tail);
  const char *name = *tail ? arena_printf(&p->arena, "%.*s%s", (int)stem_length, stem, tail) : stem;
  return map_slot(&p->names, name, length);
}

static void leave_out(struct page *p, struct page_family *f) {
  f->left_out = true;
  for (const struct run *r = f->first; r; r = r->next) p->left_out += r->count;
}

/* The names of a histogram's or summary's samples become its own. */
static void claim_sample_names(struct page *p, struct page_family *f) {
  for (enum suffix suffix = SUFFIX_BUCKET; suffix <= SUFFIX_COUNT && !f->left_out; suffix++) {
    if (!(f->suffixes & (1u << suffix))) continue;
    void **slot = owner(p, f->name, f->name_length, suffix_text(suffix));
    struct page_family *other = *slot;
    bool clash = other && other != f && !other->left_out;
    *slot = clash ? winner(f, other) : f;
    if (clash) leave_out(p, *slot == f ? other : f);
  }
}

/* False when another family has the name. */
static bool reserve(struct page *p, struct page_family *f, size_t stem_length, const char *tail) {
  void **slot = owner(p, f->name, stem_length, tail);
  const struct page_family *other = *slot;
  if (other && other != f && !other->left_out) return false;
  *slot = f;
  return true;
}

static bool reserve_counter(struct page *p, struct page_family *f) {
  if (!ends_in(f->name, f->name_length, "_total") || f->name_length == strlen("_total")) return false;
  size_t stem = f->name_length - strlen("_total");
  return reserve(p, f, stem, "") && (!p->created || reserve(p, f, stem, "_created"));
}

static bool reserve_suffixes(struct page *p, struct page_family *f) {
  bool om = p->format == EXPOSITION_OPENMETRICS;
  return (f->type == METRIC_SUMMARY || reserve(p, f, f->name_length, "_bucket")) && reserve(p, f, f->name_length, "_sum") &&
         reserve(p, f, f->name_length, "_count") && (!om || !p->created || reserve(p, f, f->name_length, "_created"));
}

/* Whether a family can be shown with its type. */
static bool fits_type(struct page *p, struct page_family *f) {
  if (has_suffixes(f->type)) return reserve_suffixes(p, f) && shape_fits(p, f);
  return f->type != METRIC_COUNTER || p->format == EXPOSITION_TEXT || reserve_counter(p, f);
}

static void settle(struct page *p) {
  for (struct page_family *f = p->first; f; f = f->next)
    if (f->suffixes != 1u << SUFFIX_NONE) claim_sample_names(p, f);
  for (struct page_family *f = p->first; f; f = f->next) {
    if (f->left_out) continue;
    if (f->repeated) drop_repeated(p, f);
    f->apart = f->apart || f->type == METRIC_UNTYPED || !fits_type(p, f);
  }
}

void page_init(struct page *p, struct batch *const *batches, size_t count, enum exposition_format format, bool label_target) {
  *p = (struct page){.format = format, .label_target = label_target};
  arena_init(&p->arena);
  for (size_t b = 0; b < count; b++)
    for (size_t i = 0; i < batches[b]->count; i++)
      if (batches[b]->sections[i]) add_section(p, batches[b]->sections[i], b);
  settle(p);
}

void page_done(struct page *p) {
  map_done(&p->names);
  arena_done(&p->arena);
}
