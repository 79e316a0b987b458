/* Numbers as templates show them. */
#ifndef SONDE_AGENT_TEMPLATE_HUMANIZE_H
#define SONDE_AGENT_TEMPLATE_HUMANIZE_H

#include <stddef.h>

/* As Go prints a float: "82", "0.25", "1.5e+06". `out` holds 64 bytes; returns it. */
const char *go_float(double value, char *out);
/* snprintf of one double with a format that was checked, and its precision for the * in it. */
void format_number(char *out, size_t size, const char *format, int precision, double value);

/* What the functions of these names show. Return `out`. */
const char *humanize(double value, char *out, size_t size);
const char *humanize_1024(double value, char *out, size_t size);
const char *humanize_percentage(double value, char *out, size_t size);
const char *humanize_duration(double value, char *out, size_t size);
const char *humanize_timestamp(double value, char *out, size_t size);

#endif
