/* Part `settings`: every boolean, integer and real setting of the server, in seconds and bytes, as the server has it: what our own
 * session set for itself is read as it was before. */
#include "collectors/postgres/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "collectors/postgres/part.h"

static const struct {
  const char *name;
  double factor;
  const char *suffix;
} units[] = {
    {"ms", 0.001, "_seconds"}, {"s", 1, "_seconds"},
    {"min", 60, "_seconds"},   {"h", 3600, "_seconds"},
    {"d", 86400, "_seconds"},  {"B", 1, "_bytes"},
    {"kB", 1024, "_bytes"},    {"MB", 1 << 20, "_bytes"},
    {"GB", 1 << 30, "_bytes"}, {"TB", 1099511627776.0, "_bytes"},
};

bool setting_unit(const char *unit, const char **ret_suffix, double *ret_scale) {
  *ret_suffix = "";
  *ret_scale = 1;
  if (!*unit) return true;
  size_t digits = strspn(unit, "0123456789");
  double count = 1;
  if (digits && !number_parse(unit, digits, &count)) return false;
  for (size_t i = 0; i < COUNTOF(units); i++) {
    if (strcmp(units[i].name, unit + digits) != 0) continue;
    *ret_suffix = units[i].suffix;
    *ret_scale = count * units[i].factor;
    return true;
  }
  return false;
}

bool setting_value(const char *text, double scale, double *ret) {
  double value;
  if (strcmp(text, "on") == 0 || strcmp(text, "off") == 0)
    value = text[1] == 'n';
  else if (!number_parse(text, strlen(text), &value))
    return false;
  /* 1 ms is to read 0.001, which dividing gives and multiplying by an inexact 0.001 does not always. */
  *ret = value < 0 ? value : scale < 1 ? value / (double)(long long)(1 / scale + 0.5) : value * scale;
  return true;
}

void setting_name(char *out, size_t size, const char *setting, const char *suffix) {
  snprintf(out, size, "pg_settings_%s%s", setting, suffix);
  for (char *p = out; *p; p++)
    if (*p == '.' || *p == '-') *p = '_';
}

static void read_setting(const struct rows *rows, size_t row, struct section *s) {
  const char *suffix, *setting = rows_text(rows, row, "name");
  double scale, value;
  char name[160], help[640];
  if (!setting_unit(rows_text(rows, row, "unit"), &suffix, &scale) ||
      !setting_value(rows_text(rows, row, "setting"), scale, &value))
    return; /* a unit that no released server has; managed ones put text where a number belongs */
  setting_name(name, sizeof name, setting, suffix);
  snprintf(help, sizeof help, "Server Parameter: %s%s", setting,
           !*suffix                        ? ""
           : strcmp(suffix, "_bytes") == 0 ? " [Units converted to bytes.]"
                                           : " [Units converted to seconds.]");
  section_add(s, section_family(s, name, METRIC_GAUGE, help), 0, value);
}

static void read_settings(struct memory *m, const struct rows *rows, struct section *s) {
  (void)m;
  for (size_t row = 0; row < rows->count; row++) read_setting(rows, row, s);
}

static const struct query queries[] = {
    {.sql = "SELECT name, unit, CASE WHEN source = 'session' THEN reset_val WHEN name <> 'transaction_read_only' THEN setting"
            " WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END AS setting FROM pg_settings WHERE vartype IN ('bool', 'integer', "
            "'real')"
            " LIMIT 2000",
     .read = read_settings},
    {0},
};

const struct pg_part pg_settings = {.queries = queries};
