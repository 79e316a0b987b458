/* What YAML can say a second time: *name and <<. In files that other programs read as well, where they are part of the format. */
#ifndef SONDE_AGENT_CONFIG_ALIAS_H
#define SONDE_AGENT_CONFIG_ALIAS_H

#include "base/map.h"
#include "config/tree.h"

/* The node under another key, deep: its places stay those where it is written. Takes from *nodes, and no deeper than `depth` levels. NULL when one of
 * these is used up. */
struct node *alias_copy(const struct node *n, struct arena *tree, size_t *nodes, unsigned depth) MUST_CHECK;
/* Appends to a map the entries of `from`, a map or a list of maps, whose keys are not in `seen`. `from` is used up. False with a sentence. */
bool alias_merge(const struct reader *r, struct node *map, struct node *from, struct map *seen) MUST_CHECK;

#endif
