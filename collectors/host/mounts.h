/* A line of mountinfo. Pure. */
#ifndef SONDE_COLLECTORS_HOST_MOUNTS_H
#define SONDE_COLLECTORS_HOST_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "collectors/host/lines.h"

struct mount {
  uint64_t id, major, minor;
  const char *point;         /* as a path: \040 and the like are decoded */
  const char *device, *type; /* as in the file; device "//srv/my\040share" stays so, as node_exporter has it */
  bool read_only;
};

/* The strings are made in `a`. False when the line is not of this shape. */
bool mount_parse(struct slice line, struct arena *a, struct mount *ret) MUST_CHECK;

#endif
