/* Where `sonde check` gets what it judges: a status (alert/status.h), asked of an agent or made here. */
#ifndef SONDE_AGENT_CLI_CHECK_H
#define SONDE_AGENT_CLI_CHECK_H

#include "base/buf.h"
#include "config/config.h"

/* What is to be checked. */
struct check_plan {
  struct config *config; /* with the targets that were chosen */
  bool addressed;        /* they are addresses from the command line, which no agent knows */
  bool whole;            /* nothing was left out */
  uint64_t digest;       /* of the configuration before the choice */
};
/* With an address among the operands, they are all there is; else they are names or kinds of the targets that the file has, or that are found here.
 * False with a sentence. */
bool check_plan(struct check_plan *p, const char *path, const char *const *operands, size_t count, struct fail *f) MUST_CHECK;

/* Asks the agent that keeps its state in this folder. False when none answers. */
bool check_ask(const char *folder, msec_t deadline, struct buf *status, struct fail *f) MUST_CHECK;
/* Polls everything itself until `deadline`, or all through the window (0: once), and writes the status. Takes over `c`. */
void check_poll(struct config *c, msec_t timeout, msec_t window, struct buf *status);

#endif
