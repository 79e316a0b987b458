/* Reads both exposition formats, line by line: see metric/parser.h. No line depends on what follows it, so that a page is read once and events come
 * as it is read. What must be remembered is the families, and where the parsing is strict the label sets of the family that is open. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/metric/parser.h"
#include "base/mem.h"
#include "base/text.h"

/* A sentence with words of the page in it: no control characters, no half of a character. */
static bool fail_quoted(struct fail *f, char *sentence) {
  SCOPED(buf_done) struct buf clean;
  for (unsigned char *c = (unsigned char *)sentence; *c; c++) {
    if (*c < ' ' || *c == 0x7F) *c = '?';
    if (*c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0) c[0] = c[1] = '?'; /* C1 controls are two bytes of UTF-8 */
  }
  buf_init(&clean, sizeof f->text * 2);
  text_clean(&clean, sentence, strlen(sentence), sizeof f->text - 1);
  return fail(f, FAIL_PROTOCOL, "%s", clean.data);
}

bool parser_fail_line(struct parser *p, unsigned line, unsigned column, const char *format, ...) {
  char sentence[sizeof p->fail->text];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  if (p->where) *p->where = (struct parser_place){line, column};
  return fail_quoted(p->fail, sentence);
}

bool parser_fail(struct parser *p, const char *at, const char *format, ...) {
  char sentence[sizeof p->fail->text];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  unsigned column = 1;
  for (const char *c = p->line; c < at; c++) column += ((unsigned char)*c & 0xC0) != 0x80;
  return parser_fail_line(p, p->line_number, column, "%s", sentence);
}

const char *parser_seen(const struct parser *p, const char *at, char out[24]) {
  if (at >= p->line_end) return "the end of the line";
  unsigned char c = (unsigned char)*at;
  if (c == ' ') return "a blank";
  if (c == '\t') return "a tab";
  if (c == '\r') return "a carriage return (lines end in \\n alone)";
  if (c < ' ' || c == 0x7F) {
    snprintf(out, 24, "the byte 0x%02X", c);
    return out;
  }
  size_t length = 1;
  while (at + length < p->line_end && ((unsigned char)at[length] & 0xC0) == 0x80 && length < 4) length++;
  snprintf(out, 24, "'%.*s'", (int)length, at);
  return out;
}

/* True when a byte is not ASCII. */
static bool has_high_byte(const char *text, size_t length) {
  uint64_t word = 0, all = 0;
  for (; length >= 8; text += 8, length -= 8) {
    memcpy(&word, text, 8);
    all |= word;
  }
  for (size_t i = 0; i < length; i++) all |= (unsigned char)text[i];
  return all & 0x8080808080808080u;
}

/* NUL is a character like another here. */
static bool is_utf8(const char *text, size_t length) {
  if (!has_high_byte(text, length)) return true;
  while (length) {
    size_t run = strnlen(text, length);
    if (!text_is_clean(text, run)) return false;
    if (run == length) return true;
    text += run + 1;
    length -= run + 1;
  }
  return true;
}

static bool sample_line(struct parser *p) {
  enum role role;
  if (!scan_sample(p) || !metadata_of_sample(p, &role)) return false;
  if (p->stopped) return true;
  if (!rules_sample(p, role)) return false;
  p->stopped = !p->events->sample(p->events->context, &p->sample);
  return true;
}

static bool openmetrics_line(struct parser *p, size_t length) {
  if (p->ended) return parser_fail(p, p->line, "nothing follows # EOF");
  if (!length) return parser_fail(p, p->line, "there are no empty lines");
  p->ended = length == 5 && !memcmp(p->line, "# EOF", 5);
  if (p->ended) return true;
  return *p->line == '#' ? metadata_line(p) : sample_line(p);
}

static bool text_line(struct parser *p) {
  scan_blanks(p);
  if (p->at == p->line_end) return true;
  return *p->at == '#' ? metadata_line(p) : sample_line(p);
}

static bool parse_line(struct parser *p) {
  size_t length = (size_t)(p->line_end - p->line);
  if (length + 2 > p->scratch_size) {
    p->scratch_size = MAX(length + 2, p->scratch_size * 2);
    p->scratch = mem_resize(p->scratch, p->scratch_size, 1);
  }
  p->at = p->line;
  if (!is_utf8(p->line, length)) return parser_fail(p, p->line, "the line is not valid UTF-8");
  return p->format == EXPOSITION_OPENMETRICS ? openmetrics_line(p, length) : text_line(p);
}

static bool parse_lines(struct parser *p, const char *text, const char *end) {
  const char *newline = NULL;
  while (text < end) {
    newline = memchr(text, '\n', (size_t)(end - text));
    p->line = text;
    p->line_end = newline ? newline : end;
    p->line_number++;
    if (!parse_line(p)) return false;
    if (p->stopped) return true;
    text = newline ? newline + 1 : end;
  }
  if (!metadata_family_ends(p)) return false;
  if (p->format == EXPOSITION_OPENMETRICS)
    return p->ended ||
           parser_fail_line(p, p->line_number + 1, 1, "the text ends without # EOF: it was cut off, or is no OpenMetrics");
  if (p->strict && p->line_number && !newline)
    return parser_fail(p, p->line_end, "the last line does not end: it may have been cut off");
  return true;
}

bool exposition_parse(const char *text, size_t length, enum exposition_format format, bool strict,
                      const struct parser_events *events, struct parser_place *where, struct fail *f) {
  struct fail ignored = {0};
  struct parser p = {.format = format, .strict = strict, .events = events, .where = where, .fail = f ? f : &ignored};
  if (!length) text = ""; /* an empty buffer may have no memory */
  bool good = parse_lines(&p, text, text + length);
  rules_done(&p);
  map_done(&p.names);
  arena_done(&p.arena);
  free(p.scratch);
  free(p.labels.given);
  free(p.labels.sorted);
  free(p.exemplar.given);
  free(p.exemplar.sorted);
  return good;
}
