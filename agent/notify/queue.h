/* What waits for one receiver, and when the next message may be sent. At most one is on its way at a time.
 *
 * The messages of one alert keep their order. After a failure the receiver rests, twice as long each time; a message that was never tried may knock
 * a little earlier, so that one that the receiver chokes on does not hold up the others. */
#ifndef SONDE_NOTIFY_QUEUE_H
#define SONDE_NOTIFY_QUEUE_H

#include "notify/receiver.h"
#include "state/state.h"

#define BACKOFF_MAX     ((msec_t)300000)
#define RETRY_AFTER_MAX ((msec_t)3600000) /* whatever a receiver asks for */
#define FRESH_MAX       ((msec_t)30000)
#define QUEUE_NONE      SIZE_MAX

struct notifier;

struct queue {
  struct queue *next;
  struct notifier *notifier;
  /* Changed under the notifier's lock. */
  struct config *whole; /* in which `config` lies; a reference */
  const struct receiver_config *config;
  bool gone;         /* no longer configured; kept while something is on its way */
  msec_t due;        /* when to look at it again */
  msec_t rest;       /* nothing is sent before … */
  msec_t fresh_rest; /* … but a message that was never tried may be from here on */
  unsigned failures; /* in a row */
  enum reason told;  /* what the log said last */

  bool busy; /* the following is on its way */
  int64_t id, attempts;
  char title[160];

  /* Under the notifier's lock. */
  bool answered;
  struct net_answer answer;
  char *body; /* of the answer */
  uint64_t delivered, dropped, failed[REASON_COUNT];
};

/* The message to send next: of those that are the oldest of their alert the one that was tried least, then the oldest. */
size_t queue_pick(const struct notification *notes, size_t count);
/* When it may be sent. */
msec_t queue_due(const struct queue *q, const struct notification *note);
/* A message was not taken, and is to be tried again. Returns the rest that follows. `chance` is in [0, 1). */
msec_t queue_failed(struct queue *q, msec_t retry_after, msec_t now, double chance);
/* The receiver answers as it should. */
void queue_succeeded(struct queue *q);

#endif
