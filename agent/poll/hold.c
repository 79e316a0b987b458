/* Counted holds of a configuration: see hold.h. */
#include "agent/poll/hold.h"

#include <stdlib.h>

#include "base/mem.h"

struct hold *hold_new(struct config *config) {
  struct hold *h = mem_zero(sizeof *h);
  h->config = config;
  atomic_init(&h->count, 1);
  return h;
}

struct hold *hold_ref(struct hold *h) {
  atomic_fetch_add(&h->count, 1);
  return h;
}

void hold_unref(struct hold *h) {
  if (!h || atomic_fetch_sub(&h->count, 1) != 1) return;
  config_free(h->config);
  free(h);
}
