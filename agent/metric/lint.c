/* The findings of promtool on names, types and labels: see metric/lint.h. They are advice, and as many good exporters
 * have some of them, the words say what is wrong and not how bad it is. In OpenMetrics a counter is judged by the name of its samples. */
#include "metric/lint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* What the labels of a family's samples had; each is told once. */
enum seen { SEEN_LE = 1, SEEN_QUANTILE = 2, SEEN_CAMEL_CASE = 4 };

/* The family whose samples come; line is 0 before the first. */
struct linter {
  struct lint *lint;
  enum exposition_format format;
  unsigned line, seen;
  enum parsed_type type;
  bool has_help;
  struct buf judged; /* the name it is judged by */
  const char *name;
};

static void found(const struct linter *l, const char *finding) {
  l->lint->found(l->lint->context, l->line, l->name, finding);
}

/* The next word of a name between underscores, at *cursor. False at the end. */
static bool next_word(const char **cursor, const char **ret, size_t *ret_length) {
  if (!*cursor) return false;
  *ret = *cursor;
  *ret_length = strcspn(*cursor, "_");
  *cursor = (*ret)[*ret_length] ? *ret + *ret_length + 1 : NULL;
  return true;
}

static bool has_suffix(const char *name, const char *suffix) {
  size_t length = strlen(name), n = strlen(suffix);
  return length >= n && !strcmp(name + length - n, suffix);
}

/* True when the name has _`part`_ or ends in _`part`, in whatever case. */
static bool has_part(const char *name, const char *part) {
  size_t n = strlen(part);
  for (const char *at = strchr(name, '_'); at; at = strchr(at + 1, '_'))
    if (!strncasecmp(at + 1, part, n) && (!at[n + 1] || at[n + 1] == '_')) return true;
  return false;
}

/* Units, and for those that are none their base units. */
static const struct {
  const char *unit, *base;
} units[] = {
    {"amperes", NULL},         {"bytes", NULL},        {"celsius", NULL},    {"grams", NULL},      {"joules", NULL},
    {"kelvin", NULL},          {"meters", NULL},       {"metres", NULL},     {"seconds", NULL},    {"volts", NULL},
    {"minutes", "seconds"},    {"hours", "seconds"},   {"days", "seconds"},  {"weeks", "seconds"}, {"kelvins", "kelvin"},
    {"fahrenheit", "celsius"}, {"rankine", "celsius"}, {"inches", "meters"}, {"yards", "meters"},  {"miles", "meters"},
    {"bits", "bytes"},         {"calories", "joules"}, {"pounds", "grams"},  {"ounces", "grams"},
};

/* The base unit of a word like "milliseconds"; NULL when it is none, or the base unit itself. */
static const char *base_unit(const char *word, size_t length) {
  static const char *const prefixes[] = {"",     "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo",
                                         "kibi", "mega", "mibi", "giga",  "gibi",  "tera",  "tebi", "peta", "pebi"};
  for (size_t u = 0; u < COUNTOF(units); u++)
    for (size_t i = 0; i < COUNTOF(prefixes); i++) {
      const char *unit = units[u].unit;
      size_t n = strlen(prefixes[i]);
      if (length != n + strlen(unit) || memcmp(word, prefixes[i], n) != 0 || memcmp(word + n, unit, length - n) != 0) continue;
      return units[u].base ? units[u].base : n ? unit : NULL;
    }
  return NULL;
}

static void judge_unit(const struct linter *l) {
  const char *cursor = l->name, *word, *base;
  char text[128];
  size_t length;
  while (next_word(&cursor, &word, &length)) {
    if (!(base = base_unit(word, length))) continue;
    snprintf(text, sizeof text, "use base unit \"%s\" instead of \"%.*s\"", base, (int)length, word);
    found(l, text);
    return;
  }
}

static void judge_counter(const struct linter *l) {
  bool total = has_suffix(l->name, "_total");
  enum parsed_type type = l->type;
  if (type == PARSED_COUNTER && !total) found(l, "counter metrics should have \"_total\" suffix");
  if (type != PARSED_COUNTER && type != PARSED_UNKNOWN && total) found(l, "non-counter metrics should not have \"_total\" suffix");
}

static void judge_reserved(const struct linter *l) {
  enum parsed_type type = l->type;
  bool histogram = type == PARSED_HISTOGRAM || type == PARSED_GAUGEHISTOGRAM, summary = type == PARSED_SUMMARY;
  if (type == PARSED_UNKNOWN) return;
  if (!histogram && has_suffix(l->name, "_bucket")) found(l, "non-histogram metrics should not have \"_bucket\" suffix");
  if (!histogram && !summary && has_suffix(l->name, "_count"))
    found(l, "non-histogram and non-summary metrics should not have \"_count\" suffix");
  if (!histogram && !summary && has_suffix(l->name, "_sum"))
    found(l, "non-histogram and non-summary metrics should not have \"_sum\" suffix");
  if (!histogram && l->seen & SEEN_LE) found(l, "non-histogram metrics should not have \"le\" label");
  if (!summary && l->seen & SEEN_QUANTILE) found(l, "non-summary metrics should not have \"quantile\" label");
}

static void judge_type_in_name(const struct linter *l) {
  static const char *const types[] = {"counter", "gauge", "summary", "histogram", "gauge_histogram"};
  char text[80];
  for (size_t i = 0; i < COUNTOF(types); i++) {
    if (!has_part(l->name, types[i])) continue;
    snprintf(text, sizeof text, "metric name should not include type '%s'", types[i]);
    found(l, text);
  }
}

static void judge_abbreviations(const struct linter *l) {
  static const char *const parts[] = {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"};
  size_t i = 0;
  while (i < COUNTOF(parts) && !has_part(l->name, parts[i])) i++;
  if (i < COUNTOF(parts)) found(l, "metric names should not contain abbreviated units");
}

static bool is_camel_case(const char *name) {
  for (; *name; name++)
    if (*name >= 'a' && *name <= 'z' && name[1] >= 'A' && name[1] <= 'Z') return true;
  return false;
}

/* Everything of the family is seen. */
static void judge(const struct linter *l) {
  if (!l->line) return;
  if (!l->has_help) found(l, "no help text");
  judge_unit(l);
  judge_counter(l);
  judge_reserved(l);
  judge_type_in_name(l);
  if (strchr(l->name, ':')) found(l, "metric names should not contain ':'");
  if (is_camel_case(l->name)) found(l, "metric names should be written in 'snake_case' not 'camelCase'");
  if (l->seen & SEEN_CAMEL_CASE) found(l, "label names should be written in 'snake_case' not 'camelCase'");
  judge_abbreviations(l);
}

static bool take_family(void *context, const struct parsed_family *f) {
  struct linter *l = context;
  judge(l);
  l->line = f->line;
  l->type = f->type;
  l->has_help = *f->help != 0;
  l->seen = 0;
  l->lint->families++;
  buf_clear(&l->judged);
  buf_puts(&l->judged, f->name);
  if (l->format == EXPOSITION_OPENMETRICS && f->type == PARSED_COUNTER) buf_puts(&l->judged, "_total");
  l->name = l->judged.data;
  return true;
}

static bool take_sample(void *context, const struct parsed_sample *s) {
  struct linter *l = context;
  for (size_t i = 0; i < s->label_count; i++) {
    const char *name = s->labels[i].name;
    if (!strcmp(name, "le")) l->seen |= SEEN_LE;
    if (!strcmp(name, "quantile")) l->seen |= SEEN_QUANTILE;
    if (is_camel_case(name)) l->seen |= SEEN_CAMEL_CASE;
  }
  l->lint->samples++;
  return true;
}

bool lint_exposition(struct lint *l, const char *text, size_t length, enum exposition_format format, struct parser_place *where,
                     struct fail *f) {
  struct linter linter = {.lint = l, .format = format};
  const struct parser_events events = {.context = &linter, .sample = take_sample, .family = take_family};
  buf_init(&linter.judged, length + 16);
  bool good = exposition_parse(text, length, format, true, &events, where, f);
  judge(&linter);
  buf_done(&linter.judged);
  return good;
}
