/* PromQL's words: see lexer.h. Numbers and durations share their first digits; a number that is followed by a unit is a duration, which counts as
 * that many seconds where a number may stand, as in Prometheus 3. */
#include "agent/promql/lexer.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

const char *token_name(enum token_kind kind) {
#define X(value, text) [value] = text,
  static const char *const names[] = {TOKENS(X)};
#undef X
  return names[kind];
}

bool lexer_fail(struct lexer *l, size_t offset, const char *format, ...) {
  size_t line = 1, column = 1;
  for (size_t i = 0; i < offset && i < l->length; i++) {
    column = l->text[i] == '\n' ? 1 : column + 1;
    line += l->text[i] == '\n';
  }
  char sentence[400];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  return fail(l->fail, FAIL_CONFIG, "%zu:%zu: %s", line, column, sentence);
}

static char at(const struct lexer *l, size_t offset) {
  return offset < l->length ? l->text[offset] : 0;
}
static bool is_name_start(char c) {
  return isalpha((unsigned char)c) || c == '_' || c == ':';
}
static bool is_name(char c) {
  return is_name_start(c) || isdigit((unsigned char)c);
}

static void skip_blanks(struct lexer *l) {
  for (;; l->offset++) {
    char c = at(l, l->offset);
    if (c == '#')
      while (l->offset < l->length && l->text[l->offset] != '\n') l->offset++;
    else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
      return;
  }
}

static bool finish(struct lexer *l, struct token *t, enum token_kind kind, size_t length) {
  t->kind = kind;
  t->length = length;
  l->offset = t->offset + length;
  return true;
}

bool token_is_word(const struct lexer *l, const struct token *t, const char *word) {
  return t->kind == TOKEN_NAME && t->length == strlen(word) && !strncasecmp(l->text + t->offset, word, t->length);
}

static bool name(struct lexer *l, struct token *t) {
  size_t end = t->offset;
  while (is_name(at(l, end))) end++;
  finish(l, t, TOKEN_NAME, end - t->offset);
  for (enum token_kind kind = TOKEN_AND; kind <= TOKEN_ATAN2; kind++)
    if (token_is_word(l, t, token_name(kind))) return finish(l, t, kind, t->length);
  bool infinite = token_is_word(l, t, "inf");
  if (!infinite && !token_is_word(l, t, "nan")) return true;
  t->number = infinite ? INFINITY : (double)NAN;
  return finish(l, t, TOKEN_NUMBER, t->length);
}

static bool hexadecimal(struct lexer *l, struct token *t) {
  size_t end = t->offset + 2;
  double value = 0;
  for (; isxdigit((unsigned char)at(l, end)); end++) {
    char c = (char)tolower((unsigned char)l->text[end]);
    value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
  }
  if (end == t->offset + 2 || is_name(at(l, end))) return lexer_fail(l, t->offset, "this hexadecimal number is wrong");
  t->number = value;
  return finish(l, t, TOKEN_NUMBER, end - t->offset);
}

static bool duration(struct lexer *l, struct token *t) {
  size_t end = t->offset;
  char text[64];
  while (isalnum((unsigned char)at(l, end))) end++;
  size_t length = end - t->offset;
  msec_t span;
  if (length >= sizeof text || is_name(at(l, end))) return lexer_fail(l, t->offset, "this number or duration is wrong");
  memcpy(text, l->text + t->offset, length);
  text[length] = 0;
  if (!duration_parse(text, &span))
    return lexer_fail(l, t->offset, "\"%s\" is neither a number nor a duration like 5m or 1h30m", text);
  t->number = (double)span / 1000;
  return finish(l, t, TOKEN_DURATION, length);
}

static bool number(struct lexer *l, struct token *t) {
  if (at(l, t->offset) == '0' && tolower((unsigned char)at(l, t->offset + 1)) == 'x') return hexadecimal(l, t);
  size_t end = t->offset;
  while (isdigit((unsigned char)at(l, end))) end++;
  if (at(l, end) == '.')
    for (end++; isdigit((unsigned char)at(l, end));) end++;
  size_t exponent = end;
  if (tolower((unsigned char)at(l, exponent)) == 'e') {
    exponent++;
    if (at(l, exponent) == '+' || at(l, exponent) == '-') exponent++;
    if (isdigit((unsigned char)at(l, exponent)))
      for (end = exponent; isdigit((unsigned char)at(l, end));) end++;
  }
  if (is_name(at(l, end)) && at(l, end) != ':') return duration(l, t);
  if (!number_parse(l->text + t->offset, end - t->offset, &t->number)) return lexer_fail(l, t->offset, "this number is wrong");
  return finish(l, t, TOKEN_NUMBER, end - t->offset);
}

/* Appends the code point as UTF-8; returns the length. */
static size_t encode(unsigned code, char *out) {
  if (code < 0x80) return out[0] = (char)code, (size_t)1;
  size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3F));
  static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
  out[0] = (char)(first[length] | code);
  return length;
}

/* An escape as Go has it, at *cursor behind the backslash. Returns how many bytes it stands for, 0 when it is none. */
static size_t escape(const char **cursor, const char *end, char *out) {
  static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
  char c = *(*cursor)++;
  const char *simple = c ? strchr(from, c) : NULL;
  if (simple) return out[0] = to[simple - from], (size_t)1;
  size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : c >= '0' && c <= '7' ? 3 : 0;
  if (digits == 3) (*cursor)--;
  if (!digits || (size_t)(end - *cursor) < digits) return 0;
  char text[9] = {0}, *stop;
  memcpy(text, *cursor, digits);
  unsigned long code = strtoul(text, &stop, digits == 3 ? 8 : 16);
  *cursor += digits;
  if (*stop || code > 0x10FFFF || (digits <= 3 && code > 255)) return 0;
  if (digits <= 3) return out[0] = (char)code, (size_t)1;
  return encode((unsigned)code, out);
}

static bool string(struct lexer *l, struct token *t) {
  char quote = l->text[t->offset];
  const char *p = l->text + t->offset + 1, *end = l->text + l->length;
  char *out = arena_alloc(l->arena, l->length - t->offset + 1);
  size_t length = 0;
  for (; p < end && *p != quote;) {
    if (*p == '\n' && quote != '`') return lexer_fail(l, t->offset, "the string that begins here does not end on its line");
    if (*p != '\\' || quote == '`') {
      out[length++] = *p++;
      continue;
    }
    const char *backslash = p++;
    size_t n = p < end ? escape(&p, end, out + length) : 0;
    if (!n) return lexer_fail(l, (size_t)(backslash - l->text), "this escape is none: \\n, \\t, \\\\, \\\", \\x41 and \\u00e9 are");
    length += n;
  }
  if (p >= end) return lexer_fail(l, t->offset, "the string that begins here does not end");
  out[length] = 0;
  t->string = out;
  return finish(l, t, TOKEN_STRING, (size_t)(p + 1 - l->text) - t->offset);
}

static bool symbol(struct lexer *l, struct token *t) {
  char two[3] = {at(l, t->offset), at(l, t->offset + 1), 0}, one[2] = {two[0], 0};
  for (enum token_kind kind = TOKEN_LEFT_PAREN; kind < TOKEN_AND; kind++)
    if (two[1] && !strcmp(token_name(kind), two)) return finish(l, t, kind, 2);
  for (enum token_kind kind = TOKEN_LEFT_PAREN; kind < TOKEN_AND; kind++)
    if (!strcmp(token_name(kind), one)) return finish(l, t, kind, 1);
  unsigned char c = (unsigned char)one[0];
  if (c == '!') return lexer_fail(l, t->offset, "\"!\" stands alone; != and !~ are operators");
  return lexer_fail(l, t->offset, isprint(c) ? "\"%c\" has no meaning here" : "the byte 0x%02x has no meaning here", c);
}

bool lexer_next(struct lexer *l, struct token *ret) {
  skip_blanks(l);
  *ret = (struct token){.offset = l->offset};
  char c = at(l, l->offset);
  if (l->offset >= l->length) return finish(l, ret, TOKEN_END, 0);
  if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)at(l, l->offset + 1)))) return number(l, ret);
  if (c == '"' || c == '\'' || c == '`') return string(l, ret);
  if (c != ':' && is_name_start(c)) return name(l, ret);
  if (c == ':' && is_name(at(l, l->offset + 1)) && !isdigit((unsigned char)at(l, l->offset + 1))) return name(l, ret);
  return symbol(l, ret);
}
