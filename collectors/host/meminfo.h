/* /proc/meminfo as samples. Pure: text in, samples out. */
#ifndef SONDE_COLLECTORS_HOST_MEMINFO_H
#define SONDE_COLLECTORS_HOST_MEMINFO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "metric/section.h"

#define MEMINFO_LINES_MAX 256
#define MEMINFO_FIELD_MAX 64

/* Which family each line was last time. The kernel keeps their order until the next boot, so that a comparison finds it. Zeroed: not yet known. */
struct meminfo {
  struct meminfo_line {
    char field[MEMINFO_FIELD_MAX]; /* as in the file, with the colon */
    size_t length;
    const struct family *family; /* NULL: none of the rows, it is made for each section */
  } lines[MEMINFO_LINES_MAX];
};

/* Adds a sample for each line "Field: number [kB]"; others are skipped. False when there is none. */
bool meminfo_write(struct meminfo *m, const char *text, size_t length, struct section *s) MUST_CHECK;

#endif
