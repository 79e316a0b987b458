/* A target with a thread of its own: for kinds whose poll is a conversation, that may wait and block. */
#ifndef SONDE_POLL_RUNNER_H
#define SONDE_POLL_RUNNER_H

#include "agent/poll/life.h"

/* Starts the thread, which takes a reference. The rest is for a target that is `started`. */
bool runner_start(struct life *l, struct fail *f) MUST_CHECK;
/* Asks the thread to end; it ends by itself as soon as nothing blocks it. */
void runner_stop(const struct life *l);
/* True when there is no thread, or no more: it is waited for until `deadline`. */
bool runner_ended(struct life *l, msec_t deadline);
/* Lets a thread that is stuck go its way. */
void runner_abandon(struct life *l);

#endif
