/* The targets of kinds whose poll is one transfer, thousands of them on one thread: it waits for the next that is due, asks (collector.ask), hands the
 * request to net, and reads what came (collector.read). One transfer at a time for each target. Nothing here waits for a server. */
#ifndef SONDE_POLL_LOOP_H
#define SONDE_POLL_LOOP_H

#include "agent/poll/life.h"
#include "net/net.h"

struct loop;

/* Its thread starts with the first target. */
struct loop *loop_new(struct net *net);
/* Polls the target from now on; takes a reference. */
bool loop_add(struct loop *loop, struct life *l, struct fail *f) MUST_CHECK;
/* Lets go of those that are leaving; an answer that is still outstanding is dropped when it comes. */
void loop_sweep(struct loop *loop);
/* Stops net first, so that nothing comes any more, then ends the thread, which only computes, and frees the loop. */
void loop_free(struct loop *loop);

#endif
