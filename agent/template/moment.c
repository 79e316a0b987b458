/* Times, in UTC. Go's layouts show how the moment Mon Jan 2 15:04:05 2006 would be written. */
#include "agent/template/moment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool utc_of(double wall, struct tm *ret) {
  time_t seconds = (time_t)floor(wall);
  return isfinite(wall) && fabs(wall) < 1e11 && gmtime_r(&seconds, ret);
}

const char *moment_text(double wall, char *out, size_t size) {
  struct tm utc;
  if (!utc_of(wall, &utc)) {
    snprintf(out, size, "%s", isnan(wall) ? "NaN" : "out of range");
    return out;
  }
  size_t used = strftime(out, size, "%Y-%m-%d %H:%M:%S", &utc);
  int milliseconds =
      (int)MIN(llround((wall - floor(wall)) * 1e9) / 1000000, 999); /* 59.9 is a little less in binary, and .9 to all */
  if (milliseconds) used += (size_t)snprintf(out + used, size - used, ".%03d", milliseconds);
  while (milliseconds && out[used - 1] == '0') used--;
  snprintf(out + used, size - used, " +0000 UTC");
  return out;
}

/* `value` without the zeros at its end. */
static const char *trimmed(double value, char *out, size_t size) {
  snprintf(out, size, "%.9f", value);
  size_t n = strlen(out);
  while (n && out[n - 1] == '0') out[--n] = 0;
  if (n && out[n - 1] == '.') out[n - 1] = 0;
  return out;
}

const char *duration_text(double seconds, char *out, size_t size) {
  static const struct {
    const char *unit;
    double seconds;
  } small[] = {{"ms", 1e-3}, {"µs", 1e-6}, {"ns", 1e-9}};
  char number[64];
  double left = fabs(seconds);
  const char *sign = seconds < 0 ? "-" : "";
  if (left == 0 || !isfinite(left)) {
    snprintf(out, size, left == 0 ? "0s" : "%f", seconds);
    return out;
  }
  for (size_t i = 0; left < 1 && i < COUNTOF(small); i++)
    if (left >= small[i].seconds || i + 1 == COUNTOF(small)) {
      snprintf(out, size, "%s%s%s", sign, trimmed(left / small[i].seconds, number, sizeof number), small[i].unit);
      return out;
    }
  double hours = floor(left / 3600), minutes = floor((left - hours * 3600) / 60);
  trimmed(left - hours * 3600 - minutes * 60, number, sizeof number);
  if (hours > 0)
    snprintf(out, size, "%s%.0fh%.0fm%ss", sign, hours, minutes, number);
  else if (minutes > 0)
    snprintf(out, size, "%s%.0fm%ss", sign, minutes, number);
  else
    snprintf(out, size, "%s%ss", sign, number);
  return out;
}

static bool time_field(double wall, const char *name, struct tvalue *ret) {
  static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
  static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
  struct tm utc = {0};
  if (!utc_of(wall, &utc)) return false;
  const struct {
    const char *name;
    int64_t value;
  } fields[] = {{"Year", utc.tm_year + 1900},   {"Day", utc.tm_mday},
                {"YearDay", utc.tm_yday + 1},   {"Hour", utc.tm_hour},
                {"Minute", utc.tm_min},         {"Second", utc.tm_sec},
                {"Unix", (int64_t)floor(wall)}, {"UnixMilli", (int64_t)floor(wall * 1000)}};
  for (size_t i = 0; i < COUNTOF(fields); i++)
    if (!strcmp(fields[i].name, name)) {
      *ret = t_int(fields[i].value);
      return true;
    }
  if (!strcmp(name, "Month") || !strcmp(name, "Weekday")) {
    *ret = t_text(*name == 'M' ? months[utc.tm_mon] : days[utc.tm_wday]);
    return true;
  }
  *ret = (struct tvalue){.kind = T_TIME, .number = wall};
  return !strcmp(name, "UTC") || !strcmp(name, "Local");
}

bool moment_field(const struct tvalue *v, const char *name, struct tvalue *ret) {
  static const struct {
    const char *name;
    double per_second;
  } units[] = {{"Seconds", 1}, {"Minutes", 1.0 / 60}, {"Hours", 1.0 / 3600}};
  if (v->kind == T_TIME) return time_field(v->number, name, ret);
  for (size_t i = 0; i < COUNTOF(units); i++)
    if (!strcmp(units[i].name, name)) {
      *ret = t_float(v->number * units[i].per_second);
      return true;
    }
  return false;
}

void moment_format(struct buf *out, double wall, const char *layout) {
  /* Longer ones first where one begins another. */
  static const char *const words[][2] = {
      {"January", "%B"},    {"Jan", "%b"},      {"Monday", "%A"}, {"Mon", "%a"}, {"MST", "UTC"}, {"2006", "%Y"},
      {"-07:00", "+00:00"}, {"-0700", "+0000"}, {"Z07:00", "Z"},  {"01", "%m"},  {"02", "%d"},   {"03", "%I"},
      {"04", "%M"},         {"05", "%S"},       {"06", "%y"},     {"15", "%H"},  {"PM", "%p"},   {"_2", "%e"},
      {"1", "%-m"},         {"2", "%-d"},       {"3", "%-I"},     {"4", "%-M"},  {"5", "%-S"},
  };
  struct tm utc;
  char shown[32];
  if (!utc_of(wall, &utc)) return;
  while (*layout) {
    size_t i = 0;
    while (i < COUNTOF(words) && strncmp(layout, words[i][0], strlen(words[i][0])) != 0) i++;
    if (i == COUNTOF(words)) {
      buf_putc(out, *layout++);
      continue;
    }
    layout += strlen(words[i][0]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_put(out, shown, strftime(shown, sizeof shown, words[i][1], &utc));
#pragma GCC diagnostic pop
  }
}
