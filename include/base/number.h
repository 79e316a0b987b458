/* Numbers as text, independent of the locale. */
#ifndef SONDE_BASE_NUMBER_H
#define SONDE_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define NUMBER_SIZE 32

/* The shortest decimal that reads back as the same double: "1", "0.25", "1e+30", "NaN", "+Inf". Writes a NUL, returns the length.
 * `out` holds NUMBER_SIZE bytes. */
size_t number_format(double value, char *out);
/* The whole of `text` (length bytes) as a double: decimal, exponent, Inf, NaN; no hexadecimal, no white space. */
bool number_parse(const char *text, size_t length, double *ret) MUST_CHECK;
/* Reads an unsigned decimal at *cursor (not past `end`), skipping blanks before it; moves the cursor behind it. For /proc. */
bool number_scan(const char **cursor, const char *end, uint64_t *ret) MUST_CHECK;
/* "512", "16KB", "8MiB" as bytes (K, M, G, T; powers of 1024). */
bool bytes_parse(const char *text, int64_t *ret) MUST_CHECK;

#endif
