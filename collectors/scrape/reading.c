/* Families become what text 0.0.4 calls them, since that is what rules and dashboards know: a counter keeps its _total, a histogram its suffixes, and
 * what only OpenMetrics has (info, stateset, gaugehistogram, _created) is a gauge under the name of its samples. Timestamps give way to our tick. */
#include "collectors/scrape/reading.h"

#include <string.h>

#include "base/map.h"
#include "metric/section_reader.h"

/* What one series can take beside its bytes in the body: a family of its own, with its name and help; its value as text. */
#define SERIES_BYTES ((size_t)2048)

struct reader {
  const struct scrape_options *options;
  struct reading *reading;
  struct fail why; /* kind NONE unless a limit was reached */
  /* The family of the last sample, in the text and in the section. */
  const struct parsed_family *parsed;
  const struct family *family;
};

static enum suffix suffix_of(enum parsed_type type, const char *tail) {
  if (type != PARSED_HISTOGRAM && type != PARSED_SUMMARY) return SUFFIX_NONE;
  for (enum suffix suffix = SUFFIX_BUCKET; suffix <= SUFFIX_COUNT; suffix++)
    if (!strcmp(tail, suffix_text(suffix))) return suffix;
  return SUFFIX_NONE;
}

/* Of the samples that go by the family's name, or by it and _total. */
static enum metric_type type_of(enum parsed_type type, const char *tail) {
  static const enum metric_type types[] = {
      [PARSED_UNKNOWN] = METRIC_UNTYPED,     [PARSED_GAUGE] = METRIC_GAUGE,          [PARSED_COUNTER] = METRIC_COUNTER,
      [PARSED_HISTOGRAM] = METRIC_HISTOGRAM, [PARSED_SUMMARY] = METRIC_SUMMARY,      [PARSED_INFO] = METRIC_GAUGE,
      [PARSED_STATESET] = METRIC_GAUGE,      [PARSED_GAUGEHISTOGRAM] = METRIC_GAUGE,
  };
  bool own = !*tail || (type == PARSED_COUNTER && !strcmp(tail, "_total"));
  return own ? types[type] : METRIC_GAUGE;
}

/* Samples come family by family: the one before is mostly the one wanted. */
static const struct family *family_of(struct reader *r, const struct parsed_sample *s, enum suffix *ret_suffix) {
  const struct parsed_family *f = s->family;
  const char *tail = s->name + strlen(f->name);
  *ret_suffix = suffix_of(f->type, tail);
  const char *name = *ret_suffix == SUFFIX_NONE ? s->name : f->name;
  if (r->parsed == f && !strcmp(r->family->name, name)) return r->family;
  r->parsed = f;
  r->family = section_family(r->reading->section, name, *ret_suffix ? type_of(f->type, "") : type_of(f->type, tail), f->help);
  return r->family;
}

static bool take_sample(void *context, const struct parsed_sample *s) {
  struct reader *r = context;
  const struct scrape_options *o = r->options;
  r->reading->scraped++;
  if (!scrape_wants(o, s->name, s->labels, s->label_count)) return true;
  if (++r->reading->kept > (size_t)o->sample_limit)
    return fail(&r->why, FAIL_LIMIT, "there are more than %lld series, the sample_limit", (long long)o->sample_limit);
  if (s->label_count > LABELS_MAX)
    return fail(&r->why, FAIL_LIMIT, "line %u: %.100s has %zu labels, more than the %d that a series may have", s->line, s->name,
                s->label_count, LABELS_MAX);
  struct section *section = r->reading->section;
  enum suffix suffix;
  const struct family *family = family_of(r, s, &suffix);
  labels_t labels = s->label_count ? section_labels(section, s->labels, s->label_count) : 0;
  section_add_suffix(section, family, suffix, labels, s->value);
  return true;
}

bool reading_make(const struct scrape_options *o, const char *part, const char *body, size_t length, struct reading_way way,
                  struct reading *ret, struct fail *f) {
  struct reader r = {.options = o, .reading = ret};
  struct parser_place where;
  *ret = (struct reading){.section = section_new(part)};
  section_limit(ret->section, (size_t)o->sample_limit, 4 * length + (size_t)o->sample_limit * SERIES_BYTES);
  if (!o->expose) section_hide(ret->section);
  const struct parser_events events = {.context = &r, .sample = take_sample};
  bool parsed = exposition_parse(body, length, way.format, way.strict, &events, &where, f);
  if (parsed && r.why.kind == FAIL_NONE) return true;
  section_unref(ret->section);
  *ret = (struct reading){0};
  if (!parsed) return fail_prefix(f, "line %u, column %u", where.line, where.column);
  *f = r.why;
  return false;
}

/* What is the same in both sections, at the same place. */
static bool is_same(const struct section *a, const struct sample *x, const struct section *b, const struct sample *y) {
  return x->suffix == y->suffix && x->labels_length == y->labels_length && !strcmp(x->family->name, y->family->name) &&
         !memcmp(section_text(a, x->labels), section_text(b, y->labels), x->labels_length);
}

static const char *key_of(const struct section *s, const struct sample *x, struct arena *a, size_t *ret_length) {
  const char *labels = section_text(s, x->labels);
  const char *key = arena_printf(a, "%s%s{%s", x->family->name, suffix_text(x->suffix), labels);
  *ret_length = strlen(key);
  return key;
}

static size_t count_new(const struct section *before, const struct section *now, size_t from) {
  SCOPED(arena_done) struct arena a;
  SCOPED(map_done) struct map known = {0};
  size_t count, length, added = 0;
  arena_init(&a);
  const struct sample *samples = section_samples(before, &count);
  for (size_t i = from; i < count; i++) {
    const char *key = key_of(before, &samples[i], &a, &length);
    *map_slot(&known, key, length) = &a;
  }
  samples = section_samples(now, &count);
  for (size_t i = from; i < count; i++) {
    const char *key = key_of(now, &samples[i], &a, &length);
    if (!map_find(&known, key, length)) added++;
  }
  return added;
}

size_t reading_added(const struct section *before, const struct section *now) {
  size_t count, old = 0, i = 0;
  const struct sample *samples = section_samples(now, &count), *others = before ? section_samples(before, &old) : NULL;
  while (i < count && i < old && is_same(now, &samples[i], before, &others[i])) i++;
  if (i == count) return 0;
  return before ? count_new(before, now, i) : count;
}
