/* printf as Go has it: verbs, flags, width and precision; what does not fit its verb is shown as %!verb(type=value), as Go shows it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/template/humanize.h"
#include "agent/template/rune.h"
#include "agent/template/value.h"
#include "base/text.h"

enum { WIDTH_MAX = 1000, PADDED_MAX = 8192 };

struct spec {
  bool minus, plus, sharp, space, zero;
  int width, precision; /* -1: none */
  char verb;
};

struct printing {
  struct buf *out;
  const char *cursor;
  const struct tvalue *args;
  size_t count, next;
};

/* Digits, or * for the next argument. */
static int count_of(struct printing *p) {
  int n = -1;
  if (*p->cursor == '*') {
    p->cursor++;
    if (p->next < p->count && p->args[p->next].kind == T_INT) n = (int)MIN(MAX(p->args[p->next].whole, 0), WIDTH_MAX);
    p->next++;
    return n;
  }
  for (; *p->cursor >= '0' && *p->cursor <= '9'; p->cursor++) n = MIN((n < 0 ? 0 : n) * 10 + (*p->cursor - '0'), WIDTH_MAX);
  return n;
}

static struct spec read_spec(struct printing *p) {
  struct spec s = {.width = -1, .precision = -1};
  for (;; p->cursor++) {
    if (*p->cursor == '-')
      s.minus = true;
    else if (*p->cursor == '+')
      s.plus = true;
    else if (*p->cursor == '#')
      s.sharp = true;
    else if (*p->cursor == ' ')
      s.space = true;
    else if (*p->cursor == '0')
      s.zero = true;
    else
      break;
  }
  s.width = count_of(p);
  if (*p->cursor == '.') {
    p->cursor++;
    int precision = count_of(p);
    s.precision = MAX(precision, 0);
  }
  s.verb = *p->cursor;
  if (s.verb) p->cursor++;
  if (s.verb == 'v') s.plus = false; /* it asks for the names of fields, and there are none */
  return s;
}

static size_t characters(const char *text, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length; i++) n += (text[i] & 0xc0) != 0x80;
  return n;
}

/* Zeros come between a sign and its digits. */
static void put_padded(struct buf *out, const struct spec *s, const char *text, size_t length, bool number) {
  size_t have = characters(text, length), pad = s->width > 0 && (size_t)s->width > have ? (size_t)s->width - have : 0;
  bool zeros = s->zero && !s->minus && number;
  size_t sign = zeros && length && strchr("+- ", text[0]) ? 1 : 0;
  buf_put(out, text, sign);
  for (size_t i = 0; i < pad && !s->minus; i++) buf_putc(out, zeros ? '0' : ' ');
  buf_put(out, text + sign, length - sign);
  for (size_t i = 0; i < pad && s->minus; i++) buf_putc(out, ' ');
}

static void put_float(struct buf *out, const struct spec *s, double value) {
  char format[64], shown[WIDTH_MAX + 400], verb = s->verb == 'v' ? 'g' : s->verb == 'F' ? 'f' : s->verb;
  if (!isfinite(value)) {
    go_float(value, format);
    snprintf(shown, sizeof shown, "%s%s", s->plus && isnan(value) ? "+" : "", format);
    put_padded(out, s, shown, strlen(shown), false);
    return;
  }
  if ((verb == 'g' || verb == 'G') && s->precision < 0) {
    char shortest[64];
    go_float(value, shortest);
    if (verb == 'G' && strchr(shortest, 'e')) *strchr(shortest, 'e') = 'E';
    snprintf(shown, sizeof shown, "%s%s", s->plus && value >= 0 ? "+" : s->space && value >= 0 ? " " : "", shortest);
  } else {
    snprintf(format, sizeof format, "%%%s%s.*%c", s->plus ? "+" : s->space ? " " : "", s->sharp ? "#" : "", verb);
    format_number(shown, sizeof shown, format, s->precision < 0 ? 6 : s->precision, value);
  }
  put_padded(out, s, shown, strlen(shown), true);
}

static void put_int(struct buf *out, const struct spec *s, int64_t value) {
  char digits[80], shown[96];
  unsigned long long size = value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value;
  size_t n = sizeof digits;
  unsigned base = s->verb == 'x' || s->verb == 'X' ? 16 : s->verb == 'o' ? 8 : s->verb == 'b' ? 2 : 10;
  const char *set = s->verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  digits[--n] = 0;
  do digits[--n] = set[size % base];
  while ((size /= base));
  const char *prefix = !s->sharp ? "" : base == 16 ? s->verb == 'X' ? "0X" : "0x" : base == 8 ? "0" : base == 2 ? "0b" : "";
  snprintf(shown, sizeof shown, "%s%s%s", value < 0 ? "-" : s->plus ? "+" : s->space ? " " : "", prefix, digits + n);
  put_padded(out, s, shown, strlen(shown), true);
}

static void put_quoted(struct buf *out, const char *text, size_t length) {
  static const char plain[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
  buf_putc(out, '"');
  for (size_t i = 0; i < length;) {
    uint32_t code;
    size_t n = rune_at(text + i, length - i, &code);
    const char *special = text[i] ? strchr(plain, text[i]) : NULL;
    if (special)
      buf_printf(out, "\\%c", letters[special - plain]);
    else if (code < 0x20 || code == 0x7f)
      buf_printf(out, "\\x%02x", code);
    else
      text_character(out, code);
    i += n;
  }
  buf_putc(out, '"');
}

static void put_hex(struct buf *out, char verb, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) buf_printf(out, verb == 'x' ? "%02x" : "%02X", (unsigned char)text[i]);
}

static void put_text(struct buf *out, const struct spec *s, const char *text, size_t length) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, PADDED_MAX);
  if (s->precision >= 0) {
    size_t end = 0;
    uint32_t code;
    for (int i = 0; i < s->precision && end < length; i++) end += rune_at(text + end, length - end, &code);
    length = end;
  }
  if (s->verb == 'q')
    put_quoted(&shown, text, length);
  else if (s->verb == 'x' || s->verb == 'X')
    put_hex(&shown, s->verb, text, length);
  else
    buf_put(&shown, text, length);
  put_padded(out, s, shown.data ? shown.data : "", shown.length, false);
}

static void put_wrong(struct buf *out, char verb, const struct tvalue *v) {
  buf_printf(out, "%%!%c(%s=", verb, t_type(v));
  t_print(out, v);
  buf_putc(out, ')');
}

static void put_character(struct buf *out, const struct spec *s, int64_t code) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, 16);
  if (s->verb == 'U')
    buf_printf(&shown, "U+%04X", (unsigned)code);
  else
    text_character(&shown, code < 0 || code > 0x10ffff ? 0xfffd : (uint32_t)code);
  if (s->verb == 'q')
    buf_printf(out, "'%s'", shown.data);
  else
    put_padded(out, s, shown.data, shown.length, false);
}

static void put_value(struct buf *out, const struct spec *s, const struct tvalue *v) {
  SCOPED(buf_done) struct buf shown;
  buf_init(&shown, PADDED_MAX);
  if (s->verb == 'T') {
    put_padded(out, s, t_type(v), strlen(t_type(v)), false);
  } else if (v->kind == T_FLOAT && strchr("veEfFgG", s->verb)) {
    put_float(out, s, v->number);
  } else if (v->kind == T_INT && strchr("vdxXob", s->verb)) {
    put_int(out, s, v->whole);
  } else if (v->kind == T_INT && strchr("cqU", s->verb)) {
    put_character(out, s, v->whole);
  } else if (v->kind == T_TEXT && strchr("vsqxX", s->verb)) {
    put_text(out, s, v->text, v->length);
  } else if (s->verb == 'v' || (s->verb == 't' && v->kind == T_BOOL) || (s->verb == 's' && v->kind > T_TEXT)) {
    if (v->kind == T_NONE)
      buf_puts(&shown, "<nil>");
    else
      t_print(&shown, v);
    put_padded(out, s, shown.data ? shown.data : "", shown.length, false);
  } else {
    put_wrong(out, s->verb, v);
  }
}

static void put_extra(struct printing *p) {
  if (p->next >= p->count) return;
  buf_puts(p->out, "%!(EXTRA ");
  for (size_t i = p->next; i < p->count; i++) {
    buf_printf(p->out, "%s%s=", i > p->next ? ", " : "", t_type(&p->args[i]));
    t_print(p->out, &p->args[i]);
  }
  buf_putc(p->out, ')');
}

void t_format(struct buf *out, const char *format, const struct tvalue *args, size_t count) {
  struct printing p = {.out = out, .cursor = format, .args = args, .count = count};
  while (*p.cursor) {
    size_t plain = strcspn(p.cursor, "%");
    buf_put(out, p.cursor, plain);
    p.cursor += plain;
    if (!*p.cursor) break;
    p.cursor++;
    struct spec s = read_spec(&p);
    if (s.verb == '%')
      buf_putc(out, '%');
    else if (!s.verb)
      buf_puts(out, "%!(NOVERB)");
    else if (p.next >= count)
      buf_printf(out, "%%!%c(MISSING)", s.verb);
    else
      put_value(out, &s, &p.args[p.next++]);
  }
  put_extra(&p);
}
