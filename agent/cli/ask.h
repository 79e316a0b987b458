/* Asking the agent that runs here, over the socket in its folder for state. */
#ifndef SONDE_AGENT_CLI_ASK_H
#define SONDE_AGENT_CLI_ASK_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"

struct question_to_agent {
  const char *folder; /* where it keeps its state */
  const char *path;
  const char *form; /* is posted, as a=1&b=2; NULL: the path is got */
  msec_t deadline;
};
/* Appends the body of the answer and sets its HTTP status. False when none came. */
bool agent_ask(const struct question_to_agent *q, unsigned *status, struct buf *body, struct fail *f) MUST_CHECK;

#endif
