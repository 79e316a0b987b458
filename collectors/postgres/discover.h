/* Which PostgreSQL servers run here or are named by the environment. */
#ifndef SONDE_COLLECTORS_POSTGRES_DISCOVER_H
#define SONDE_COLLECTORS_POSTGRES_DISCOVER_H

#include "collectors/collector.h"

/* See struct collector. */
size_t postgres_discover(struct finding *findings, size_t max, struct buf *looked);

#endif
