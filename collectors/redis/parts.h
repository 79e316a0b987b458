/* The parts of a Redis target that are a few fixed commands each: slowlog, latency, config, cluster. */
#ifndef SONDE_COLLECTORS_REDIS_PARTS_H
#define SONDE_COLLECTORS_REDIS_PARTS_H

#include "collectors/collector.h"
#include "collectors/redis_link.h"

enum redis_part_id { PART_INFO, PART_SLOWLOG, PART_LATENCY, PART_CONFIG, PART_CLUSTER, PART_QUEUES, PART_COUNT };

struct redis_part {
  const char *const *commands; /* words separated by one space */
  unsigned count;
  /* `replies` has one for each command, none of them an error. False when one has not the shape it should have. */
  bool (*write)(struct section *s, const struct reply *const *replies);
  void (*catalogue)(family_fn *each, const char *part, void *arg);
};

/* The part, or NULL when it is none of those. */
const struct redis_part *redis_part(unsigned id);
/* The number of databases in the replies of PART_CONFIG, 0 when it is not there. */
int64_t redis_config_databases(const struct reply *const *replies);

#endif
