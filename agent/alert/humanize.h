/* Numbers as templates show them. */
#ifndef SONDE_AGENT_ALERT_HUMANIZE_H
#define SONDE_AGENT_ALERT_HUMANIZE_H

#include <stddef.h>

/* As Go prints a float: "82", "0.25", "1.5e+06". `out` holds 64 bytes; returns it. */
const char *go_float(double value, char *out);
/* printf with one double and a format that was checked. */
void format_number(char *out, size_t size, const char *format, double value);

struct humanizer {
  const char *name;
  const char *(*show)(double value, char *out, size_t size);
};
const struct humanizer *humanizer_find(const char *name); /* NULL: none of that name */

#endif
