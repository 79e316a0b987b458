/* Numbers as text, both ways: see base/number.h. Formatting has two fast paths, integers and short decimals, which cover nearly all that
 * a machine measures; a decimal of at most 2^53 divided by a power of ten up to 10^22 is rounded once, so that it reads back exactly. */
#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const double exact_max = 9007199254740992.0; /* 2^53 */

/* Writes the digits of n so that they end at `end`; returns where they begin. */
static char *put_digits(char *end, uint64_t n) {
  do {
    *--end = (char)('0' + n % 10);
    n /= 10;
  } while (n);
  return end;
}

static size_t finish(char *out, const char *from, const char *end) {
  size_t length = (size_t)(end - from);
  memmove(out, from, length);
  out[length] = 0;
  return length;
}

static size_t format_integer(bool negative, uint64_t n, char *out) {
  char digits[NUMBER_SIZE], *end = digits + sizeof digits, *p = put_digits(end, n);
  if (negative) *--p = '-';
  return finish(out, p, end);
}

/* `scaled` is the magnitude times 10^places. */
static size_t format_decimal(bool negative, uint64_t scaled, unsigned places, char *out) {
  char digits[NUMBER_SIZE], *end = digits + sizeof digits, *p = end;
  for (unsigned i = 0; i < places; i++, scaled /= 10) *--p = (char)('0' + scaled % 10);
  *--p = '.';
  p = put_digits(p, scaled);
  if (negative) *--p = '-';
  return finish(out, p, end);
}

static size_t format_slowly(double value, char *out) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, NUMBER_SIZE, "%.*g", digits, value);
    if (strtod(out, NULL) == value) break;
  }
  char *comma = strchr(out, ','); /* a locale with a decimal comma */
  if (comma) *comma = '.';
  return strlen(out);
}

size_t number_format(double value, char *out) {
  static const double powers[] = {1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  if (isnan(value)) {
    memcpy(out, "NaN", 4);
    return 3;
  }
  if (isinf(value)) {
    memcpy(out, value > 0 ? "+Inf" : "-Inf", 5);
    return 4;
  }
  double magnitude = fabs(value);
  bool negative = value < 0;
  if (magnitude >= exact_max) return format_slowly(value, out);
  uint64_t whole = (uint64_t)magnitude;
  if ((double)whole == magnitude) return format_integer(negative, whole, out);
  for (unsigned i = 0; i < sizeof powers / sizeof *powers; i++) {
    double scaled = nearbyint(magnitude * powers[i]);
    if (scaled >= exact_max) break;
    if (scaled / powers[i] == magnitude) return format_decimal(negative, (uint64_t)scaled, i + 1, out);
  }
  return format_slowly(value, out);
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static void make_c_locale(void) {
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_digit(char c) {
  return (unsigned char)(c - '0') < 10;
}

/* The exponent behind the e at *cursor, at most three digits. */
static bool parse_exponent(const char **cursor, const char *end, int *ret) {
  const char *p = *cursor + 1;
  bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  const char *first = p;
  int n = 0;
  while (p < end && is_digit(*p) && p - first < 3) n = n * 10 + (*p++ - '0');
  *cursor = p;
  *ret = negative ? -n : n;
  return p > first;
}

/* Digits with a sign, a point, an exponent, as nearly every number is. A whole number below 2^53 times or divided by an exact power of ten is rounded
 * once, as strtod does. */
static bool parse_plain(const char *text, size_t length, double *ret) {
  static const double powers[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char *p = text, *end = text + length, *point = NULL;
  bool negative = *p == '-';
  uint64_t digits = 0;
  int exponent = 0;
  if (*p == '-' || *p == '+') p++;
  const char *first = p;
  for (; p < end && p - first < 18; p++) {
    if (is_digit(*p))
      digits = digits * 10 + (uint64_t)(*p - '0');
    else if (*p == '.' && !point)
      point = p;
    else
      break;
  }
  if (p - first <= (point != NULL)) return false;
  int places = point ? (int)(p - point) - 1 : 0;
  if (p < end && (*p == 'e' || *p == 'E') && !parse_exponent(&p, end, &exponent)) return false;
  exponent -= places;
  if (p < end || digits > (uint64_t)exact_max || exponent < -22 || exponent > 22) return false;
  double value = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
  *ret = negative ? -value : value;
  return true;
}

bool number_parse(const char *text, size_t length, double *ret) {
  char few[64], *end;
  if (length == 0) return false;
  if (parse_plain(text, length, ret)) return true;
  for (size_t i = 0; i < length; i++)
    if (!strchr("0123456789+-.eEinfatyINFATY", text[i]) || !text[i]) return false;
  SCOPED(mem_free) char *many = length < sizeof few ? NULL : mem_copy_bytes(text, length);
  char *copy = many ? many : memcpy(few, text, length);
  copy[length] = 0;
  pthread_once(&c_locale_once, make_c_locale);
  double value = strtod_l(copy, &end, c_locale);
  if (end != copy + length) return false;
  *ret = value;
  return true;
}

bool number_scan(const char **cursor, const char *end, uint64_t *ret) {
  const char *p = *cursor;
  while (p < end && (*p == ' ' || *p == '\t')) p++;
  if (p == end || *p < '0' || *p > '9') return false;
  uint64_t n = 0;
  for (; p < end && *p >= '0' && *p <= '9'; p++) n = n * 10 + (uint64_t)(*p - '0');
  *ret = n;
  *cursor = p;
  return true;
}

bool bytes_parse(const char *text, int64_t *ret) {
  static const char *const suffixes[][3] = {
      {"", "B", "B"}, {"K", "KB", "KiB"}, {"M", "MB", "MiB"}, {"G", "GB", "GiB"}, {"T", "TB", "TiB"}};
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 18) return false;
  int64_t n = strtoll(text, NULL, 10), unit = 1;
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++, unit *= 1024)
    for (size_t k = 0; k < 3; k++)
      if (!strcmp(text + digits, suffixes[i][k])) return !__builtin_mul_overflow(n, unit, ret);
  return false;
}
