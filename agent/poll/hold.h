/* A configuration that lives as long as somebody needs it: every runner holds the one in which its options lie. */
#ifndef SONDE_POLL_HOLD_H
#define SONDE_POLL_HOLD_H

#include <stdatomic.h>

#include "config/config.h"

struct hold {
  struct config *config;
  atomic_uint count;
};

/* Takes over `config`; the caller has one reference. */
struct hold *hold_new(struct config *config);
struct hold *hold_ref(struct hold *h);
/* The last one frees the configuration, on whatever thread. NULL allowed. */
void hold_unref(struct hold *h);

#endif
