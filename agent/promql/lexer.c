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
    bool ends = l->text[i] == '\n', goes_on = (l->text[i] & 0xC0) == 0x80; /* a character of several bytes is one column */
    column = ends ? 1 : column + !goes_on;
    line += ends;
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

/* Behind the digits at `end`. A single _ may stand between two. */
static size_t skip_digits(const struct lexer *l, size_t end, int (*is_digit)(int)) {
  while (is_digit((unsigned char)at(l, end)) ||
         (at(l, end) == '_' && is_digit((unsigned char)at(l, end - 1)) && is_digit((unsigned char)at(l, end + 1))))
    end++;
  return end;
}

/* What lies between two offsets, without any _. */
static const char *copy_digits(struct lexer *l, size_t from, size_t end) {
  char *copy = arena_alloc(l->arena, end - from + 1), *to = copy;
  for (size_t i = from; i < end; i++)
    if (l->text[i] != '_') *to++ = l->text[i];
  return copy;
}

static bool hexadecimal(struct lexer *l, struct token *t) {
  size_t end = skip_digits(l, t->offset + 2, isxdigit);
  if (end == t->offset + 2 || is_name(at(l, end))) return lexer_fail(l, t->offset, "this hexadecimal number is wrong");
  for (const char *p = copy_digits(l, t->offset + 2, end); *p; p++)
    t->number = t->number * 16 + (isdigit((unsigned char)*p) ? *p - '0' : tolower((unsigned char)*p) - 'a' + 10);
  return finish(l, t, TOKEN_NUMBER, end - t->offset);
}

static bool duration(struct lexer *l, struct token *t) {
  size_t end = t->offset;
  char text[64];
  msec_t span;
  while (isalnum((unsigned char)at(l, end)) || at(l, end) == '.' || at(l, end) == '_') end++;
  size_t length = MIN(end - t->offset, sizeof text - 1);
  memcpy(text, l->text + t->offset, length);
  text[length] = 0;
  if (!duration_parse(text, &span))
    return lexer_fail(l, t->offset, "'%s' is neither a number nor a duration like 5m or 1h30m", text);
  t->number = (double)span / 1000;
  return finish(l, t, TOKEN_DURATION, end - t->offset);
}

/* As in Go, whole digits behind a zero are octal. */
static bool is_octal(const char *digits) {
  return digits[0] == '0' && digits[1] && !digits[strspn(digits, "01234567")];
}

static size_t skip_exponent(const struct lexer *l, size_t end) {
  if (tolower((unsigned char)at(l, end)) != 'e') return end;
  size_t first = end + 1;
  if (at(l, first) == '+' || at(l, first) == '-') first++;
  return isdigit((unsigned char)at(l, first)) ? skip_digits(l, first, isdigit) : end;
}

static bool number(struct lexer *l, struct token *t) {
  if (at(l, t->offset) == '0' && tolower((unsigned char)at(l, t->offset + 1)) == 'x') return hexadecimal(l, t);
  size_t end = skip_digits(l, t->offset, isdigit);
  if (at(l, end) == '.') end = skip_digits(l, end + 1, isdigit);
  end = skip_exponent(l, end);
  if (is_name(at(l, end)) && at(l, end) != ':') return duration(l, t);
  const char *digits = copy_digits(l, t->offset, end);
  if (is_octal(digits))
    t->number = (double)strtoull(digits, NULL, 8);
  else if (!number_parse(digits, strlen(digits), &t->number))
    return lexer_fail(l, t->offset, "this number is wrong");
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
  if (strspn(text, "0123456789abcdefABCDEF") != digits) return 0;
  unsigned long code = strtoul(text, &stop, digits == 3 ? 8 : 16);
  bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  *cursor += digits;
  if (*stop || !code || surrogate || code > 0x10FFFF || (digits <= 3 && code > 255)) return 0;
  if (digits <= 3) return out[0] = (char)code, (size_t)1;
  return encode((unsigned)code, out);
}

/* Where the closing quote is; the length of the text when there is none. */
static size_t closing_quote(const struct lexer *l, size_t begin) {
  char quote = l->text[begin];
  size_t end = begin + 1;
  while (end < l->length && l->text[end] != quote) {
    if (quote != '`' && l->text[end] == '\n') return l->length;
    end += quote != '`' && l->text[end] == '\\' ? 2 : 1;
  }
  return MIN(end, l->length);
}

static bool string(struct lexer *l, struct token *t) {
  size_t closing = closing_quote(l, t->offset), length = 0;
  const char *p = l->text + t->offset + 1, *end = l->text + closing;
  bool raw = l->text[t->offset] == '`';
  if (closing == l->length)
    return lexer_fail(l, t->offset, "the string that begins here does not end%s", raw ? "" : " on its line");
  char *out = arena_alloc(l->arena, closing - t->offset);
  while (p < end) {
    if (raw || *p != '\\') {
      out[length++] = *p++;
      continue;
    }
    const char *backslash = p++;
    size_t n = escape(&p, end, out + length);
    if (!n) return lexer_fail(l, (size_t)(backslash - l->text), "this escape is none: \\n, \\t, \\\\, \\\", \\x41 and \\u00e9 are");
    length += n;
  }
  t->string = out;
  return finish(l, t, TOKEN_STRING, closing + 1 - t->offset);
}

static bool symbol(struct lexer *l, struct token *t) {
  char two[3] = {at(l, t->offset), at(l, t->offset + 1), 0}, one[2] = {two[0], 0};
  for (enum token_kind kind = TOKEN_LEFT_PAREN; kind < TOKEN_AND; kind++)
    if (two[1] && !strcmp(token_name(kind), two)) return finish(l, t, kind, 2);
  for (enum token_kind kind = TOKEN_LEFT_PAREN; kind < TOKEN_AND; kind++)
    if (!strcmp(token_name(kind), one)) return finish(l, t, kind, 1);
  unsigned char c = (unsigned char)one[0];
  if (c == '!') return lexer_fail(l, t->offset, "'!' stands alone; != and !~ are operators");
  return lexer_fail(l, t->offset, isprint(c) ? "'%c' has no meaning here" : "the byte 0x%02x has no meaning here", c);
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
