/* Label sets by number. The tables live in an arena, which drops the references that they hold when it is done. */
#ifndef SONDE_AGENT_PROMQL_KEYS_H
#define SONDE_AGENT_PROMQL_KEYS_H

#include "agent/promql/ast.h"

bool grouping_names(const struct grouping *g, const char *name);
/* The labels that tell of the metric itself, and go with its name. */
bool labels_names_metric(const char *name);
/* The labels that a grouping keeps: those named (only), or all but those named and the metric's name. A reference of the caller's. */
struct labels *labels_grouped(struct labels *l, const struct grouping *g);
/* All labels but the metric's name. */
struct labels *labels_unnamed(struct labels *l);

/* The distinct sets that were asked for, numbered from 0 on. */
struct label_sets {
  struct arena *arena;
  struct set_slot *slots; /* half of them or more are free */
  size_t slot_count;
  struct labels **sets; /* by number, a reference of each */
  size_t count;
};
struct label_sets *label_sets_new(struct arena *a);
/* The number of the set; a new one is taken in. */
size_t label_sets_number(struct label_sets *t, struct labels *l);

/* What an operation makes of label sets, derived once and not again at the next step. */
typedef struct labels *derive_fn(struct labels *l, const struct grouping *g);
struct keys {
  derive_fn *derive;
  const struct grouping *grouping;
  struct label_sets *sources, *keys;
  size_t *key_of; /* by the source's number */
  size_t capacity;
};
void keys_init(struct keys *k, struct arena *a, derive_fn *derive, const struct grouping *g);
/* The number of `l` among the sources; its key has the number k->key_of[…] within k->keys. */
size_t keys_source(struct keys *k, struct labels *l);

#endif
