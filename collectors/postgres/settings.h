/* A server's setting as a metric: its name, its unit, its number. Pure, so that it can be tested without a server. */
#ifndef SONDE_COLLECTORS_POSTGRES_SETTINGS_H
#define SONDE_COLLECTORS_POSTGRES_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* Reads `unit` as pg_settings has it ("8kB", "ms", "" for none): the suffix of the metric's name and what to multiply by. False
 * when it is unknown. */
bool setting_unit(const char *unit, const char **ret_suffix, double *ret_scale) MUST_CHECK;
/* The value in base units; one that is negative means "off" or "by itself" and is not scaled. */
bool setting_value(const char *text, double scale, double *ret) MUST_CHECK;
/* "pg_stat_statements.max" becomes "pg_settings_pg_stat_statements_max" + suffix. */
void setting_name(char *out, size_t size, const char *setting, const char *suffix);

#endif
