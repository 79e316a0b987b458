/* A sample's line taken apart: name, labels, value, timestamp, exemplar. Between them text 0.0.4 allows blanks and tabs as one likes, OpenMetrics exactly
 * one blank. The strings are copied to p->scratch, unescaped and with a NUL: it has room for the whole line, and every string is followed
 * by at least one byte of syntax. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/metric/parser.h"
#include "base/mem.h"
#include "base/number.h"

enum { EXEMPLAR_MAX = 128, NUMBER_SHOWN = 40, END = '\n' };

static bool is_openmetrics(const struct parser *p) {
  return p->format == EXPOSITION_OPENMETRICS;
}

/* END at the end of the line. */
static char peek(const struct parser *p) {
  return p->at < p->line_end ? *p->at : END;
}

void scan_blanks(struct parser *p) {
  if (is_openmetrics(p)) return;
  while (peek(p) == ' ' || peek(p) == '\t') p->at++;
}

bool scan_is_name_byte(char c, bool colons) {
  unsigned letter = ((unsigned char)c | 0x20u) - 'a', digit = (unsigned char)c - '0';
  return letter < 26 || digit < 10 || c == '_' || (colons && c == ':');
}

size_t scan_name(const struct parser *p, const char *at, bool colons) {
  const char *begin = at;
  if (at < p->line_end && *at >= '0' && *at <= '9') return 0;
  while (at < p->line_end && scan_is_name_byte(*at, colons)) at++;
  return (size_t)(at - begin);
}

static char *keep(struct parser *p, const char *text, size_t length) {
  char *copy = p->scratch + p->scratch_used;
  memcpy(copy, text, length);
  copy[length] = 0;
  p->scratch_used += length + 1;
  return copy;
}

/* What the escape \c stands for, 0 when it is none. */
static char unescape(char c) {
  return c == 'n' ? '\n' : c == '\\' || c == '"' ? c : 0;
}

/* A text in quotes at p->at. An escape that is none stays as it is, but for a strict reader of text 0.0.4. */
static bool scan_quoted(struct parser *p, const char *what, const char **ret, size_t *ret_length) {
  const char *quote = p->at++;
  char *copy = p->scratch + p->scratch_used, *out = copy;
  for (; p->at < p->line_end && *p->at != '"'; p->at++) {
    char escaped = *p->at == '\\' && p->at + 1 < p->line_end ? unescape(p->at[1]) : 0;
    if (*p->at == '\\' && !escaped && p->strict && !is_openmetrics(p))
      return parser_fail(p, p->at, "an escape is \\\\, \\\" or \\n; any other backslash is written twice");
    bool pair = *p->at == '\\' && !escaped && p->at + 1 < p->line_end;
    if (escaped || pair) *out++ = escaped ? escaped : *p->at;
    if (escaped || pair) p->at++;
    if (!escaped) *out++ = *p->at;
  }
  if (p->at == p->line_end) return parser_fail(p, quote, "the %s that begins here has no closing quote on its line", what);
  p->at++;
  *out = 0;
  *ret = copy;
  *ret_length = (size_t)(out - copy);
  p->scratch_used += *ret_length + 1;
  return true;
}

static struct label *add_label(struct label_list *list) {
  if (list->count == list->capacity) {
    list->capacity = MAX(list->capacity * 2, (size_t)16);
    list->given = mem_resize(list->given, list->capacity, sizeof *list->given);
    list->sorted = mem_resize(list->sorted, list->capacity, sizeof *list->sorted);
  }
  return &list->given[list->count++];
}

static bool scan_label_value(struct parser *p, struct label_list *list, const char *name) {
  char seen[24];
  scan_blanks(p);
  if (peek(p) != '=') return parser_fail(p, p->at, "after a label's name comes =\"value\", not %s", parser_seen(p, p->at, seen));
  p->at++;
  scan_blanks(p);
  if (peek(p) != '"')
    return parser_fail(p, p->at, "a label's value stands in double quotes; here is %s", parser_seen(p, p->at, seen));
  struct label l = {.name = name};
  if (!scan_quoted(p, "label value", &l.value, &l.length)) return false;
  *add_label(list) = l;
  return true;
}

/* A name in quotes, as text of later versions has it: of a label, or of the metric itself when no value follows. */
static bool scan_quoted_name(struct parser *p, struct label_list *list) {
  const char *name = "", *at = p->at;
  size_t length = 0;
  if (p->strict) return parser_fail(p, at, "a name in quotes is not of this format: names are [a-zA-Z_][a-zA-Z0-9_]*");
  if (!scan_quoted(p, "name", &name, &length)) return false;
  if (strlen(name) != length) return parser_fail(p, at, "a name has no byte 0x00");
  scan_blanks(p);
  if (peek(p) == '=') return scan_label_value(p, list, name);
  if (p->sample.name) return parser_fail(p, at, "this is a second metric name");
  p->sample.name = name;
  return length > 0 || parser_fail(p, at, "the metric name is empty");
}

static bool scan_label(struct parser *p, struct label_list *list) {
  char seen[24];
  if (peek(p) == '"') return scan_quoted_name(p, list);
  size_t length = scan_name(p, p->at, false);
  if (!length)
    return parser_fail(p, p->at, "a label name begins with a letter or _ and goes on with those and digits; here is %s",
                       parser_seen(p, p->at, seen));
  const char *at = p->at, *name = keep(p, at, length);
  p->at += length;
  if (!scan_label_value(p, list, name)) return false;
  return strcmp(name, "__name__") != 0 || parser_fail(p, at, "the label __name__ is reserved: it is the metric name itself");
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Sorts a copy, and finds a name that is there twice. */
static bool sort_labels(struct parser *p, struct label_list *list, const char *at) {
  size_t ordered = 1;
  while (ordered < list->count && by_name(&list->given[ordered - 1], &list->given[ordered]) < 0) ordered++;
  if (!list->count || (ordered == list->count && !p->strict)) return true;
  memcpy(list->sorted, list->given, list->count * sizeof *list->given);
  if (ordered == list->count) return true;
  qsort(list->sorted, list->count, sizeof *list->sorted, by_name);
  for (size_t i = 1; i < list->count; i++)
    if (by_name(&list->sorted[i - 1], &list->sorted[i]) == 0)
      return parser_fail(p, at, "the label %.60s stands twice in one set", list->sorted[i].name);
  return true;
}

/* {a="b",c="d"} at p->at. In text 0.0.4 a comma may follow the last, and Prometheus does without any. */
static bool scan_labels(struct parser *p, struct label_list *list) {
  char seen[24];
  const char *begin = p->at++;
  scan_blanks(p);
  while (peek(p) != '}') {
    if (!scan_label(p, list)) return false;
    scan_blanks(p);
    if (peek(p) == '}') break;
    if (peek(p) != ',' && !p->strict) continue;
    if (peek(p) != ',') return parser_fail(p, p->at, "after a label comes a comma or }, not %s", parser_seen(p, p->at, seen));
    const char *comma = p->at++;
    scan_blanks(p);
    if (peek(p) == '}' && is_openmetrics(p)) return parser_fail(p, comma, "no comma follows the last label");
  }
  p->at++;
  return sort_labels(p, list, begin);
}

/* The bytes of the word at p->at. */
static size_t word_length(const struct parser *p) {
  const char *end = p->at;
  while (end < p->line_end && *end != ' ' && (*end != '\t' || is_openmetrics(p))) end++;
  return (size_t)(end - p->at);
}

/* The word at p->at is no number: says which of the usual mistakes it is. */
static bool fail_number(struct parser *p, const char *what, const char *form) {
  size_t length = word_length(p);
  const char *word = p->at;
  char seen[24];
  if (!length)
    return parser_fail(p, word, "the %s is missing: here is %s%s", what, parser_seen(p, word, seen),
                       is_openmetrics(p) ? ", and exactly one blank stands between two words" : "");
  if (word[length - 1] == '\r') return parser_fail(p, word + length - 1, "a carriage return: lines end in \\n alone");
  if (memchr(word, '_', length)) return parser_fail(p, word, "the %s is no number: digits are not grouped by _", what);
  if (length > 1 && word[0] == '0' && strchr("xXbBoO", word[1]))
    return parser_fail(p, word, "the %s is no number: numbers are decimal", what);
  return parser_fail(p, word, "the %s \"%.*s\" is no number: %s", what, (int)MIN(length, (size_t)NUMBER_SHOWN), word, form);
}

bool scan_number(const struct parser *p, const char *text, size_t length, double *ret) {
  if (!length || !number_parse(text, length, ret) || (isnan(*ret) && length != 3)) return false;
  char last = text[length - 1];
  return is_openmetrics(p) || !isinf(*ret) || last == 'f' || last == 'F' || last == 'y' || last == 'Y';
}

static bool scan_value(struct parser *p, const char *what, double *ret) {
  size_t length = word_length(p);
  if (!scan_number(p, p->at, length, ret)) return fail_number(p, what, "write it as 1, 0.25, 1e+06, +Inf, -Inf or NaN");
  p->at += length;
  return true;
}

/* Digits behind the point, to the ninth. */
static long nanoseconds(const char *point, const char *end) {
  long n = 0, unit = 100000000;
  for (const char *digit = point + 1; digit < end && unit; digit++, unit /= 10) n += (*digit - '0') * unit;
  return n;
}

/* `seconds` is what `word` reads as. */
static struct moment make_moment(const char *word, size_t length, double seconds) {
  struct moment m = {trunc(seconds), 0};
  const char *point = memchr(word, '.', length);
  if (memchr(word, 'e', length) || memchr(word, 'E', length)) {
    m.nanoseconds = (long)((seconds - m.seconds) * 1e9);
  } else if (point) { /* the double of the whole may have been rounded up to the next second */
    if (!number_parse(word, (size_t)(point - word), &m.seconds)) m.seconds = 0;
    m.nanoseconds = nanoseconds(point, word + length) * (word[0] == '-' ? -1 : 1);
  }
  return m;
}

/* OpenMetrics counts seconds with a fraction, */
static bool scan_seconds(struct parser *p, const char *what, double *ret, struct moment *ret_moment) {
  size_t length = word_length(p);
  const char *word = p->at;
  if (!length || !number_parse(word, length, ret)) return fail_number(p, what, "it is in seconds since 1970, like 1700000000.5");
  if (!isfinite(*ret)) return parser_fail(p, word, "a timestamp is neither NaN nor infinite");
  *ret_moment = make_moment(word, length, *ret);
  p->at += length;
  return true;
}

/* and text 0.0.4 whole milliseconds. */
static bool scan_milliseconds(struct parser *p) {
  static const char form[] = "it is in whole milliseconds since 1970";
  size_t length = word_length(p);
  char copy[24], *end;
  if (!length || length >= sizeof copy || (*p->at != '-' && *p->at != '+' && (unsigned char)(*p->at - '0') >= 10))
    return fail_number(p, "timestamp", form);
  memcpy(copy, p->at, length);
  copy[length] = 0;
  errno = 0;
  long long milliseconds = strtoll(copy, &end, 10);
  if (errno || *end || end != copy + length) return fail_number(p, "timestamp", form);
  p->sample.time = (double)milliseconds / 1000;
  p->sample.timed = true;
  p->at += length;
  return true;
}

/* The characters of all names and values. */
static size_t count_characters(const struct label_list *list) {
  size_t n = 0;
  for (size_t k = 0; k < list->count; k++) {
    const struct label *l = &list->given[k];
    n += strlen(l->name);
    for (size_t i = 0; i < l->length; i++) n += ((unsigned char)l->value[i] & 0xC0) != 0x80;
  }
  return n;
}

/* " # {labels} value [timestamp]" behind a sample, p->at being at the #. */
static bool scan_exemplar(struct parser *p) {
  char seen[24];
  double value, seconds;
  struct moment ignored;
  p->exemplar_at = p->at++;
  if (peek(p) != ' ' || p->at + 1 >= p->line_end || p->at[1] != '{')
    return parser_fail(p, p->exemplar_at, "an exemplar is written # {labels} value, with one blank between each");
  p->at++;
  if (!scan_labels(p, &p->exemplar)) return false;
  if (p->strict && count_characters(&p->exemplar) > EXEMPLAR_MAX)
    return parser_fail(p, p->exemplar_at, "the labels of an exemplar, names and values together, have at most 128 characters");
  if (peek(p) != ' ')
    return parser_fail(p, p->at, "after an exemplar's labels come one blank and its value, not %s", parser_seen(p, p->at, seen));
  p->at++;
  if (!scan_value(p, "value of the exemplar", &value)) return false;
  if (peek(p) == END) return true;
  p->at++;
  return scan_seconds(p, "timestamp of the exemplar", &seconds, &ignored);
}

/* What follows the value in OpenMetrics: [timestamp] [exemplar], each behind one blank. */
static bool scan_tail(struct parser *p) {
  if (peek(p) != ' ') return true;
  p->at++;
  if (peek(p) == '#') return scan_exemplar(p);
  if (!scan_seconds(p, "timestamp", &p->sample.time, &p->moment)) return false;
  p->sample.timed = true;
  if (peek(p) != ' ') return true;
  p->at++;
  if (peek(p) == '#') return scan_exemplar(p);
  return parser_fail(p, p->at, "after the timestamp comes the end of the line or an exemplar");
}

static bool scan_text_tail(struct parser *p) {
  scan_blanks(p);
  if (peek(p) == END) return true;
  if (!scan_milliseconds(p)) return false;
  scan_blanks(p);
  return true;
}

static bool scan_sample_name(struct parser *p) {
  char seen[24];
  size_t length = scan_name(p, p->at, true);
  p->sample_at = p->at;
  if (length) p->sample.name = keep(p, p->at, length);
  p->at += length;
  if (length || (peek(p) == '{' && !p->strict)) return true;
  return parser_fail(p, p->at, "a line begins with a metric name (letters, digits, _ and :, no digit first)%s; here is %s",
                     is_openmetrics(p) ? " or with # TYPE, # UNIT, # HELP or # EOF" : " or with #", parser_seen(p, p->at, seen));
}

bool scan_sample(struct parser *p) {
  char seen[24];
  bool om = is_openmetrics(p);
  p->sample = (struct parsed_sample){.line = p->line_number};
  p->labels.count = p->exemplar.count = p->scratch_used = 0;
  p->exemplar_at = NULL;
  if (!scan_sample_name(p)) return false;
  scan_blanks(p);
  if (peek(p) == '{' && !scan_labels(p, &p->labels)) return false;
  if (!p->sample.name) return parser_fail(p, p->sample_at, "the sample has no metric name");
  if (om && peek(p) != ' ')
    return parser_fail(p, p->at, "after name and labels come one blank and the value, not %s", parser_seen(p, p->at, seen));
  p->at += om;
  scan_blanks(p);
  p->value_at = p->at;
  if (!scan_value(p, "value", &p->sample.value) || !(om ? scan_tail(p) : scan_text_tail(p))) return false;
  if (peek(p) != END) return parser_fail(p, p->at, "the line goes on behind its end with %s", parser_seen(p, p->at, seen));
  p->sample.labels = p->labels.given;
  p->sample.label_count = p->labels.count;
  return true;
}
