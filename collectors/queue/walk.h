/* A walk of the key space by SCAN that never weighs on the server: COUNT adapts to what a call takes there, a poll makes a bounded number of
 * calls within a bounded time, and between two walks there is a rest. The cursor is kept across polls. */
#ifndef SONDE_COLLECTORS_QUEUE_WALK_H
#define SONDE_COLLECTORS_QUEUE_WALK_H

#include "collectors/queue/layout.h"

struct walk {
  char pattern[600]; /* MATCH; longer ones cannot occur, see walk_init() */
  char cursor[24];
  bool typeless;  /* the server does not know SCAN's TYPE (before Redis 6) */
  unsigned count; /* COUNT of the next call */
  server_msec_t rest_until;
  server_msec_t started;                      /* when this walk began */
  int64_t spent_usec;                         /* what it has taken of the server's time */
  bool asked;                                 /* a call is under way */
  ticket_t scan;                              /* it; a TIME stands before and after */
  unsigned calls;                             /* of this poll */
  int64_t poll_usec;                          /* of the server's time, by this poll's calls */
  double scans, refusals, seconds, completed; /* for the metrics; NaN before the first complete walk */
};

/* Keys are to match `pattern` and, where the server can tell, to hold strings. */
void walk_init(struct walk *w, const char *pattern);
/* In a poll's first round: begins a walk or goes on with one, unless it rests. */
void walk_begin(struct walk *w, struct redis_batch *b, const struct queue_poll *poll);
/* The keys that the last call found, an ARRAY reply; NULL when there was none or it failed. Moves on. */
const struct reply *walk_keys(struct walk *w, const struct redis_batch *b, const struct queue_poll *poll);
/* After walk_keys(): that was the end of the key space. */
bool walk_complete(const struct walk *w);
/* After walk_keys(): makes the next call where the poll may have one more. */
bool walk_on(struct walk *w, struct redis_batch *b, const struct queue_poll *poll);
/* No further call in this poll. */
void walk_pause(struct walk *w);
void walk_write(const struct walk *w, struct section *s);

#endif
