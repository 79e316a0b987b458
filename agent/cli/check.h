/* Where `sonde check` gets what it judges: a status (alert/status.h), asked of an agent or made here. */
#ifndef SONDE_AGENT_CLI_CHECK_H
#define SONDE_AGENT_CLI_CHECK_H

#include "alert/rules.h"
#include "base/buf.h"
#include "config/config.h"

/* What is to be checked. */
struct check_plan {
  struct config *config; /* with the targets that were chosen */
  bool addressed;        /* they are addresses from the command line, which no agent knows */
  bool whole;            /* nothing was left out */
  struct rule_set *rules;
  uint64_t digest; /* of the configuration before the choice, and the rules */
};
/* With an address among the operands, they are all there is; else they are names or kinds of the targets that the file has, or that are found here.
 * False with a sentence. */
bool check_plan_make(struct check_plan *p, const char *path, const char *const *operands, size_t count, struct fail *f) MUST_CHECK;
void check_plan_done(struct check_plan *p);

/* Polls everything itself, each target once within `timeout`, or all through the window that begins then (0: none), evaluates the rules and writes the
 * status. Takes over `c` and `rules`. */
void check_poll(struct config *c, struct rule_set *rules, msec_t timeout, msec_t window, struct buf *status);

#endif
