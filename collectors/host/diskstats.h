/* A line of /proc/diskstats as numbers. Pure. */
#ifndef SONDE_COLLECTORS_HOST_DISKSTATS_H
#define SONDE_COLLECTORS_HOST_DISKSTATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "collectors/host/lines.h"

#define DISK_COLUMNS_MIN 11
#define DISK_COLUMNS_MAX 17

struct disk {
  uint64_t major, minor;
  struct slice name; /* in the line */
  uint64_t columns[DISK_COLUMNS_MAX];
  unsigned count; /* what the kernel printed: 11, since 4.18 15, since 5.5 17 */
};

/* False when the line is not of this shape, as those of partitions in old kernels. */
bool disk_parse(struct slice line, struct disk *ret) MUST_CHECK;

#endif
