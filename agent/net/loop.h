/* The multi loop: one epoll, one thread. Only loop_new(), loop_stop() and loop_wake() may be called by others. */
#ifndef SONDE_NET_LOOP_H
#define SONDE_NET_LOOP_H

#include "agent/net/transfer.h"

struct loop;

struct loop *loop_new(struct fail *f) MUST_CHECK; /* NULL with a sentence */
/* Ends what is under way without a word. The thread must have ended. NULL allowed. */
void loop_free(struct loop *l);
/* Takes the transfer over; it begins now or when there is a place for it. */
void loop_add(struct loop *l, struct transfer *t);
/* Waits for something to do and does it; false once it was told to stop. */
bool loop_turn(struct loop *l) MUST_CHECK;
void loop_wake(struct loop *l);
void loop_stop(struct loop *l);

#endif
