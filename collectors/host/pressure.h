/* A file of /proc/pressure as numbers. Pure. */
#ifndef SONDE_COLLECTORS_HOST_PRESSURE_H
#define SONDE_COLLECTORS_HOST_PRESSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pressure {
  bool has_some, has_full;
  uint64_t some_us, full_us; /* microseconds in which some, or all, processes waited */
};

struct pressure pressure_parse(const char *text, size_t length);

#endif
