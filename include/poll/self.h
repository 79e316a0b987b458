/* What the agent says of itself and of every target, whatever its kind. */
#ifndef SONDE_POLL_SELF_H
#define SONDE_POLL_SELF_H

#include "collectors/collector.h"

/* Calls `each` for every sonde_* and process_* family. The part names the section that brings it: "status" for what every target shows,
 * "agent" and "process" for what the target "sonde" shows. */
void agent_catalogue(family_fn *each, void *arg);

#endif
