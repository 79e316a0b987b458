/* Numbers as templates show them: humanize and its kin, to the letter as Prometheus writes them. */
#include "agent/template/humanize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/template/moment.h"
#include "base/attr.h"

const char *go_float(double value, char *out) {
  int digits = 0;
  if (isnan(value) || isinf(value)) {
    snprintf(out, 64, "%s", isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    return out;
  }
  do snprintf(out, 64, "%.*e", digits, value);
  while (strtod(out, NULL) != value && ++digits < 17);
  int exponent = (int)strtol(strchr(out, 'e') + 1, NULL, 10);
  if (exponent >= -4 && exponent < 6) snprintf(out, 64, "%.*f", MAX(digits - exponent, 0), value);
  return out;
}

void format_number(char *out, size_t size, const char *format, int precision, double value) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(out, size, format, precision, value);
#pragma GCC diagnostic pop
}

/* Four significant digits. C writes what is no number in its own way. */
static const char *plain(double value, const char *suffix, char *out, size_t size) {
  char number[64];
  if (isfinite(value))
    snprintf(out, size, "%.4g%s", value, suffix);
  else
    snprintf(out, size, "%s%s", go_float(value, number), suffix);
  return out;
}

const char *humanize(double value, char *out, size_t size) {
  static const char *const large[] = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  static const char *const small[] = {"", "m", "u", "n", "p", "f", "a", "z", "y"};
  size_t i = 0;
  if (value == 0 || !isfinite(value)) return plain(value, "", out, size);
  if (fabs(value) >= 1) {
    for (; fabs(value) >= 1000 && i + 1 < COUNTOF(large); i++) value /= 1000;
    return plain(value, large[i], out, size);
  }
  for (; fabs(value) < 1 && i + 1 < COUNTOF(small); i++) value *= 1000;
  return plain(value, small[i], out, size);
}

const char *humanize_1024(double value, char *out, size_t size) {
  static const char *const prefixes[] = {"", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
  size_t i = 0;
  if (fabs(value) <= 1 || !isfinite(value)) return plain(value, "", out, size);
  for (; fabs(value) >= 1024 && i + 1 < COUNTOF(prefixes); i++) value /= 1024;
  return plain(value, prefixes[i], out, size);
}

const char *humanize_percentage(double value, char *out, size_t size) {
  return plain(value * 100, "%", out, size);
}

const char *humanize_duration(double value, char *out, size_t size) {
  if (!isfinite(value)) return plain(value, "", out, size);
  if (fabs(value) < 1 && value != 0) {
    char number[48];
    snprintf(out, size, "%ss", humanize(value, number, sizeof number));
    return out;
  }
  if (fabs(value) < 60 || fabs(value) > 9e15) return plain(value, "s", out, size);
  const char *sign = value < 0 ? "-" : "";
  long long whole = llabs((long long)value), s = whole % 60, m = whole / 60 % 60, h = whole / 3600 % 24, d = whole / 86400;
  if (d)
    snprintf(out, size, "%s%lldd %lldh %lldm %llds", sign, d, h, m, s);
  else if (h)
    snprintf(out, size, "%s%lldh %lldm %llds", sign, h, m, s);
  else
    snprintf(out, size, "%s%lldm %llds", sign, m, s);
  return out;
}

const char *humanize_timestamp(double value, char *out, size_t size) {
  if (!isfinite(value) || fabs(value) > 9e9) return plain(value, "", out, size);
  return moment_text(value, out, size);
}
