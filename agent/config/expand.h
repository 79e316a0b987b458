/* The environment in the configuration. */
#ifndef SONDE_AGENT_CONFIG_EXPAND_H
#define SONDE_AGENT_CONFIG_EXPAND_H

#include "config/tree.h"

#define CONFIG_VALUE_BYTES_MAX 65536

/* The text of a scalar with ${X}, ${X:-default} and $$ replaced, in r->arena. NULL with a sentence: X is not set, or the form is wrong. */
const char *expand(const struct reader *r, const struct node *scalar) MUST_CHECK;
/* True when the text of the node takes something from the environment: what came from there is never shown. */
bool expand_needed(const struct node *scalar);

#endif
