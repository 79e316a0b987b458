/* One target of the configuration. */
#ifndef SONDE_AGENT_CONFIG_TARGETS_H
#define SONDE_AGENT_CONFIG_TARGETS_H

#include "config/tree.h"
#include "config/config.h"

#define CONFIG_TARGETS_MAX 5000

/* The keys that every target knows, besides those of its kind. */
extern const struct option target_rows[];
/* What may stand below parts.<name>, besides the part's own keys; the struct is part_config. */
extern const struct option part_rows[];

/* Reads one target into *t. `c` has the defaults. */
bool target_read(const struct reader *r, const struct config *c, const struct kinds *kinds, const struct node *map,
                 struct target_config *t) MUST_CHECK;
/* The longest a poll may take by default: 8 s, or four fifths of a shorter interval. */
msec_t target_default_timeout(msec_t every);

#endif
