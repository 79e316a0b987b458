/* What the files that read rules share. */
#ifndef SONDE_AGENT_ALERT_LOAD_H
#define SONDE_AGENT_ALERT_LOAD_H

#include "alert/rules.h"
#include "config/tree.h"

#define RULES_MAX 10000 /* in all files together */

/* The reading of one file. */
struct load {
  struct rule_set *set;
  struct reader reader;
  const char *text; /* of the file */
};

/* Reads the keys of one rule; what depends on its group (identity, the group's labels) is the caller's. */
bool rule_read(const struct load *l, const struct node *map, struct rule *ret) MUST_CHECK;
/* The groups of one file, added to the set. */
bool rules_parse(struct rule_set *set, const char *file, const char *text, size_t length, struct fail *f) MUST_CHECK;
/* An empty set. */
struct rule_set *rules_new(void);

/* The rules that sonde brings along under this name (CONFIG_PACKS), as YAML; NULL when it is none of theirs. */
const char *pack_text(const char *name);

#endif
