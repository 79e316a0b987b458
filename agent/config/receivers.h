/* One receiver of the configuration. */
#ifndef SONDE_AGENT_CONFIG_RECEIVERS_H
#define SONDE_AGENT_CONFIG_RECEIVERS_H

#include "config/tree.h"
#include "config/config.h"

#define CONFIG_RECEIVERS_MAX 100

/* The keys that every receiver knows, besides that of its service. */
extern const struct option receiver_rows[];

bool receiver_read(const struct reader *r, const struct kinds *kinds, const struct node *map,
                   struct receiver_config *ret) MUST_CHECK;

#endif
