/* What the files of this room share of the notifier. Its thread alone owns the queues; what others say to it (wake, apply, stop, an answer) lies under
 * one lock, which is never held over a call into the state or the net. */
#ifndef SONDE_NOTIFY_NOTIFIER_H
#define SONDE_NOTIFY_NOTIFIER_H

#include <pthread.h>

#include "agent/notify/queue.h"
#include "notify/notify.h"

#define NEVER INT64_MAX

struct notifier {
  struct state *state;
  struct net *net;
  pthread_t thread;
  bool running; /* the caller's own */

  struct queue *queues; /* the thread's own; the list changes under the lock */

  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t changed;
  bool woken;
  struct config *apply; /* to be taken up; a reference */
  msec_t stop;          /* until when to wait for answers; 0: not stopping */
  size_t waiting;       /* in the state */
};

/* With the lock held. */
void notifier_signal(struct notifier *n);
/* Sends what is due to the receiver, or notes in q->due when to look again. */
void delivery_begin(struct queue *q, msec_t now);
/* Takes up the answer that came: acknowledges the message, puts it off or drops it. */
void delivery_settle(struct queue *q, msec_t now);

#endif
