/* What the target "sonde" shows: the agent's own process, and what it knows of itself. */
#ifndef SONDE_POLL_PROCESS_H
#define SONDE_POLL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "collectors/collector.h"

struct agent_facts {
  size_t targets, series;
  uint64_t dropped;       /* samples, of all targets since the start */
  bool reload_successful; /* the last attempt */
  double reload_wall;     /* when one last succeeded, seconds since 1970 */
};

/* Seconds since 1970 at which this process started; it does not change, so it is asked for once. 0 where /proc cannot tell. */
double process_start(void);
/* Finished sections. */
struct section *process_section(double start);
struct section *agent_section(const struct agent_facts *facts);

#endif
