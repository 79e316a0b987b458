/* Which Redis servers run here. */
#ifndef SONDE_COLLECTORS_REDIS_DISCOVER_H
#define SONDE_COLLECTORS_REDIS_DISCOVER_H

#include "collectors/collector.h"

size_t redis_discover(struct finding *findings, size_t max, struct buf *looked);

#endif
