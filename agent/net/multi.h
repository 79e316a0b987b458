/* The multi loop: one epoll, one thread. Only multi_new(), multi_stop() and multi_wake() may be called by others. */
#ifndef SONDE_NET_MULTI_H
#define SONDE_NET_MULTI_H

#include "agent/net/transfer.h"

struct multi;

struct multi *multi_new(struct fail *f) MUST_CHECK; /* NULL with a sentence */
/* Ends what is under way without a word. The thread must have ended. NULL allowed. */
void multi_free(struct multi *m);
/* Takes the transfer over; it begins now or when there is a place for it. */
void multi_add(struct multi *m, struct transfer *t);
/* Waits for something to do and does it; false once it was told to stop. */
bool multi_turn(struct multi *m) MUST_CHECK;
void multi_wake(struct multi *m);
void multi_stop(struct multi *m);

#endif
